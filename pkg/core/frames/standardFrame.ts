import { canonicalLabels, type LabeledSamples, splitMetricName } from '../../../src/contract/standardRecord';
import { type Frame } from './frame';
import { executedMeta, type QueryContext } from '../query/queryMeta';
import { type Labels, type Series } from '../model/series';

/**
 * Series as the standard record wants them: floats as they are, and for native histograms their count and sum as series of
 * their own, named as a classic histogram's.
 */
export function standardSeries(series: readonly Series[], queryName: string): LabeledSamples[] {
  return series.flatMap((one): LabeledSamples[] => {
    if (!one.histograms) {
      return [one];
    }
    const { timesMs, counts, sums } = one.histograms;
    return [
      ...(one.timesMs.length > 0 ? [one] : []),
      { labels: withSuffix(one.labels, queryName, '_count'), timesMs, values: counts },
      { labels: withSuffix(one.labels, queryName, '_sum'), timesMs, values: sums },
    ];
  });
}

/**
 * All samples as one long table of standard records: time, name, value, labels (canonical JSON), source, data_type. It has no
 * data plane type, so that panels and transformations take it for the plain table it is: alerting and expressions get the
 * usual frames instead.
 *
 * @param context `typedTable`: the table may be meant for an expression that did not say so. With its type an expression
 *   reads a series for each name and labels; without it, it refuses a long table.
 */
export function standardFrame(series: readonly Series[], context: QueryContext & { typedTable?: boolean }): Frame {
  const parts = standardSeries(series, context.expr);
  const rows = parts.reduce((sum, { timesMs }) => sum + timesMs.length, 0);
  const times = new Float64Array(rows);
  const values = new Float64Array(rows);
  const names = new Array<string>(rows);
  const labels = new Array<string>(rows);
  let row = 0;
  for (const part of parts) {
    const split = splitMetricName(part.labels, context.expr);
    const text = canonicalLabels(split.labels);
    for (let i = 0; i < part.timesMs.length; i++, row++) {
      times[row] = part.timesMs[i];
      values[row] = part.values[i];
      names[row] = split.metricName;
      labels[row] = text;
    }
  }
  return {
    fields: [
      { name: 'time', type: 'time', values: times, config: { interval: context.stepMs } },
      { name: 'name', type: 'string', values: names },
      { name: 'value', type: 'number', values },
      { name: 'labels', type: 'string', values: labels },
      { name: 'source', type: 'string', values: new Array<string>(rows).fill('prometheus') },
      { name: 'data_type', type: 'string', values: new Array<string>(rows).fill('metric') },
    ],
    meta: {
      ...(context.typedTable ? { type: 'timeseries-long', typeVersion: [0, 1] } : {}),
      ...executedMeta(context, undefined),
      preferredVisualisationType: 'table',
    },
  };
}

function withSuffix(labels: Labels | undefined, queryName: string, suffix: string): Labels {
  const { metricName, labels: rest } = splitMetricName(labels, queryName);
  return { __name__: metricName + suffix, ...rest };
}
