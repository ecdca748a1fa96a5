import { PromkeepError } from '../../core/model/errors';

/** A caller's abort signal and a time limit in one signal. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Why the signal was aborted; `undefined` while it was not. */
  failure(host: string): PromkeepError | undefined;
  /** Stops the time: it is the caller who takes theirs. */
  pause(): void;
  /** Gives the whole time anew. */
  restart(): void;
  end(): void;
}

/** @param timeoutMs 0: only the caller ends the work */
export function startDeadline(caller: AbortSignal, timeoutMs: number): Deadline {
  const controller = new AbortController();
  let late = false;
  const onAbort = (): void => controller.abort();
  let timer: NodeJS.Timeout | undefined;
  const pause = (): void => clearTimeout(timer);
  const restart = (): void => {
    pause();
    if (timeoutMs > 0) {
      timer = setTimeout(() => {
        late = true;
        controller.abort();
      }, timeoutMs);
    }
  };
  restart();
  if (caller.aborted) {
    controller.abort();
  } else {
    caller.addEventListener('abort', onAbort, { once: true });
  }
  return {
    signal: controller.signal,
    failure(host) {
      if (late) {
        return new PromkeepError('SOURCE_TIMEOUT', `${host} did not finish its answer within ${timeoutMs / 1000} s.`);
      }
      return controller.signal.aborted ? new PromkeepError('QUERY_CANCELLED', 'The query was cancelled.') : undefined;
    },
    pause,
    restart,
    end() {
      pause();
      caller.removeEventListener('abort', onAbort);
    },
  };
}
