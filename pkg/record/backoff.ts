const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 60_000;

/**
 * Wait before the next attempt after `failures` failures in a row: 1 s, 2 s, 4 s … 60 s, minus up to a fifth by chance so that
 * many archivers do not come back in step.
 *
 * @param chance in [0, 1)
 */
export function retryDelayMs(failures: number, chance: number): number {
  const fullMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(failures - 1, 16));
  return Math.round(fullMs * (1 - 0.2 * chance));
}
