import { type LabelMatcher } from '../core/model/labelMatcher';
import { DEFAULT_DEFINITIONS } from '../core/manage/defaultDefinitions';
import { compareExpressions, createComparer } from './compareExpressions';

const is = (name: string, value: string): LabelMatcher => ({ name, operator: '=', value });

describe('the same', () => {
  it.each([
    ...DEFAULT_DEFINITIONS.map(({ expression }): [string, string] => [expression, ` ${expression}\n# comment`]),
    ['sum(rate(up{a="1",b="2"}[5m]))', "SUM ( rate(up { b='2', a=`1` } [300s]) )"],
    ['rate(up[1m])', 'rate(up[1m0s])'],
    ['rate(up[1h])', 'rate(up[60m])'],
    ['up', '{__name__="up"}'],
    ['up', '{"up"}'],
    ['up{a="1"}', 'up{a="1",a="1",}'],
    ['sum by (a, b) (up)', 'sum(up) by (b,a)'],
    ['sum by () (up)', 'sum(up)'],
    ['a / on (x, y) group_left (z) b', 'a / ON(y,x) group_left(z) b'],
    ['a + ignoring () b', 'a + b'],
    ['(sum((a + b)))', 'sum(a + b)'],
    ['(a) + ((b))', 'a + b'],
    ['up * 0.5', 'up * .5'],
    ['up * 1e3', 'up * 1000'],
    ['up > bool NaN', 'up > bool nan'],
    ['up @ 5', 'up @ 5.0'],
    ['unknown_function(up, "a")', "unknown_function(up, 'a')"],
    ['up{a="\\u00e9"}', 'up{a="é"}'],
  ])('%s and %s', (recorded, asked) => {
    expect(compareExpressions(recorded, asked)).toEqual([]);
    expect(compareExpressions(asked, recorded)).toEqual([]);
  });
});

describe('not the same', () => {
  it.each([
    ['up', 'down'],
    ['up{a="1"}', 'up{a=~"1"}'],
    ['up{a="1"}', 'up{a="2"}'],
    ['rate(up[5m])', 'irate(up[5m])'],
    ['rate(up[5m])', 'rate(up[6m])'],
    ['up offset 5m', 'up offset -5m'],
    ['up offset 5m', 'up'],
    ['up @ start()', 'up @ end()'],
    ['rate(up[5m:])', 'rate(up[5m:5m])'],
    ['rate(up[5m:])', 'rate(up[5m])'],
    ['sum by (a) (up)', 'sum without (a) (up)'],
    ['sum by (a) (up)', 'sum by (b) (up)'],
    ['sum by (a) (up)', 'sum(up)'],
    ['sum(up)', 'max(up)'],
    ['topk(1, up)', 'topk(2, up)'],
    ['a + b', 'b + a'],
    ['a > b', 'a > bool b'],
    ['a / on (x) group_left () b', 'a / on (x) group_right () b'],
    ['a / on (x) b', 'a / ignoring (x) b'],
    ['a - (b - c)', 'a - b - c'],
    ['(a + b) offset 5m', 'a + b offset 5m'],
    ['(-1) ^ 2', '-1 ^ 2'],
    ['count_values("a", up)', 'count_values("b", up)'],
    ['up{a="\\xff"}', 'up{a="\\xfe"}'],
    ['RATE(up[5m])', 'rate(up[5m])'],
    ['up', 'up('],
    ['up[5m+1m]', 'up[5m+2m]'],
    ['rate(up[5m] smoothed)', 'rate(up[5m])'],
  ])('%s and %s', (recorded, asked) => {
    expect(compareExpressions(recorded, asked)).toBeUndefined();
    expect(compareExpressions(asked, recorded)).toBeUndefined();
  });
});

describe('a filter on the recorded result', () => {
  it.each<[string, string, LabelMatcher[]]>([
    ['up', 'up{job="x"}', [is('job', 'x')]],
    ['{job="x"}', 'up{job="x"}', [is('__name__', 'up')]],
    ['up{a="1"}', 'up{job=~"x.*",a="1"}', [{ name: 'job', operator: '=~', value: 'x.*' }]],
    [
      'up',
      'up{job!="x",a!~"y",b=""}',
      [{ name: 'a', operator: '!~', value: 'y' }, is('b', ''), { name: 'job', operator: '!=', value: 'x' }],
    ],
    ['rate(up[5m] offset 1m)', 'rate(up{job="x"}[5m] offset 1m)', [is('job', 'x')]],
    ['max_over_time(rate(up[5m])[1h:1m])', 'max_over_time(rate(up{a="1"}[5m])[1h:1m])', [is('a', '1')]],
    ['quantile_over_time(0.9, up[5m])', 'quantile_over_time(0.9, up{a="1"}[5m])', [is('a', '1')]],
    ['sum by (job) (rate(up[5m]))', 'sum by (job) (rate(up{job="x"}[5m]))', [is('job', 'x')]],
    [
      'sum by (__name__) (up)',
      'sum by (__name__) (up{__name__=~"u.*"})',
      [{ name: '__name__', operator: '=~', value: 'u.*' }],
    ],
    ['sum without (cpu) (up)', 'sum without (cpu) (up{job="x"})', [is('job', 'x')]],
    ['topk by (job) (3, up)', 'topk by (job) (3, up{job="x"})', [is('job', 'x')]],
    [
      '100 - (avg by (instance) (rate(cpu{mode="idle"}[5m])) * 100)',
      '100 - (avg by (instance) (rate(cpu{mode="idle",instance="h"}[5m])) * 100)',
      [is('instance', 'h')],
    ],
    ['(1 - (free / total)) * 100', '(1 - (free{i="h"} / total{i="h"})) * 100', [is('i', 'h')]],
    ['free / total', 'free{i="h"} / total', [is('i', 'h')]],
    ['free / total', 'free / total{i="h"}', [is('i', 'h')]],
    ['a * on (i) group_left (v) b', 'a{i="h"} * on (i) group_left (v) b', [is('i', 'h')]],
    ['a and b', 'a and b{i="h"}', [is('i', 'h')]],
    ['a or b', 'a{i="h"} or b{i="h"}', [is('i', 'h')]],
    ['a unless b', 'a{i="h"} unless b', [is('i', 'h')]],
    ['a unless b', 'a{i="h"} unless b{i="h"}', [is('i', 'h')]],
    ['-up', '-up{i="h"}', [is('i', 'h')]],
    ['histogram_quantile(0.95, rate(b[5m]))', 'histogram_quantile(0.95, rate(b{job="x"}[5m]))', [is('job', 'x')]],
    ['label_replace(up, "a", "$1", "b", "(.*)")', 'label_replace(up{c="1"}, "a", "$1", "b", "(.*)")', [is('c', '1')]],
  ])('%s serves %s', (recorded, asked, matchers) => {
    expect(compareExpressions(recorded, asked)).toEqual(matchers);
    expect(compareExpressions(asked, recorded)).toBeUndefined();
  });

  it.each([
    ['a label that is summed away', 'sum(up)', 'sum(up{job="x"})'],
    ['a label that is summed away, by', 'sum by (a) (up)', 'sum by (a) (up{job="x"})'],
    ['a label that is left out', 'sum without (job) (up)', 'sum without (job) (up{job="x"})'],
    ['a choice among all', 'topk(3, up)', 'topk(3, up{job="x"})'],
    ['a name that a function drops', 'rate({job="x"}[5m])', 'rate(up{job="x"}[5m])'],
    ['a name that a sign drops', '-{job="x"}', '-up{job="x"}'],
    ['a name that an operator drops', 'a + on (__name__) b', 'a{__name__=~"x"} + on (__name__) b'],
    ['a bucket bound that the quantile drops', 'histogram_quantile(0.9, b)', 'histogram_quantile(0.9, b{le="1"})'],
    [
      'a label that is written',
      'label_replace(up, "a", "x", "b", "c")',
      'label_replace(up{a="1"}, "a", "x", "b", "c")',
    ],
    ['a label that count_values writes', 'count_values by (v) ("v", up)', 'count_values by (v) ("v", up{v="1"})'],
    ['absence', 'absent(up)', 'absent(up{job="x"})'],
    ['a scalar', 'up * scalar(b)', 'up * scalar(b{job="x"})'],
    ['a function nobody knows', 'unknown(up)', 'unknown(up{job="x"})'],
    ['labels of info', 'info(up)', 'info(up{job="x"})'],
    ['a label that is not matched', 'a / on (i) b', 'a{job="x"} / on (i) b'],
    ['a label that is ignored', 'a / ignoring (job) group_left () b', 'a{job="x"} / ignoring (job) group_left () b'],
    ['one side of or', 'a or b', 'a{i="h"} or b'],
    ['the right of unless', 'a unless b', 'a unless b{i="h"}'],
    ['values that are filled in', 'a + fill (0) b', 'a{i="h"} + fill (0) b'],
    ['a parameter', 'quantile_over_time(scalar(q), up[5m])', 'quantile_over_time(scalar(q{a="1"}), up[5m])'],
  ])('cannot stand for %s', (_, recorded, asked) => {
    expect(compareExpressions(recorded, recorded)).toEqual([]);
    expect(compareExpressions(recorded, asked)).toBeUndefined();
  });
});

// [A17]
it('gives up on expressions nested beyond reason', () => {
  const deep = '('.repeat(2_000) + 'up' + ')'.repeat(2_000);
  const sums = 'sum('.repeat(600) + 'up' + ')'.repeat(600);
  expect(compareExpressions(deep, 'up')).toEqual([]);
  expect(compareExpressions(sums, sums)).toBeUndefined();
});

describe('createComparer', () => {
  it('gives the same, the first time and again, also when it has forgotten', () => {
    const compare = createComparer();
    const pairs: Array<[string, string]> = [
      ['up', 'up{job="a"}'],
      ['sum(up)', 'sum(up{job="a"})'],
      ['up', 'up{'],
    ];
    const expected = pairs.map(([recorded, asked]) => compareExpressions(recorded, asked));
    for (let round = 0; round < 3; round++) {
      expect(pairs.map(([recorded, asked]) => compare(recorded, asked))).toEqual(expected);
      Array.from({ length: 600 }, (_, i) => compare('up', `x_${round}_${i}`));
    }
  });
});
