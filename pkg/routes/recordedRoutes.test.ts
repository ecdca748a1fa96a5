import { RECORDING_LIMITS } from '../../src/contract/settings';
import { clock, editor, MemoryLogger, NOW_MS } from '../../tests/fakes/callers';
import { MemoryArchive } from '../../tests/fakes/memoryArchive';
import { ScriptedSource, ramp } from '../../tests/fakes/scriptedSource';
import { type Caller } from '../core/ports/datasource';
import { asPromkeepError, PromkeepError } from '../core/model/errors';
import { DefinitionManager, type RecordingPolicy } from '../core/manage/manageDefinitions';
import { createRecordedRoutes } from './recordedRoutes';

const QUERY = { name: 'cpu', expression: 'node_load1', stepMs: 15_000, retention: '30d' };
const admin: Caller = { orgId: 1, user: { login: 'adam', role: 'Admin' }, headers: {} };
const viewer: Caller = { orgId: 1, user: { login: 'vera', role: 'Viewer' }, headers: {} };
const PATH = '/api/recorded-queries';

function setUp(policy: Partial<RecordingPolicy> = {}) {
  const archive = new MemoryArchive();
  const source = new ScriptedSource();
  const logger = new MemoryLogger();
  const queries = new DefinitionManager({
    archive,
    source,
    clock,
    logger,
    mayRecord: (expression) => (expression.includes('@') ? { ok: false, reason: 'it moves' } : { ok: true }),
    timeoutSignal: (ms) => AbortSignal.timeout(ms),
    policy: {
      allowed: true,
      maxSeries: 3,
      limits: RECORDING_LIMITS,
      forwardsCredentials: false,
      settleMs: 43_000,
      scrapeIntervalMs: 15_000,
      ...policy,
    },
  });
  const routes = createRecordedRoutes(queries);
  const call = async (method: string, path: string, body: unknown, caller: Caller = editor) => {
    const route = routes.find((one) => one.method === method && one.path === `${PATH}${path}`);
    const bytes = new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body));
    const request = { query: new URLSearchParams(), body: bytes, caller, signal: new AbortController().signal };
    try {
      return await route?.handle(request);
    } catch (error) {
      const { status, message, code } = asPromkeepError(error);
      return { status, body: { error: message, code } };
    }
  };
  const post = (path: string, body: unknown, caller?: Caller) => call('POST', path, body, caller);
  return { archive, source, logger, post, list: (caller?: Caller) => call('GET', '', '', caller) };
}

describe('a recorded query', () => {
  it('is made, listed with who made it, changed, paused, resumed and deleted', async () => {
    const { post, list, archive, logger } = setUp();
    expect(await post('', QUERY)).toMatchObject({ status: 200, body: { ...QUERY, revision: 1, createdBy: 'eva' } });
    expect(await post('/update', { ...QUERY, retention: '1y', revision: 1 }, admin)).toMatchObject({ status: 200 });
    expect(await post('/pause', { name: 'cpu', revision: 2 })).toMatchObject({ body: { paused: true, revision: 3 } });
    expect(await list()).toMatchObject({
      status: 200,
      body: { queries: [{ name: 'cpu', retention: '1y', paused: true, createdBy: 'eva' }], scrapeIntervalMs: 15_000 },
    });
    expect(await post('/resume', { name: 'cpu', revision: 3 })).toMatchObject({ body: { paused: false } });
    expect(await post('/delete', { name: 'cpu', revision: 4, withData: false })).toMatchObject({
      body: { done: true },
    });
    expect(await archive.definitions.list()).toEqual([]);
    expect(logger.lines.map(({ attributes }) => attributes?.by)).toEqual(['eva', 'adam', 'eva', 'eva', 'eva']);
  });

  it('that was deleted with its data waits, is taken back by an Editor, and carried out by an Admin only', async () => {
    const { post, list, logger } = setUp();
    const names = ['one', 'two'];
    for (const name of names) {
      await post('', { ...QUERY, name });
      expect(await post('/delete', { name, revision: 1, withData: true })).toMatchObject({ status: 403 });
      expect(await post('/delete', { name, revision: 1, withData: true }, admin)).toMatchObject({
        body: { done: false },
      });
    }
    expect(await list()).toMatchObject({ body: { waiting: [{ what: 'data', query: 'one' }, { query: 'two' }] } });
    expect(await post('/take-back', { name: 'one' }, viewer)).toMatchObject({ status: 403 });
    expect(await post('/take-back', { name: 'one' })).toMatchObject({ status: 200 });
    expect(await post('/take-back', { name: 'one' })).toMatchObject({ status: 404 });
    expect(await post('/carry-out', { name: 'two' })).toMatchObject({ status: 403 });
    expect(await post('/carry-out', { name: 'two' }, admin)).toMatchObject({ status: 200, body: { done: true } });
    expect(await post('/carry-out', { name: 'two', now: true }, admin)).toMatchObject({ status: 400 });
    expect(logger.lines.slice(-2).map(({ attributes }) => attributes)).toEqual([
      { query: 'one', by: 'eva' },
      { query: 'two', by: 'adam' },
    ]);
  });

  it('is not changed over the head of somebody who was faster', async () => {
    const { post } = setUp();
    await post('', QUERY);
    await post('/pause', { name: 'cpu', revision: 1 });
    const late = await post('/update', { ...QUERY, stepMs: 30_000, revision: 1 });
    expect(late).toMatchObject({ status: 409, body: { code: 'CONFLICT' } });
  });

  it('asks Prometheus again only when expression or step are new', async () => {
    const { post, source } = setUp();
    await post('', QUERY);
    const asked = source.asked.length;
    await post('/update', { ...QUERY, retention: '1y', revision: 1 });
    expect(source.asked).toHaveLength(asked);
    await post('/update', { ...QUERY, retention: '1y', stepMs: 60_000, revision: 2 });
    expect(source.asked).toHaveLength(asked + 1);
  });

  it('tells what is covered, what is missing and why', async () => {
    const { post, list, archive } = setUp();
    await post('', QUERY);
    const fromMs = NOW_MS - 600_000;
    const covered = { fromMs, toMs: fromMs + 30_000 };
    const gap = { fromMs: fromMs + 45_000, toMs: fromMs + 60_000, reason: 'source-down', detail: 'refused' } as const;
    const provenance = { expression: QUERY.expression, stepMs: 15_000, fetchedAtMs: NOW_MS, warnings: [] };
    const query = { kind: 'recorded', name: 'cpu' } as const;
    const range = { fromMs, toMs: gap.toMs };
    const parts = { query, range, series: [], queryName: 'cpu', retention: '30d', provenance };
    await archive.samples.writeRange({ ...parts, covered: [covered], gaps: [gap] }, new AbortController().signal);
    const answer = await list();
    expect(answer?.body).toMatchObject({
      queries: [
        {
          coveredPoints: 3,
          newestMs: covered.toMs,
          gapCount: 2,
          gaps: [{ reason: 'not-recorded' }, { reason: 'source-down', points: 2, detail: 'refused' }],
        },
      ],
    });
  });
});

describe('a definition is refused with the reason', () => {
  it.each([
    [{ ...QUERY, name: '1st' }, { name: /letters, digits/ }],
    [{ ...QUERY, expression: ' ' }, { expression: /Enter a PromQL/ }],
    [{ ...QUERY, expression: 'up @ end()' }, { expression: /cannot be recorded: it moves/ }],
    [{ ...QUERY, stepMs: 10 }, { step: /between 1s and 1d/ }],
    [{ ...QUERY, retention: 'long' }, { retention: /30d/ }],
  ])('%j', async (definition, faults) => {
    const { post, source } = setUp();
    for (const path of ['', '/validate']) {
      const answer = await post(path, definition);
      for (const [field, text] of Object.entries(faults)) {
        expect(answer?.body).toMatchObject({ faults: { [field]: expect.stringMatching(text) } });
      }
    }
    expect(source.asked.filter(({ expr }) => expr !== QUERY.expression)).toEqual([]);
  });

  it('by what Prometheus says of it', async () => {
    const { post, source } = setUp();
    source.answer = () => {
      throw new PromkeepError('SOURCE_REFUSED', 'parse error: unexpected end');
    };
    const body = { faults: { expression: expect.stringContaining('Prometheus refuses it: parse error') } };
    expect(await post('/validate', QUERY)).toMatchObject({ status: 200, body });
    expect(await post('', QUERY)).toMatchObject({ status: 400, body });
  });

  it('by what its result is: a string, native histograms, too many series', async () => {
    const { post, source } = setUp();
    source.answer = () => ({ resultType: 'string', series: [], text: { timeMs: 0, value: 'a' } });
    const faultOf = async () => (await post('/validate', QUERY))?.body;
    expect(await faultOf()).toMatchObject({ faults: { expression: expect.stringMatching(/is a string/) } });
    source.answer = (query) => ({ series: [1, 2, 3, 4].map(() => ramp(query)) });
    expect(await faultOf()).toMatchObject({ faults: { expression: expect.stringMatching(/4 series.* limit is 3/) } });
    source.answer = (query) => {
      const histograms = { timesMs: Float64Array.of(query.startMs), values: [] };
      return { series: [{ ...ramp(query), histograms } as unknown as ReturnType<typeof ramp>] };
    };
    expect(await faultOf()).toMatchObject({ faults: { expression: expect.stringMatching(/native histograms/) } });
  });

  it('but a source that is away blames nobody', async () => {
    const { post, source } = setUp();
    source.down = new PromkeepError('SOURCE_UNREACHABLE', 'connection refused');
    expect(await post('', QUERY)).toMatchObject({ status: 502, body: { code: 'SOURCE_UNREACHABLE' } });
  });

  it('and a good one gets hints', async () => {
    const { post } = setUp();
    await post('', QUERY);
    expect(await post('/validate', { ...QUERY, name: 'other', stepMs: 5_000 })).toMatchObject({
      body: {
        faults: {},
        series: 1,
        hints: [expect.stringMatching(/shorter than the scrape interval \(15s\)/), '1 series, 17,280 samples a day.'],
      },
    });
    expect(await post('/validate', QUERY)).toMatchObject({
      body: { faults: { name: expect.stringMatching(/already/) } },
    });
    expect(await post('/validate', { ...QUERY, revision: 1 })).toMatchObject({ body: { faults: {} } });
  });
});

describe('who may', () => {
  const EDITS = [
    ['', QUERY],
    ['/validate', QUERY],
    ['/update', { ...QUERY, revision: 1 }],
    ['/pause', { name: 'cpu', revision: 1 }],
    ['/resume', { name: 'cpu', revision: 1 }],
    ['/delete', { name: 'cpu', revision: 1, withData: false }],
  ] as const;
  const person = (role: string, login = 'adam', headers: Record<string, string> = {}): Caller => ({
    orgId: 1,
    user: { login, role },
    headers,
  });

  it.each<[string, Caller]>([
    ['a Viewer', viewer],
    ['nobody', { orgId: 1, headers: {} }],
    ["a public dashboard's identity", person('Admin', 'service')],
    ["Grafana's scheduler", person('Admin', 'grafana_scheduler')],
    ['an alert', person('Admin', 'adam', { fromalert: 'true' })],
    ['an expression', person('Admin', 'adam', { 'x-grafana-from-expr': 'true' })],
    ['forwarded credentials', person('Admin', 'adam', { authorization: 'Bearer x' })],
  ])('%s may not change anything, and hears why in the list', async (_, caller) => {
    const { post, list, archive, source } = setUp();
    await archive.definitions.create(QUERY, 'eva');
    for (const [path, body] of EDITS) {
      expect([path, await post(path, body, caller)]).toMatchObject([
        path,
        { status: 403, body: { code: 'FORBIDDEN' } },
      ]);
    }
    expect(source.asked).toEqual([]);
    const answer = await list(caller);
    expect(answer?.body).toMatchObject({ may: { edit: false, deleteData: false, reason: expect.any(String) } });
    expect(await archive.definitions.list()).toMatchObject([{ revision: 1, paused: false }]);
  });

  // [A15]
  it('an Editor deletes a query but not its data; an Admin does both', async () => {
    const { post, archive } = setUp();
    await archive.definitions.create(QUERY, 'eva');
    const withData = { name: 'cpu', revision: 1, withData: true };
    expect(await post('/delete', withData)).toMatchObject({ status: 403 });
    expect(await post('/delete', withData, admin)).toMatchObject({ status: 200 });
  });

  it('nobody, until an Admin has allowed it for the datasource', async () => {
    const { post, list } = setUp({ allowed: false });
    for (const [path, body] of EDITS) {
      expect(await post(path, body, admin)).toMatchObject({
        status: 403,
        body: { error: expect.stringMatching(/Admin has not/) },
      });
    }
    expect(await list(admin)).toMatchObject({ status: 200, body: { may: { edit: false } } });
  });

  it("nobody, and nothing is shown, where users' own credentials go to Prometheus", async () => {
    const { post, list } = setUp({ forwardsCredentials: true });
    expect(await post('', QUERY, admin)).toMatchObject({ status: 403 });
    expect(await list(admin)).toMatchObject({ status: 403, body: { error: expect.stringMatching(/credentials/) } });
  });
});

it('reads bodies strictly', async () => {
  const { post } = setUp();
  for (const body of ['', '[]', 'null', '{', { ...QUERY, stepMs: '15s' }, { ...QUERY, by: 'me' }, { name: 'cpu' }]) {
    expect([body, await post('', body)]).toMatchObject([body, { status: 400, body: { code: 'QUERY_INVALID' } }]);
  }
});
