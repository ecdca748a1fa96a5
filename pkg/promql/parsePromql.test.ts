import { PromkeepError } from '../core/model/errors';
import { parsePromql } from './parsePromql';

it.each([
  'up',
  '{"metric.name", "a.b"=~"x"}',
  'sum by (job) (rate(up{a="b"}[5m] offset 1m)) # comment',
  'rate(up[5m:1m] @ end())',
  'holt_winters(up[5m], 0.1, 0.1)',
  'some_function_of_next_year (up) + limitk(2, up)',
  'sum(up) / ignoring (a) group_left (b) count(up)',
  'up\r\n# c\r+ up',
  "up{a='it\\'s', b=`raw \"x\" \\`}",
  'sum{by="x"} + by + start + step',
  'Sum BY(a)(up) UNLESS (up)',
])('reads %s', (expr) => {
  expect(parsePromql(expr).text).toBe(expr);
});

it.each([
  ['', 'line 1, column 1: something is missing'],
  ['sum(', 'line 1, column 5: something is missing'],
  ['up +\n  $x', 'line 2, column 3: cannot be read from here: $x'],
  ['up{a="b', 'line 1, column 6: cannot be read from here: "b'],
  ['up{a="\\q"}', 'line 1, column 6: cannot be read from here: "\\q"}'],
  ['sum by (a (up)', 'line 1, column 12'],
])('says where %j goes wrong', (expr, where) => {
  expect(() => parsePromql(expr)).toThrow(expect.objectContaining({ code: 'QUERY_INVALID' }));
  expect(() => parsePromql(expr)).toThrow(where);
});

it('refuses what is too long to be read', () => {
  expect(() => parsePromql('a'.repeat(65_537))).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
});

it('ends a comment where Prometheus ends it, so that no selector hides behind one', () => {
  expect(() => parsePromql('up # c\r}')).toThrow(PromkeepError);
});

it.each([
  ['parentheses', (n: number) => '('.repeat(n) + 'up' + ')'.repeat(n)],
  ['operators', (n: number) => Array(n).fill('up{a="b"}').join(' + ')],
  ['a name', (n: number) => 'a'.repeat(n)],
  ['quotes', (n: number) => `"'`.repeat(n)],
  ['backslashes', (n: number) => `"${'\\'.repeat(n)}`],
  ['escaped quotes', (n: number) => `"${'\\"'.repeat(n)}`],
  ['open strings', (n: number) => '`'.repeat(n)],
  ['braces', (n: number) => '{'.repeat(n)],
  ['brackets', (n: number) => '['.repeat(n)],
  ['faults', (n: number) => 'a, '.repeat(n)],
  ['calls', (n: number) => 'abs('.repeat(n)],
  ['durations', (n: number) => `up[${'1y'.repeat(n)}]`],
  ['broken bytes', (n: number) => `up{a="${'\\xffa'.repeat(n / 2)}"}`],
])('refuses or reads a hostile length of %s in time', (_, write) => {
  const start = performance.now();
  const outcome = (): unknown => {
    try {
      return parsePromql(write(20_000));
    } catch (error) {
      return error;
    }
  };
  expect([PromkeepError, Object]).toContain((outcome() as object).constructor);
  expect(performance.now() - start).toBeLessThan(1_500);
});
