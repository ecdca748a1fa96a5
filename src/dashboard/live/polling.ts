/** A request without an answer is given up after this time. */
const REQUEST_TIMEOUT_MS = 10_000;

/** Must not reject. The signal aborts when polling stops or the time is over; `stop` ends the polling. */
type PolledTask = (signal: AbortSignal, stop: () => void) => Promise<void>;

/**
 * Runs a task now and then again and again, the next one `intervalMs` after the last has ended.
 *
 * @returns stops it
 */
export function startPolling(task: PolledTask, intervalMs: number): () => void {
  let timer: number | undefined;
  let running: AbortController | undefined;

  const run = async () => {
    const controller = new AbortController();
    running = controller;
    const timeout = window.setTimeout(() => controller.abort(), REQUEST_TIMEOUT_MS);
    await task(controller.signal, stop);
    window.clearTimeout(timeout);
    if (running === controller) {
      timer = window.setTimeout(() => void run(), intervalMs);
    }
  };
  const stop = () => {
    window.clearTimeout(timer);
    running?.abort(HALTED);
    running = undefined;
  };

  timer = window.setTimeout(() => void run());
  return stop;
}

/** The reason of an abort that is no failure: nobody wants the answer any more. */
export const HALTED = 'halted';
