import { DEFAULT_DEFINITIONS } from '../core/manage/defaultDefinitions';
import { mayRecord } from './mayRecord';

it.each([
  ...DEFAULT_DEFINITIONS.map(({ expression }) => expression),
  'count(up)',
  'rate(app_request_total[1m])',
  'up{path="@ start()", other=\'step()\'} # range() "$x"',
  'up{price="$5"}',
  'my_step + my:range + step + start{a="b"}',
  'up @ 1700000000',
  'time() - timestamp(up) + hour()',
  'max_over_time(rate(up[5m])[1h:])',
  'up offset 5m',
  'limitk(2, holt_winters(up[5m], 0.1, 0.1))',
  '1',
  'rate(up[5m] anchored)',
])('takes %s', (expr) => {
  expect(mayRecord(expr)).toEqual({ ok: true });
});

it.each([
  ['up @ start()', '"@ start()" depends on the request'],
  ['rate(up[5m] @  END( ))', '"@ end()" depends on the request'],
  ['up * step()', '"step()" depends on the request'],
  ['range ()', '"range()" depends on the request'],
  ['up - start()', '"start()" depends on the request'],
  ['rate(up[step()])', '"step()" depends on the request'],
  ['up offset max_of(range(), 5m)', '"range()" depends on the request'],
  ['rate(up[$__rate_interval])', '"$__rate_interval" is a Grafana variable'],
  ['up{job=~${job:regex}}', '"${job:regex}" is a Grafana variable'],
  ['  # nothing', 'the expression is empty'],
  ['"abc"', 'its result is a string'],
  ['("abc")', 'its result is a string'],
  ['up[5m]', 'its result is a range'],
  ['(up[5m:1m] offset 5m)', 'its result is a range'],
  ['up offset -5m', 'a negative offset'],
  ['rate(up[5m] offset -(5m))', 'a negative offset'],
  ['rate(up[5m] smoothed)', '"smoothed" looks at samples after'],
  ['sum(up', 'line 1, column 7'],
])('refuses %s', (expr, reason) => {
  expect(mayRecord(expr)).toEqual({ ok: false, reason: expect.stringContaining(reason) });
});
