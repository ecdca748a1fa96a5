import { DATE_UNITS, parseDurationNs } from './duration';

/** A year is never shorter than a calendar's. */
const UNITS = { ...DATE_UNITS, y: 366n * DATE_UNITS.d };

/** A hundred years. Longer ones would leave the times PostgreSQL knows; who wants to keep something longer says `forever`. */
const MAX_RETENTION_DAYS = 36_600;

/** For messages, after the name of what is wrong. */
export const RETENTION_FORM = 'a number with d, w or y of at most 100 years, such as 30d, or forever';

/**
 * Retention classes: days of `<n>d`, `<n>w` or `<n>y`, `Infinity` of `forever`; `undefined` for anything else and for more than
 * 100 years. The archive reads them the same way (migration 0014).
 */
export function parseRetentionDays(text: string): number | undefined {
  if (text === 'forever') {
    return Infinity;
  }
  const ns = /^[1-9]\d{0,4}[dwy]$/.test(text) ? parseDurationNs(text, UNITS) : undefined;
  const days = typeof ns === 'bigint' ? Number(ns / DATE_UNITS.d) : NaN;
  return days <= MAX_RETENTION_DAYS ? days : undefined;
}
