import {
  type DataFrame,
  type DataQueryResponse,
  isLiveChannelMessageEvent,
  isLiveChannelStatusEvent,
  LiveChannelConnectionState,
  type LiveChannelEvent,
  LoadingState,
  type QueryResultMetaNotice,
} from '@grafana/data';
import { Observable, type Subscriber, Subscription, timer } from 'rxjs';
import { LIVE_MAX_SERIES } from '../../contract/live';
import { say } from '../texts';
import { extendSeries, type LivePacket, type LiveRow, readRows, seriesByLabels, withNotices } from './liveSeries';

export interface LiveSource {
  refId: string;
  rangeMs: number;
  /** The channel; subscribing to it joins, unsubscribing leaves it. */
  events: Observable<LiveChannelEvent<LivePacket>>;
  /**
   * The ordinary answer for the time range that ends now.
   *
   * @param part `series`: only what a channel can go on with; `all`: also an instant query and exemplars, if asked for
   */
  load(part: 'series' | 'all'): Observable<DataQueryResponse>;
}

/** A proxy that does not let WebSockets through leaves the channel pending for ever: after this, the answer comes without it. */
const CONNECT_LIMIT_MS = 3_000;

/**
 * The ordinary answer of a query, followed by itself with the new points of its live channel. Shape, names and legends are
 * those of the ordinary answer throughout, so that panels and transformations see no difference.
 */
export function liveAnswer(source: LiveSource): Observable<DataQueryResponse> {
  return new Observable((subscriber) => new LiveAnswer(source, subscriber).run());
}

class LiveAnswer {
  private readonly channel = new Subscription();
  private loading: Subscription | undefined;
  private isLoading = false;
  private frames: DataFrame[] | undefined;
  /** Rows that came while an answer was on its way. */
  private waiting: LiveRow[] = [];
  private notices: QueryResultMetaNotice[] = [];
  private connected = false;
  /** Series for which an answer was asked already: a series it does not hold is not asked for again. */
  private readonly askedFor = new Set<string>();

  constructor(
    private readonly source: LiveSource,
    private readonly subscriber: Subscriber<DataQueryResponse>
  ) {}

  run(): () => void {
    this.channel.add(
      timer(CONNECT_LIMIT_MS).subscribe(() => this.connected || this.fallBack(say('live.notConnected')))
    );
    this.channel.add(
      this.source.events.subscribe({
        next: (event) => this.take(event),
        error: () => this.fallBack(say('live.notConnected')),
        complete: () => this.connected || this.fallBack(say('live.notConnected')),
      })
    );
    return () => this.stop();
  }

  private take(event: LiveChannelEvent<LivePacket>): void {
    if (isLiveChannelMessageEvent(event)) {
      this.takePacket(event.message);
    } else if (isLiveChannelStatusEvent(event)) {
      this.takeState(event.state, event.message);
    }
  }

  /**
   * The answer is asked for once the channel is open: so no point can fall between the two. It is asked for anew after a
   * break, in which points were missed. A denial comes without a text, as a channel that is not open.
   */
  private takeState(state: LiveChannelConnectionState, packet?: LivePacket): void {
    const before = this.connected;
    this.connected = state === LiveChannelConnectionState.Connected;
    if (this.connected && !before) {
      this.notices = packet?.schema?.meta?.notices ?? [];
      this.load();
    }
    if (state === LiveChannelConnectionState.Disconnected || state === LiveChannelConnectionState.Invalid) {
      this.fallBack(say('live.refused'));
    }
  }

  private takePacket(packet: LivePacket): void {
    if (packet.schema) {
      this.notices = packet.schema.meta?.notices ?? [];
    }
    this.waiting.push(...readRows(packet));
    this.show();
  }

  private fallBack(text: string): void {
    this.notices = [{ severity: 'warning', text }];
    if (this.frames) {
      this.emit(this.frames);
    } else {
      this.load('all');
    }
  }

  private load(part: 'series' | 'all' = 'series'): void {
    this.loading?.unsubscribe();
    this.isLoading = true;
    this.loading = this.source.load(part).subscribe({
      next: (response) => this.takeAnswer(response),
      error: (error: unknown) => this.subscriber.error(error),
    });
  }

  private takeAnswer(response: DataQueryResponse): void {
    this.isLoading = false;
    if (response.error || response.errors?.length) {
      this.end({ ...response, key: this.key });
      return;
    }
    const series = seriesByLabels(response.data, this.source.refId).size;
    if (series > LIVE_MAX_SERIES && !this.channel.closed) {
      this.channel.unsubscribe();
      this.connected = false;
      this.fallBack(say('live.tooMany', { series, most: LIVE_MAX_SERIES }));
      return;
    }
    this.frames = response.data;
    this.show();
  }

  private show(): void {
    if (!this.frames || this.isLoading) {
      return;
    }
    const { frames, unknown } = extendSeries(this.frames, this.waiting, this.source);
    const isNew = unknown.filter((labels) => !this.askedFor.has(labels));
    if (isNew.length > 0) {
      // a new series needs a frame with name, legend and past, which the ordinary answer has; the rows wait for it
      isNew.forEach((labels) => this.askedFor.add(labels));
      this.load();
      return;
    }
    this.waiting = [];
    this.frames = frames;
    this.emit(frames);
  }

  private emit(frames: readonly DataFrame[]): void {
    const data = withNotices(frames, this.notices, this.source.refId);
    const state = this.connected ? LoadingState.Streaming : LoadingState.Done;
    this.subscriber.next({ data, key: this.key, state });
  }

  private end(response: DataQueryResponse): void {
    this.subscriber.next(response);
    this.subscriber.complete();
    this.stop();
  }

  private stop(): void {
    this.channel.unsubscribe();
    this.loading?.unsubscribe();
  }

  /** Grafana replaces what it got under the same key. */
  private get key(): string {
    return `live-${this.source.refId}`;
  }
}
