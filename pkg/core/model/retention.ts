import { parseRetentionDays } from '../../../src/contract/retention';

/**
 * How long samples of a retention class are kept, in milliseconds; `undefined` for `forever` and whatever cannot be read, which
 * is kept as well, as the archive does it.
 */
export function retentionMs(retention: string): number | undefined {
  const days = parseRetentionDays(retention) ?? Infinity;
  return days === Infinity ? undefined : days * 86_400_000;
}
