import { type ArchiveOverview } from '../../contract/archivePage';
import { type Say } from '../../panel/words/catalog';
import { NoAnswer, type PageApi, type SummaryAnswer } from './api';
import { HALTED, startPolling } from './polling';

export interface LiveListener {
  onSummary(answer: SummaryAnswer): void;
  onArchive(answer: ArchiveOverview | 'off'): void;
  /**
   * There is no summary; told again as long as that lasts.
   *
   * @param failingMs for how long, as far as the server knows
   */
  onFailure(message: string, failingMs?: number): void;
  onArchiveFailure(message: string): void;
}

/** A stream that tells nothing for so long at its beginning is held back by something between. */
const FIRST_EVENT_MS = 8_000;
/** The server beats every 10 s. */
const SILENCE_MS = 25_000;
/** A stream that was cut is usually there again before anybody has to know. */
const GRACE_MS = 3_000;
const RETRY_STREAM_MS = 60_000;
/** Browsers also come back again and again where somebody refuses each connection; one that never told anything is blocked. */
const MOST_LOSSES = { afterEvents: 3, withoutAny: 1 };
const SUMMARY_POLL_MS = 5_000;
const ARCHIVE_POLL_MS = 15_000;
/** What this page says by itself, by the key of its text; what the server says is shown as it is. */
const UNREACHABLE = 'The server cannot be reached';
const TOO_LATE = 'The server takes too long';
const OWN_WORDS: ReadonlyMap<string, string> = new Map([
  [UNREACHABLE, 'page.failures.unreachable'],
  [TOO_LATE, 'page.failures.tooLate'],
]);

/**
 * Keeps the page told: by server-sent events, and by asking every few seconds as long as these do not come through. Nothing
 * runs while the page is hidden.
 *
 * @returns stops it
 */
export function startLive(api: PageApi, rangeMs: number, listener: LiveListener): () => void {
  const feed = new LiveFeed(api, rangeMs, listener);
  const onVisibility = () => (document.hidden ? feed.halt() : feed.openStream());
  document.addEventListener('visibilitychange', onVisibility);
  onVisibility();
  return () => {
    document.removeEventListener('visibilitychange', onVisibility);
    feed.halt();
  };
}

class LiveFeed {
  private closeStream: (() => void) | undefined;
  private stopPolling: (() => void) | undefined;
  private silence: number | undefined;
  private retry: number | undefined;
  private grace: number | undefined;
  private hasTold = false;
  private losses = 0;

  constructor(
    private readonly api: PageApi,
    private readonly rangeMs: number,
    private readonly listener: LiveListener
  ) {}

  openStream(): void {
    this.closeStream?.();
    window.clearTimeout(this.retry);
    this.expectWithin(FIRST_EVENT_MS, () => this.fallBack());
    this.closeStream = this.api.openStream(this.rangeMs, {
      onSummary: (answer) => this.tell(answer, this.listener.onSummary, this.listener.onFailure),
      onArchive: (answer) => this.tell(answer, this.listener.onArchive, this.listener.onArchiveFailure),
      onBeat: () => this.alive(),
      onLost: (comesBack) => (comesBack ? this.lost() : this.fallBack()),
    });
  }

  halt(): void {
    this.dropStream();
    this.stopPolling?.();
    this.stopPolling = undefined;
  }

  private dropStream(): void {
    [this.silence, this.retry, this.grace].forEach((timer) => window.clearTimeout(timer));
    this.grace = undefined;
    this.closeStream?.();
    this.closeStream = undefined;
  }

  private tell<T>(answer: T | Error, tell: (answer: T) => void, fail: LiveListener['onFailure']): void {
    this.alive();
    if (answer instanceof Error) {
      fail(answer.message, answer instanceof NoAnswer ? answer.failingMs : undefined);
    } else {
      tell(answer);
    }
  }

  private alive(): void {
    this.hasTold = true;
    this.losses = 0;
    window.clearTimeout(this.grace);
    this.grace = undefined;
    this.stopPolling?.();
    this.stopPolling = undefined;
    // A connection may die without a word, such as when a laptop wakes in another network.
    this.expectWithin(SILENCE_MS, () => {
      this.listener.onFailure(UNREACHABLE);
      this.openStream();
    });
  }

  /** The browser comes back by itself and tells of each vain attempt. */
  private lost(): void {
    if (++this.losses >= (this.hasTold ? MOST_LOSSES.afterEvents : MOST_LOSSES.withoutAny)) {
      this.fallBack();
      return;
    }
    this.expectWithin(SILENCE_MS, () => this.openStream());
    if (this.grace === undefined) {
      this.grace = window.setTimeout(() => this.listener.onFailure(UNREACHABLE), GRACE_MS);
    } else {
      this.listener.onFailure(UNREACHABLE);
    }
  }

  private fallBack(): void {
    this.dropStream();
    this.losses = 0;
    this.retry = window.setTimeout(() => this.openStream(), RETRY_STREAM_MS);
    this.stopPolling ??= startAsking(this.api, this.rangeMs, this.listener);
  }

  private expectWithin(ms: number, otherwise: () => void): void {
    window.clearTimeout(this.silence);
    this.silence = window.setTimeout(otherwise, ms);
  }
}

/** Without events: each answer by a request of its own. */
function startAsking(api: PageApi, rangeMs: number, listener: LiveListener): () => void {
  const stops = [
    startPolling(
      (signal) => ask(signal, () => api.summary(rangeMs, signal).then(listener.onSummary), listener.onFailure),
      SUMMARY_POLL_MS
    ),
    startPolling(
      (signal, stop) =>
        ask(
          signal,
          async () => {
            const answer = await api.archive(signal);
            listener.onArchive(answer);
            if (answer === 'off') {
              // Nothing changes that without a restart, and the browser logs each of these answers as an error.
              stop();
            }
          },
          listener.onArchiveFailure
        ),
      ARCHIVE_POLL_MS
    ),
  ];
  return () => stops.forEach((stop) => stop());
}

async function ask(signal: AbortSignal, work: () => Promise<void>, fail: (message: string) => void): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (signal.reason !== HALTED) {
      fail(signal.aborted ? TOO_LATE : messageOf(error));
    }
  }
}

/** A failure in the reader's language, as far as this page speaks of it. */
export function failureText(message: string, say: Say): string {
  const key = OWN_WORDS.get(message);
  return key === undefined ? message : say(key);
}

/** `fetch` says only "Failed to fetch" when nobody listens. */
export function messageOf(error: unknown): string {
  return error instanceof Error && !(error instanceof TypeError) ? error.message : UNREACHABLE;
}
