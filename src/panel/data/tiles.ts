import {
  getDisplayProcessor,
  formattedValueToString,
  type DataFrame,
  type DisplayProcessor,
  type GrafanaTheme2,
  type InterpolateFunction,
  type TimeRange,
  type TimeZone,
} from '@grafana/data';
import { actionsOf } from '../tile/actions';
import { changeOf, listEarlier, type ChangeSince, type Earlier } from './change';
import { calculate, finiteSamples, rangeOf, type Calculation, type Sample } from './calculations';
import { listNumericSeries, type NumericSeries } from './numericSeries';
import { toSparkline } from '../tile/sparkline';
import { limitsOf, stateOfValue } from './thresholdState';
import { type NoData, type Tile, type TileValue } from './tile';
import { metricName, type Words } from '../words/words';

export interface TileOptions {
  /** The first is the value, the others stand beside it; none means `last`. */
  calculations: readonly Calculation[];
  theme: GrafanaTheme2;
  words: Words;
  timeZone?: TimeZone;
  /** What was asked for: the sparkline's extent, and the yardstick for "old". */
  timeRange?: TimeRange;
  withSparkline?: boolean;
  /** None means `query`. */
  changeSince?: ChangeSince;
  /** Fills the variables in the titles of actions; absent: they stay as they are. */
  replaceVariables?: InterpolateFunction;
}

/** A value this many intervals behind the end of the range is marked with its time. */
const LATE_INTERVALS = 3;
const LATE_MS = 5 * 60_000;

/** Frames of any data source → one tile for each series, in the order of the frames. Never a 0 nobody measured. */
export function toTiles(frames: readonly DataFrame[], options: TileOptions): Tile[] {
  const earlier = listEarlier(frames);
  return listNumericSeries(frames).map((series) => toTile(series, earlier.get(series.identity ?? '') ?? [], options));
}

function toTile(series: NumericSeries, earlier: readonly Earlier[], options: TileOptions): Tile {
  const { theme, timeZone, words } = options;
  const display = series.field.display ?? getDisplayProcessor({ field: series.field, theme, timeZone });
  const samples = finiteSamples(series.values);
  const format = (value: number) => formattedValueToString(display(value));
  const [first = 'last', ...others] = options.calculations;
  const value = hasValue(series, samples) ? calculate(first, samples, series.timesMs) : undefined;
  const write = (one: Calculation) => {
    const result = calculate(one, samples, series.timesMs);
    const text = result === undefined ? '–' : format(result);
    return one === 'rate' && result !== undefined ? words('perSecond', { value: text }) : text;
  };
  const newest = samples.at(-1);
  const newestMs = newest && series.timesMs?.[newest.index];
  const range = rangeOf(samples);
  return {
    key: series.key,
    name: series.mark ? metricName(words, series.mark.metricKey, series.name) : series.name,
    group: series.group,
    labels: series.labels,
    metricName: series.labels.__name__ ?? series.mark?.metricKey ?? series.name,
    extremes: samples.length > 1 ? { lowest: format(range.min), highest: format(range.max) } : undefined,
    limits: limitsOf(series.field, options),
    aggregation: series.mark?.aggregation && words(`aggregations.${series.mark.aggregation}`),
    promql: series.mark && promqlOf(series),
    ...(value === undefined
      ? {
          state: { severity: 'no-data', word: words('states.no-data') } as const,
          noData: explainNoData(series, newestMs, display, words),
          value: undefined,
          extras: [],
        }
      : {
          value: toTileValue(value, display, first, words),
          valueAtMs: newestMs,
          change: changeOf(
            value,
            { series, samples, earlier },
            { since: options.changeSince ?? 'query', calculation: first, words, format }
          ),
          state: stateOfValue(value, series.field, range, options),
          asOfMs: first === 'last' ? lateTime(series, newestMs, options.timeRange) : undefined,
          extras: others.map((one) => ({ label: words(`calculations.${one}`), text: write(one) })),
        }),
    sparkline: options.withSparkline === false ? undefined : toSparkline(series, samples, { ...options, format }),
    linkCount: series.field.config.links?.length ?? 0,
    getLinks: linksOf(series),
    actions: actionsOf(series, options.replaceVariables),
  };
}

/** Of what Grafana's inspector shows as executed: the expression, then the step. */
function promqlOf({ frame }: NumericSeries): string | undefined {
  const [, expr] = /^Expr: ([\s\S]*)\nStep: [^\n]*$/.exec(frame?.meta?.executedQueryString ?? '') ?? [];
  return expr;
}

/** In a Summary frame *the* value is the last one, and its sender knows best whether there is one. */
function hasValue({ mark, values }: NumericSeries, samples: readonly Sample[]): boolean {
  if (samples.length === 0) {
    return false;
  }
  return !mark || (mark.noDataReason === undefined && samples[samples.length - 1].index === values.length - 1);
}

function toTileValue(numeric: number, display: DisplayProcessor, calculation: Calculation, words: Words): TileValue {
  const { text, prefix, suffix } = display(numeric);
  return {
    numeric,
    text,
    prefix,
    suffix: calculation === 'rate' ? words('perSecond', { value: suffix ?? '' }) : suffix,
  };
}

/** The user's own text for null (a value mapping, "No value") becomes the headline; the state stays "no data". */
function explainNoData(
  { mark }: NumericSeries,
  newestMs: number | undefined,
  display: DisplayProcessor,
  words: Words
): NoData {
  return {
    headline: formattedValueToString(display(null)) || words('noData'),
    reason: asSentence(mark?.noDataReason ?? words('noValues')),
    lastSeenMs: mark?.lastSeenMs ?? newestMs,
  };
}

function asSentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The time of the last value when it lies clearly before the end of what was asked for. */
function lateTime(
  { timesMs, intervalMs }: NumericSeries,
  atMs: number | undefined,
  timeRange: TimeRange | undefined
): number | undefined {
  if (atMs === undefined || !timesMs || !timeRange) {
    return undefined;
  }
  const spacingMs =
    intervalMs ?? (timesMs.length > 1 ? (timesMs[timesMs.length - 1] - timesMs[0]) / (timesMs.length - 1) : 0);
  return timeRange.to.valueOf() - atMs > Math.max(LATE_MS, LATE_INTERVALS * spacingMs) ? atMs : undefined;
}

function linksOf({ field, lastRow }: NumericSeries): Tile['getLinks'] {
  const { getLinks, config } = field;
  return getLinks && config.links?.length ? () => getLinks({ valueRowIndex: lastRow }) : undefined;
}
