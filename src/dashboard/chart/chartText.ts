import { dateTimeFormat, formattedValueToString, getValueFormat } from '@grafana/data';
import { type ArchiveHistory } from '../../contract/archivePage';
import { type Say } from '../../panel/words/catalog';
import { type CursorReading } from './chartCursor';
import { reasonText } from '../history/gapText';
import { seriesNames } from './seriesNames';

/** The words and numbers of a chart. */
export interface ChartText {
  names: string[];
  value(value: number): string;
  /** For an axis whose values lie `step` apart; without the unit where that would be long. */
  tick(value: number, step: number): string;
  /** What `tick` leaves out. */
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

export function chartText(history: ArchiveHistory, say: Say): ChartText {
  const names = seriesNames(history.series);
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
    tick(number, step) {
      const written = format(number, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
      return suffix.length > LONGEST_TICK_SUFFIX
        ? `${written.text}${scaleOnly(written.suffix, suffix)}`
        : formattedValueToString(written);
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

/** `K req/s` without `req/s`. */
function scaleOnly(suffix: string | undefined, unit: string): string {
  return (suffix ?? '').replace(unit, '');
}

/** Three digits that tell something, whatever the size. */
function digitsOf(value: number): number {
  const size = Math.abs(value);
  return size === 0 || Number.isInteger(value) ? 0 : Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(size))));
}
