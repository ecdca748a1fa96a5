import { FieldType, type Field, type TimeRange } from '@grafana/data';
import { meanOf, rangeOf, type Sample } from '../data/calculations';
import { type NumericSeries } from '../data/numericSeries';
import { type TileSparkline } from '../data/tile';
import { type Words } from '../words/words';

/** A change below this share of the spread is called steady. */
const STEADY_SHARE = 0.15;
/** The line's extent is at least this share of its highest value: a change of a few percent must not look like a cliff. */
const LEAST_EXTENT_SHARE = 0.1;

interface SparklineOptions {
  timeRange?: TimeRange;
  words: Words;
  format(value: number): string;
}

/**
 * The series as a line: its values, its extent and what it says. NaN and infinite values become gaps.
 *
 * @returns `undefined` with fewer than two values or without times: two points are the least that make a line
 */
export function toSparkline(
  series: NumericSeries,
  samples: readonly Sample[],
  { timeRange, words, format }: SparklineOptions
): TileSparkline | undefined {
  if (!series.timesMs || samples.length < 2) {
    return undefined;
  }
  const { min, max } = rangeOf(samples);
  const gaps: Array<number | null> = new Array<number | null>(series.values.length).fill(null);
  samples.forEach(({ index, value }) => (gaps[index] = value));
  const trend = words(`trends.${trendOf(samples)}`);
  const last = format(samples[samples.length - 1].value);
  return {
    data: {
      x: {
        name: 'time',
        type: FieldType.time,
        config: { interval: series.intervalMs },
        values: Array.from(series.timesMs),
      },
      y: numberField(gaps, { min, max }),
      timeRange,
    },
    label: words('sparkline', { name: series.name, trend, last, lowest: format(min), highest: format(max) }),
  };
}

/** The first against the last third, so that one jagged point does not turn the trend. */
function trendOf(samples: readonly Sample[]): 'rising' | 'falling' | 'steady' {
  const third = Math.max(1, Math.floor(samples.length / 3));
  const { min, max } = rangeOf(samples);
  const change = meanOf(samples.slice(-third)) - meanOf(samples.slice(0, third));
  if (max === min || Math.abs(change) < (max - min) * STEADY_SHARE) {
    return 'steady';
  }
  return change > 0 ? 'rising' : 'falling';
}

function numberField(values: Array<number | null>, range: { min: number; max: number }): Field {
  const spread = range.max - range.min;
  const room = Math.max(spread * 0.1, (Math.abs(range.max) * LEAST_EXTENT_SHARE - spread) / 2);
  return {
    name: 'value',
    type: FieldType.number,
    config: {},
    values,
    state: { range: { min: range.min - room, max: range.max + room, delta: spread + 2 * room } },
  };
}
