import { LIVE_MAX_SERIES, LIVE_MIN_INTERVAL_MS } from '../../../src/contract/live';
import { type DataQuery, type StreamDecision, type StreamRequest } from '../ports/datasource';
import { asPromkeepError, PromkeepError } from '../model/errors';
import { type FramePacket, frameToJson } from '../frames/frameJson';
import { type LiveQuery, readLiveRequest } from './liveRequest';
import { dataPacket, liveFrame } from './liveFrame';
import { type LiveSeats } from './liveSeats';
import { type Clock } from '../ports/clock';
import { type Logger } from '../ports/logger';
import { type MetricSource } from '../ports/metricSource';
import { type TimeRange } from '../model/timeRange';
import { type PlanSettings, planQuery, type QueryPlan } from '../query/queryPlan';
import { type QueryResult } from '../model/series';

/**
 * Live: a query that is evaluated again at each point of its grid, and whose new points go to a channel.
 *
 * Everybody on a channel gets the same stream, and Grafana runs it in the name of whoever came first, without their
 * credentials. So it is refused where Prometheus is asked with the user's own ones.
 */
export interface LiveDeps extends PlanSettings {
  source: MetricSource;
  clock: Clock;
  logger: Logger;
  /** Users' tokens or cookies go on to Prometheus. */
  forwardsCredentials: boolean;
  seats: LiveSeats;
  wait: Wait;
}

/** Resolves after `ms` at the latest, or early and without error when the signal aborts. */
export type Wait = (ms: number, signal: AbortSignal) => Promise<void>;

/** After a failure that may pass, the next try comes no later than this. */
const RETRY_MS = 15_000;

const FORWARDS_CREDENTIALS =
  "Live is off: this datasource forwards each user's own credentials, and a channel is shared.";

type Admission = Pick<LiveDeps, 'forwardsCredentials' | 'seats'>;
type Refusal = Exclude<StreamDecision, { kind: 'open' }>;

/** Whether a subscriber may join a channel. Asks nobody. */
export function decideStream(deps: Admission, request: StreamRequest): StreamDecision {
  const query = admit(deps, request);
  // The schema alone: who joins late needs it, and the points until now come with the ordinary answer.
  return 'kind' in query ? query : { kind: 'open', first: frameToJson(liveFrame([])) };
}

function admit({ forwardsCredentials, seats }: Admission, request: StreamRequest): LiveQuery | Refusal {
  try {
    const query = readLiveRequest(request);
    if (query === undefined) {
      return { kind: 'unknown' };
    }
    const reason = forwardsCredentials ? FORWARDS_CREDENTIALS : seats.refusal(request.path, request.caller.user?.login);
    return reason === undefined ? query : { kind: 'refused', reason };
  } catch (error) {
    return { kind: 'refused', reason: asPromkeepError(error).message };
  }
}

/**
 * Feeds a channel until the signal aborts. What cannot get better (bad PromQL, too many series) is told on the channel and
 * ends the stream; what can is told and tried again. Throws only what is our own fault, upon which Grafana starts anew.
 *
 * @param emit resolves once the channel can take more
 */
export async function runStream(
  deps: LiveDeps,
  request: StreamRequest,
  emit: (packet: FramePacket) => Promise<void>,
  signal: AbortSignal
): Promise<void> {
  const query = admit(deps, request);
  if ('kind' in query) {
    // only after a change of the settings, or when many begin at once: subscribers were refused before
    return emit(noticePacket(query.kind === 'refused' ? query.reason : 'This channel belongs to another query.'));
  }
  const giveBack = deps.seats.take(request.path, request.caller.user?.login);
  try {
    const stream = new LiveStream(deps, query, request, emit);
    while (!signal.aborted && (await stream.tick(signal))) {
      await stream.pause(signal);
    }
  } finally {
    giveBack?.();
  }
}

class LiveStream {
  /** The newest grid time that was sent; the stream begins with the newest there is. */
  private sentMs: number | undefined;
  /** What the channel's schema says: nothing yet, all well, or a trouble. */
  private told: string | undefined;

  constructor(
    private readonly deps: LiveDeps,
    private readonly query: LiveQuery,
    private readonly request: StreamRequest,
    private readonly emit: (packet: FramePacket) => Promise<void>
  ) {}

  /** Evaluates what is new and sends it. @returns whether to go on */
  async tick(signal: AbortSignal): Promise<boolean> {
    try {
      const plan = this.plan();
      const range = this.newRange(plan);
      if (range.fromMs <= range.toMs) {
        const { expr, stepMs } = plan;
        const grid = { expr, startMs: range.fromMs, endMs: range.toMs, stepMs };
        await this.send(checkShowable(await this.deps.source.queryRange(grid, { signal })));
        this.sentMs = range.toMs;
      }
      return true;
    } catch (error) {
      return signal.aborted ? false : this.tell(asPromkeepError(error));
    }
  }

  /** Until the next point of the grid, or sooner after a failure. */
  async pause(signal: AbortSignal): Promise<void> {
    const { clock, wait } = this.deps;
    const plan = this.plan();
    const nextMs = plan.aligned.toMs + Math.max(plan.stepMs, LIVE_MIN_INTERVAL_MS);
    const untilMs = this.told ? Math.min(nextMs, clock.nowMs() + RETRY_MS) : nextMs;
    for (let now = clock.nowMs(); now < untilMs && !signal.aborted; now = clock.nowMs()) {
      await wait(untilMs - now, signal);
    }
  }

  /** The query over the range that ends now. */
  private plan(): QueryPlan {
    const { rangeMs, maxDataPoints, intervalMs, model } = this.query;
    const toMs = this.deps.clock.nowMs();
    const query: DataQuery = {
      refId: '',
      queryType: model.queryType,
      maxDataPoints,
      intervalMs,
      range: { fromMs: toMs - rangeMs, toMs },
      json: {},
    };
    return planQuery(model, query, this.request.caller, this.deps);
  }

  /** The grid times that are not sent yet; after a long failure no more than a viewer can see. Empty: `from` > `to`. */
  private newRange({ aligned, stepMs }: QueryPlan): TimeRange {
    const nextMs = this.sentMs === undefined ? aligned.toMs : this.sentMs + stepMs;
    return { fromMs: Math.max(nextMs, aligned.fromMs), toMs: aligned.toMs };
  }

  private async send({ series }: QueryResult): Promise<void> {
    const frame = liveFrame(series);
    if (this.told !== '') {
      this.told = '';
      return this.emit(frameToJson(frame));
    }
    if (frame.fields[0].values.length > 0) {
      await this.emit(dataPacket(frame));
    }
  }

  /** @returns whether trying again makes sense */
  private async tell(error: PromkeepError): Promise<boolean> {
    if (error.code === 'INTERNAL') {
      throw error;
    }
    const final = isFinal(error);
    if (this.told !== error.message) {
      this.told = error.message;
      this.deps.logger.info('a live query has no data', { code: error.code, reason: error.message, ended: final });
      await this.emit(noticePacket(final ? `Live ended: ${error.message}` : `Live is waiting: ${error.message}`));
    }
    return !final;
  }
}

/** What no later evaluation of the same query can change. */
function isFinal({ code }: PromkeepError): boolean {
  return ['QUERY_INVALID', 'SOURCE_REFUSED', 'SETTINGS_INVALID', 'LIMIT_EXCEEDED', 'FORBIDDEN'].includes(code);
}

function checkShowable(result: QueryResult): QueryResult {
  if (result.series.length > LIVE_MAX_SERIES) {
    const text = `the query has ${result.series.length} series, and a channel carries at most ${LIVE_MAX_SERIES}.`;
    throw new PromkeepError('LIMIT_EXCEEDED', text);
  }
  if (result.series.some(({ histograms }) => histograms)) {
    throw new PromkeepError('QUERY_INVALID', 'native histograms cannot be live.');
  }
  return result;
}

function noticePacket(text: string): FramePacket {
  return frameToJson(liveFrame([], [{ severity: 'warning', text }]));
}
