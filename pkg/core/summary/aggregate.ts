import { type SummaryAggregation } from '../../../src/contract/summary';
import { type Samples, type Series } from '../model/series';

/** Series by the value of a label, in order of appearance. A missing label counts as '', so the label '' makes one group. */
export function groupSeries(series: readonly Series[], groupBy: string): Map<string, Series[]> {
  return Map.groupBy(series, ({ labels }) => (labels && Object.hasOwn(labels, groupBy) ? labels[groupBy] : ''));
}

/**
 * One value per time at which any series has one. As in PromQL, NaN makes a sum and a mean NaN, while a minimum and a
 * maximum pass over it.
 */
export function aggregateSeries(series: readonly Series[], aggregation: SummaryAggregation): Samples {
  if (series.length === 1) {
    return { timesMs: series[0].timesMs, values: series[0].values };
  }
  const rows = new Map<number, { count: number; value: number }>();
  for (const { timesMs, values } of series) {
    timesMs.forEach((timeMs, i) => {
      const row = rows.get(timeMs);
      rows.set(
        timeMs,
        row
          ? { count: row.count + 1, value: combine(row.value, values[i], aggregation) }
          : { count: 1, value: values[i] }
      );
    });
  }
  const timesMs = Float64Array.from(rows.keys()).sort();
  const values = timesMs.map((timeMs) => {
    const { count, value } = rows.get(timeMs) ?? { count: 1, value: NaN };
    return aggregation === 'mean' ? value / count : value;
  });
  return { timesMs, values };
}

function combine(a: number, b: number, aggregation: SummaryAggregation): number {
  switch (aggregation) {
    case 'sum':
    case 'mean':
      return a + b;
    case 'min':
      return Number.isNaN(a) || b < a ? b : a;
    case 'max':
      return Number.isNaN(a) || b > a ? b : a;
  }
}
