import { type GapReason } from './ledger';
import { type WriteOutcome } from './sampleStore';

/** What the archiver tells about itself; the server turns it into Prometheus metrics. Calls must not throw. */
export interface RecorderEvents {
  wrote(query: string, outcome: WriteOutcome): void;
  failed(query: string, reason: GapReason): void;
  /** Grid points of an answer that did not count as covered. */
  gapped(query: string, points: number): void;
  /**
   * This archiver records the query from now on, until the returned function is called.
   *
   * @param readLagMs milliseconds between the newest due time and the newest answered one, as of the call: a loop that hangs
   * must be seen to fall behind
   */
  follows(query: string, readLagMs: () => number | undefined): () => void;
  /** Time one piece of recording took, from the request to the commit. */
  took(seconds: number): void;
  /** This machine's clock minus the source's, in milliseconds. */
  skewed(offsetMs: number): void;
  /** Whether this archiver records, and the newest epoch it knows. */
  led(leads: boolean, epoch: number): void;
}

/** What the work that keeps the archive small tells about itself. */
export interface UpkeepMetrics {
  /** @param seconds duration of the run */
  upkept(job: string, outcome: 'done' | 'failed', seconds: number): void;
}
