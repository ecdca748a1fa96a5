import { alert, clock, dataQuery, editor, MemoryLogger, NOW_MS } from '../../../tests/fakes/callers';
import { MemoryArchive } from '../../../tests/fakes/memoryArchive';
import { type Expression, MemorySource } from '../../../tests/fakes/memorySource';
import { type Caller, type DataQuery, type DataResponse, type DatasourceInstance } from '../ports/datasource';
import { createDatasourceInstance, type DatasourceDeps } from './datasourceInstance';
import { PromkeepError } from '../model/errors';
import { SUMMARY_DEFAULTS } from '../summary/summaryDefaults';

const EXPRESSIONS: Record<string, Expression> = {
  up: { vector: () => [{ labels: { __name__: 'up', job: 'a' }, value: 1 }] },
  none: { vector: () => [] },
  '"abc"': { string: 'abc' },
  ...Object.fromEntries(
    SUMMARY_DEFAULTS.map(({ expr }): [string, Expression] => [
      expr,
      { vector: () => [{ labels: { instance: 'h' }, value: 85 }] },
    ])
  ),
};

const live = (): AbortSignal => new AbortController().signal;

function setUp(part: Partial<DatasourceDeps> = {}) {
  const source = new MemorySource(EXPRESSIONS);
  const archive = new MemoryArchive();
  const logger = new MemoryLogger();
  const instance = createDatasourceInstance({
    source,
    archive: {
      archive,
      allowKeep: true,
      retention: '30d',
      maxRowsPerDay: 1_000,
      maxSeries: 10,
      forwardsCredentials: false,
    },
    summaryMetrics: SUMMARY_DEFAULTS,
    apiRoutes: [],
    clock,
    logger,
    scrapeInterval: '',
    timeoutSignal: live,
    wait: async () => undefined,
    forwardsCredentials: false,
    background: { stop: async () => undefined },
    concurrency: NaN,
    allExemplars: false,
    settingsWarnings: [],
    applyFilters() {
      throw new PromkeepError('QUERY_INVALID', 'These filters cannot be applied.');
    },
    compareExpressions: () => undefined,
    suggestionSelectors: () => [],
    ...part,
  });
  return { source, archive, logger, instance };
}

async function ask(
  instance: DatasourceInstance,
  json: Record<string, unknown>,
  caller: Caller = editor,
  part: Partial<DataQuery> = {}
): Promise<DataResponse> {
  const responses = await instance.queryData({ caller, queries: [dataQuery(json, part)] }, live());
  const response = responses.get('A');
  if (!response) {
    throw new Error('no response for A');
  }
  return response;
}

describe('queryData', () => {
  it('asks for the aligned range with macros expanded, and says so', async () => {
    const { instance, source } = setUp();
    const range = { fromMs: NOW_MS - 59_000, toMs: NOW_MS + 1_000 };
    const response = await ask(instance, { expr: 'up' }, editor, { range });
    expect(source.asked).toEqual([
      expect.objectContaining({ expr: 'up', startMs: NOW_MS - 60_000, endMs: NOW_MS, stepMs: 15_000 }),
    ]);
    expect(response).toMatchObject({ status: 200 });
    expect(response.error).toBeUndefined();
    expect(response.frames.map(({ refId, fields }) => [refId, fields[1].name, fields[1].values.length])).toEqual([
      ['A', 'up', 5],
    ]);
  });

  // [Q7.10]
  it('answers instant, range and exemplars of one query in this order, the instant at the exact end', async () => {
    const { instance, source } = setUp();
    source.exemplars = [{ labels: { __name__: 'up' }, exemplars: [{ labels: { t: '1' }, value: 1, timeMs: NOW_MS }] }];
    const json = { expr: 'up', instant: true, range: true, exemplar: true };
    const { frames } = await ask(instance, json, editor, { range: { fromMs: NOW_MS - 60_000, toMs: NOW_MS + 7 } });
    expect(frames.map(({ name, meta }) => name ?? meta?.type)).toEqual([
      'numeric-multi',
      'timeseries-multi',
      'exemplar',
    ]);
    expect([...frames[0].fields[0].values]).toEqual([NOW_MS + 7]);
    expect(frames.every(({ meta }) => meta?.executedQueryString === 'Expr: up\nStep: 15s')).toBe(true);
  });

  // [Q1.2]
  it('asks for no exemplars on behalf of an alert', async () => {
    const { instance, source } = setUp();
    await ask(instance, { expr: 'up', exemplar: true }, alert);
    expect(source.asked).toHaveLength(1);
  });

  // [Q7.8]
  it('shows a failing exemplar request as a warning, not as an error', async () => {
    const { instance, source } = setUp();
    source.exemplars = new PromkeepError('SOURCE_STATUS', '404 Not Found');
    const response = await ask(instance, { expr: 'up', exemplar: true });
    expect(response.error).toBeUndefined();
    expect(response.frames[0].meta?.notices).toEqual([
      { severity: 'warning', text: 'Exemplars could not be loaded: 404 Not Found' },
    ]);
  });

  // [Q7.9]
  it('says what was asked also when there is neither data nor an exemplar', async () => {
    const { frames } = await ask(setUp().instance, { expr: 'none', instant: true, exemplar: true });
    expect(frames).toEqual([
      {
        refId: 'A',
        fields: [],
        meta: { custom: { calculatedMinStep: 15_000 }, executedQueryString: 'Expr: none\nStep: 15s' },
      },
    ]);
  });

  // [Q7.8]
  it('thins exemplars out unless the settings ask for all', async () => {
    const exemplars = [1, 2, 3].map((value) => ({ labels: {}, value, timeMs: NOW_MS + value }));
    const shown = async (part: Partial<DatasourceDeps>) => {
      const { instance, source } = setUp(part);
      source.exemplars = [{ labels: { __name__: 'up' }, exemplars }];
      const { frames } = await ask(instance, { expr: 'up', exemplar: true });
      return frames.find(({ name }) => name === 'exemplar')?.fields[0].values.length;
    };
    expect([await shown({}), await shown({ allExemplars: true })]).toEqual([1, 3]);
  });

  // [Q4.4]
  it('gives alerting exactly one frame without fields when there is no data', async () => {
    const { frames, status } = await ask(setUp().instance, { expr: 'none', instant: true }, alert);
    expect(status).toBe(200);
    expect(frames.map(({ fields }) => fields)).toEqual([[]]);
  });

  // [Q2.4] [Q7.1]
  it("carries Prometheus' text, status and blame, beside what was asked", async () => {
    const response = await ask(setUp().instance, { expr: 'sum(' });
    expect(response).toMatchObject({ status: 400, errorSource: 'downstream' });
    expect(response.error).toMatch(/^bad_data: /);
    expect(response.frames).toEqual([
      {
        refId: 'A',
        fields: [],
        meta: { custom: { calculatedMinStep: 15_000 }, executedQueryString: 'Expr: sum(\nStep: 15s' },
      },
    ]);
  });

  // [Q2.4]
  it.each([
    ['SOURCE_STATUS', 401, [{ executedQueryString: 'Expr: up\nStep: 15s' }]],
    ['SOURCE_UNREACHABLE', 502, []],
    ['SOURCE_TIMEOUT', 504, []],
  ] as const)('of %s shows the frames of the contract', async (code, status, metas) => {
    const { instance, source } = setUp();
    source.failure = new PromkeepError(code, 'it failed', { status });
    const response = await ask(instance, { expr: 'up', instant: true, range: false });
    expect(response).toMatchObject({ status, error: 'it failed', errorSource: 'downstream' });
    expect(response.frames.map(({ meta }) => meta)).toEqual(metas);
  });

  it('fails one query without failing its neighbours', async () => {
    const { instance } = setUp();
    const queries = [
      dataQuery({ expr: 5 }, { refId: 'bad' }),
      dataQuery({ expr: 'up', interval: 'abc' }, { refId: 'interval' }),
      dataQuery(
        { expr: 'up', scopes: [{ filters: [{ key: 'a', operator: 'equals', value: 'b' }] }] },
        { refId: 'scope' }
      ),
      dataQuery({ expr: 'up' }, { refId: 'good' }),
    ];
    const responses = await instance.queryData({ caller: editor, queries }, live());
    expect([...responses].map(([refId, { status, error }]) => [refId, status, error])).toEqual([
      ['bad', 400, 'error unmarshaling query: "expr" of the query must be a text, not the number 5'],
      ['interval', 400, 'time: invalid duration "abc"'],
      ['scope', 400, 'These filters cannot be applied.'],
      ['good', 200, undefined],
    ]);
  });

  // [Q1.2]
  it('lets the last of two queries with the same refId win', async () => {
    const { instance } = setUp();
    const queries = [dataQuery({ expr: 'sum(' }), dataQuery({ expr: 'up' })];
    const responses = await instance.queryData({ caller: editor, queries }, live());
    expect([...responses.values()].map(({ status }) => status)).toEqual([200]);
  });

  it('refuses a request without queries', async () => {
    await expect(setUp().instance.queryData({ caller: editor, queries: [] }, live())).rejects.toThrow(
      'query contains no queries'
    );
  });

  it.each([
    [NaN, 10],
    [3, 3],
    [0, 10],
  ])('with a limit of %p runs %i queries at once', async (concurrency, most) => {
    const { instance, source } = setUp({ concurrency });
    const queries = Array.from({ length: 20 }, (_, i) => dataQuery({ expr: 'up' }, { refId: `Q${i}` }));
    await instance.queryData({ caller: editor, queries }, live());
    expect(source.mostRunning).toBe(most);
  });

  it('forwards the headers Grafana added for Prometheus only', async () => {
    const { instance, source } = setUp();
    const headers = { 'x-dashboard-uid': 'd', 'accept-encoding': 'br' };
    await ask(instance, { expr: 'up' }, { ...editor, headers });
    expect(source.asked[0].options.headers).toEqual({ 'x-dashboard-uid': 'd' });
  });
});

describe('the standard format', () => {
  it('is one table for people', async () => {
    const { frames } = await ask(setUp().instance, { expr: 'up', resultFormat: 'standard' });
    expect(frames).toHaveLength(1);
    expect(frames[0].fields.map(({ name }) => name)).toEqual([
      'time',
      'name',
      'value',
      'labels',
      'source',
      'data_type',
    ]);
    expect(frames[0].meta).toMatchObject({
      preferredVisualisationType: 'table',
      custom: { calculatedMinStep: 15_000 },
    });
  });

  it('says its data plane type where nothing tells whether an expression asks', async () => {
    const typeFor = async (headers: Caller['headers']) => {
      const { frames } = await ask(setUp().instance, { expr: 'up', resultFormat: 'standard' }, { ...editor, headers });
      return frames[0].meta?.type;
    };
    expect(await typeFor({ 'x-datasource-uid': 'u' })).toBeUndefined();
    expect(await typeFor({})).toBe('timeseries-long');
  });

  // [Q4.4]
  it.each(['fromalert', 'x-grafana-from-expr'])('is ignored for requests with the header %s', async (name) => {
    const headers = { [name]: 'true' };
    const { frames } = await ask(setUp().instance, { expr: 'up', resultFormat: 'standard' }, { ...editor, headers });
    expect(frames[0].meta?.type).toBe('timeseries-multi');
  });

  // [R5]
  it('shows a string as it is, with a notice, and warnings on the table', async () => {
    const { instance, source } = setUp();
    source.warnings = ['w'];
    const text = await ask(instance, { expr: '"abc"', instant: true, resultFormat: 'standard' });
    expect(text.frames[0].meta?.notices?.map(({ severity }) => severity)).toEqual(['warning', 'info']);
    const table = await ask(instance, { expr: 'up', resultFormat: 'standard' });
    expect(table.frames[0].meta?.notices).toEqual([{ severity: 'warning', text: 'w' }]);
  });
});

describe('the Summary query', () => {
  const summary = (part: Record<string, unknown> = {}) => ({ expr: '', queryType: 'summary', ...part });

  it('gives a frame per metric for panels', async () => {
    const { frames, status } = await ask(setUp().instance, summary());
    expect(status).toBe(200);
    expect(frames.map(({ name, refId, meta }) => [name, refId, meta?.type])).toEqual(
      SUMMARY_DEFAULTS.map(({ key }) => [key, 'A', 'timeseries-multi'])
    );
  });

  it('asks for the same grid a day earlier when it is compared, but not for alerts', async () => {
    const { instance, source } = setUp();
    const compared = summary({ summary: { metrics: ['cpu_usage'], compare: '1d' } });
    const { frames } = await ask(instance, compared);
    expect(frames.map(({ meta }) => meta?.custom?.promkeep)).toMatchObject([
      { kind: 'summary' },
      { comparison: { offsetMs: 86_400_000 } },
    ]);
    const ends = source.asked.map((query) => ('endMs' in query ? query.endMs : NaN));
    expect(Math.max(...ends) - Math.min(...ends)).toBe(86_400_000);
    expect((await ask(instance, compared, alert)).frames).toHaveLength(1);
    expect((await ask(instance, summary({ summary: { compare: 'soon' } }))).frames).toHaveLength(4);
  });

  it('gives one number per metric for alerts, with labels that tell them apart', async () => {
    const { frames } = await ask(
      setUp().instance,
      summary({ summary: { metrics: ['cpu_usage', 'memory_usage'] } }),
      alert
    );
    expect(frames.map(({ meta, fields }) => [meta?.type, fields[1].labels, [...fields[1].values]])).toEqual([
      ['numeric-multi', { metric: 'cpu_usage' }, [85]],
      ['numeric-multi', { metric: 'memory_usage' }, [85]],
    ]);
  });

  it('is an error for an alert when a metric cannot be queried, not "no data"', async () => {
    const { instance, source } = setUp();
    source.failure = new PromkeepError('SOURCE_UNREACHABLE', 'connection refused');
    expect(await ask(instance, summary(), alert)).toMatchObject({
      status: 502,
      error: 'connection refused',
      frames: [],
    });
  });

  it('is an error beside its tiles for a panel when nothing can be queried', async () => {
    const { instance, source } = setUp();
    source.failure = new PromkeepError('SOURCE_UNREACHABLE', 'connection refused');
    const response = await ask(instance, summary());
    expect(response).toMatchObject({ status: 502, error: 'connection refused' });
    expect(response.frames).toHaveLength(4);
  });

  it('names an unknown metric', async () => {
    const response = await ask(setUp().instance, summary({ summary: { metrics: ['nope'] } }));
    expect(response.error).toMatch(/No summary metric is called "nope"/);
  });
});

describe('keeping', () => {
  const kept = { expr: 'up', keep: true };

  // [A1]
  it('archives the answer on its grid before it says so', async () => {
    const { instance, archive } = setUp();
    const { frames } = await ask(instance, { ...kept, utcOffsetSec: 7, instant: true, range: true });
    expect(
      archive.samples.writes.map(({ query, range, retention, queryName }) => [query, range, retention, queryName])
    ).toEqual([
      [{ kind: 'kept', expression: 'up', stepMs: 0, phaseMs: 0 }, { fromMs: NOW_MS, toMs: NOW_MS }, '30d', 'up'],
      [
        { kind: 'kept', expression: 'up', stepMs: 15_000, phaseMs: 8_000 },
        { fromMs: NOW_MS - 67_000, toMs: NOW_MS - 7_000 },
        '30d',
        'up',
      ],
    ]);
    expect(archive.samples.writes[0].provenance).toEqual({
      expression: 'up',
      stepMs: 0,
      fetchedAtMs: NOW_MS,
      prometheusVersion: '2.53.0',
      warnings: [],
    });
    const counts = { unchanged: 0, revised: 0, withdrawn: 0 };
    expect(frames.map(({ meta }) => meta?.custom?.promkeep)).toEqual([
      { kept: { inserted: 1, ...counts } },
      { kept: { inserted: 5, ...counts } },
    ]);
  });

  async function problem(
    part: Partial<DatasourceDeps>,
    json: Record<string, unknown> = kept,
    caller = editor
  ): Promise<string> {
    const response = await ask(setUp(part).instance, json, caller);
    expect(response.error).toBeUndefined();
    expect(response.frames[0].meta?.custom?.promkeep).toBeUndefined();
    const notices = response.frames[0].meta?.notices ?? [];
    expect(notices.map(({ severity }) => severity)).toEqual(['warning']);
    return notices[0].text;
  }

  const policy = (part: object) => ({
    archive: {
      archive: new MemoryArchive(),
      allowKeep: true,
      retention: '30d',
      maxRowsPerDay: 1_000,
      maxSeries: 10,
      forwardsCredentials: false,
      ...part,
    },
  });

  // [A13]
  it.each([
    ['there is no archive', { archive: undefined }, 'Not kept: this datasource has no archive'],
    [
      'no Admin allowed it',
      policy({ allowKeep: false }),
      'Not kept: an Admin has not allowed keeping for this datasource',
    ],
    [
      'the datasource forwards credentials',
      policy({ forwardsCredentials: true }),
      "Not kept: this datasource forwards each user's own credentials",
    ],
    ['there are too many series', policy({ maxSeries: 0 }), 'Not kept: the result has 1 series, and the limit is 0'],
    [
      'the day is full',
      policy({ maxRowsPerDay: 4 }),
      "Not kept: 5 more rows would exceed today's limit of 4 (0 are kept)",
    ],
  ])('is refused with a notice when %s', async (_, part, text) => {
    expect(await problem(part)).toBe(text);
  });

  // [A13]
  it('refuses Viewers, alerts and public dashboards', async () => {
    expect(await problem({}, kept, { ...editor, user: { login: 'v', role: 'Viewer' } })).toMatch(/Editor or Admin/);
    expect(await problem({}, kept, { ...editor, user: { login: 'service', role: 'Admin' } })).toMatch(
      /public dashboards/
    );
    expect(await problem({}, kept, alert)).toMatch(/alert/);
  });

  // [A14]
  it('refuses a string', async () => {
    expect(await problem({}, { expr: '"abc"', instant: true, keep: true })).toBe(
      'Not kept: a string result is not a metric'
    );
  });

  it('never fails the query when the archive fails', async () => {
    const archive = new MemoryArchive();
    archive.down = new PromkeepError('ARCHIVE_UNREACHABLE', 'The database refuses connections.');
    expect(await problem(policy({ archive }))).toBe('Not kept: The database refuses connections.');
  });

  // [A4]
  it('does not let a person wait for an archive that hangs, and does not claim a commit', async () => {
    const archive = new MemoryArchive();
    archive.samples.hold = new Promise(() => undefined);
    const part = {
      ...policy({ archive }),
      timeoutSignal: () => AbortSignal.abort(new DOMException('late', 'TimeoutError')),
    };
    expect(await problem(part)).toBe('Not kept: the archive did not confirm within 5 s');
  });

  it('says which series were refused while the rest is kept', async () => {
    const vector = () => [
      { labels: { a: 'nul\u0000' }, value: 1 },
      { labels: { a: 'fine' }, value: 1 },
    ];
    const { frames } = await ask(setUp({ source: new MemorySource({ x: { vector } }) }).instance, {
      expr: 'x',
      keep: true,
    });
    expect(frames[0].meta?.custom?.promkeep).toMatchObject({ kept: { inserted: 5 } });
    expect(frames[0].meta?.notices?.[0].text).toMatch(/^Not kept: 1 series were refused: .*NUL/);
  });
});

describe('checkHealth', () => {
  // [Q4.2]
  it('reports Prometheus, its version and the archive', async () => {
    const { instance, source } = setUp();
    source.failure = undefined;
    const health = await setUp({ source: new MemorySource({ '1+1': { scalar: () => 2 } }) }).instance.checkHealth(
      editor,
      live()
    );
    expect(health).toEqual({
      status: 'ok',
      message: 'Successfully queried the Prometheus API. Archive: connected, PostgreSQL 0.0 (in memory).',
      details: {
        application: 'Prometheus',
        version: '2.53.0',
        features: { rulerApiEnabled: false },
        archive: 'Archive: connected, PostgreSQL 0.0 (in memory).',
      },
    });
    await instance.dispose();
  });

  // [Q4.2]
  it('fails with the text of Prometheus', async () => {
    const source = new MemorySource({});
    source.failure = new PromkeepError('SOURCE_STATUS', '401 Unauthorized');
    source.build = undefined;
    expect(await setUp({ source, archive: undefined }).instance.checkHealth(editor, live())).toEqual({
      status: 'error',
      message: '401 Unauthorized - There was an error returned querying the Prometheus API.',
    });
  });

  // [Q7.16]
  it('says what is wrong with the settings to whoever has just saved them', async () => {
    const settingsWarnings = ['The custom header 1 has a name and no value, and is not sent.'];
    const source = new MemorySource({ '1+1': { scalar: () => 2 } });
    const { instance } = setUp({ source, archive: undefined, settingsWarnings });
    expect(await instance.checkHealth(editor, live())).toMatchObject({
      status: 'ok',
      message: `Successfully queried the Prometheus API. ${settingsWarnings[0]}`,
    });
  });

  it('fails when the archive fails, and says that queries work', async () => {
    const { instance, archive } = setUp({ source: new MemorySource({ '1+1': { scalar: () => 2 } }) });
    archive.down = new PromkeepError('ARCHIVE_LOGIN_FAILED', 'The database refused the password');
    expect(await instance.checkHealth(editor, live())).toMatchObject({
      status: 'error',
      message:
        'Successfully queried the Prometheus API. Archive: The database refused the password. Queries work without it; nothing can be kept.',
    });
  });
});

describe('callResource', () => {
  const routes: DatasourceDeps['apiRoutes'] = [
    {
      method: 'GET',
      path: '/api/echo',
      handle: async ({ query, caller }) => ({ status: 201, body: { a: query.get('a'), orgId: caller.orgId } }),
    },
    {
      method: 'GET',
      path: '/api/fail',
      handle: async () => {
        throw new PromkeepError('ARCHIVE_OFF', 'There is no archive.');
      },
    },
  ];

  async function callOne(path: string, method = 'GET'): Promise<[number, unknown, Record<string, string>]> {
    const { instance } = setUp({ apiRoutes: routes });
    const request = { method, path, query: 'a=1%20b', headers: {}, body: new Uint8Array() };
    const { status, body, headers } = await instance.callResource(request, editor, live());
    const parsed: unknown = JSON.parse(new TextDecoder().decode(body));
    return [status, parsed, headers];
  }

  it("serves Promkeep's own API", async () => {
    const [status, body, headers] = await callOne('promkeep/api/echo');
    expect([status, body]).toEqual([201, { a: '1 b', orgId: 1 }]);
    expect(headers['content-type']).toBe('application/json');
  });

  it('answers errors, unknown paths and wrong methods as JSON', async () => {
    expect((await callOne('promkeep/api/fail')).slice(0, 2)).toEqual([
      409,
      { error: 'There is no archive.', code: 'ARCHIVE_OFF' },
    ]);
    expect((await callOne('promkeep/api/nope')).slice(0, 2)).toEqual([
      404,
      { error: 'There is nothing at /api/nope.' },
    ]);
    expect(await callOne('promkeep/api/echo', 'POST')).toEqual([
      405,
      { error: '/api/echo takes GET only.' },
      expect.objectContaining({ allow: 'GET' }),
    ]);
  });

  it("passes all other paths to Prometheus, and its refusals back in Prometheus' shape", async () => {
    expect((await callOne('api/v1/labels')).slice(0, 2)).toEqual([200, { status: 'success', data: [] }]);
    expect((await callOne('-/quit', 'POST')).slice(0, 2)).toEqual([
      403,
      { status: 'error', errorType: 'forbidden', error: 'The path -/quit is not open.' },
    ]);
  });
});
