import { type LabelFilter } from '../core/query/queryModel';
import { suggestionSelectors } from './suggestionSelectors';

const filter = (key: string, operator: string, value: string): LabelFilter => ({ key, operator, value, values: [] });
const none = { scopes: [], adhoc: [] };

it('finds every metric of every query once, sorted', () => {
  expect(suggestionSelectors(['sum(b) / rate(a[5m])', 'a{x="1"}', '{__name__=~"node_.*"}'], none)).toEqual([
    'a',
    'b',
    '{__name__=~"node_.*"}',
  ]);
});

it('puts the filters into each, scopes and ad hoc merged', () => {
  const scopes = [filter('zone', 'equals', 'eu'), filter('zone', 'equals', 'us')];
  const adhoc = [filter('job', 'not-equals', 'x'), filter('__name__', 'regex-match', 'a.*')];
  expect(suggestionSelectors(['up', '{"my.metric"}'], { scopes, adhoc: adhoc.slice(0, 1) })).toEqual([
    'up{zone=~"eu|us",job!="x"}',
    '{__name__="my.metric",zone=~"eu|us",job!="x"}',
  ]);
  expect(suggestionSelectors(['up'], { scopes: [], adhoc: adhoc.slice(1) })).toEqual([
    '{__name__="up",__name__=~"a.*"}',
  ]);
});

it('takes the filters alone when no query names a metric, in a form Prometheus does not refuse', () => {
  expect(suggestionSelectors([], { scopes: [], adhoc: [filter('a', 'equals', '1')] })).toEqual(['{a="1"}']);
  expect(suggestionSelectors(['{job="x"}', '1'], { scopes: [], adhoc: [filter('a', 'not-equals', '1')] })).toEqual([
    '{__name__=~".+",a!="1"}',
  ]);
});

it('leaves out queries that cannot be read', () => {
  expect(suggestionSelectors(['sum(', 'up{a="$x"', 'up'], none)).toEqual(['up']);
  expect(suggestionSelectors(['sum('], none)).toEqual([]);
});

it('refuses filters that cannot be applied', () => {
  expect(() => suggestionSelectors(['up'], { scopes: [], adhoc: [filter('a', '', '1')] })).toThrow('unknown operator');
});
