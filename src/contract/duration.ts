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
  for (const [, count, unit] of text.matchAll(/(\d+)([a-z]*)/g)) {
    totalMs += Number(count) * UNIT_MS[unit];
  }
  return Number.isSafeInteger(totalMs) ? totalMs : undefined;
}

/** Milliseconds as such a duration: `90000` is `1m30s`. Whole weeks and years are written in days. */
export function formatDurationMs(ms: number): string {
  let rest = Math.round(ms);
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms']) {
    const count = Math.floor(rest / UNIT_MS[unit]);
    rest -= count * UNIT_MS[unit];
    text += count > 0 ? `${count}${unit}` : '';
  }
  return text === '' ? '0s' : text;
}
