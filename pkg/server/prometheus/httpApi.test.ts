import { ampleMemory } from '../../../tests/fakes/ampleMemory';
import { MemoryLogger } from '../../../tests/fakes/callers';
import { keptRaw } from '../../../tests/fakes/keptRaw';
import { PromkeepError } from '../../core/model/errors';
import { type ResourceRequest, type ResourceResponse } from '../../core/ports/metricSource';
import { createProgramMetrics } from '../../metrics/programMetrics';
import { readSeriesSelector } from '../../promql/seriesSelector';
import { chunksOfSamples } from '../../remote/chunks/seriesChunks';
import { createHttpServer, type HttpServer } from '../httpServer';

const T0 = 1_700_000_000_000;
const NOW_MS = T0 + 3_600_000;

const kept = (labels: Record<string, string>, atMs = T0) => ({
  labels: Object.entries(labels).map(([name, value]) => ({ name, value })),
  chunks: chunksOfSamples({ timesMs: Float64Array.of(atMs), values: Float64Array.of(1) }),
});

const KEPT = [
  kept({ __name__: 'up', job: 'node' }),
  kept({ __name__: 'up', 'http.code': '200', job: 'gone' }),
  kept({ __name__: 'old', job: 'gone' }, T0 - 86_400_000),
];

type Answer = (request: ResourceRequest) => { status?: number; body: unknown };

/** One that answers from a function, and remembers what it was asked. */
class FakeProm {
  readonly asked: ResourceRequest[] = [];
  constructor(private readonly answer: Answer) {}

  async resource(request: ResourceRequest): Promise<ResourceResponse> {
    this.asked.push(request);
    const { status = 200, body } = this.answer(request);
    return { status, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(body)) };
  }
}

const answers =
  (data: unknown, more: object = {}): Answer =>
  () => ({ body: { status: 'success', data, ...more } });

let server: HttpServer | undefined;
let url = '';

async function start(parts: { source?: FakeProm; engine?: FakeProm; check?: () => void; maxSeries?: number } = {}) {
  const source = parts.source ?? new FakeProm(answers([]));
  const history = await keptRaw(KEPT, parts.check);
  await history.writeMetadata([
    { metric: 'old', type: 'gauge', help: 'Long ago.', unit: '' },
    { metric: 'up', type: 'gauge', help: 'As it was.', unit: '' },
  ]);
  server = await createHttpServer({
    access: { host: '127.0.0.1', allowedHosts: [], token: 'a secret token' },
    ...{ port: 0, routes: [], checks: [], logger: new MemoryLogger(), budget: ampleMemory() },
    ...{ maxConcurrentQueries: 2, requestTimeoutMs: 5_000, metrics: createProgramMetrics('1', ampleMemory()) },
    prometheusApi: {
      ...{ source, engine: parts.engine ?? source, history, readSelector: readSeriesSelector },
      ...{ clock: { nowMs: () => NOW_MS }, maxSeries: parts.maxSeries ?? 1_000 },
    },
  });
  ({ url } = await server.listen());
  return { source };
}

afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function get(path: string, init: RequestInit = {}): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${url}/api/v1/${path}`, {
    ...init,
    headers: { authorization: 'Bearer a secret token', ...init.headers },
  });
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const form = (parameters: Record<string, string>): RequestInit => ({
  method: 'POST',
  body: new URLSearchParams(parameters),
});

const failed = (errorType: string, error: unknown): object => ({ status: 'error', errorType, error });

describe('queries', () => {
  it('go to the engine as they are, and come back as they are', async () => {
    const engine = new FakeProm(() => ({ status: 422, body: { status: 'error', errorType: 'execution', error: 'x' } }));
    await start({ engine });
    expect(await get('query_range?query=up&start=1&end=2&step=1')).toEqual({
      status: 422,
      body: failed('execution', 'x'),
    });
    await get('query?a=1', form({ query: 'up', time: '1' }));
    await get('status/buildinfo');
    expect(engine.asked.map(({ method, path, query }) => [method, path, query])).toEqual([
      ['GET', 'api/v1/query_range', 'query=up&start=1&end=2&step=1'],
      ['POST', 'api/v1/query', 'a=1'],
      ['GET', 'api/v1/status/buildinfo', ''],
    ]);
    expect(Buffer.from(engine.asked[1].body).toString()).toBe('query=up&time=1');
    expect(Object.keys(engine.asked[1].headers)).toEqual(['content-type']);
  });

  it.each([
    'remote_read: remote server http://127.0.0.1:5000/api/v1/read returned HTTP status 503: PostgreSQL is away.',
    'unable to fetch series from remote',
  ])('fail when the engine could not read everything: %s', async (warning) => {
    await start({ engine: new FakeProm(answers({ resultType: 'vector', result: [] }, { warnings: [warning] })) });
    expect(await get('query?query=up')).toEqual({
      status: 503,
      body: failed('unavailable', `incomplete answer: ${warning}`),
    });
  });

  it('keep what the engine says about them', async () => {
    const data = { result: [{ metric: { warnings: '"warnings":["remote_read: no"]' }, value: [1, '2'] }] };
    const more = { warnings: ['PromQL warning: bucket label "le" is missing'], infos: ['PromQL info: x'] };
    await start({ engine: new FakeProm(answers(data, more)) });
    expect(await get('query?query=up')).toEqual({ status: 200, body: { status: 'success', data, ...more } });
  });

  it('about rules, alerts and exemplars go to the source, which has them', async () => {
    const engine = new FakeProm(answers([]));
    const { source } = await start({ engine });
    await Promise.all(['rules', 'alerts', 'query_exemplars?query=up'].map((path) => get(path)));
    expect([source.asked.length, engine.asked.length]).toEqual([3, 0]);
  });
});

describe('labels, values and series', () => {
  it('are those of source and archive, sorted, each once', async () => {
    await start({ source: new FakeProm(answers(['job', 'zone', '__name__'])) });
    expect(await get('labels')).toEqual({
      status: 200,
      body: { status: 'success', data: ['__name__', 'http.code', 'job', 'zone'] },
    });
    expect((await get('label/job/values', {})).body.data).toEqual(['__name__', 'gone', 'job', 'node', 'zone']);
  });

  it('are asked for by GET and by POST, of the source with the same words', async () => {
    const { source } = await start();
    const [asGet, asPost] = [
      await get('series?match[]=up&match[]=old'),
      await get('series?match[]=up', form({ 'match[]': 'old' })),
    ];
    expect(asGet.body).toEqual({
      status: 'success',
      data: [
        { __name__: 'old', job: 'gone' },
        { __name__: 'up', 'http.code': '200', job: 'gone' },
        { __name__: 'up', job: 'node' },
      ],
    });
    expect(asPost.body).toEqual(asGet.body);
    expect(source.asked.map(({ path }) => path)).toEqual(['api/v1/series', 'api/v1/series']);
  });

  it('lie within the asked range, until now where none is asked for', async () => {
    await start();
    const names = async (bounds: string): Promise<unknown> => (await get(`label/__name__/values?${bounds}`)).body.data;
    expect(await names('')).toEqual(['old', 'up']);
    expect(await names(`start=${T0 / 1000}&end=${T0 / 1000 + 1}`)).toEqual(['up']);
    expect(await names(`start=1.7e9`)).toEqual(['up']);
    expect(await names('end=2023-11-14T00:00:00Z')).toEqual(['old']);
    expect(await names('start=2&end=1')).toEqual([]);
  });

  it('are cut with a warning, by what is asked and by what may be asked', async () => {
    await start({ source: new FakeProm(answers([])), maxSeries: 2 });
    const warnings = ['results truncated due to limit'];
    expect((await get('label/__name__/values?limit=1')).body).toEqual({ status: 'success', data: ['old'], warnings });
    expect((await get('labels')).body).toMatchObject({ data: ['__name__', 'http.code'], warnings });
    expect((await get('label/__name__/values?limit=0')).body).toEqual({ status: 'success', data: ['old', 'up'] });
  });

  it('need no remote storage of the source, which says that it has not asked it', async () => {
    await start({ source: new FakeProm(answers(['zone'], { warnings: ['not implemented'] })) });
    expect((await get('labels')).body).toEqual({
      status: 'success',
      data: ['__name__', 'http.code', 'job', 'zone'],
    });
  });

  it('are found under escaped names', async () => {
    const { source } = await start();
    expect((await get('label/U__http_2e_code/values')).body.data).toEqual(['200']);
    expect((await get(`label/${encodeURIComponent('http.code')}/values`)).body.data).toEqual(['200']);
    expect(source.asked.map(({ path }) => path)).toEqual([
      'api/v1/label/U__http_2e_code/values',
      'api/v1/label/http.code/values',
    ]);
  });

  it.each([
    ['labels?start=yesterday', /^invalid parameter "start": cannot parse "yesterday" to a valid timestamp$/],
    ['labels?limit=-1', /^invalid parameter "limit"/],
    ['labels?match[]=up{', /^invalid parameter "match\[\]"/],
    ['series?match[]={}', /must contain at least one non-empty matcher/],
    ['series', /^no match\[\] parameter provided$/],
    ['series?match[]=up{a=~"("}', /regular expression/],
  ])('are refused for %s', async (path, text) => {
    await start();
    expect(await get(path)).toEqual({ status: 400, body: failed('bad_data', expect.stringMatching(text)) });
  });

  it('are those of the archive alone, with a warning, once the source is gone', async () => {
    const down = new FakeProm(() => ({ status: 502, body: failed('unavailable', 'no connection') }));
    await start({ source: down });
    const warnings = ['prometheus: no connection; the archive answers alone'];
    const names = await get('labels');
    expect(names).toMatchObject({ status: 200, body: { status: 'success', warnings } });
    expect(names.body.data).toContain('job');
    const series = await get('series?match[]=up');
    expect(series.body).toMatchObject({ warnings });
    expect(series.body.data).toContainEqual({ __name__: 'up', job: 'node' });
    expect((await get('metadata')).body).toMatchObject({ warnings, data: { old: [{ type: 'gauge' }] } });
  });

  it('fail as a whole when one of the two does, and say which', async () => {
    let isAway = false;
    const away = (): void => {
      if (isAway) {
        throw new PromkeepError('ARCHIVE_UNREACHABLE', 'PostgreSQL is away.');
      }
    };
    await start({ check: away });
    isAway = true;
    expect(await get('labels')).toEqual({ status: 503, body: failed('unavailable', 'archive: PostgreSQL is away.') });
    await server?.close();
    await start({ source: new FakeProm(() => ({ status: 500, body: failed('internal', 'disk full') })) });
    expect(await get('labels')).toMatchObject({ status: 503, body: { error: 'prometheus: disk full' } });
    await server?.close();
    await start({ source: new FakeProm(answers([], { warnings: ['remote_read: x'] })) });
    expect(await get('series?match[]=up')).toMatchObject({
      status: 503,
      body: { error: 'prometheus: incomplete answer: remote_read: x' },
    });
  });
});

it('metadata is that of the source, and of metrics that only the archive knows', async () => {
  const now = [{ type: 'counter', help: 'As it is.', unit: '' }];
  await start({ source: new FakeProm(answers({ up: now })) });
  expect((await get('metadata')).body.data).toEqual({
    up: now,
    old: [{ type: 'gauge', help: 'Long ago.', unit: '' }],
  });
  expect(Object.keys((await get('metadata?limit=1')).body.data as object)).toEqual(['up']);
});

it('status/tsdb tells from when to when there are raw series', async () => {
  await start();
  expect((await get('status/tsdb')).body.data).toMatchObject({ seriesCountByMetricName: [] });
});

it.each([
  ['status/config', 404, 'not_found'],
  ['admin/tsdb/delete_series', 404, 'not_found'],
  ['status/flags', 404, 'not_found'],
  ['label/a/b/values', 404, 'not_found'],
])('%s is not there', async (path, status, errorType) => {
  const { source } = await start();
  expect(await get(path)).toEqual({ status, body: failed(errorType, expect.any(String)) });
  expect(source.asked).toEqual([]);
});

it('who has no secret gets nothing, in the same form', async () => {
  const { source } = await start();
  const { status, body } = await get('query?query=up', { headers: { authorization: 'Bearer no' } });
  expect([status, body.status]).toEqual([401, 'error']);
  expect(source.asked).toEqual([]);
});

it('pages of other origins get nothing', async () => {
  await start();
  const { status } = await get('query?query=up', { headers: { origin: 'http://evil.example' } });
  expect(status).toBe(403);
});

it('a body that is no form is refused', async () => {
  await start();
  const init = { method: 'POST', body: '{"query":"up"}', headers: { 'content-type': 'application/json' } };
  expect(await get('query', init)).toMatchObject({ status: 415 });
});
