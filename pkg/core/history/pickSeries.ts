import { type SeriesPick, type SeriesRow } from '../../../src/contract/archivePage';
import { type Series } from '../model/series';

export interface PickedSeries {
  series: Series[];
  /** Of all that match, in the same order. */
  rows: SeriesRow[];
}

/** The series that match, the first ones first: by last value, those without one at the end, or by their labels. */
export function pickSeries(series: readonly Series[], { filter, order }: SeriesPick): PickedSeries {
  const wanted = filter.trim().toLowerCase();
  const picked = series
    .filter(({ labels = {} }) => wanted === '' || Object.entries(labels).some((label) => matches(label, wanted)))
    .map((one) => ({ one, row: rowOf(one) }));
  if (order !== 'name') {
    const sign = order === 'largest' ? -1 : 1;
    // what has no value is neither large nor small
    const rank = ({ last }: SeriesRow): number => (last === null ? Infinity : sign * last);
    picked.sort((a, b) => (rank(a.row) === rank(b.row) ? 0 : rank(a.row) - rank(b.row)));
  }
  return { series: picked.map(({ one }) => one), rows: picked.map(({ row }) => row) };
}

function matches([name, value]: [string, string], wanted: string): boolean {
  return (
    value.toLowerCase().includes(wanted) || (wanted.includes('=') && `${name}=${value}`.toLowerCase().includes(wanted))
  );
}

function rowOf({ labels, values }: Series): SeriesRow {
  let [last, min, max]: Array<number | null> = [null, null, null];
  for (const value of values) {
    if (Number.isFinite(value)) {
      last = value;
      min = Math.min(min ?? value, value);
      max = Math.max(max ?? value, value);
    }
  }
  return { labels: { ...labels }, last, min, max };
}
