import { alignRange } from '../model/alignment';
import { isAlert, isExpression, mayBeExpression } from '../datasource/callers';
import { type Caller, type DataQuery } from '../ports/datasource';
import { type CallOptions } from '../ports/metricSource';
import { expandMacros } from './macros';
import { type TimeRange } from '../model/timeRange';
import { type QueryContext } from './queryMeta';
import { hasFilters, type QueryFilters, type QueryModel } from './queryModel';
import { resolveStepMs } from './step';

/** Applies scopes, ad hoc filters and group-by keys to an expression; needs a PromQL parser. Throws `QUERY_INVALID`. */
export type ApplyFilters = (expr: string, filters: QueryFilters) => string;

/** One query of a request: as it was saved, who asks, and how Prometheus is asked on their behalf. */
export interface QueryRequest {
  model: QueryModel;
  query: DataQuery;
  caller: Caller;
  call: CallOptions;
}

export interface PlanSettings {
  /** `jsonData.timeInterval`: the scrape interval, empty when not set. */
  scrapeInterval: string;
  applyFilters: ApplyFilters;
  /** `jsonData.showAllExemplars`: exemplars are not thinned per step. */
  allExemplars: boolean;
}

/** What a saved query asks Prometheus for. */
export interface QueryPlan extends QueryContext {
  instant: boolean;
  range: boolean;
  exemplar: boolean;
  allExemplars: boolean;
  standard: boolean;
  /** The standard table says its data plane type. */
  typedTable: boolean;
  keep: boolean;
  /** Both ends on the grid of the step: for range queries and exemplars. */
  aligned: TimeRange;
  /** For instant queries: the end of the range, exactly. */
  timeMs: number;
}

/** Throws `QUERY_INVALID` when an interval cannot be read or a filter cannot be applied. */
export function planQuery(model: QueryModel, query: DataQuery, caller: Caller, settings: PlanSettings): QueryPlan {
  const { scrapeInterval, applyFilters } = settings;
  const { range } = query;
  const stepMs = stepOf(model, query, scrapeInterval);
  const standard = model.resultFormat === 'standard' && !isExpression(caller);
  const expanded = expandMacros(model.expr, {
    stepMs,
    range,
    interval: model.interval,
    scrapeInterval,
    requestIntervalMs: query.intervalMs,
  });
  return {
    expr: hasFilters(model.filters) ? applyFilters(expanded, model.filters) : expanded,
    stepMs,
    legendFormat: model.legendFormat,
    instant: model.instant,
    range: model.range,
    // Exemplars have no row in the standard table, and an alert must not get a frame that is no series.
    exemplar: model.exemplar && !standard && !isAlert(caller),
    allExemplars: settings.allExemplars,
    standard,
    typedTable: mayBeExpression(caller),
    keep: model.keep,
    aligned: alignRange(range, stepMs, model.utcOffsetSec),
    timeMs: range.toMs,
  };
}

export function stepOf(model: QueryModel, query: DataQuery, scrapeInterval: string): number {
  const { interval, intervalMs, intervalFactor } = model;
  const { maxDataPoints, range } = query;
  return resolveStepMs({ interval, intervalMs, intervalFactor, scrapeInterval, maxDataPoints, range });
}
