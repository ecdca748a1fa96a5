import { DATE_UNITS, NS_PER_MS, parseDurationNs } from '../../src/contract/duration';

/** A year is never shorter than a calendar's. */
const UNITS = { ...DATE_UNITS, y: 366n * DATE_UNITS.d };

/**
 * How long samples of a retention class are kept, in milliseconds; `undefined` for `forever` and whatever is not `<n>d`, `<n>w`
 * or `<n>y`, as the archive reads it.
 */
export function retentionMs(retention: string): number | undefined {
  const ns = /^[1-9]\d{0,4}[dwy]$/.test(retention) ? parseDurationNs(retention, UNITS) : undefined;
  return typeof ns === 'bigint' ? Number(ns / NS_PER_MS) : undefined;
}
