import {
  FieldType,
  VisualizationSuggestionScore,
  type PanelDataSummary,
  type VisualizationSuggestion,
} from '@grafana/data';
import { type SummaryPanelOptions } from './options';
import { readSummaryMark } from './summaryMeta';

const MOST_SERIES = 60;

/** The panel offers itself for numbers, and as the best choice for Summary queries, which are made for it. */
export function suggest(summary: PanelDataSummary): Array<VisualizationSuggestion<SummaryPanelOptions>> | void {
  if (!summary.hasData || !summary.hasFieldType(FieldType.number)) {
    return;
  }
  const isSummary = summary.rawFrames?.some((frame) => typeof readSummaryMark(frame) === 'object') ?? false;
  if (!isSummary && summary.fieldCountByType(FieldType.number) > MOST_SERIES) {
    return;
  }
  return [
    {
      name: 'Summary tiles',
      score: isSummary ? VisualizationSuggestionScore.Best : VisualizationSuggestionScore.OK,
      cardOptions: { maxSeries: 4 },
    },
  ];
}
