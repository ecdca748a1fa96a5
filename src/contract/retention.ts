/** The one place that reads retention classes: how long something is kept, in days. The archive reads them the same way (0014). */

const DAYS: Readonly<Record<string, number>> = { d: 1, w: 7, y: 366 };

/** A hundred years. Longer ones would leave the times PostgreSQL knows; who wants to keep something longer says `forever`. */
export const MAX_RETENTION_DAYS = 36_600;

/** For messages, after the name of what is wrong. */
export const RETENTION_FORM = 'a number with d, w or y of at most 100 years, such as 30d, or forever';

/** Days of `<n>d`, `<n>w` or `<n>y`, `Infinity` of `forever`; `undefined` for anything else and for more than 100 years. */
export function parseRetentionDays(text: string): number | undefined {
  if (text === 'forever') {
    return Infinity;
  }
  const [, count, unit] = /^([1-9]\d{0,4})([dwy])$/.exec(text) ?? [];
  const days = Number(count) * (DAYS[unit] ?? NaN);
  return days <= MAX_RETENTION_DAYS ? days : undefined;
}
