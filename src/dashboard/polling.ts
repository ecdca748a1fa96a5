/** A request without an answer is given up after this time. */
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * Runs a task now and then again and again, the next one `intervalMs` after the last has ended. Nothing runs while the page
 * is hidden; when it comes back, the task runs at once.
 *
 * @param task must not reject; its signal aborts when polling stops, the page hides or the time is over
 * @returns stops it
 */
export function startPolling(task: (signal: AbortSignal) => Promise<void>, intervalMs: number): () => void {
  let timer: number | undefined;
  let running: AbortController | undefined;
  let isStopped = false;

  const run = async () => {
    const controller = new AbortController();
    running = controller;
    const timeout = window.setTimeout(() => controller.abort(), REQUEST_TIMEOUT_MS);
    await task(controller.signal);
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

  document.addEventListener('visibilitychange', onVisibility);
  schedule(0);
  return () => {
    isStopped = true;
    document.removeEventListener('visibilitychange', onVisibility);
    halt();
  };
}

/** The reason of an abort that is no failure: nobody wants the answer any more. */
export const HALTED = 'halted';
