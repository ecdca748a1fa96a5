import { type ArchiveHistory } from '../../contract/archivePage';
import { type Say } from '../../panel/words/catalog';
import { seriesNames } from '../chart/seriesNames';
import { wholeText } from './chartWords';

/** All series as the one value of the metric's tile, or each for itself. */
export type ChartView = 'whole' | 'each';

export interface ShownSeries {
  /** With the series that are drawn. */
  history: ArchiveHistory;
  /** Of the series that are drawn, in full. */
  names: string[];
  colors: string[];
  /** Of all series of this view, drawn or not, by their place. */
  /** What the one line is of: `Sum of 5 series`; absent: each series has its own. */
  words?: string;
  legend: Array<{ name: string; color: string; isDrawn: boolean }>;
}

/**
 * What of a history is drawn.
 *
 * @param only places of the series that the reader picked in the legend; none: all
 */
export function shownSeries(
  history: ArchiveHistory,
  view: ChartView,
  only: ReadonlySet<number>,
  { colors, say }: { colors: readonly string[]; say: Say }
): ShownSeries {
  const { whole } = history;
  if (view === 'whole' && whole) {
    const words = wholeText(history, say);
    return { history: { ...history, series: [whole] }, names: [''], colors: [colors[0]], words, legend: [] };
  }
  // The drawn series are the first of the rows.
  const names = seriesNames(history.rows ?? history.series);
  const legend = history.series.map((_, i) => ({
    name: names[i] || say('page.history.unnamed'),
    color: colors[i % colors.length],
    isDrawn: only.size === 0 || only.has(i),
  }));
  const drawn = [...history.series.keys()].filter((i) => legend[i].isDrawn);
  // Limits of a sum say nothing about its parts.
  const thresholds = history.aggregation === 'sum' && history.seriesCount > 1 ? [] : history.thresholds;
  return {
    history: { ...history, thresholds, series: drawn.map((i) => history.series[i]) },
    names: history.series.length === 1 ? [''] : drawn.map((i) => legend[i].name),
    colors: drawn.map((i) => legend[i].color),
    legend: legend.length > 1 ? legend : [],
  };
}
