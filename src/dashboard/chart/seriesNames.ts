import { type SeriesRow } from '../../contract/archivePage';

type Labelled = Pick<SeriesRow, 'labels'>;

/**
 * What tells the series of one chart apart: one label where one is enough (a name rather than a number), else the values of all
 * labels that differ. One series needs no name.
 */
export function seriesNames(series: readonly Labelled[]): string[] {
  const valuesOf = (name: string): string[] => series.map(({ labels }) => labels[name] ?? '');
  const names = [...new Set(series.flatMap(({ labels }) => Object.keys(labels)))];
  const telling = names.filter((name) => new Set(valuesOf(name)).size > 1);
  const enough = telling
    .filter((name) => new Set(valuesOf(name)).size === series.length)
    .sort((a, b) => countNumbers(valuesOf(a)) - countNumbers(valuesOf(b)));
  const all = (labels: Labelled['labels']): string =>
    telling
      .map((name) => labels[name])
      .filter(Boolean)
      .join(' · ');
  return series.map(({ labels }) => labels[enough[0]] || all(labels));
}

/** Long names differ at their ends more than in the middle: `ip-10-0-0-1…compute.internal:9100`. */
export function shorten(name: string, most = MOST_CHARACTERS): string {
  const head = Math.ceil((most - 1) / 2);
  return name.length <= most ? name : `${name.slice(0, head)}…${name.slice(name.length - (most - 1 - head))}`;
}

const MOST_CHARACTERS = 40;

function countNumbers(values: readonly string[]): number {
  return values.filter((value) => /^\d+$/.test(value)).length;
}
