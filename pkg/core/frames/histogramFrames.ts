import { type Field, type Frame } from './frame';
import { type HistogramSamples, type Series } from '../model/series';

/**
 * A native histogram as a heatmap [Q3.2]: one row per bucket and sample. All five fields carry the labels, because
 * the heatmap panel looks at any of them. Count and sum have no place in this shape.
 */
export function histogramFrame(series: Series, histograms: HistogramSamples): Frame {
  const { timesMs, bucketStart, bucketLower, bucketUpper, bucketCount, bucketRule } = histograms;
  const rows = bucketStart[timesMs.length];
  const xMax = new Float64Array(rows);
  for (let i = 0; i < timesMs.length; i++) {
    xMax.fill(timesMs[i], bucketStart[i], bucketStart[i + 1]);
  }
  const fields: Field[] = [
    { name: 'xMax', type: 'time', values: xMax },
    { name: 'yMin', type: 'number', values: bucketLower.subarray(0, rows) },
    { name: 'yMax', type: 'number', values: bucketUpper.subarray(0, rows) },
    { name: 'count', type: 'number', values: bucketCount.subarray(0, rows) },
    { name: 'yLayout', type: 'int8', values: bucketRule.subarray(0, rows) },
  ];
  const { labels } = series;
  return {
    fields: labels === undefined ? fields : fields.map((field) => ({ ...field, labels })),
    meta: { type: 'heatmap-cells', typeVersion: [0, 0] },
  };
}
