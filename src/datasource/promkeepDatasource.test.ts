import {
  AppEvents,
  CoreApp,
  type DataQuery,
  type DataSourceApi,
  EventBusSrv,
  getDefaultTimeRange,
} from '@grafana/data';
import { setAppEvents } from '@grafana/runtime';
import { lastValueFrom } from 'rxjs';
import {
  DATASOURCE_UID,
  installGrafanaHost,
  instanceSettings,
  pluginMeta,
  queryRequest,
  seriesAnswer,
} from '../../tests/fakes/grafanaHost';
import { DATASOURCE_PLUGIN_ID } from '../contract/pluginIds';
import { ArchiveVariableSupport } from './variables/archiveVariableSupport';
import { PromkeepDatasource } from './promkeepDatasource';
import { type PromkeepOptions, type PromkeepPromQuery } from './query/promkeepPromQuery';

const STEP_MS = 60_000;
const OURS = { type: DATASOURCE_PLUGIN_ID, uid: DATASOURCE_UID };

function query(fields: Partial<PromkeepPromQuery> = {}): PromkeepPromQuery {
  return { refId: 'A', expr: 'up', range: true, interval: '1m', datasource: OURS, ...fields };
}

/** A datasource on a Grafana that answers every query with one point a minute in the range asked for. */
function setUp(jsonData: PromkeepOptions = {}, variables: Record<string, string> = {}) {
  const host = installGrafanaHost(({ data }) => {
    const times: number[] = [];
    for (let t = Math.floor(Number(data.from) / STEP_MS) * STEP_MS; t <= Number(data.to); t += STEP_MS) {
      times.push(t);
    }
    return seriesAnswer(data.queries[0].refId, times, STEP_MS);
  }, variables);
  return { host, datasource: new PromkeepDatasource(instanceSettings(jsonData)) };
}

describe('what Grafana expects of the class', () => {
  it('has a constructor of length 1, or Grafana takes it for an Angular datasource', () => {
    expect(PromkeepDatasource.length).toBe(1);
  });

  it('names its own id in saved queries while the library sees the type it needs', () => {
    const { datasource } = setUp();
    expect(datasource.getRef()).toEqual(OURS);
    expect(datasource.type).toBe('prometheus');
  });

  it('has no importFromAbstractQueries, which Grafana would prefer over importQueries', () => {
    expect('importFromAbstractQueries' in setUp().datasource).toBe(false);
  });

  it('asks with POST when no method is stored, and with the stored one otherwise', () => {
    expect(setUp().datasource.httpMethod).toBe('POST');
    expect(setUp({ httpMethod: 'GET' }).datasource.httpMethod).toBe('GET');
  });

  it.each([
    [CoreApp.Explore, { range: true, instant: true }],
    [CoreApp.UnifiedAlerting, { range: false, instant: true }],
    [CoreApp.PanelEditor, { range: true, instant: false }],
  ])('starts a new query in %s as Grafana does for Prometheus', (app, expected) => {
    expect(setUp().datasource.getDefaultQuery(app)).toMatchObject({ expr: '', ...expected });
  });
});

describe('the request', () => {
  it('goes out with our id and the whole query, Promkeep fields included', async () => {
    const { host, datasource } = setUp();
    await lastValueFrom(datasource.query(queryRequest([query({ keep: true, resultFormat: 'standard' })])));
    expect(host.queryBodies()[0].queries[0]).toMatchObject({
      refId: 'A',
      expr: 'up',
      datasource: OURS,
      keep: true,
      resultFormat: 'standard',
    });
  });

  it('lets an expression target pass as it is', async () => {
    const { host, datasource } = setUp();
    const expression: PromkeepPromQuery = { refId: 'B', expr: '', datasource: { type: '__expr__', uid: '__expr__' } };
    await lastValueFrom(datasource.query(queryRequest([query(), expression])));
    expect(host.queryBodies()[0].queries[1].datasource).toMatchObject({ type: '__expr__', uid: '__expr__' });
  });

  it('asks for a summary as one range query without an expression, with the dashboard filters beside it', async () => {
    const { host, datasource } = setUp({}, { label: 'instance' });
    const summary = query({
      queryType: 'summary',
      expr: 'left_over',
      range: true,
      instant: true,
      format: 'table',
      summary: { metrics: ['cpu_usage'], groupBy: '$label' },
    });
    const filters = [{ key: 'job', operator: '=', value: 'node' }];
    await lastValueFrom(datasource.query({ ...queryRequest([summary]), filters }));
    const { queries } = host.queryBodies()[0];
    expect(queries).toHaveLength(1);
    expect(queries[0]).toMatchObject({
      queryType: 'summary',
      expr: '',
      range: true,
      instant: false,
      summary: { metrics: ['cpu_usage'], groupBy: 'instance' },
      adhocFilters: [{ key: 'job', operator: 'equals', value: 'node' }],
    });
    expect(queries[0].format).toBeUndefined();
  });

  it('runs a summary query without an expression, and no hidden one', () => {
    const { datasource } = setUp();
    expect(datasource.filterQuery(query({ queryType: 'summary', expr: '' }))).toBe(true);
    expect(datasource.filterQuery(query({ queryType: 'summary', expr: '', hide: true }))).toBe(false);
    expect(datasource.filterQuery(query({ expr: '' }))).toBe(false);
  });

  it('survives a provisioned summary query that has no expr at all, in Explore too', async () => {
    const { host, datasource } = setUp();
    const { expr: _, ...bare } = query({ queryType: 'summary' });
    const request = queryRequest([bare as PromkeepPromQuery], { app: CoreApp.Explore });
    await lastValueFrom(datasource.query(request));
    expect(host.queryBodies()[0].queries[0].expr).toBe('');
  });
});

describe('the incremental cache', () => {
  const later = { fromMs: 30_000, toMs: 630_000 };

  async function queryTwice(fields: Partial<PromkeepPromQuery>) {
    const { host, datasource } = setUp({ incrementalQuerying: true, incrementalQueryOverlapWindow: '1m' });
    await lastValueFrom(datasource.query(queryRequest([query(fields)])));
    const { data } = await lastValueFrom(datasource.query(queryRequest([query(fields)], later)));
    const times: number[] = Array.from(data[0].fields[0].values);
    return { times, secondFromMs: Number(host.queryBodies()[1].from) };
  }

  // [Q7.19]
  it.each([DATASOURCE_PLUGIN_ID, 'prometheus'])('keeps the left-most point for a target of type %s', async (type) => {
    const { times, secondFromMs } = await queryTwice({ datasource: { type, uid: DATASOURCE_UID } });
    expect(secondFromMs).toBe(540_000);
    expect(times[0]).toBe(0);
    expect(times.at(-1)).toBe(600_000);
  });

  it.each([
    ['a kept query', { keep: true }],
    ['standard records', { resultFormat: 'standard' as const }],
    ['a summary', { queryType: 'summary' }],
  ])('is left out for %s: the backend gets the whole range each time', async (_, fields) => {
    const { secondFromMs } = await queryTwice(fields);
    expect(secondFromMs).toBe(later.fromMs);
  });

  it('is used again by the next query without such options', async () => {
    const { datasource } = setUp({ incrementalQuerying: true });
    await lastValueFrom(datasource.query(queryRequest([query({ keep: true })])));
    expect(datasource.hasIncrementalQuery).toBe(true);
  });

  it('tells queries apart that differ in our options only', () => {
    const { datasource } = setUp();
    const variants: Array<Partial<PromkeepPromQuery>> = [
      {},
      { keep: true },
      { resultFormat: 'standard' },
      { queryType: 'summary' },
      { queryType: 'summary', summary: { groupBy: 'instance' } },
      { readFrom: 'archive' as const },
      { readFrom: 'both' as const },
      { readFrom: 'both' as const, recordedQuery: 'cpu' },
    ];
    const signatures = variants.map((fields) =>
      datasource.getPrometheusTargetSignature(queryRequest([]), query(fields))
    );
    expect(new Set(signatures).size).toBe(variants.length);
  });

  // [Q7.19]
  it('does not join points of another step, of other filters or of another series of names', () => {
    const { datasource } = setUp({}, { job: 'node' });
    const filter = { key: 'job', operator: '=', value: 'a' };
    const requests = [
      {},
      { intervalMs: 30_000 },
      { maxDataPoints: 500 },
      { filters: [filter] },
      { groupByKeys: ['job'] },
    ];
    const signatures = [
      ...requests.map((part) => datasource.getPrometheusTargetSignature({ ...queryRequest([]), ...part }, query())),
      ...[{ intervalFactor: 2 }, { legendFormat: '{{job}}' }, { expr: '$job' }].map((fields) =>
        datasource.getPrometheusTargetSignature(queryRequest([]), query(fields))
      ),
    ];
    expect(new Set(signatures).size).toBe(signatures.length);
    expect(datasource.getPrometheusTargetSignature(queryRequest([]), query())).toBe(signatures[0]);
  });

  // [Q7.19]
  it('asks for the whole range again after the step has changed', async () => {
    const { host, datasource } = setUp({ incrementalQuerying: true, incrementalQueryOverlapWindow: '1m' });
    await lastValueFrom(datasource.query(queryRequest([query()])));
    await lastValueFrom(datasource.query({ ...queryRequest([query()], later), intervalMs: 60_000 }));
    expect(Number(host.queryBodies()[1].from)).toBe(later.fromMs);
  });
});

describe('reading from the archive', () => {
  it('runs a query that has only the name of a recorded one', () => {
    const { datasource } = setUp();
    const named = { expr: '', recordedQuery: 'cpu' };
    expect(datasource.filterQuery(query({ ...named, readFrom: 'archive' }))).toBe(true);
    expect(datasource.filterQuery(query(named))).toBe(false);
    expect(datasource.filterQuery(query({ ...named, readFrom: 'both', hide: true }))).toBe(false);
  });

  it('always asks for the whole range', async () => {
    const later = { fromMs: 30_000, toMs: 630_000 };
    const { host, datasource } = setUp({ incrementalQuerying: true, incrementalQueryOverlapWindow: '1m' });
    const both = query({ readFrom: 'both' });
    await lastValueFrom(datasource.query(queryRequest([both])));
    await lastValueFrom(datasource.query(queryRequest([both], later)));
    expect(Number(host.queryBodies()[1].from)).toBe(later.fromMs);
  });

  it('asks the archive for variables over archived labels, and Prometheus for all others', async () => {
    const host = installGrafanaHost(({ url }) =>
      url.includes('api/archive') ? { values: ['a', 'b'] } : { status: 'success', data: ['c'] }
    );
    const datasource = new PromkeepDatasource(instanceSettings({}));
    const found = await datasource.metricFindQuery('archive_label_values(cpu, instance)');
    expect(found).toEqual([{ text: 'a' }, { text: 'b' }]);
    const { range, scopedVars } = queryRequest([]);
    const variable = (text: string) => {
      const request = { ...queryRequest([]), targets: [{ refId: 'v', query: text }], range, scopedVars };
      return lastValueFrom(new ArchiveVariableSupport(datasource).query(request));
    };
    expect((await variable('archive_label_values(cpu, instance)')).data).toEqual(found);
    expect((await variable('label_values(instance)')).data).toEqual([{ text: 'c' }]);
    const asked = host.requests.filter(({ url }) => url.includes('api/archive/labels'));
    expect(asked.map(({ params }) => params)).toEqual([
      expect.objectContaining({ query: 'cpu', label: 'instance' }),
      {
        query: 'cpu',
        label: 'instance',
        start: String(range.from.valueOf() / 1_000),
        end: String(range.to.valueOf() / 1_000),
      },
    ]);
  });
});

describe('what Prometheus says beside an answer about metrics and labels', () => {
  function setUpLabels(body: object, jsonData: PromkeepOptions = {}) {
    const host = installGrafanaHost(() => body);
    const told: unknown[] = [];
    const events = new EventBusSrv();
    events.publish = ({ type, payload }) => told.push([type, payload]);
    setAppEvents(events);
    return { host, told, datasource: new PromkeepDatasource(instanceSettings(jsonData)) };
  }

  // [Q7.20]
  it('is told, once', async () => {
    const { told, datasource } = setUpLabels({ status: 'success', data: ['a'], warnings: ['a store did not answer'] });
    await datasource.metadataRequest('/api/v1/labels');
    await datasource.metadataRequest('/api/v1/labels');
    expect(told).toEqual([[AppEvents.alertWarning.name, ['Promkeep', 'a store did not answer']]]);
  });

  // [Q7.20]
  it('is that a list ends at the series limit of the settings, and not at one the editor asked for', async () => {
    const { told, datasource } = setUpLabels({ status: 'success', data: ['a', 'b'] }, { seriesLimit: 2 });
    await datasource.metadataRequest('/api/v1/labels', { limit: 1 });
    expect(told).toEqual([]);
    await datasource.languageProvider.queryLabelKeys(getDefaultTimeRange());
    expect(told).toEqual([[expect.anything(), ['Promkeep', expect.stringContaining('end after 2 entries')]]]);
  });

  it('is nothing where all is there', async () => {
    const { told, datasource } = setUpLabels({ status: 'success', data: ['a'] }, { seriesLimit: 0 });
    await datasource.languageProvider.queryLabelKeys(getDefaultTimeRange());
    expect(told).toEqual([]);
  });
});

describe('what the library asks before the first query', () => {
  function setUpPrometheus() {
    const host = installGrafanaHost(() => ({ status: 'success', data: { groups: [] } }));
    return { host, datasource: new PromkeepDatasource(instanceSettings()) };
  }

  // [Q7.20]
  it('has the times of the exemplar probe in seconds', async () => {
    const { host, datasource } = setUpPrometheus();
    await datasource.initOnce();
    const probe = host.requests.find(({ url }) => url.includes('query_exemplars'));
    expect(Number(probe?.data.end)).toBeCloseTo(Date.now() / 1000, -2);
    expect(Number(probe?.data.start)).toBeCloseTo(Date.now() / 1000 - 1_800, -2);
  });

  // [Q7.20]
  it('is asked once, however many editors are open', async () => {
    const { host, datasource } = setUpPrometheus();
    await Promise.all([datasource.initOnce(), datasource.initOnce()]);
    expect(host.requests.filter(({ url }) => url.includes('/api/v1/rules'))).toHaveLength(1);
  });
});

describe('the answer', () => {
  it('shows standard records as a table, even when the query was a table before', async () => {
    const { datasource } = setUp();
    const target = query({ resultFormat: 'standard', format: 'table', legendFormat: '__auto' });
    const { data } = await lastValueFrom(datasource.query(queryRequest([target])));
    expect(data[0].meta.preferredVisualisationType).toBe('table');
    expect(data[0].fields.map((field: { name: string }) => field.name)).toEqual(['Time', 'Value']);
  });

  // [Q3.5]
  it('leaves series to the library', async () => {
    const { datasource } = setUp();
    const { data } = await lastValueFrom(datasource.query(queryRequest([query({ legendFormat: '__auto' })])));
    expect(data[0].meta.preferredVisualisationType).toBe('graph');
  });

  // [Q3.5] [Q7.21]
  it('keeps the other labels in the names of heatmaps', async () => {
    const bucket = (le: string, job: string, count: number) => ({
      schema: {
        refId: 'A',
        meta: { type: 'timeseries-multi', typeVersion: [0, 1], custom: { calculatedMinStep: STEP_MS } },
        fields: [
          { name: 'Time', type: 'time', typeInfo: { frame: 'time.Time' }, config: { interval: STEP_MS } },
          { name: 'm_bucket', type: 'number', typeInfo: { frame: 'float64' }, labels: { le, job }, config: {} },
        ],
      },
      data: { values: [[0], [count]] },
    });
    const buckets = ['a', 'b'].flatMap((job) => [bucket('1', job, 2), bucket('+Inf', job, 5)]);
    installGrafanaHost(() => ({ results: { A: { status: 200, frames: buckets } } }));
    const datasource = new PromkeepDatasource(instanceSettings());
    const { data } = await lastValueFrom(datasource.query(queryRequest([query({ format: 'heatmap' })])));
    expect(data.map(({ meta }) => meta.type)).toEqual(['heatmap-rows', 'heatmap-rows']);
    expect(data.map(({ name }) => name)).toEqual(['{job="a"}', '{job="b"}']);
    expect(data[0].fields.slice(1).map(({ values }: { values: number[] }) => values)).toEqual([[2], [3]]);
  });

  it('keeps the contract of a summary frame in meta.custom', async () => {
    const promkeep = { version: 1, kind: 'summary', metricKey: 'cpu_usage' };
    installGrafanaHost(() => seriesAnswer('A', [0], STEP_MS, { promkeep }));
    const datasource = new PromkeepDatasource(instanceSettings());
    const request = queryRequest([query({ queryType: 'summary', format: 'table' })], { app: CoreApp.Explore });
    const { data } = await lastValueFrom(datasource.query(request));
    expect(data[0].meta.custom.promkeep).toEqual(promkeep);
    expect(data[0].fields).toHaveLength(2);
  });
});

describe('switching a panel to this datasource', () => {
  const origin = (id: string, methods: object = {}) => ({ meta: pluginMeta(id), ...methods }) as DataSourceApi;

  it.each(['prometheus', 'grafana-amazonprometheus-datasource', DATASOURCE_PLUGIN_ID])(
    'keeps the whole expression of %s',
    async (id) => {
      const { datasource } = setUp();
      const expr = 'histogram_quantile(0.95, sum by (le) (rate(http_bucket[5m])))';
      const foreign = [
        { refId: 'C', expr, legendFormat: '{{le}}', datasource: { type: id, uid: 'other' } } as DataQuery,
      ];
      expect(await datasource.importQueries(foreign, origin(id))).toEqual([
        { refId: 'C', expr, legendFormat: '{{le}}', datasource: OURS },
      ]);
    }
  );

  it('takes the label matchers of a datasource that can export them', async () => {
    const { datasource } = setUp();
    const loki = origin('loki', {
      exportToAbstractQueries: async () => [
        { refId: 'A', labelMatchers: [{ name: 'job', operator: 'Equal', value: 'node' }] },
      ],
    });
    const [imported] = await datasource.importQueries([{ refId: 'A' }], loki);
    expect(imported).toMatchObject({ refId: 'A', expr: '{job="node"}', datasource: OURS });
  });

  it('starts anew otherwise', async () => {
    const { datasource } = setUp();
    expect(await datasource.importQueries([{ refId: 'A' }], origin('mysql'))).toEqual([
      { refId: 'A', expr: '', datasource: OURS },
    ]);
  });
});

describe('summary metrics', () => {
  it('reads keys and names from the resource', async () => {
    const metrics = [{ key: 'cpu_usage', displayName: 'CPU' }, { key: 'bare' }, { displayName: 'no key' }, null];
    const host = installGrafanaHost(() => ({ metrics }));
    const datasource = new PromkeepDatasource(instanceSettings());
    expect(await datasource.getSummaryMetrics()).toEqual([
      { key: 'cpu_usage', displayName: 'CPU' },
      { key: 'bare', displayName: 'bare' },
    ]);
    expect(host.requests[0].url).toContain(`/uid/${DATASOURCE_UID}/resources/promkeep/api/summary/metrics`);
  });

  it('refuses an answer of another shape', async () => {
    installGrafanaHost(() => ({ data: [] }));
    await expect(new PromkeepDatasource(instanceSettings()).getSummaryMetrics()).rejects.toThrow(
      'without a list of summary metrics'
    );
  });

  it('describes itself in the query history', () => {
    const { datasource } = setUp();
    const summary = { metrics: ['cpu_usage', 'memory_usage'], groupBy: 'instance' };
    expect(datasource.getQueryDisplayText(query({ queryType: 'summary', summary }))).toBe(
      'Summary: cpu_usage, memory_usage by instance'
    );
    expect(datasource.getQueryDisplayText(query({ queryType: 'summary' }))).toBe('Summary: all metrics');
    expect(datasource.getQueryDisplayText(query())).toBe('up');
  });
});
