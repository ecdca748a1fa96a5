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
  /** What the values are written in multiples of: 1, or 1,024 to some power where the unit has binary prefixes. */
  prefix: number;
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
  const { low, high, prefix } = valueRange(history);
  return {
    prefix,
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

function prefixOf({ unit = '' }: ArchiveHistory, most: number): number {
  const isBinary = BINARY_UNITS.includes(unit) && most >= 1_024;
  return isBinary ? 1_024 ** Math.floor(Math.log(most) / Math.log(1_024)) : 1;
}

function valueRange(history: ArchiveHistory): { low: number; high: number; prefix: number } {
  const { series, min, max } = history;
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
    return { low: min ?? 0, high: max ?? 1, prefix: 1 };
  }
  if (low >= 0 && (low <= high / 2 || min === 0)) {
    low = 0;
  }
  const prefix = prefixOf(history, Math.max(-low, high));
  const stepOf = niceStep(Math.max(high - low, Math.abs(high) * LEAST_SPREAD, 1e-9) / 3, prefix);
  const ends = roundOut({ low, high }, stepOf);
  // Wider ends may have another step: with theirs, a tick stands at each end.
  const wide =
    ends.high > ends.low
      ? roundOut(ends, niceStep((ends.high - ends.low) / 3, prefix))
      : { low: low - stepOf, high: high + stepOf };
  return { ...withinLimits(wide, { low, high }, { min, max }), prefix };
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
export function valueTicks({ low, high, prefix }: Pick<ChartScale, 'low' | 'high' | 'prefix'>): {
  step: number;
  values: number[];
} {
  const step = niceStep((high - low) / 3, prefix);
  const values: number[] = [];
  for (let i = Math.ceil(low / step - 1e-6); i * step <= high + step * 1e-6; i++) {
    values.push(i * step);
  }
  return { step, values };
}

/** 1, 2 or 5 times a power of ten of the prefix, not below `least`. */
function niceStep(least: number, prefix: number): number {
  const power = 10 ** Math.floor(Math.log10(least / prefix)) * prefix;
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
