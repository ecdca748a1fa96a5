import {
  type Aggregate,
  AGGREGATES,
  COMPARISON_OFFSETS_MS,
  isSummaryComparison,
  READ_FROM,
  type ReadFrom,
  type ResultFormat,
} from '../../src/contract/query';
import { PromkeepError } from './errors';
import { JsonFields } from './jsonFields';
import { atMost, LIMITS, noMoreThan } from './limits';

/** A saved query, checked and with every default filled in: [Q1.1] and `src/contract/query.ts`. */
export interface QueryModel {
  queryType: string;
  expr: string;
  range: boolean;
  instant: boolean;
  exemplar: boolean;
  /** Shaping by format happens in the browser; the backend only accepts it. */
  format: 'time_series' | 'table' | 'heatmap';
  legendFormat: string;
  interval: string;
  /** 0 when the query has none. */
  intervalMs: number;
  intervalFactor: number;
  utcOffsetSec: number;
  filters: QueryFilters;
  resultFormat: ResultFormat;
  keep: boolean;
  readFrom: ReadFrom;
  /** Empty when the query names none. */
  recordedQuery: string;
  aggregate: Aggregate;
  /** `compareOffsetMs`: how much earlier to compare with; absent when nothing is compared. */
  summary: { metrics: string[]; groupBy: string; compareOffsetMs?: number };
}

/** What scopes, ad hoc filters and group-by keys ask for; applied to the expression by a PromQL parser. */
export interface QueryFilters {
  scopes: LabelFilter[];
  adhoc: LabelFilter[];
  groupBy: string[];
}

export interface LabelFilter {
  key: string;
  /** `equals`, `not-equals`, `regex-match`, `regex-not-match`, `one-of`, `not-one-of` */
  operator: string;
  value: string;
  values: string[];
}

const FORMATS = ['time_series', 'time_series', 'table', 'heatmap'] as const;

/**
 * Reads the JSON of a saved query. Unknown keys are ignored; a wrong type throws `QUERY_INVALID`, a text or list
 * beyond `LIMITS` `LIMIT_EXCEEDED`.
 *
 * Without `range` and `instant` a query is a range query: dashboards from before these flags expect it.
 */
export function parseQueryModel(json: unknown): QueryModel {
  const fields = new JsonFields(json, 'the query');
  const instant = fields.flag('instant');
  return {
    queryType: fields.text('queryType'),
    expr: atMost(fields.text('expr'), LIMITS.expressionLength, 'An expression'),
    range: fields.flag('range') || !instant,
    instant,
    exemplar: fields.flag('exemplar'),
    format: formatOf(fields.get('format')),
    legendFormat: atMost(fields.text('legendFormat'), LIMITS.legendLength, 'A legend'),
    interval: fields.text('interval'),
    intervalMs: Math.trunc(fields.number('intervalMs')),
    intervalFactor: fields.integer('intervalFactor'),
    utcOffsetSec: fields.integer('utcOffsetSec'),
    filters: bounded({
      scopes: fields.objects('scopes').flatMap((scope) => scope.objects('filters').map(filterOf)),
      adhoc: fields.objects('adhocFilters').map(filterOf),
      groupBy: fields.texts('groupByKeys'),
    }),
    resultFormat: fields.text('resultFormat') === 'standard' ? 'standard' : 'series',
    keep: fields.flag('keep'),
    readFrom: oneOf(READ_FROM, 'readFrom', fields.text('readFrom')) ?? 'prometheus',
    recordedQuery: atMost(fields.text('recordedQuery').trim(), LIMITS.nameLength, 'The name of a recorded query'),
    aggregate: oneOf(AGGREGATES, 'aggregate', fields.text('aggregate')) ?? 'none',
    summary: summaryOf(fields),
  };
}

export function hasFilters({ scopes, adhoc, groupBy }: QueryFilters): boolean {
  return scopes.length + adhoc.length + groupBy.length > 0;
}

/** A filter as Grafana's scopes and ad hoc filters write it. */
export function filterOf(fields: JsonFields): LabelFilter {
  return {
    key: atMost(fields.text('key'), LIMITS.nameLength, 'The label of a filter'),
    operator: fields.text('operator'),
    value: atMost(fields.text('value'), LIMITS.labelValueLength, 'The value of a filter'),
    values: fields.texts('values').map((one) => atMost(one, LIMITS.labelValueLength, 'The value of a filter')),
  };
}

/** Every selector is compared with every filter. Throws `LIMIT_EXCEEDED`. */
export function bounded<T extends Pick<QueryFilters, 'scopes' | 'adhoc'> & Partial<QueryFilters>>(filters: T): T {
  const { scopes, adhoc, groupBy = [] } = filters;
  const all = [...scopes, ...adhoc].flatMap(({ value, values }) => [value, ...values]);
  noMoreThan([...all, ...groupBy], LIMITS.listEntries, 'filters, values and labels to group by in a query');
  groupBy.forEach((label) => atMost(label, LIMITS.nameLength, 'A label to group by'));
  return filters;
}

function summaryOf(fields: JsonFields): QueryModel['summary'] {
  const summary = new JsonFields(fields.get('summary') ?? {}, 'the query\'s "summary"');
  const compare = summary.text('compare');
  return {
    metrics: summary.texts('metrics'),
    groupBy: atMost(summary.text('groupBy'), LIMITS.nameLength, 'The label to group by'),
    ...(isSummaryComparison(compare) ? { compareOffsetMs: COMPARISON_OFFSETS_MS[compare] } : {}),
  };
}

/** Another place or another aggregate than the one that was asked for would show other numbers, so unknown ones are refused. */
function oneOf<T extends string>(all: readonly T[], name: string, text: string): T | undefined {
  const known = all.find((one) => one === text.trim().toLowerCase());
  if (known === undefined && text !== '') {
    throw new PromkeepError(
      'QUERY_INVALID',
      `"${name}" must be one of ${all.join(', ')}, not ${JSON.stringify(text.slice(0, 40))}.`
    );
  }
  return known;
}

/** Old dashboards hold numbers. Whatever is not known counts as `time_series`, never as an error. */
function formatOf(value: unknown): QueryModel['format'] {
  if (typeof value === 'number') {
    return FORMATS[value] ?? 'time_series';
  }
  return FORMATS.find((format) => format === value) ?? 'time_series';
}
