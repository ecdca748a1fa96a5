/**
 * Durations are numbers with units. Prometheus, Go, Grafana's intervals and retention classes have words of their own for them, and
 * one parser.
 */
export const NS_PER_MS = 1_000_000n;
const SECOND = 1_000n * NS_PER_MS;
const MAX_INT64 = (1n << 63n) - 1n;

/** Nanoseconds by unit. */
export type DurationUnits = Readonly<Record<string, bigint>>;

export const CLOCK_UNITS = { ms: NS_PER_MS, s: SECOND, m: 60n * SECOND, h: 3_600n * SECOND };
/** A year is another number of days to everybody. */
export const DATE_UNITS = { d: 86_400n * SECOND, w: 604_800n * SECOND };
const PROMETHEUS: DurationUnits = { ...CLOCK_UNITS, ...DATE_UNITS, y: 365n * DATE_UNITS.d };

/** Longer texts are no durations: numbers of any length would be worked out to the last digit. */
export const DURATION_LENGTH = 100;

export interface DurationFault {
  fault: 'invalid' | 'missing unit' | 'unknown unit';
  unit: string;
}

/**
 * Nanoseconds, as BigInt, because a range in nanoseconds leaves the exact integers of a double after 104 days; more than an int64
 * holds is a fault, and so is a text longer than `DURATION_LENGTH`.
 *
 * @param free as Go has it: `1.5h`, units in any order and more than once; else whole numbers, the larger unit first
 */
export function parseDurationNs(text: string, units: DurationUnits, free = false): bigint | DurationFault {
  const part = /(\d*)(?:\.(\d*))?([^\d.]*)/y;
  if (text.length > DURATION_LENGTH) {
    return { fault: 'invalid', unit: '' };
  }
  let totalNs = 0n;
  let beforeNs = MAX_INT64;
  do {
    const [, whole = '', decimals, unit = ''] = part.exec(text) ?? [];
    const fraction = decimals ?? '';
    const unitNs = Object.hasOwn(units, unit) ? units[unit] : undefined;
    if (whole + fraction === '' || (!free && (decimals !== undefined || (unitNs ?? 0n) >= beforeNs))) {
      return { fault: 'invalid', unit };
    }
    if (unitNs === undefined) {
      return { fault: unit === '' ? 'missing unit' : 'unknown unit', unit };
    }
    totalNs += (BigInt(whole + fraction) * unitNs) / 10n ** BigInt(fraction.length);
    beforeNs = unitNs;
  } while (part.lastIndex < text.length);
  return totalNs > MAX_INT64 ? { fault: 'invalid', unit: '' } : totalNs;
}

/** A duration as Prometheus' configuration writes it (`15s`, `1h30m`, `7d`), in milliseconds; `undefined` for anything else. */
export function parseDurationMs(text: string): number | undefined {
  const ns = text === '0' ? 0n : parseDurationNs(text, PROMETHEUS);
  return typeof ns === 'bigint' ? Number(ns / NS_PER_MS) : undefined;
}

/** Milliseconds as such a duration: `90000` is `1m30s`. Whole weeks and years are written in days. */
export function formatDurationMs(ms: number): string {
  let rest = Math.round(ms);
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms']) {
    const unitMs = Number(PROMETHEUS[unit] / NS_PER_MS);
    const count = Math.floor(rest / unitMs);
    rest -= count * unitMs;
    text += count > 0 ? `${count}${unit}` : '';
  }
  return text === '' ? '0s' : text;
}
