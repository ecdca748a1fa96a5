import { canonicalLabels } from '../../../src/contract/standardRecord';
import { arrange, mergeSamples } from '../model/mergeSamples';
import { type Labels, type QueryResult, type Series } from '../model/series';

/**
 * Several answers about different times as one: samples of the same labels become one series, and the series come in the order
 * in which Prometheus answers a range query (by labels, bytewise). Times of one series must not repeat.
 */
export function joinSeries(answers: ReadonlyArray<readonly Series[]>): Series[] {
  const pieces = Map.groupBy(answers.flat(), ({ labels }) => (labels === undefined ? '' : canonicalLabels(labels)));
  return sortByLabels([...pieces.values()].map(joinPieces));
}

/** Several answers about different times as one result. */
export function matrix(answers: ReadonlyArray<readonly Series[]>): QueryResult {
  return { resultType: 'matrix', series: joinSeries(answers), warnings: [], infos: [] };
}

export function vector(series: readonly Series[]): QueryResult {
  return { resultType: 'vector', series: sortByLabels(series), warnings: [], infos: [] };
}

/** In the order of Prometheus' range queries. */
export function sortByLabels(series: readonly Series[]): Series[] {
  return series
    .map((one) => ({ one, entries: sortedEntries(one.labels ?? {}) }))
    .sort((a, b) => compareEntries(a.entries, b.entries))
    .map(({ one }) => one);
}

/** The samples at times that `keeps` accepts; the same series when these are all. */
export function filterTimes(series: Series, keeps: (timeMs: number) => boolean): Series {
  const at = [...series.timesMs.keys()].filter((i) => keeps(series.timesMs[i]));
  if (at.length === series.timesMs.length) {
    return series;
  }
  return {
    ...series,
    timesMs: arrange(series.timesMs, at),
    values: arrange(series.values, at),
  };
}

function joinPieces(pieces: readonly Series[]): Series {
  const [first] = pieces;
  return pieces.length === 1 ? first : { ...first, ...mergeSamples(pieces) };
}

function sortedEntries(labels: Labels): Array<[string, string]> {
  return Object.entries(labels).sort(([a], [b]) => compareText(a, b));
}

function compareEntries(a: ReadonlyArray<[string, string]>, b: ReadonlyArray<[string, string]>): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const order = compareText(a[i][0], b[i][0]) || compareText(a[i][1], b[i][1]);
    if (order !== 0) {
      return order;
    }
  }
  return a.length - b.length;
}

/** As their UTF-8 bytes compare: halves of characters beyond the first plane come after everything in it. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [left, right] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (left !== right) {
      return rank(left) - rank(right);
    }
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
