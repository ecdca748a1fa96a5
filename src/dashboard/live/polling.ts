/** A request without an answer is given up after this time. */
const REQUEST_TIMEOUT_MS = 10_000;

/** Must not reject. The signal aborts when polling stops, the page hides or the time is over; `stop` ends the polling. */
export type PolledTask = (signal: AbortSignal, stop: () => void) => Promise<void>;

/**
 * Runs a task now and then again and again, the next one `intervalMs` after the last has ended. Nothing runs while the page
 * is hidden; when it comes back, the task runs at once.
 *
 * @returns stops it
 */
export function startPolling(task: PolledTask, intervalMs: number): () => void {
  let timer: number | undefined;
  let running: AbortController | undefined;
  let isStopped = false;

  const run = async () => {
    const controller = new AbortController();
    running = controller;
    const timeout = window.setTimeout(() => controller.abort(), REQUEST_TIMEOUT_MS);
    await task(controller.signal, stop);
    window.clearTimeout(timeout);
    if (running === controller && !isStopped) {
      running = undefined;
      schedule(intervalMs);
    }
  };
  const schedule = (delayMs: number) => {
    window.clearTimeout(timer);
    if (!document.hidden) {
      timer = window.setTimeout(() => void run(), delayMs);
    }
  };
  const halt = () => {
    window.clearTimeout(timer);
    const interrupted = running;
    running = undefined;
    interrupted?.abort(HALTED);
  };
  const onVisibility = () => {
    halt();
    schedule(0);
  };

  const stop = () => {
    isStopped = true;
    document.removeEventListener('visibilitychange', onVisibility);
    halt();
  };

  document.addEventListener('visibilitychange', onVisibility);
  schedule(0);
  return stop;
}

/** The reason of an abort that is no failure: nobody wants the answer any more. */
export const HALTED = 'halted';
