import { dateTimeFormat, formattedValueToString, getValueFormat, type ValueFormatter } from '@grafana/data';
import { type ArchiveHistory } from '../../contract/archivePage';
import { type Say } from '../../panel/words/catalog';
import { type CursorReading } from './chartCursor';
import { reasonText } from '../history/gapText';

/** The words and numbers of a chart. */
export interface ChartText {
  names: string[];
  value(value: number): string;
  /** For an axis: with as few digits as tell the values apart, without the unit where that would be long. */
  ticks(values: readonly number[]): string[];
  /** What `ticks` leave out. */
  unit: string;
  /** In one line, for a screen reader. */
  reading(reading: CursorReading): string;
  /** Why there is no value, if something tells. */
  gap(reading: CursorReading): string | undefined;
}

/** More series are not read out: the table has them. */
const MOST_SPOKEN = 5;
/** ` %` and ` s` fit beside an axis. */
const LONGEST_TICK_SUFFIX = 2;

/** @param names of the series drawn; one series needs none */
export function chartText(history: ArchiveHistory, names: string[], say: Say): ChartText {
  const format = getValueFormat(history.unit ?? 'short');
  const value = (number: number): string =>
    formattedValueToString(format(number, history.decimals ?? digitsOf(number)));
  const suffix = format(0, 0).suffix ?? '';
  const gap = ({ gap }: CursorReading): string | undefined =>
    gap &&
    say('page.history.missing', {
      reason: reasonText(gap, say),
      outlook: say(`page.archive.outlook.${gap.outlook}`),
    });
  return {
    names,
    value,
    unit: suffix.length > LONGEST_TICK_SUFFIX ? suffix.trim() : '',
    ticks(values) {
      const digits = DIGITS.find((count) => values.every((value) => isExact(format, value, count))) ?? MOST_DIGITS;
      return values.map((value) => {
        const written = format(value, digits);
        return suffix.length > LONGEST_TICK_SUFFIX
          ? `${written.text}${scaleOnly(written.suffix, suffix)}`
          : formattedValueToString(written);
      });
    },
    gap,
    reading(reading) {
      const spoken = reading.values.flatMap((one, i) =>
        one ? [[names[i], value(one.value)].filter(Boolean).join(' ')] : []
      );
      const what =
        spoken.length > 0 ? spoken.slice(0, MOST_SPOKEN).join(', ') : (gap(reading) ?? say('page.history.none'));
      return `${dateTimeFormat(reading.timeMs)}: ${what}`;
    },
  };
}

const MOST_DIGITS = 6;
const DIGITS = Array.from({ length: MOST_DIGITS }, (_, digits) => digits);

/** Whether more digits would say nothing more, in the unit's own scale: 0.0025 s is 2.5 ms. */
function isExact(format: ValueFormatter, value: number, digits: number): boolean {
  const [few, many] = [digits, MOST_DIGITS].map((count) => Number(format(value, count).text.replaceAll(',', '')));
  return Math.abs(few - many) <= Math.abs(many) * 1e-9;
}

/** `K req/s` without `req/s`. */
function scaleOnly(suffix: string | undefined, unit: string): string {
  return (suffix ?? '').replace(unit, '');
}

/** Counts are whole; of the rest as many digits as Grafana finds worth it in the value's own scale. */
function digitsOf(value: number): number | undefined {
  return Number.isInteger(value) && Math.abs(value) < 1_000 ? 0 : undefined;
}
