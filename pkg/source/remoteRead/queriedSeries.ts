import { quoteGo } from '../../core/model/goQuote';
import { type RawSeries } from '../../core/model/rawSeries';
import { type Series } from '../../core/model/series';
import { type TimeRange } from '../../core/model/timeRange';
import { type CallOptions } from '../../core/ports/metricSource';
import { type Selector } from '../../core/ports/rawSeries';
import { chunksOfSamples } from '../../remote/chunks/seriesChunks';
import { inWordsOf } from '../../remote/codecError';
import { compareLabels, compareUtf8 } from '../../remote/labels';
import { bitsOf } from '../../remote/sampleColumns';
import { type ChargedCalls } from '../chargedCalls';

/** The NaN of Prometheus' own arithmetic; text knows only one. */
const NAN_HIGH = 0x7ff80000;
const NAN_LOW = 1;

/**
 * Series by a range selector of the query API, for a source without remote read: floats with their times, without stale markers
 * and native histograms. The whole of it is in memory, so whoever asks keeps the range short. Throws `PromkeepError`.
 */
export async function* readQueried(
  calls: ChargedCalls,
  selector: Selector,
  { fromMs, toMs }: TimeRange,
  options: CallOptions
): AsyncIterable<RawSeries> {
  // A range is closed in Prometheus 2 and open on the left from 3 on: one more millisecond has the first in both.
  const query = `${printSelector(selector)}[${toMs - fromMs + 1}ms]`;
  const { series } = await calls.query('api/v1/query', { query, time: String(toMs / 1_000) }, options);
  const all = series.filter(({ timesMs }) => timesMs.length > 0).map(rawSeriesOf);
  yield* all.sort((a, b) => compareLabels(a.labels, b.labels));
}

function rawSeriesOf({ labels = {}, timesMs, values }: Series): RawSeries {
  const exact = values.slice();
  exact.forEach((value, i) => {
    if (Number.isNaN(value)) {
      bitsOf(exact).set([NAN_LOW, NAN_HIGH], 2 * i);
    }
  });
  return {
    labels: Object.entries(labels)
      .map(([name, value]) => ({ name, value }))
      .sort((a, b) => compareUtf8(a.name, b.name)),
    chunks: inWordsOf('source', () => chunksOfSamples({ timesMs, values: exact })),
  };
}

function printSelector(selector: Selector): string {
  const written = selector.map(({ name, operator, value }) => {
    const label = /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : quoteGo(name);
    return `${label}${operator}${quoteGo(value)}`;
  });
  return `{${written.join(',')}}`;
}
