import { type Frame, type NumberField } from './frame';
import { histogramFrame } from './histogramFrames';
import { type QueryResult, type ResultType, type Series } from '../model/series';

const META: Readonly<Record<Exclude<ResultType, 'string'>, 'timeseries-multi' | 'numeric-multi'>> = {
  matrix: 'timeseries-multi',
  vector: 'numeric-multi',
  scalar: 'numeric-multi',
};

/**
 * The bare frames of an answer [Q3.2], one per series in the order of the answer: names, legends and query metadata
 * come later, from `queryMeta.ts`. A series with floats and native histograms gives a frame for each.
 */
export function framesOf(result: QueryResult): Frame[] {
  if (result.resultType === 'string') {
    return result.text ? [stringFrame(result.text)] : [];
  }
  const { resultType } = result;
  return result.series.flatMap((series) => {
    if (!series.histograms) {
      return [seriesFrame(series, resultType)];
    }
    const floats = series.timesMs.length > 0 ? [seriesFrame(series, resultType)] : [];
    return [...floats, histogramFrame(series, series.histograms)];
  });
}

function seriesFrame(series: Series, resultType: Exclude<ResultType, 'string'>): Frame {
  const value: NumberField = { name: 'Value', type: 'number', values: series.values };
  // A scalar has no `metric` in the answer, yet Grafana's frame carries empty labels.
  const labels = resultType === 'scalar' ? {} : series.labels;
  if (labels !== undefined) {
    value.labels = labels;
  }
  return {
    fields: [{ name: 'Time', type: 'time', values: series.timesMs }, value],
    meta: { type: META[resultType], typeVersion: [0, 1], custom: { resultType } },
  };
}

function stringFrame(text: { timeMs: number; value: string }): Frame {
  return {
    fields: [
      { name: 'Time', type: 'time', values: Float64Array.of(text.timeMs) },
      { name: 'Value', type: 'string', labels: {}, values: [text.value] },
    ],
    meta: { type: 'timeseries-multi', typeVersion: [0, 0], custom: { resultType: 'string' } },
  };
}
