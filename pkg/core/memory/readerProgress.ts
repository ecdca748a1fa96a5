/** A reader that takes less than this in `STALL_MS`, although there is more to take, holds memory and gives nothing for it. */
const LEAST_BYTES = 64 * 1024;
/** Sleeping laptops and lost connections last longer, and ask again; no reader that works takes so long for so little. */
export const STALL_MS = 30_000;
/** How often progress is looked at. */
export const LOOK_MS = 5_000;

/** Whether a reader makes progress: a limit on standing still, not on how long a long answer takes. */
export class ReaderProgress {
  private sinceMs: number | undefined;
  private takenBytes = 0;

  /**
   * To be called every `LOOK_MS`.
   *
   * @param waiting whether there is something that the reader has not taken
   * @param takenBytes in all
   */
  hasStalled(waiting: boolean, takenBytes: number, nowMs: number): boolean {
    if (!waiting) {
      this.sinceMs = undefined;
      return false;
    }
    if (this.sinceMs === undefined || takenBytes - this.takenBytes >= LEAST_BYTES) {
      this.sinceMs = nowMs;
      this.takenBytes = takenBytes;
      return false;
    }
    return nowMs - this.sinceMs >= STALL_MS;
  }
}
