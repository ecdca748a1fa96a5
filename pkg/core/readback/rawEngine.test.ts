import { clock, dataQuery, editor, MemoryLogger, NOW_MS } from '../../../tests/fakes/callers';
import { MemoryArchive } from '../../../tests/fakes/memoryArchive';
import { MemorySource } from '../../../tests/fakes/memorySource';
import { selectorsIn } from '../../promql/seriesSelector';
import { type AnswerDeps, answerQuery } from '../answer';
import { type DataResponse } from '../ports/datasource';
import { type RawHoldings } from '../ports/rawSeries';
import { rememberReading } from './rawEngine';

const never = (): AbortSignal => new AbortController().signal;

const HOLDINGS: RawHoldings = { by: 'chunks', readsOthers: 'older', externalLabels: [] };

/** A raw definition of `{job="node"}` and `up`, and a source that answers every expression. */
async function setUp(holdings: Partial<RawHoldings> = {}, warnings: string[] = []) {
  const source = new MemorySource({});
  const series = [{ labels: { job: 'node' }, timesMs: Float64Array.of(NOW_MS - 60_000), values: Float64Array.of(1) }];
  const result = { resultType: 'matrix' as const, series, warnings, infos: [] };
  source.queryRange = async () => result;
  source.queryInstant = async () => result;
  const asked = { holdings: 0 };
  const archive = new MemoryArchive();
  await archive.definitions.provision([
    { name: 'node', expression: '{job="node"}\nup{zone=~"a|b"}', stepMs: 60_000, retention: '1y', raw: true },
  ]);
  const engine = {
    selectorsOf: selectorsIn,
    readsArchive: rememberReading(
      {
        async holdings() {
          asked.holdings++;
          return { ...HOLDINGS, ...holdings };
        },
      },
      clock
    ),
  };
  const deps: AnswerDeps = {
    source,
    ...{ summaryMetrics: [], scrapeInterval: '15s', allExemplars: false, clock, logger: new MemoryLogger() },
    ...{ applyFilters: (expr: string) => expr, findArchived: () => undefined },
    readBack: { archive, forwardsCredentials: false, compare: () => undefined, engine, timeoutSignal: never },
    keep: { target: undefined, clock, version: async () => undefined, timeoutSignal: never },
  };
  const ask = (expr: string, json: Record<string, unknown> = {}): Promise<DataResponse> =>
    answerQuery(
      deps,
      dataQuery({ expr, range: true, intervalMs: 15_000, readFrom: 'archive', ...json }),
      editor,
      never()
    );
  return { ask, asked };
}

const noticesOf = ({ frames }: DataResponse): string => JSON.stringify(frames[0]?.meta?.notices ?? []);

it.each([
  'rate(http_requests_total{job="node"}[5m])',
  'sum(a{job="node", x!="y"}) / sum(b{job="node"})',
  'up{zone="b"}',
  'up{zone=~"a|b",job!="x"}',
])('answers %s, of which every selector is kept, with a notice', async (expr) => {
  const { ask } = await setUp();
  for (const readFrom of ['archive', 'both']) {
    const answer = await ask(expr, { readFrom });
    expect([answer.error, answer.status, answer.frames.length]).toEqual([undefined, 200, 1]);
    expect(noticesOf(answer)).toContain('evaluated it over the raw series of the archive');
  }
});

it.each(['up', 'up{zone="c"}', 'up{zone=~"a.*"}', 'a{job="node"} + b', 'a{job=~"node"}', '1', 'info(a{job="node"})'])(
  'does not answer %s, which is not kept as a whole',
  async (expr) => {
    const { ask, asked } = await setUp();
    expect((await ask(expr)).error).toMatch(/^Cannot read from the archive: the archive has no recorded queries/);
    expect(noticesOf(await ask(expr, { readFrom: 'both' }))).toContain('Read from Prometheus alone');
    expect(asked.holdings).toBe(0);
  }
);

it('says which lines to add when Prometheus does not read the archive', async () => {
  const { ask } = await setUp({ readsOthers: 'no' });
  const { error } = await ask('up{zone="a"}');
  expect(error).toMatch(/^Cannot read from the archive: .*"remote_read:".*api\/v1\/read/);
  expect(noticesOf(await ask('up{zone="a"}', { readFrom: 'both' }))).toContain('remote_read:');
});

it('fails when Prometheus could not read the archive, with both it says so: an outage must not look like no data', async () => {
  const { ask } = await setUp({}, ['remote_read: remote server returned HTTP status 503']);
  expect((await ask('up{zone="a"}')).error).toMatch(/could not read all of the archive: remote_read/);
  const both = await ask('up{zone="a"}', { readFrom: 'both' });
  expect([both.error, both.frames.length]).toEqual([undefined, 1]);
  expect(noticesOf(both)).toContain('Read from Prometheus alone: Prometheus could not read all of the archive');
  const annotated = await setUp({}, ['PromQL warning: x']);
  expect((await annotated.ask('up{zone="a"}')).error).toBeUndefined();
});

it('leaves aggregates and named recorded queries alone, and asks for the configuration once a minute', async () => {
  const { ask, asked } = await setUp();
  expect((await ask('up{zone="a"}', { aggregate: 'max' })).error).toMatch(/no recorded queries/);
  await ask('up{zone="a"}');
  await ask('up{zone="b"}');
  expect(asked.holdings).toBe(1);
});
