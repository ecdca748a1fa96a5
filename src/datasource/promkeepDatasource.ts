import {
  type AdHocVariableFilter,
  AppEvents,
  type DataQuery,
  type DataQueryRequest,
  type DataQueryResponse,
  type DataSourceApi,
  type DataSourceInstanceSettings,
  getDefaultTimeRange,
  dateTime,
  hasQueryExportSupport,
  type LegacyMetricFindQueryOptions,
  type QueryFixAction,
  type QueryResultMetaNotice,
  type ScopedVars,
  type TimeRange,
} from '@grafana/data';
import { PrometheusDatasource } from '@grafana/prometheus';
import {
  type BackendSrvRequest,
  config,
  type FetchResponse,
  getAppEvents,
  getGrafanaLiveSrv,
  getTemplateSrv,
} from '@grafana/runtime';
import { defer, map, merge, type Observable } from 'rxjs';
import { DATASOURCE_PLUGIN_ID } from '../contract/pluginIds';
import { SUMMARY_METRICS_RESOURCE } from '../contract/resourcePaths';
import { forwardsUsersCredentials } from '../contract/forwardedCredentials';
import {
  archiveParams,
  type ArchiveVariable,
  parseArchiveValues,
  parseArchiveVariable,
} from './variables/archiveVariables';
import { ArchiveVariableSupport } from './variables/archiveVariableSupport';
import { liveAnswer } from './live/liveAnswer';
import { liveAddress, liveAsk, liveNotice, wantsLive, whyNotLive } from './live/liveChannel';
import { type LivePacket, withNotices } from './live/liveSeries';
import {
  adoptQueries,
  describeSummary,
  gridSignature,
  isForeign,
  isNamedQuery,
  isSummaryQuery,
  markStandardFrames,
  needsWholeRange,
  ownSignature,
  speaksPromQL,
  toUpstreamTarget,
} from './query/ownQuery';
import { type PromkeepOptions, type PromkeepPromQuery } from './query/promkeepPromQuery';
import { readJsonData } from './settings/readJsonData';
import { type Prefill, prefillRecorded } from './recorded/recordPrefill';
import { probeInSeconds, remarksOn } from './recorded/resourceAnswers';
import { parseSummaryMetrics, type SummaryMetricChoice } from './query/summaryMetrics';
import { say } from './texts';

const importAbstractQueries = PrometheusDatasource.prototype.importFromAbstractQueries;

/**
 * Grafana's Prometheus datasource with our backend behind it. Only the difference is here: Promkeep's own query fields, and
 * the places where the library takes it for granted that the plugin's id is `prometheus`.
 */
export class PromkeepDatasource extends PrometheusDatasource {
  /** Whether an Admin allowed *Keep in archive* for this datasource. The backend checks again. */
  readonly keepAllowed: boolean;
  /** Why nothing can be read from the archive, as the key of a text. The backend checks again. */
  readonly archiveRefusal: 'readFromOff' | 'readFromForwarding' | undefined;
  /** Why its users cannot record queries, as the key of a text. The backend checks again. */
  readonly recordRefusal: 'refusedOff' | 'refusedForwarding' | undefined;

  private readonly settings: PromkeepOptions;
  private readonly told = new Set<string>();
  private initialized: Promise<void> | undefined;

  /** The second parameter has a default so that `length` is 1: Grafana takes classes with more for Angular ones. */
  constructor(instanceSettings: DataSourceInstanceSettings<PromkeepOptions>, templateSrv = getTemplateSrv()) {
    // Without a stored method the library asks with GET although its settings page shows POST.
    const stored = readJsonData(instanceSettings.jsonData).jsonData;
    const jsonData = { ...stored, httpMethod: stored.httpMethod || 'POST' };
    super({ ...instanceSettings, jsonData }, templateSrv);
    this.settings = jsonData;
    this.keepAllowed = jsonData.archiveEnabled === true && jsonData.archiveAllowKeep === true;
    const forwards = forwardsUsersCredentials(jsonData);
    const mayRecord = jsonData.archiveEnabled && jsonData.archiveAllowRecording;
    this.recordRefusal = mayRecord ? (forwards ? 'refusedForwarding' : undefined) : 'refusedOff';
    this.archiveRefusal = jsonData.archiveEnabled ? (forwards ? 'readFromForwarding' : undefined) : 'readFromOff';
    this.variables = new ArchiveVariableSupport(this);
    // Grafana prefers the abstract import wherever `'importFromAbstractQueries' in datasource`, and it loses functions and
    // operators. Shadowing does not help against `in`; the prototype is that of our own bundled copy.
    Reflect.deleteProperty(PrometheusDatasource.prototype, 'importFromAbstractQueries');
  }

  /** The library needs `this.type` to be `prometheus` (label loading in the builder); saved queries must name our id. */
  override getRef() {
    return { ...super.getRef(), type: DATASOURCE_PLUGIN_ID };
  }

  override query(request: DataQueryRequest<PromkeepPromQuery>): Observable<DataQueryResponse> {
    const wanted = request.targets.filter((target) => wantsLive(target, request) && this.filterQuery(target));
    // The server computes expressions from all of a request's queries at once: none of them can go another way.
    if (wanted.length === 0 || config.publicDashboardAccessToken || request.targets.some(isForeign)) {
      return this.queryOnce(request);
    }
    const reasons = new Map(wanted.map((target) => [target, whyNotLive(target, request, this.settings)]));
    const plain = request.targets.filter((target) => !reasons.has(target) || reasons.get(target) !== undefined);
    const live = wanted.filter((target) => !plain.includes(target));
    const notices = [...new Set(plain.flatMap((target) => reasons.get(target) ?? []))].map(liveNotice);
    return merge(
      ...(plain.length > 0 ? [this.queryRefused({ ...request, targets: plain }, notices)] : []),
      ...live.map((target) => this.queryLive(request, target))
    );
  }

  /** The ordinary answer, and why it is not live. */
  private queryRefused(request: DataQueryRequest<PromkeepPromQuery>, notices: QueryResultMetaNotice[]) {
    const [{ refId }] = request.targets;
    return this.queryOnce(request).pipe(
      map((response) => ({ ...response, data: withNotices(response.data, notices, refId) }))
    );
  }

  private queryLive(request: DataQueryRequest<PromkeepPromQuery>, query: PromkeepPromQuery) {
    const { refId } = query;
    const series = { ...query, range: true, instant: false, exemplar: false };
    const rangeMs = request.range.to.valueOf() - request.range.from.valueOf();
    const [processed] = this.processTargetV2(series, request);
    const ask = liveAsk(this.applyTemplateVariables(processed, request.scopedVars, request.filters), request);
    // Grafana cancels a request when another one with its id begins.
    const requestId = `${request.requestId}-live-${refId}`;
    return liveAnswer({
      refId,
      rangeMs,
      events: defer(() => getGrafanaLiveSrv().getStream<LivePacket>(liveAddress(this.uid, ask))),
      load: (part) => {
        const to = dateTime();
        const range = { ...request.range, from: dateTime(to.valueOf() - rangeMs), to };
        return this.queryOnce({ ...request, requestId, range, targets: [part === 'all' ? query : series] });
      },
    });
  }

  private queryOnce(request: DataQueryRequest<PromkeepPromQuery>): Observable<DataQueryResponse> {
    const targets = request.targets.map((target) => toUpstreamTarget(target, this.uid));
    return this.queryUpstream({ ...request, targets }, targets.some(needsWholeRange)).pipe(
      map((response) => ({ ...response, data: markStandardFrames(response.data, targets) }))
    );
  }

  /** The library decides on the incremental cache while `query` is being called, not later when it is subscribed to. */
  private queryUpstream(request: DataQueryRequest<PromkeepPromQuery>, wholeRange: boolean) {
    const configured = this.hasIncrementalQuery;
    this.hasIncrementalQuery = configured && !wholeRange;
    try {
      return super.query(request);
    } finally {
      this.hasIncrementalQuery = configured;
    }
  }

  override getPrometheusTargetSignature(
    request: DataQueryRequest<PromkeepPromQuery>,
    query: PromkeepPromQuery
  ): string {
    const expr = this.interpolateString(query.expr ?? '', request.scopedVars);
    return [super.getPrometheusTargetSignature(request, query), expr, ownSignature(query), gridSignature(request)].join(
      '|'
    );
  }

  /** A summary query has no expression and runs all the same; so does one that names a recorded query. */
  override filterQuery(query: PromkeepPromQuery): boolean {
    return isSummaryQuery(query) || isNamedQuery(query) ? !query.hide : super.filterQuery(query);
  }

  /** Filters of a dashboard go to the backend with a summary: its expressions are known there only. */
  override applyTemplateVariables(target: PromkeepPromQuery, scopedVars: ScopedVars, filters?: AdHocVariableFilter[]) {
    if (!isSummaryQuery(target)) {
      const applied = super.applyTemplateVariables(target, scopedVars, filters);
      return isNamedQuery(target) ? { ...applied, ...this.interpolateNamed(target, scopedVars, filters) } : applied;
    }
    return {
      ...this.interpolateSummary(target, scopedVars),
      adhocFilters: this.generateScopeFilters(filters),
      interval: this.interpolateString(target.interval ?? '', scopedVars),
      legendFormat: '',
    };
  }

  override interpolateVariablesInQueries(
    queries: PromkeepPromQuery[],
    scopedVars: ScopedVars,
    filters?: AdHocVariableFilter[]
  ): PromkeepPromQuery[] {
    return queries.flatMap((query) =>
      isSummaryQuery(query)
        ? [{ ...this.interpolateSummary(query, scopedVars), datasource: this.getRef() }]
        : super.interpolateVariablesInQueries([query], scopedVars, filters)
    );
  }

  /** Where there is no expression the browser could put the filters of a dashboard into, the backend does. */
  private interpolateNamed(target: PromkeepPromQuery, scopedVars: ScopedVars, filters?: AdHocVariableFilter[]) {
    const recordedQuery = this.interpolateString(target.recordedQuery ?? '', scopedVars);
    return target.expr ? { recordedQuery } : { recordedQuery, adhocFilters: this.generateScopeFilters(filters) };
  }

  private interpolateSummary(query: PromkeepPromQuery, scopedVars: ScopedVars): PromkeepPromQuery {
    const groupBy = query.summary?.groupBy;
    const by = groupBy ? { groupBy: this.interpolateString(groupBy, scopedVars) } : {};
    return { ...query, expr: '', summary: query.summary && { ...query.summary, ...by } };
  }

  override targetContainsTemplate(target: PromkeepPromQuery): boolean {
    const expr = isSummaryQuery(target) ? (target.summary?.groupBy ?? '') : target.expr;
    return super.targetContainsTemplate({ ...target, expr });
  }

  override getQueryDisplayText(query: PromkeepPromQuery): string {
    return isSummaryQuery(query) ? describeSummary(query) : super.getQueryDisplayText(query);
  }

  /** Explore's filter buttons edit the expression; a summary has none. */
  override modifyQuery(query: PromkeepPromQuery, action: QueryFixAction) {
    return isSummaryQuery(query) ? query : super.modifyQuery(query, action);
  }

  /** Keeps queries when the datasource of a panel or of Explore is switched to this one. */
  override async importQueries(queries: DataQuery[], origin: DataSourceApi): Promise<PromkeepPromQuery[]> {
    if (speaksPromQL(origin.meta.id)) {
      return adoptQueries(queries, this.getRef());
    }
    if (hasQueryExportSupport(origin)) {
      const abstract = await origin.exportToAbstractQueries(queries);
      return adoptQueries(await importAbstractQueries.call(this, abstract), this.getRef());
    }
    return [{ refId: 'A', expr: '', datasource: this.getRef() }];
  }

  /** All questions about metrics and labels pass here. What the library drops from the answers is told once. */
  override async metadataRequest<T>(
    url: string,
    params: Record<string, unknown> = {},
    options?: Partial<BackendSrvRequest>
  ) {
    const answer: FetchResponse<T> = await super.metadataRequest<T>(url, probeInSeconds(url, params), options);
    const { warnings, reachesLimit } = remarksOn(answer.data, params, this.seriesLimit);
    warnings.forEach((text) => this.tellOnce(text));
    if (reachesLimit) {
      this.tellOnce(say('seriesLimit', { limit: this.seriesLimit }));
    }
    return answer;
  }

  private tellOnce(text: string): void {
    if (!this.told.has(text)) {
      this.told.add(text);
      getAppEvents()?.publish({ type: AppEvents.alertWarning.name, payload: [this.name, text] });
    }
  }

  /** Grafana calls `init` in Explore only, yet the editors of dashboards show the hints made from its answers, too. */
  initOnce(): Promise<void> {
    this.initialized ??= this.init();
    return this.initialized;
  }

  override async metricFindQuery(query: string, options?: LegacyMetricFindQueryOptions) {
    const asked = parseArchiveVariable(this.interpolateString(query ?? '', options?.scopedVars));
    const range = options?.range ?? getDefaultTimeRange();
    return asked ? this.askArchive(asked, range) : super.metricFindQuery(query, options);
  }

  /** Values of a variable about what is archived. */
  async askArchive(asked: ArchiveVariable, range: TimeRange) {
    return parseArchiveValues(await this.getResource(asked.resource, archiveParams(asked, range)));
  }

  /** A recorded query to start from, with the variables of the dashboard as they are now. */
  prefillRecorded(query: PromkeepPromQuery): Prefill {
    return prefillRecorded(query, this.settings.timeInterval, (expr) => {
      const [{ expr: interpolated }] = this.interpolateVariablesInQueries([{ ...query, expr }], {});
      return interpolated;
    });
  }

  /** The metrics a summary query can show, as the backend defines them. */
  async getSummaryMetrics(): Promise<SummaryMetricChoice[]> {
    return parseSummaryMetrics(await this.getResource(SUMMARY_METRICS_RESOURCE));
  }
}
