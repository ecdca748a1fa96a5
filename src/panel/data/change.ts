import { FieldType, formattedValueToString, getValueFormat, type DataFrame } from '@grafana/data';
import { COMPARISON_OFFSETS_MS, COMPARISONS, type SummaryComparison } from '../../contract/query';
import { calculate, finiteSamples, type Calculation, type Sample } from './calculations';
import { summaryIdentity, type NumericSeries } from './numericSeries';
import { readSummaryMark } from './summaryMeta';
import { type TileChange } from './tile';
import { whenText, type Words } from '../words/words';

/** `query`: what the query brings. `off`: nothing. Otherwise what is asked for here, if it can be known. */
export type ChangeSince = 'query' | 'off' | SummaryComparison;

export const CHANGE_CHOICES: readonly ChangeSince[] = ['query', ...COMPARISONS, 'off'];

/** The values of an earlier period. */
export interface Earlier {
  offsetMs: number;
  samples: readonly Sample[];
  timesMs?: ArrayLike<number>;
  isFromArchive: boolean;
}

type Before = Pick<Earlier, 'offsetMs' | 'isFromArchive'> & { value: number };

interface ChangeOptions {
  since: ChangeSince;
  calculation: Calculation;
  words: Words;
  format(value: number): string;
}

/** A sample counts for a time while it is no older than this many intervals, or a minute. */
const PATIENCE_INTERVALS = 2;
const LEAST_PATIENCE_MS = 60_000;
/** Dates have no difference that their unit could write. */
const DATE_UNIT = /^(dateTime|time:)/;

/** The comparison frames of Summary queries, by the identity of what they belong to. */
export function listEarlier(frames: readonly DataFrame[]): Map<string, Earlier[]> {
  const found = new Map<string, Earlier[]>();
  for (const frame of frames) {
    const mark = readSummaryMark(frame);
    const field = frame.fields.find(({ type }) => type === FieldType.number);
    if (!field || typeof mark !== 'object' || !Number.isFinite(mark.comparisonOffsetMs)) {
      continue;
    }
    const identity = summaryIdentity(frame, field, mark);
    const one: Earlier = {
      offsetMs: mark.comparisonOffsetMs ?? 0,
      samples: finiteSamples(field.values),
      timesMs: frame.fields.find(({ type }) => type === FieldType.time)?.values,
      isFromArchive: mark.isFromArchive,
    };
    found.set(identity, [...(found.get(identity) ?? []), one]);
  }
  return found;
}

/** What there is to compare a value with: its own series, and what came along for earlier times. */
export interface KnownSamples {
  series: NumericSeries;
  samples: readonly Sample[];
  earlier: readonly Earlier[];
}

/** The change of a value, or `undefined` when there is nothing honest to say. */
export function changeOf(
  value: number,
  known: KnownSamples,
  { since, calculation, words, format }: ChangeOptions
): TileChange | undefined {
  const { unit = '', decimals } = known.series.field.config;
  const before = since === 'off' || DATE_UNIT.test(unit) ? undefined : findBefore(known, since, calculation);
  if (!before) {
    return undefined;
  }
  const difference = value - before.value;
  const size = writeSize(Math.abs(difference), unit, decimals, words);
  const isNothing = difference === 0 || !/[1-9]/.test(size);
  const direction = isNothing ? 'same' : difference > 0 ? 'up' : 'down';
  const when = whenText(words, before.offsetMs);
  return {
    direction,
    text: isNothing ? words('change.unchanged') : `${difference > 0 ? '+' : '−'}${size}`,
    against: words('change.against', { when }),
    spoken: words(`change.${direction}`, { change: size, when, before: format(before.value) }),
    ...(before.isFromArchive ? { isFromArchive: true } : {}),
  };
}

function findBefore(
  { series, samples, earlier }: KnownSamples,
  since: ChangeSince,
  calculation: Calculation
): Before | undefined {
  const offsetMs = since === 'query' || since === 'off' ? undefined : COMPARISON_OFFSETS_MS[since];
  const brought = earlier.find((one) => offsetMs === undefined || one.offsetMs === offsetMs);
  if (brought) {
    const value = calculate(calculation, brought.samples, brought.timesMs);
    const { offsetMs: broughtMs, isFromArchive } = brought;
    return value === undefined ? undefined : { value, offsetMs: broughtMs, isFromArchive };
  }
  // The range holds one period only: an earlier mean or sum cannot be made of it.
  const value = offsetMs === undefined || calculation !== 'last' ? undefined : valueBefore(series, samples, offsetMs);
  return value === undefined || offsetMs === undefined ? undefined : { value, offsetMs, isFromArchive: false };
}

/** The newest sample at a time, so much before the last one. */
function valueBefore(
  { timesMs, intervalMs }: NumericSeries,
  samples: readonly Sample[],
  offsetMs: number
): number | undefined {
  const last = samples.at(-1);
  if (!timesMs || !last) {
    return undefined;
  }
  const wantedMs = timesMs[last.index] - offsetMs;
  const found = samples.findLast(({ index }) => timesMs[index] <= wantedMs);
  const spacingMs = intervalMs ?? (timesMs[last.index] - timesMs[0]) / Math.max(1, last.index);
  const patienceMs = Math.max(LEAST_PATIENCE_MS, spacingMs * PATIENCE_INTERVALS);
  return found && wantedMs - timesMs[found.index] <= patienceMs ? found.value : undefined;
}

/** A difference of percentages is a number of points: from 10 % to 12 % is not 2 %. */
function writeSize(size: number, unit: string, decimals: number | null | undefined, words: Words): string {
  const isShare = unit === 'percentunit';
  const write = getValueFormat(isShare || unit === 'percent' ? 'none' : unit);
  const text = formattedValueToString(write(isShare ? size * 100 : size, decimals ?? undefined));
  return isShare || unit === 'percent' ? words('change.points', { number: text }) : text;
}
