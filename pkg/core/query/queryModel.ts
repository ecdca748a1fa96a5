import {
  type Aggregate,
  AGGREGATES,
  COMPARISON_OFFSETS_MS,
  isSummaryComparison,
  READ_FROM,
  type ReadFrom,
  type ResultFormat,
} from '../../../src/contract/query';
import * as v from 'valibot';
import { PromkeepError } from '../model/errors';
import { flag, integer, list, number, object, readFields, text, textUpTo, upTo } from '../model/jsonFields';
import { LIMITS, noMoreThan } from '../model/limits';

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

const filterValue = upTo(LIMITS.labelValueLength, 'The value of a filter');

/** Filters as Grafana's scopes and ad hoc filters write them. */
export const filterList = list(
  object({
    key: textUpTo(LIMITS.nameLength, 'The label of a filter'),
    operator: text,
    value: v.optional(filterValue, ''),
    values: list(filterValue),
  })
);

const SUMMARY = v.pipe(
  object({ metrics: list(v.string()), groupBy: textUpTo(LIMITS.nameLength, 'The label to group by'), compare: text }),
  v.transform(({ metrics, groupBy, compare }): QueryModel['summary'] =>
    isSummaryComparison(compare)
      ? { metrics, groupBy, compareOffsetMs: COMPARISON_OFFSETS_MS[compare] }
      : { metrics, groupBy }
  )
);

const QUERY = object({
  scopes: list(object({ filters: filterList })),
  adhocFilters: filterList,
  queryType: text,
  expr: textUpTo(LIMITS.expressionLength, 'An expression'),
  range: flag,
  instant: flag,
  exemplar: flag,
  format: v.optional(v.unknown()),
  legendFormat: textUpTo(LIMITS.legendLength, 'A legend'),
  interval: text,
  intervalMs: number,
  intervalFactor: integer,
  utcOffsetSec: integer,
  groupByKeys: list(upTo(LIMITS.nameLength, 'A label to group by')),
  resultFormat: text,
  keep: flag,
  readFrom: text,
  recordedQuery: v.optional(v.pipe(v.string(), v.trim(), upTo(LIMITS.nameLength, 'The name of a recorded query')), ''),
  aggregate: text,
  summary: v.optional(SUMMARY, {}),
});

/**
 * Reads the JSON of a saved query. Unknown keys are ignored; a wrong type throws `QUERY_INVALID`, a text or list
 * beyond `LIMITS` `LIMIT_EXCEEDED`.
 *
 * Without `range` and `instant` a query is a range query: dashboards from before these flags expect it.
 */
export function parseQueryModel(json: unknown): QueryModel {
  const query = readFields(QUERY, json, 'the query');
  // field by field: rest and spread of so many cost more than the reading
  return {
    queryType: query.queryType,
    expr: query.expr,
    range: query.range || !query.instant,
    instant: query.instant,
    exemplar: query.exemplar,
    format: formatOf(query.format),
    legendFormat: query.legendFormat,
    interval: query.interval,
    intervalMs: Math.trunc(query.intervalMs),
    intervalFactor: query.intervalFactor,
    utcOffsetSec: query.utcOffsetSec,
    filters: bounded({
      scopes: query.scopes.flatMap(({ filters }) => filters),
      adhoc: query.adhocFilters,
      groupBy: query.groupByKeys,
    }),
    resultFormat: query.resultFormat === 'standard' ? 'standard' : 'series',
    keep: query.keep,
    readFrom: oneOf(READ_FROM, 'readFrom', query.readFrom) ?? 'prometheus',
    recordedQuery: query.recordedQuery,
    aggregate: oneOf(AGGREGATES, 'aggregate', query.aggregate) ?? 'none',
    summary: query.summary,
  };
}

export function hasFilters({ scopes, adhoc, groupBy }: QueryFilters): boolean {
  return scopes.length + adhoc.length + groupBy.length > 0;
}

/** Every selector is compared with every filter. Throws `LIMIT_EXCEEDED`. */
export function bounded<T extends Pick<QueryFilters, 'scopes' | 'adhoc'> & Partial<QueryFilters>>(filters: T): T {
  const { scopes, adhoc, groupBy = [] } = filters;
  const all = [...scopes, ...adhoc].flatMap(({ value, values }) => [value, ...values]);
  noMoreThan([...all, ...groupBy], LIMITS.listEntries, 'filters, values and labels to group by in a query');
  return filters;
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
