import { dateTimeFormat } from '@grafana/data';
import { type ArchiveHistory } from '../../contract/archivePage';

/** Where a chart draws: pixels of the plot, without the room of its axes. */
export interface ChartScale {
  widthPx: number;
  heightPx: number;
  fromMs: number;
  toMs: number;
  low: number;
  high: number;
  /** Of its unit's prefixes: 1,024 of binary ones. */
  base: 1_000 | 1_024;
  x(timeMs: number): number;
  y(value: number): number;
}

/** Of what hardly changes the axis would need more digits than anybody reads. */
const LEAST_SPREAD = 1e-3;
/** Sums of shares are a little more than a whole. */
const ROUNDING = 1e-3;

/** The values' own range, from zero up where that wastes no more than half of the height. */
export function scaleOf(history: ArchiveHistory, widthPx: number, heightPx: number): ChartScale {
  const { fromMs, toMs } = history;
  const { low, high } = valueRange(history);
  const base = baseOf(history);
  return {
    base,
    widthPx,
    heightPx,
    fromMs,
    toMs,
    low,
    high,
    x: (timeMs) => ((timeMs - fromMs) / Math.max(1, toMs - fromMs)) * widthPx,
    y: (value) => heightPx - ((value - low) / (high - low)) * heightPx,
  };
}

/** Grafana's units with binary prefixes (KiB, Mib). */
const BINARY_UNITS = ['bytes', 'bits', 'binBps', 'binbps'];

function baseOf({ unit = '' }: ArchiveHistory): ChartScale['base'] {
  return BINARY_UNITS.includes(unit) ? 1_024 : 1_000;
}

function valueRange(history: ArchiveHistory): { low: number; high: number } {
  const { series, min, max } = history;
  const base = baseOf(history);
  let [low, high] = [Infinity, -Infinity];
  for (const one of series) {
    for (const values of [one.min ?? one.values, one.max ?? one.values]) {
      for (const value of values) {
        if (value !== null) {
          low = Math.min(low, value);
          high = Math.max(high, value);
        }
      }
    }
  }
  if (low > high) {
    return { low: min ?? 0, high: max ?? 1 };
  }
  if (low >= 0 && (low <= high / 2 || min === 0)) {
    low = 0;
  }
  const stepOf = niceStep(Math.max(high - low, Math.abs(high) * LEAST_SPREAD, 1e-9) / 3, base);
  const ends = roundOut({ low, high }, stepOf);
  // Wider ends may have another step: with theirs, a tick stands at each end.
  const wide =
    ends.high > ends.low
      ? roundOut(ends, niceStep((ends.high - ends.low) / 3, base))
      : { low: low - stepOf, high: high + stepOf };
  return withinLimits(wide, { low, high }, { min, max });
}

function roundOut({ low, high }: { low: number; high: number }, step: number): { low: number; high: number } {
  const [from, to] = [Math.floor(low / step + ROUNDING), Math.ceil(high / step - ROUNDING)];
  return { low: from * step, high: to * step };
}

/** A share ends at 100 %, unless a value does not. */
function withinLimits(
  wide: { low: number; high: number },
  values: { low: number; high: number },
  { min, max }: Pick<ArchiveHistory, 'min' | 'max'>
): { low: number; high: number } {
  const low = min !== undefined && values.low >= min ? Math.max(min, wide.low) : wide.low;
  const isBelow = max !== undefined && values.high <= max + Math.abs(max) * ROUNDING;
  const high = isBelow ? Math.min(max, wide.high) : wide.high;
  return high > low ? { low, high } : wide;
}

/** Two to five round values between the ends of the scale, ends included, and how far they lie apart. */
export function valueTicks({ low, high, base }: Pick<ChartScale, 'low' | 'high' | 'base'>): {
  step: number;
  values: number[];
} {
  const step = niceStep((high - low) / 3, base);
  const values: number[] = [];
  for (let i = Math.ceil(low / step - 1e-6); i * step <= high + step * 1e-6; i++) {
    values.push(i * step);
  }
  return { step, values };
}

/** 1, 2 or 5 times a power of ten of the unit's prefix that fits, not below `least`. */
function niceStep(least: number, base: ChartScale['base']): number {
  if (base === 1_024 && least > base) {
    const prefix = base ** Math.floor(Math.log(least) / Math.log(base));
    // 1,000 KiB are not yet a MiB
    return Math.min(niceStep(least / prefix, 1_000), base) * prefix;
  }
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5].find((factor) => factor * power >= least * 0.999) ?? 10) * power;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const TIME_STEPS_MS = [
  ...[1, 2, 5, 10, 20, 30].map((count) => count * 1_000),
  ...[1, 2, 5, 10, 20, 30].map((count) => count * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR_MS),
  ...[1, 2, 5, 10, 30, 90, 365].map((count) => count * DAY_MS),
];
/** A label such as `11-23 04:30` and some air. */
const LABEL_PX = 78;

/** Round times of the reader's clock, as many as have room. */
export function timeTicks({ fromMs, toMs, widthPx }: ChartScale): Array<{ timeMs: number; label: string }> {
  const least = (toMs - fromMs) / Math.max(1, Math.floor(widthPx / LABEL_PX));
  const stepMs = TIME_STEPS_MS.find((step) => step >= least) ?? TIME_STEPS_MS[TIME_STEPS_MS.length - 1];
  const offsetMs = new Date(toMs).getTimezoneOffset() * MINUTE_MS;
  const format =
    stepMs < MINUTE_MS ? 'HH:mm:ss' : toMs - fromMs <= DAY_MS ? 'HH:mm' : stepMs < DAY_MS ? 'MM-DD HH:mm' : 'MM-DD';
  const ticks: Array<{ timeMs: number; label: string }> = [];
  for (let timeMs = Math.ceil((fromMs - offsetMs) / stepMs) * stepMs + offsetMs; timeMs <= toMs; timeMs += stepMs) {
    ticks.push({ timeMs, label: dateTimeFormat(timeMs, { format }) });
  }
  return ticks;
}
