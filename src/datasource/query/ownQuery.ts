import { say } from '../texts';
import { InstantQueryRefIdIndex } from '@grafana/prometheus';
import { type DataFrame, type DataQuery, type DataQueryRequest, type PreferredVisualisationType } from '@grafana/data';
import { DATASOURCE_PLUGIN_ID } from '../../contract/pluginIds';
import { type ReadFrom, SUMMARY_QUERY_TYPE } from '../../contract/query';
import { type PromkeepPromQuery } from './promkeepPromQuery';

const TABLE: PreferredVisualisationType = 'table';

export function isSummaryQuery(query: Pick<PromkeepPromQuery, 'queryType'>): boolean {
  return query.queryType === SUMMARY_QUERY_TYPE;
}

export function isStandardQuery(query: Pick<PromkeepPromQuery, 'queryType' | 'resultFormat'>): boolean {
  return !isSummaryQuery(query) && query.resultFormat === 'standard';
}

/** Where the samples of a query come from; a summary reads from Prometheus whatever the query says. */
export function readFromOf(query: Pick<PromkeepPromQuery, 'queryType' | 'readFrom'>): ReadFrom {
  return isSummaryQuery(query) ? 'prometheus' : (query.readFrom ?? 'prometheus');
}

/** A query without an expression that says by name which recorded query it wants. */
export function isNamedQuery(query: Pick<PromkeepPromQuery, 'queryType' | 'readFrom' | 'recordedQuery'>): boolean {
  return readFromOf(query) !== 'prometheus' && Boolean(query.recordedQuery?.trim());
}

/**
 * Whether a query must reach the backend with its whole time range. The incremental cache of `@grafana/prometheus` asks for
 * the newest part only and joins frames of one time and one value field: it would archive fragments of a kept query, and
 * can join neither the long table of *Standard records* nor the groups of a summary. With the archive, the backend may raise
 * the step and joins by itself.
 */
export function needsWholeRange(query: PromkeepPromQuery): boolean {
  return isSummaryQuery(query) || isStandardQuery(query) || query.keep === true || readFromOf(query) !== 'prometheus';
}

/**
 * What the library's signature of a query leaves out, as text: two queries that differ in it must not share cached frames.
 * Promkeep's own options, and the factor and name that change every frame.
 */
export function ownSignature(query: PromkeepPromQuery): string {
  const { queryType, resultFormat, keep, summary, recordedQuery, aggregate, intervalFactor, legendFormat } = query;
  const read = [readFromOf(query), recordedQuery ?? '', aggregate ?? ''];
  const own = [queryType ?? '', resultFormat ?? '', keep === true, summary ?? null, ...read];
  return JSON.stringify([...own, intervalFactor ?? 1, legendFormat ?? '']);
}

/**
 * The same for the request: the points of another step do not fit to those in the cache (grafana#94054, #83331, #99988),
 * and filters of the dashboard change the query although its expression stays the same.
 */
export function gridSignature(request: DataQueryRequest<PromkeepPromQuery>): string {
  const { intervalMs, maxDataPoints, filters, scopes, groupByKeys } = request;
  const scopeNames = scopes?.map(({ metadata }) => metadata.name);
  return JSON.stringify([intervalMs, maxDataPoints ?? null, filters ?? [], scopeNames ?? [], groupByKeys ?? []]);
}

/**
 * A target in the form the code of `@grafana/prometheus` handles correctly.
 *
 * - Its incremental cache only knows targets of the type `prometheus` (`findDatapointStep`); with our id it takes the step
 *   for 0 and cuts off the left-most point on the second query. Other targets (expressions) stay as they are.
 * - Its result transformer rebuilds frames by `format` and `legendFormat`, which mean nothing to a summary and would take
 *   the table of standard records apart.
 * - Its tracking parses `expr`, which may be missing in a summary query.
 */
export function toUpstreamTarget(query: PromkeepPromQuery, uid: string): PromkeepPromQuery {
  if (isForeign(query)) {
    return query;
  }
  const target = { ...query, datasource: { uid, ...query.datasource, type: 'prometheus' } };
  if (isSummaryQuery(query)) {
    return { ...target, ...RAW_FRAMES, expr: '', range: true, instant: false };
  }
  return isStandardQuery(query) ? { ...target, ...RAW_FRAMES } : target;
}

/** A target of another datasource in our request: an expression. */
export function isForeign({ datasource }: PromkeepPromQuery): boolean {
  const type = datasource?.type;
  return type !== undefined && type !== DATASOURCE_PLUGIN_ID && type !== 'prometheus';
}

const RAW_FRAMES = { exemplar: false, format: undefined, legendFormat: undefined };

/** Lets Explore show the frames of standard queries as a table; the library marks every frame as a graph. */
export function markStandardFrames(frames: DataFrame[], queries: PromkeepPromQuery[]): DataFrame[] {
  const refIds = new Set<string | undefined>(
    queries.filter(isStandardQuery).flatMap(({ refId }) => [refId, refId + InstantQueryRefIdIndex])
  );
  return frames.map((frame) =>
    refIds.has(frame.refId) ? { ...frame, meta: { ...frame.meta, preferredVisualisationType: TABLE } } : frame
  );
}

/** Plugin ids whose queries are PromQL in the fields of Grafana's own Prometheus datasource. */
export function speaksPromQL(pluginId: string): boolean {
  return (
    pluginId === 'prometheus' ||
    pluginId === DATASOURCE_PLUGIN_ID ||
    /^grafana-\w+prometheus-datasource$/.test(pluginId)
  );
}

/** Foreign queries as ours: every field they share is kept, the reference to their datasource is replaced. */
export function adoptQueries(queries: DataQuery[], datasource: DataQuery['datasource']): PromkeepPromQuery[] {
  return queries.map((query) => ({ expr: '', ...query, datasource }));
}

/** A summary query in one line, as lists of queries show it. */
export function describeSummary({ summary }: PromkeepPromQuery): string {
  const metrics = summary?.metrics?.length ? summary.metrics.join(', ') : say('summary.all');
  const label = summary?.groupBy;
  return label ? say('summary.describeBy', { metrics, label }) : say('summary.describe', { metrics });
}
