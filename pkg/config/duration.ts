const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  y: 365 * 86_400_000,
};

/** A duration as Prometheus' configuration writes it (`15s`, `1h30m`, `7d`), in milliseconds; `undefined` for anything else. */
export function parseDurationMs(text: string): number | undefined {
  if (text === '0') {
    return 0;
  }
  if (!/^(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$/.test(text) || text === '') {
    return undefined;
  }
  let totalMs = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[ywdhms])/g)) {
    totalMs += Number(count) * UNIT_MS[unit];
  }
  return Number.isSafeInteger(totalMs) ? totalMs : undefined;
}
