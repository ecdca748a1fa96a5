import { PromkeepError } from '../core/model/errors';
import { type Clock } from '../core/ports/clock';

/** What a command may touch of the process it runs in. */
export interface CommandHost {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Path of the running program, to find the page beside it. */
  readonly programPath: string;
  writeOut(text: string): void;
  writeError(text: string): void;
  /** Calls back on SIGINT and SIGTERM until the returned function is called. */
  onStopSignal(callback: (signal: string) => void): () => void;
  /** Ends the process at once. */
  exitNow(code: number): void;
}

export const CLOCK: Clock = { nowMs: () => Date.now() };

/** 0 success · 1 it did not work · 2 wrong usage or configuration · 130 stopped by force. */
export const EXIT = { ok: 0, failed: 1, usage: 2, forced: 130 } as const;

/**
 * Runs work that SIGINT and SIGTERM end early.
 *
 * @param reason what the work fails with then
 */
export async function untilStopped<T>(
  host: CommandHost,
  work: (signal: AbortSignal) => Promise<T>,
  reason?: PromkeepError
): Promise<T> {
  const abort = new AbortController();
  const forget = host.onStopSignal(() => abort.abort(reason));
  try {
    return await work(abort.signal);
  } finally {
    forget();
  }
}

export function exitCodeOf(error: unknown): number {
  const isUsage = error instanceof PromkeepError && ['CONFIG_INVALID', 'SETTINGS_INVALID'].includes(error.code);
  return isUsage ? EXIT.usage : EXIT.failed;
}
