import { dataQuery } from '../../../tests/fakes/callers';
import { explainNoMatch, findMatches } from '../matching/matchDefinition';
import { parseInterval } from './goDuration';
import { LIMITS } from './limits';
import { parseQueryModel } from '../query/queryModel';

const filter = { key: 'a', operator: 'equals', value: 'b' };

describe('a query of a Viewer', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['expression', { expr: 'a'.repeat(LIMITS.expressionLength + 1) }, 'An expression has at most 1000000 characters'],
    ['legend', { legendFormat: 'a'.repeat(1_001) }, 'A legend has at most 1000 characters'],
    ['recorded query', { recordedQuery: 'a'.repeat(1_001) }, 'The name of a recorded query has at most'],
    ['label of a filter', { adhocFilters: [{ ...filter, key: 'a'.repeat(1_001) }] }, 'The label of a filter'],
    ['value of a filter', { adhocFilters: [{ ...filter, value: 'a'.repeat(65_537) }] }, 'The value of a filter'],
    ['label to group by', { groupByKeys: ['a'.repeat(1_001)] }, 'A label to group by'],
    ['filters', { adhocFilters: Array(2_001).fill(filter) }, 'at most 2000 entries in "adhocFilters"'],
    [
      'values in all',
      { scopes: Array(2).fill({ filters: [{ ...filter, values: Array(1_000).fill('a') }] }) },
      'at most 2000 filters, values and labels',
    ],
    ['metrics', { summary: { metrics: Array(2_001).fill('cpu') } }, 'at most 2000 entries in "metrics"'],
  ])('is refused by name for its %s beyond all reason', (_, json, text) => {
    const parse = (): unknown => parseQueryModel(dataQuery(json).json);
    expect(parse).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
    expect(parse).toThrow(text);
  });

  it('is taken with a variable of a thousand names', () => {
    const names = Array.from({ length: 1_000 }, (_, i) => `namespace-${i}/deployment-with-a-long-name-${i * 7919}`);
    const json = { expr: `rate(x{pod=~"${names.join('|')}"}[5m])`, adhocFilters: [{ ...filter, values: names }] };
    expect(parseQueryModel(json).filters.adhoc[0].values).toHaveLength(1_000);
  });
});

it('refuses a duration of many digits instead of working it out', () => {
  expect(() => parseInterval(`0.${'1'.repeat(1_000_000)}s`)).toThrow('An interval has at most 100 characters');
});

it('looks for no expression in the archive that is too long to be compared', () => {
  const compare = (): undefined => undefined;
  expect(() => findMatches([], 'a'.repeat(LIMITS.parsedExpressionLength + 1), compare)).toThrow(
    'looked for in the archive'
  );
});

it('explains in time why nothing answers a row of brackets', () => {
  const recorded = [{ name: 'a', expression: 'rate(x[5m])', stepMs: 1_000 }];
  const startMs = performance.now();
  explainNoMatch(recorded, '['.repeat(LIMITS.parsedExpressionLength), () => undefined);
  expect(performance.now() - startMs).toBeLessThan(1_000);
});
