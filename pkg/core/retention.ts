const DAYS: Readonly<Record<string, number>> = { d: 1, w: 7, y: 366 };

/**
 * How long samples of a retention class are kept, in milliseconds; `undefined` for `forever` and whatever is not `<n>d`, `<n>w`
 * or `<n>y`, as the archive reads it.
 */
export function retentionMs(retention: string): number | undefined {
  const [, count, unit] = /^([1-9]\d{0,4})([dwy])$/.exec(retention) ?? [];
  return count === undefined ? undefined : Number(count) * DAYS[unit] * 86_400_000;
}
