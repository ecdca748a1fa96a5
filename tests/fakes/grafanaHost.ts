import {
  type DataSourceInstanceSettings,
  type DataSourcePluginMeta,
  dateTime,
  type DataQueryRequest,
  PluginType,
} from '@grafana/data';
import {
  type BackendSrv,
  type BackendSrvRequest,
  type DataSourceSrv,
  setBackendSrv,
  setDataSourceSrv,
  setTemplateSrv,
  type TemplateSrv,
} from '@grafana/runtime';
import { of, throwError } from 'rxjs';
import { DATASOURCE_PLUGIN_ID } from '../../src/contract/pluginIds';
import { type PromkeepOptions, type PromkeepPromQuery } from '../../src/datasource/query/promkeepPromQuery';

/** The parts of Grafana a datasource reaches through setters of `@grafana/runtime`; the library in between is the real one. */
export interface GrafanaHost {
  /** Every request in order. */
  requests: BackendSrvRequest[];
  /** The bodies of the requests to `/api/ds/query`. */
  queryBodies(): QueryBody[];
}

export interface QueryBody {
  queries: Array<PromkeepPromQuery & { adhocFilters?: unknown }>;
  from: string;
  to: string;
}

export const DATASOURCE_UID = 'promkeep-uid';

/**
 * @param respond the `data` of the answer to one request; `undefined` answers 404
 * @param variables values of dashboard variables, by name
 */
export function installGrafanaHost(
  respond: (request: BackendSrvRequest) => unknown,
  variables: Record<string, string> = {}
): GrafanaHost {
  const requests: BackendSrvRequest[] = [];
  const backend: Partial<BackendSrv> = {
    fetch: <T>(request: BackendSrvRequest) => {
      requests.push(request);
      const data = respond(request);
      const answer = { data, status: 200, statusText: 'OK', ok: true, headers: new Headers(), config: request };
      return data === undefined
        ? throwError(() => ({ ...answer, status: 404, data: { message: 'not found' } }))
        : of({ ...answer, data: data as T, redirected: false, type: 'basic' as const, url: request.url });
    },
  };
  setBackendSrv(backend as BackendSrv);
  const sources: Partial<DataSourceSrv> = { getInstanceSettings: () => instanceSettings(), getList: () => [] };
  setDataSourceSrv(sources as DataSourceSrv);
  setTemplateSrv(templateSrv(variables));
  return {
    requests,
    queryBodies: () =>
      requests.filter(({ url }) => url.startsWith('/api/ds/query')).map(({ data }) => data as QueryBody),
  };
}

function templateSrv(variables: Record<string, string>): TemplateSrv {
  const known = new RegExp(`\\$(${Object.keys(variables).join('|') || '(?!)'})\\b`, 'g');
  const service = {
    getVariables: () => [],
    getAdhocFilters: () => [],
    containsTemplate: (text = '') => text.search(known) >= 0,
    replace: (text = '') => text.replace(known, (_, name: string) => variables[name]),
    updateTimeRange: () => undefined,
  };
  return service;
}

export function instanceSettings(jsonData: PromkeepOptions = {}): DataSourceInstanceSettings<PromkeepOptions> {
  return {
    id: 7,
    uid: DATASOURCE_UID,
    type: DATASOURCE_PLUGIN_ID,
    name: 'Promkeep',
    access: 'proxy',
    url: '/api/datasources/proxy/uid/promkeep-uid',
    readOnly: false,
    meta: pluginMeta(DATASOURCE_PLUGIN_ID),
    jsonData,
  };
}

export function pluginMeta(id: string): DataSourcePluginMeta {
  return {
    id,
    name: id,
    type: PluginType.datasource,
    module: '',
    baseUrl: '',
    info: {
      author: { name: '' },
      description: '',
      links: [],
      logos: { small: '', large: '' },
      screenshots: [],
      updated: '',
      version: '',
    },
  };
}

/** A dashboard's request for the given targets; times are Unix milliseconds, `to` counts as "now". */
export function queryRequest(
  targets: PromkeepPromQuery[],
  { fromMs = 0, toMs = 600_000, app = 'dashboard' } = {}
): DataQueryRequest<PromkeepPromQuery> {
  return {
    requestId: 'Q1',
    app,
    dashboardUID: 'board',
    panelId: 1,
    interval: '15s',
    intervalMs: 15_000,
    maxDataPoints: 1000,
    range: { from: dateTime(fromMs), to: dateTime(toMs), raw: { from: 'now-10m', to: 'now' } },
    rangeRaw: { from: 'now-10m', to: 'now' },
    scopedVars: {},
    startTime: toMs,
    timezone: 'utc',
    targets,
  };
}

/** The answer of `/api/ds/query` with one series of `values` for `refId`. */
export function seriesAnswer(refId: string, timesMs: number[], stepMs: number, custom: object = {}) {
  const schema = {
    refId,
    meta: { type: 'timeseries-multi', typeVersion: [0, 1], custom: { calculatedMinStep: stepMs, ...custom } },
    fields: [
      { name: 'Time', type: 'time', typeInfo: { frame: 'time.Time' }, config: { interval: stepMs } },
      { name: 'Value', type: 'number', typeInfo: { frame: 'float64' }, labels: { job: 'node' }, config: {} },
    ],
  };
  return { results: { [refId]: { status: 200, frames: [{ schema, data: { values: [timesMs, timesMs] } }] } } };
}
