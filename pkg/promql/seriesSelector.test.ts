import { readSeriesSelector, selectorsIn } from './seriesSelector';

it.each([
  ['rate(a{b="c"}[5m]) / on (x) sum(d offset 1h)', ['a', 'd']],
  ['max_over_time(a[1h:1m]) or absent(b)', ['a', 'b']],
  ['1 + time()', []],
  ['info(a)', undefined],
  ['up{', undefined],
])('finds the selectors of %s', (text, names) => {
  expect(selectorsIn(text)?.map(([{ value }]) => value)).toEqual(names);
});

it.each([
  ['up', [['__name__', '=', 'up']]],
  [
    'up{job!="a", "http.code"=~`5..`}',
    [
      ['__name__', '=', 'up'],
      ['job', '!=', 'a'],
      ['http.code', '=~', '5..'],
    ],
  ],
  ['{"a name"}', [['__name__', '=', 'a name']]],
  ['{job!~".*"}', [['job', '!~', '.*']]],
  ['{job!=""}', [['job', '!=', '']]],
])('reads %s', (text, matchers) => {
  expect(readSeriesSelector(text).map(({ name, operator, value }) => [name, operator, value])).toEqual(matchers);
});

it.each(['', 'up[5m]', 'up + 1', '(up)', 'up offset 5m', '1', '{}', '{a=""}', '{a=~".*"}', '{a!="x"}', 'up{', '"up"'])(
  'refuses %j',
  (text) => {
    expect(() => readSeriesSelector(text)).toThrow(expect.objectContaining({ code: 'QUERY_INVALID' }));
  }
);
