import { type HistorySeries } from '../../contract/archivePage';

/**
 * What tells the series of one chart apart: one label where one is enough (a name rather than a number), else the values of all
 * labels that differ. One series needs no name.
 */
export function seriesNames(series: readonly HistorySeries[]): string[] {
  const valuesOf = (name: string): string[] => series.map(({ labels }) => labels[name] ?? '');
  const names = [...new Set(series.flatMap(({ labels }) => Object.keys(labels)))];
  const telling = names.filter((name) => new Set(valuesOf(name)).size > 1);
  const enough = telling
    .filter((name) => new Set(valuesOf(name)).size === series.length)
    .sort((a, b) => countNumbers(valuesOf(a)) - countNumbers(valuesOf(b)));
  const all = (labels: HistorySeries['labels']): string =>
    telling
      .map((name) => labels[name])
      .filter(Boolean)
      .join(' · ');
  return series.map(({ labels }) => labels[enough[0]] || all(labels));
}

function countNumbers(values: readonly string[]): number {
  return values.filter((value) => /^\d+$/.test(value)).length;
}
