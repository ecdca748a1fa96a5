import { RECORDING_LIMITS } from '../../src/contract/settings';
import { parseCheck, parseRecordedQueries } from '../../src/contract/recordedQuery';
import { clock, editor, MemoryLogger } from '../../tests/fakes/callers';
import { MemoryArchive } from '../../tests/fakes/memoryArchive';
import { MemoryRawSource } from '../../tests/fakes/memoryRawSource';
import { ramp, ScriptedSource } from '../../tests/fakes/scriptedSource';
import { DefinitionManager, type RecordingPolicy } from '../core/manage/manageDefinitions';
import { asPromkeepError, PromkeepError } from '../core/model/errors';
import { canonicalSelectors, readRawSelectors } from '../promql/rawSelectors';
import { createRecordedRoutes } from './recordedRoutes';

const PATH = '/api/recorded-queries';
const RAW = { name: 'node', expression: "{job='node'}\n\nup", stepMs: 15_000, retention: '1y', raw: true };
const STORED = { ...RAW, expression: 'up\n{job="node"}', stepMs: 60_000 };

/** A source with two series by one selector and one by the other, scraped every 15 s. */
function setUp(policy: Partial<RecordingPolicy> = {}, series = 1) {
  const archive = new MemoryArchive();
  const source = new ScriptedSource();
  const rawSource = new MemoryRawSource();
  source.answer = (query) => {
    const count = (query.expr.includes('job') ? 2 : 1) * series;
    return { series: count === 0 ? [] : [{ ...ramp(query), values: Float64Array.of(count) }] };
  };
  const known: Array<Record<string, string>> = [
    { __name__: 'up' },
    { __name__: 'a', job: 'node' },
    { __name__: 'b', job: 'node' },
  ];
  for (const labels of series === 0 ? [] : known) {
    rawSource.add(labels, { fromMs: clock.nowMs() - 3_600_000, toMs: clock.nowMs() });
  }
  const queries = new DefinitionManager({
    ...{ archive, source, clock, logger: new MemoryLogger(), mayRecord: () => ({ ok: false, reason: 'not asked' }) },
    raw: { source: rawSource, canonicalSelectors, readSelectors: readRawSelectors },
    timeoutSignal: (ms) => AbortSignal.timeout(ms),
    policy: {
      ...{ allowed: true, maxSeries: 10_000_000, limits: RECORDING_LIMITS, forwardsCredentials: false },
      ...{ settleMs: 43_000, scrapeIntervalMs: 15_000, ...policy },
    },
  });
  const routes = createRecordedRoutes(queries);
  const call = async (method: string, path: string, body: unknown) => {
    const route = routes.find((one) => one.method === method && one.path === `${PATH}${path}`);
    const bytes = new TextEncoder().encode(JSON.stringify(body));
    const request = { query: new URLSearchParams(), body: bytes, caller: editor, signal: new AbortController().signal };
    try {
      return await route?.handle(request);
    } catch (error) {
      const { status, message } = asPromkeepError(error);
      return { status, body: { error: message } };
    }
  };
  return {
    archive,
    source,
    rawSource,
    post: (path: string, body: unknown) => call('POST', path, body),
    list: () => call('GET', '', {}),
  };
}

it('makes raw series known in one form, lists them, and changes their selectors', async () => {
  const { post, list, archive } = setUp();
  expect(await post('', RAW)).toMatchObject({ status: 200, body: { ...STORED, revision: 1 } });
  const [listed] = parseRecordedQueries((await list())?.body).queries;
  expect(listed).toMatchObject({ ...STORED, paused: false, missingPoints: 0 });
  const change = { ...RAW, expression: '{job="node"}\n{a="b"}', retention: '2y', raw: false, revision: 1 };
  expect(await post('/update', change)).toMatchObject({
    status: 200,
    body: { raw: true, version: 2, retention: '2y' },
  });
  expect(await archive.definitions.list()).toMatchObject([{ expression: '{a="b"}\n{job="node"}', stepMs: 60_000 }]);
  expect(await post('/pause', { name: 'node', revision: 2 })).toMatchObject({ body: { paused: true } });
});

it('tells beforehand how many series and samples they are, and what they will weigh', async () => {
  const { post, source } = setUp();
  const check = parseCheck((await post('/validate', RAW))?.body);
  // three series every 15 s
  expect(check).toEqual({
    faults: {},
    series: 3,
    preview: { samplesPerDay: 17_280, bytesPerYear: 17_280 * 365 },
    hints: ['3 series, 17,280 samples a day, about 6 MB a year.'],
  });
  expect(source.asked.map(({ expr }) => expr)).toEqual(['count(up)', 'count({job="node"})']);
  expect(parseCheck((await setUp({}, 0).post('/validate', RAW))?.body).hints[0]).toMatch(/Just now it has no series/);
});

it.each([
  ['rate(up[5m])', /not a series selector/],
  ['{job=~".*"}', /non-empty matcher/],
  ['up\n{job=~"a|"}', /every series there is/],
  ['{', /fault in line 1/],
])('refuses %j', async (expression, words) => {
  const { post, source } = setUp();
  expect(parseCheck((await post('/validate', { ...RAW, expression }))?.body).faults.expression).toMatch(words);
  expect(await post('', { ...RAW, expression })).toMatchObject({ status: 400 });
  expect(source.asked).toEqual([]);
});

it('refuses more series or samples a day than are allowed', async () => {
  const few = setUp({ maxSeries: 2 });
  few.rawSource.broken = new Error('Too many are not read.');
  expect(await few.post('', RAW)).toMatchObject({ status: 400 });
  expect(parseCheck((await few.post('/validate', RAW))?.body).faults.expression).toMatch(/3 series/);
  const amount = { queries: 10, series: 10, samplesPerDay: 17_279 };
  const little = setUp({ limits: { source: amount, organisation: amount } });
  expect(await little.post('', RAW)).toMatchObject({ status: 413 });
  expect(parseCheck((await little.post('/validate', RAW))?.body).faults.name).toMatch(/17.280 samples a day/);
});

it('says what the source cannot give, and what it may not be believed', async () => {
  const { post, rawSource, source } = setUp();
  rawSource.told = { by: 'query', readsOthers: 'recent', externalLabels: [] };
  const { hints } = parseCheck((await post('/validate', RAW))?.body);
  expect(hints).toEqual([
    expect.stringContaining('stale markers and native histograms are not kept'),
    expect.stringContaining('read_recent: true'),
    expect.stringContaining('3 series'),
  ]);
  source.answer = () => {
    throw new PromkeepError('SOURCE_REFUSED', 'bad_data: no', { status: 400 });
  };
  expect(parseCheck((await post('/validate', RAW))?.body).faults.expression).toMatch(/Prometheus refuses it/);
});
