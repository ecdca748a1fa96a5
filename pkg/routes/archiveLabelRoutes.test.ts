import { MemoryHistory } from '../../tests/fakes/memoryHistory';
import { MemoryLedger } from '../../tests/fakes/memoryLedger';
import { type ApiResponse } from '../core/ports/apiRoute';
import { createArchiveLabelRoutes, type ArchiveLabelParts } from './archiveLabelRoutes';

const DAY = 86_400_000;
const series = ['b', 'a', 'é'].map((instance, i) => ({
  labels: { __name__: 'up', instance, ...(i === 0 ? { job: 'node' } : {}) },
  samples: new Map([[i * DAY, 1]]),
}));
const ledger = new MemoryLedger();
const history = new MemoryHistory(ledger, { seriesOf: () => series }, () => undefined);
const parts: ArchiveLabelParts = {
  history,
  compare: (_, asked) => (asked.includes('"a"') ? [{ name: 'instance', operator: '=', value: 'a' }] : undefined),
  refuse: () => undefined,
};

beforeAll(() =>
  ledger.cover({
    definition: { name: 'up', expression: 'up', stepMs: 1, retention: '1y' },
    covered: [{ fromMs: 0, toMs: 9 * DAY }],
    gaps: [],
  })
);

async function ask(
  path: 'labels' | 'series',
  query: string,
  change: Partial<ArchiveLabelParts> = {}
): Promise<ApiResponse> {
  const route = createArchiveLabelRoutes({ ...parts, ...change }).find((one) => one.path === `/api/archive/${path}`);
  if (!route) {
    throw new Error(`There is no route ${path}.`);
  }
  return route.handle({
    query: new URLSearchParams(query),
    body: new Uint8Array(),
    caller: { orgId: 1, headers: {} },
    signal: new AbortController().signal,
  });
}

it('lists names, values and series of what is archived', async () => {
  expect((await ask('labels', 'query=up')).body).toEqual({ labels: ['__name__', 'instance', 'job'] });
  expect((await ask('labels', 'query=up&label=instance')).body).toEqual({ values: ['a', 'b', 'é'] });
  expect((await ask('labels', 'query=up&label=constructor')).body).toEqual({ values: [] });
  expect((await ask('series', 'query=up&match={instance="a"}')).body).toEqual({
    series: [{ __name__: 'up', instance: 'a' }],
  });
});

it('lists what has samples in the range', async () => {
  expect((await ask('labels', `query=up&label=instance&start=${DAY / 1_000}&end=${DAY / 1_000}`)).body).toEqual({
    values: ['a'],
  });
});

it.each<['labels' | 'series', string, Partial<ArchiveLabelParts>, string, string]>([
  ['labels', '', {}, 'QUERY_INVALID', '"query" is missing'],
  ['series', 'query=up&label=a', {}, 'QUERY_INVALID', 'Unknown parameter'],
  ['labels', 'query=up&match=up', {}, 'QUERY_INVALID', 'must be a filter'],
  ['labels', 'query=up&match={job=}', {}, 'QUERY_INVALID', 'must be a filter'],
  ['labels', 'query=none', {}, 'NOT_FOUND', 'none'],
  ['labels', 'query=up', { history: undefined }, 'ARCHIVE_OFF', 'none is configured'],
  ['series', 'query=up', { refuse: () => 'why' }, 'FORBIDDEN', 'cannot be read here: why.'],
])('refuses %s?%s', async (path, query, change, code, text) => {
  await expect(ask(path, query, change)).rejects.toMatchObject({ code, message: expect.stringContaining(text) });
});
