import { type SummaryMetric } from '../../../src/contract/summary';
import { type AnswerDeps, answerQuery } from '../answer';
import { type ApiRoute } from '../ports/apiRoute';
import { type CompareExpressions } from '../matching/matchDefinition';
import { callFor, refusalToRead } from './callers';
import { mapConcurrently } from '../model/concurrency';
import { type DatasourceInstance } from '../ports/datasource';
import { asPromkeepError, PromkeepError } from '../model/errors';
import { checkHealth } from './healthCheck';
import { type KeepPolicy, type KeepTarget } from '../collect/keepResult';
import { decideStream, type LiveDeps, runStream, type Wait } from '../live/liveQuery';
import { LiveSeats } from '../live/liveSeats';
import { type Archive } from '../ports/archive';
import { type Clock } from '../ports/clock';
import { type Logger } from '../ports/logger';
import { type MetricSource } from '../ports/metricSource';
import { type PlanSettings } from '../query/queryPlan';
import { type RawEngine } from '../readback/rawEngine';
import { type ReadBackArchive } from '../readback/readArchive';
import { answerResource } from './resourceCalls';
import { rememberVersion } from './sourceVersion';
import { type SuggestionSelectors } from './suggestions';
import { archivedValues } from '../summary/summaryArchive';

/** What a datasource uses of its archive. */
export type DatasourceArchive = ReadBackArchive & Pick<KeepTarget, 'samples'> & Pick<Archive, 'status' | 'close'>;

export interface DatasourceDeps extends PlanSettings {
  source: MetricSource;
  /** Absent: the datasource works, and nothing can be kept. */
  archive?: KeepPolicy & { archive: DatasourceArchive };
  summaryMetrics: readonly SummaryMetric[];
  /** What else runs for this datasource and ends before its connections are closed. */
  background: { stop(): Promise<void> };
  /** Promkeep's own API, served below `promkeep/`. */
  apiRoutes: readonly ApiRoute[];
  clock: Clock;
  logger: Logger;
  /** Queries of one request that run at the same time; Grafana's `GF_CONCURRENT_QUERY_COUNT`, NaN when it does not say. */
  concurrency: number;
  /** A signal that aborts after so many milliseconds (`AbortSignal.timeout`); timers do not live in core. */
  timeoutSignal(ms: number): AbortSignal;
  /** What is wrong with the settings and does not stop queries; *Save & test* shows it. */
  settingsWarnings: readonly string[];
  /** Why raw series cannot be collected, if so. Never rejects; absent: there are none. */
  rawWarning?(signal: AbortSignal): Promise<string | undefined>;
  /** A timer that ends early when the signal aborts. */
  wait: Wait;
  /** Users' tokens or cookies go on to Prometheus, so two users may see different data. */
  forwardsCredentials: boolean;
  compareExpressions: CompareExpressions;
  /** Evaluates over raw series; absent: nothing does. */
  engine?: RawEngine;
  suggestionSelectors: SuggestionSelectors;
}

/** When Grafana does not say how many queries of one request may run at once. */
const DEFAULT_CONCURRENCY = 10;

/** A datasource on live parts, which it closes when it is disposed. */
export function createDatasourceInstance(deps: DatasourceDeps): DatasourceInstance {
  const { source, archive, clock, logger, apiRoutes, timeoutSignal, suggestionSelectors } = deps;
  const concurrency =
    Number.isInteger(deps.concurrency) && deps.concurrency > 0 ? deps.concurrency : DEFAULT_CONCURRENCY;
  const answerDeps: AnswerDeps = {
    ...deps,
    findArchived: (caller) =>
      archive && refusalToRead(caller, deps.forwardsCredentials) === undefined
        ? archivedValues(archive.archive, deps.compareExpressions)
        : undefined,
    readBack: {
      archive: archive?.archive,
      forwardsCredentials: deps.forwardsCredentials,
      compare: deps.compareExpressions,
      engine: deps.engine,
      timeoutSignal,
    },
    keep: {
      target: archive && { ...archive, samples: archive.archive.samples },
      clock,
      version: rememberVersion(source, clock),
      timeoutSignal,
    },
  };
  const liveDeps: LiveDeps = { ...deps, seats: new LiveSeats() };
  return {
    async queryData({ caller, queries }, signal) {
      if (queries.length === 0) {
        throw new PromkeepError('QUERY_INVALID', 'query contains no queries');
      }
      const responses = await mapConcurrently(queries, concurrency, (query) =>
        answerQuery(answerDeps, query, caller, signal)
      );
      return new Map(queries.map(({ refId }, i) => [refId, responses[i]]));
    },
    checkHealth: (caller, signal) =>
      checkHealth(
        {
          ...{ source, archive: archive?.archive, timeoutSignal },
          ...{ settingsWarnings: deps.settingsWarnings, rawWarning: deps.rawWarning },
        },
        callFor(caller, signal)
      ),
    callResource: (request, caller, signal) =>
      answerResource({ source, apiRoutes, logger, suggestionSelectors }, request, caller, signal),
    decideStream: async (request) => decideStream(liveDeps, request),
    openStream: (request, emit, signal) => runStream(liveDeps, request, emit, signal),
    async dispose() {
      await deps.background.stop().catch((error: unknown) => {
        logger.warn('Recording did not end in order', { error: asPromkeepError(error).message });
      });
      await Promise.allSettled([source.close(), archive?.archive.close()]);
    },
  };
}
