import { toJsonRecord, toStandardRecords, type JsonRecord } from '../../src/contract/standardRecord';
import { type QueryResult } from '../core/model/series';
import { standardSeries } from '../core/frames/standardFrame';
import { openSource } from '../compose/openParts';
import { evaluate, TIME_PARAMETERS } from '../routes/evaluate';
import { readParameters } from '../routes/parameters';
import { proxiesOf, readConfig } from './commandConfig';
import { CLOCK, EXIT, type CommandHost } from './commandHost';
import { formatTable } from './table';

export const QUERY_FORMATS = ['table', 'json', 'standard'] as const;

export interface QueryCommandOptions {
  config?: string;
  url?: string;
  time?: string;
  start?: string;
  end?: string;
  step?: string;
  format: (typeof QUERY_FORMATS)[number];
}

/** Asks Prometheus once and prints the answer; warnings go to stderr. */
export async function runQuery(host: CommandHost, expr: string, options: QueryCommandOptions): Promise<number> {
  const config = readConfig(host, options.config, { PROMETHEUS_URL: options.url });
  const { time, start, end, step } = options;
  const times = readParameters(Object.entries({ time, start, end, step }), TIME_PARAMETERS);
  const source = openSource(config.prometheus, proxiesOf(host));
  const abort = new AbortController();
  const forget = host.onStopSignal(() => abort.abort());
  try {
    const deps = { source, clock: CLOCK, limits: config.server.limits };
    const result = await evaluate(deps, times, expr, { signal: abort.signal });
    for (const text of [...result.warnings, ...result.infos]) {
      host.writeError(`${text}\n`);
    }
    host.writeOut(render(result, expr, options.format));
    return EXIT.ok;
  } finally {
    forget();
    await source.close();
  }
}

function render(result: QueryResult, expr: string, format: QueryCommandOptions['format']): string {
  if (format === 'json') {
    return `${JSON.stringify(plainResult(result), null, 2)}\n`;
  }
  if (result.text && format === 'table') {
    return `${result.text.value}\n`;
  }
  const records = toStandardRecords(standardSeries(result.series, expr), expr).map(toJsonRecord);
  return format === 'standard' ? `${JSON.stringify(records, null, 2)}\n` : renderTable(records);
}

function renderTable(records: readonly JsonRecord[]): string {
  if (records.length === 0) {
    return 'The result is empty.\n';
  }
  const rows = records.map(({ timestamp, metric_name: name, labels, metric_value: value }) => [
    timestamp,
    name,
    Object.entries(labels)
      .map(([label, text]) => `${label}=${JSON.stringify(text)}`)
      .join(' '),
    String(value),
  ]);
  return formatTable(['time', 'metric', 'labels', 'value'], rows, [3]);
}

/** In the shape of Prometheus' own answers: values as text, which also holds NaN and the infinities. */
function plainResult({ resultType, series, text, warnings, infos }: QueryResult): unknown {
  return {
    resultType,
    ...(text ? { text: text.value } : {}),
    series: series.map(({ labels, timesMs, values, histograms }) => ({
      metric: labels ?? {},
      values: Array.from(timesMs, (timeMs, i) => [timeMs / 1000, valueText(values[i])]),
      ...(histograms
        ? {
            histograms: Array.from(histograms.timesMs, (timeMs, i) => [
              timeMs / 1000,
              { count: valueText(histograms.counts[i]), sum: valueText(histograms.sums[i]) },
            ]),
          }
        : {}),
    })),
    warnings,
    infos,
  };
}

function valueText(value: number): string {
  if (Number.isFinite(value)) {
    return Object.is(value, -0) ? '-0' : String(value);
  }
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}
