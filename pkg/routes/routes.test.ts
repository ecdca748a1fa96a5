import { RECORDING_LIMITS } from '../../src/contract/settings';
import { clock, editor, MemoryLogger } from '../../tests/fakes/callers';
import { MemoryArchive } from '../../tests/fakes/memoryArchive';
import { ScriptedSource } from '../../tests/fakes/scriptedSource';
import { DefinitionManager } from '../core/manage/manageDefinitions';
import { type ApiRoute } from '../core/ports/apiRoute';
import { createRoutes, type RouteParts } from './routes';
import { createSummaryReader } from './summaryRoutes';

const source = new ScriptedSource();
const archive = new MemoryArchive();
const definitions = new DefinitionManager({
  ...{ archive, source, clock, logger: new MemoryLogger() },
  mayRecord: () => ({ ok: true }),
  timeoutSignal: (ms) => AbortSignal.timeout(ms),
  policy: {
    ...{ allowed: true, maxSeries: 3, limits: RECORDING_LIMITS },
    ...{ forwardsCredentials: false, settleMs: 43_000, scrapeIntervalMs: 15_000 },
  },
});

const routesOf = (change: Partial<RouteParts>): ApiRoute[] =>
  createRoutes({
    ...{ source, clock, limits: { maxPoints: 100, maxRangeMs: 3_600_000, maxRecords: 50 } },
    summary: createSummaryReader({ source, clock, scrapeInterval: '' }, []),
    archive: { archive, settleMs: 43_000, recordingLimits: RECORDING_LIMITS },
    forwardsCredentials: false,
    editors: { definitions, compare: () => undefined },
    page: { viewer: undefined },
    ...change,
  });

const ask = (route: ApiRoute, query: string): Promise<unknown> =>
  route.handle({ query: new URLSearchParams(query), caller: editor, signal: new AbortController().signal });

const OF_ARCHIVE: ReadonlyArray<[string, string]> = [
  ['/api/archive/status', ''],
  ['/api/archive/gaps', ''],
  ['/api/archive/labels', 'query=up'],
  ['/api/archive/series', 'query=up'],
];

const find = (routes: readonly ApiRoute[], path: string): ApiRoute => {
  const found = routes.find((one) => one.path === path);
  if (!found) {
    throw new Error(`There is no route ${path}.`);
  }
  return found;
};

it('lists every route once', () => {
  const all = routesOf({}).map(({ method, path }) => `${method} ${path}`);
  expect(all.filter((one, i) => all.indexOf(one) < i)).toEqual([]);
  expect(all.length).toBeGreaterThan(15);
});

it.each(OF_ARCHIVE)('%s says that there is no archive, before it says who may', async (path, query) => {
  const routes = routesOf({ archive: undefined, forwardsCredentials: true });
  await expect(ask(find(routes, path), query)).rejects.toMatchObject({ code: 'ARCHIVE_OFF', status: 409 });
});

// [A12]
it.each(OF_ARCHIVE)('%s shows nothing where each user may see other data', async (path, query) => {
  const routes = routesOf({ forwardsCredentials: true });
  await expect(ask(find(routes, path), query)).rejects.toMatchObject({ code: 'FORBIDDEN' });
});

it.each(OF_ARCHIVE)('%s refuses words it does not know', async (path, query) => {
  await expect(ask(find(routesOf({}), path), `${query}&x=1`)).rejects.toMatchObject({ code: 'QUERY_INVALID' });
});

it('tells why raw series are not collected beside the status, where something keeps them from being', async () => {
  const shown = { archive, settleMs: 43_000, recordingLimits: RECORDING_LIMITS };
  const warned = routesOf({ archive: { ...shown, rawWarning: async () => 'a circle' } });
  expect(await ask(find(warned, '/api/archive/status'), '')).toMatchObject({ body: { warnings: ['a circle'] } });
  const fine = routesOf({ archive: { ...shown, rawWarning: async () => undefined } });
  expect(await ask(find(fine, '/api/archive/status'), '')).not.toHaveProperty('body.warnings');
});

describe('/api/archive/history', () => {
  const at = 'start=2026-01-02T03:00:00Z&end=2026-01-02T04:00:00Z';
  const history = async (query: string, asked: unknown[] = []) => {
    const reader = { readHistory: async (request: unknown) => (asked.push(request), { name: 'a' }) };
    const routes = routesOf({ page: { viewer: undefined, reader: reader as never } });
    await ask(find(routes, '/api/archive/history'), `${at}${query}`);
    return asked[0];
  };

  it('is answered without an archive, and asks for the largest of many series', async () => {
    expect(await history('&name=a')).toMatchObject({ pick: { filter: '', order: 'largest' }, withRows: false });
    expect(await history('&name=a&filter=pod%3Da&order=name&rows=yes')).toMatchObject({
      pick: { filter: 'pod=a', order: 'name' },
      withRows: true,
    });
  });

  it('draws any PromQL instead of what has a name, not both', async () => {
    expect(await history('&expr=up')).toMatchObject({ name: 'up', expression: 'up' });
    await expect(history('&expr=up&name=a')).rejects.toThrow('Give either "name" or "expr".');
    await expect(history('')).rejects.toThrow('Give either "name" or "expr".');
  });

  it('refuses an order it does not know', async () => {
    await expect(history('&name=a&order=random')).rejects.toThrow('must be one of largest, smallest, name');
  });
});
