import fc from 'fast-check';
import { queryFilters, vectorExpression, writtenTwice } from '../../tests/fakes/promqlExpressions';
import { applyFilters } from './applyFilters';
import { compareExpressions } from './compareExpressions';
import { filterRules } from './filterRules';
import { mayRecord } from './mayRecord';
import { parsePromql, textOf } from './parsePromql';
import { selectorsOf } from './selectors';

const RUNS = { numRuns: 400 };
const written = writtenTwice(vectorExpression);

it('reads every expression, and changes none without filters', () => {
  fc.assert(
    fc.property(written, ({ spaced }) => {
      expect(parsePromql(spaced).text).toBe(spaced);
      expect(applyFilters(spaced, { scopes: [], adhoc: [], groupBy: [] })).toBe(spaced);
    }),
    RUNS
  );
});

it('means the same with any spaces and comments', () => {
  fc.assert(
    fc.property(written, ({ plain, spaced }) => {
      expect(compareExpressions(plain, spaced)).toEqual([]);
      expect(mayRecord(plain)).toEqual(mayRecord(spaced));
    }),
    RUNS
  );
});

// [Q1.6] [Q7.14]
it('puts filters into every selector, and nothing else into anything', () => {
  fc.assert(
    fc.property(written, queryFilters, ({ spaced }, filters) => {
      const result = applyFilters(spaced, filters);
      const [before, after] = [parsePromql(spaced), parsePromql(result)];
      expect(nodesOf(after, 'LineComment')).toEqual(nodesOf(before, 'LineComment'));
      expect(literalsOutsideBraces(after)).toEqual(literalsOutsideBraces(before));
      const [was, is] = [selectorsOf(before), selectorsOf(after)];
      expect(is).toHaveLength(was.length);
      for (const { matchers } of is) {
        for (const { wanted, excluded } of filterRules(filters)) {
          for (const condition of [wanted, excluded].flatMap((one) => one ?? [])) {
            expect(matchers).toContainEqual(expect.objectContaining(condition));
          }
        }
      }
    }),
    RUNS
  );
});

it('says the same of an expression whose filters are written in', () => {
  fc.assert(
    fc.property(written, ({ plain, spaced }) => {
      const filters = { scopes: [], adhoc: [{ key: 'zz', operator: 'equals', value: '1', values: [] }], groupBy: [] };
      const extra = compareExpressions(plain, applyFilters(spaced, filters));
      const usual = selectorsOf(parsePromql(plain)).length === 0 ? [] : [{ name: 'zz', operator: '=', value: '1' }];
      expect([undefined, ...[usual]]).toContainEqual(extra);
    }),
    RUNS
  );
});

function nodesOf(source: ReturnType<typeof parsePromql>, name: string): string[] {
  const texts: string[] = [];
  source.tree.iterate({
    enter(node) {
      if (node.name === name) {
        texts.push(textOf(source, node));
      }
    },
  });
  return texts;
}

/** Strings that are arguments: no filter has any business with them. */
function literalsOutsideBraces(source: ReturnType<typeof parsePromql>): string[] {
  const texts: string[] = [];
  source.tree.iterate({
    enter(node) {
      if (node.name === 'StringLiteral') {
        texts.push(textOf(source, node));
      }
      return node.name !== 'LabelMatchers';
    },
  });
  return texts;
}
