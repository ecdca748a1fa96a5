import { refuseRecording } from './collectable';

it.each([
  'rate(app_request_total[1m])',
  '100 - (avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m])) * 100)',
  'up{path="@ start()", other=\'step()\'} # range()',
  'up{price="$5"}',
  'my_step + my:range',
  'up @ 1700000000',
])('takes %s', (expression) => {
  expect(refuseRecording(expression)).toBeUndefined();
});

it.each([
  ['up @ start()', '"@ start()" depends on the request'],
  ['rate(up[5m] @  end( ))', '"@ end()" depends on the request'],
  ['up * step()', '"step()" depends on the request'],
  ['range ()', '"range()" depends on the request'],
  ['rate(up[$__rate_interval])', '"$__rate_interval" is a Grafana variable'],
  ['up{job=~${job:regex}}', '"${job:regex}" is a Grafana variable'],
  ['  # nothing', 'the expression is empty'],
])('refuses %s', (expression, reason) => {
  expect(refuseRecording(expression)).toContain(reason);
});
