import { PromkeepError } from '../../core/model/errors';
import { type Label, type RawSeries } from '../../core/model/rawSeries';
import { type TimeRange } from '../../core/model/timeRange';
import { type CallOptions } from '../../core/ports/metricSource';
import { type RawHoldings, type RawSource, type Selector } from '../../core/ports/rawSeries';
import { notPrometheus } from '../answer/answerFailure';
import { readHead } from '../answer/readAnswer';
import { type ChargedCalls } from '../chargedCalls';
import { type ApiCaller } from '../http/apiCaller';
import { type PrometheusSettings } from '../settings/prometheusSettings';
import { askHoldings } from './holdings';
import { askMetadata } from './metadata';
import { readQueried } from './queriedSeries';
import { formOf, readCall } from './readCall';
import { readSampled } from './sampledSeries';
import { readStreamed } from './streamedSeries';

/** A configuration that is read anew by the source is seen this much later. */
const HOLDINGS_AGE_MS = 120_000;

interface RawSourceParts {
  settings: Pick<PrometheusSettings, 'responseLimitBytes'>;
  api: ApiCaller;
  calls: ChargedCalls;
}

/** The series of a source as it holds them: by its remote read, else by range selectors of its query API. */
export function createRawSource(parts: RawSourceParts): RawSource {
  let known: { holdings: RawHoldings; askedMs: number } | undefined;
  const holdings = async (options: CallOptions): Promise<RawHoldings> => {
    if (known === undefined || performance.now() - known.askedMs > HOLDINGS_AGE_MS) {
      known = { holdings: await askHoldings(parts.api, options), askedMs: performance.now() };
    }
    return known.holdings;
  };
  return {
    holdings,
    metadata: (options) => askMetadata(parts.api, options, parts.settings.responseLimitBytes),
    async *readRaw({ selectors, range }, options) {
      const { by, externalLabels } = await holdings(options);
      // one after the other: several in one request would come as one answer where it is samples
      for (const selector of selectors) {
        if (by === 'query') {
          yield* readQueried(parts.calls, selector, range, options);
        } else {
          yield* withoutExternal(readRemote(parts, { selector, range }, options), externalLabels);
        }
      }
    },
  };
}

async function* readRemote(
  { settings: { responseLimitBytes: maxBytes }, api, calls }: RawSourceParts,
  { selector, range }: { selector: Selector; range: TimeRange },
  options: CallOptions
): AsyncIterable<RawSeries> {
  const call = readCall(selector, range);
  try {
    yield* calls.stream(options, (memory) =>
      api.stream(call, options, async function* (answer) {
        const form = formOf(answer.header('content-type'));
        if (form === undefined) {
          const message = 'it is not one of remote read';
          throw notPrometheus(answer, await readHead(answer, 4096), { message }, api.redactor(options));
        }
        yield* (form === 'chunks' ? readStreamed : readSampled)(answer, { maxBytes, memory });
      })
    );
  } catch (error) {
    throw isSampleLimit(error)
      ? new PromkeepError('SOURCE_RESPONSE_TOO_LARGE', error.message, { cause: error })
      : error;
  }
}

/** "exceeded sample limit (50000000)", a 400 of `--storage.remote.read-sample-limit`: a shorter range may do. */
function isSampleLimit(error: unknown): error is PromkeepError {
  return error instanceof PromkeepError && error.status === 400 && /exceeded sample limit/.test(error.message);
}

/** Remote read adds them to every series; they are none of its own. */
async function* withoutExternal(
  series: AsyncIterable<RawSeries>,
  externalLabels: readonly Label[]
): AsyncIterable<RawSeries> {
  if (externalLabels.length === 0) {
    yield* series;
    return;
  }
  const added = new Map(externalLabels.map(({ name, value }) => [name, value]));
  for await (const { labels, chunks } of series) {
    yield { labels: labels.filter(({ name, value }) => added.get(name) !== value), chunks };
  }
}
