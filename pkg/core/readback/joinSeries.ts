import { canonicalLabels } from '../../../src/contract/standardRecord';
import { type Labels, type Series } from '../model/series';

/**
 * Several answers about different times as one: samples of the same labels become one series, and the series come in the order
 * in which Prometheus answers a range query (by labels, bytewise). Times of one series must not repeat.
 */
export function joinSeries(answers: ReadonlyArray<readonly Series[]>): Series[] {
  const pieces = new Map<string, Series[]>();
  for (const series of answers.flat()) {
    const key = series.labels === undefined ? '' : canonicalLabels(series.labels);
    const others = pieces.get(key);
    if (others) {
      others.push(series);
    } else {
      pieces.set(key, [series]);
    }
  }
  return sortByLabels([...pieces.values()].map(joinPieces));
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
    timesMs: Float64Array.from(at, (i) => series.timesMs[i]),
    values: Float64Array.from(at, (i) => series.values[i]),
  };
}

function joinPieces(pieces: readonly Series[]): Series {
  const [first] = pieces;
  if (pieces.length === 1) {
    return first;
  }
  const ordered = pieces.filter(({ timesMs }) => timesMs.length > 0).sort((a, b) => a.timesMs[0] - b.timesMs[0]);
  const count = ordered.reduce((sum, { timesMs }) => sum + timesMs.length, 0);
  const timesMs = new Float64Array(count);
  const values = new Float64Array(count);
  let end = 0;
  let ascending = true;
  for (const piece of ordered) {
    ascending &&= end === 0 || timesMs[end - 1] < piece.timesMs[0];
    timesMs.set(piece.timesMs, end);
    values.set(piece.values, end);
    end += piece.timesMs.length;
  }
  return ascending ? { ...first, timesMs, values } : { ...first, ...sortByTime(timesMs, values) };
}

/** One piece surrounds another where Prometheus filled a hole of the archive. */
function sortByTime(timesMs: Float64Array, values: Float64Array): Pick<Series, 'timesMs' | 'values'> {
  const order = Uint32Array.from(timesMs, (_, i) => i).sort((a, b) => timesMs[a] - timesMs[b]);
  return { timesMs: Float64Array.from(order, (i) => timesMs[i]), values: Float64Array.from(order, (i) => values[i]) };
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
