import { type Caller, type DatasourceInstance, type DataResponse } from '../../pkg/core/ports/datasource';
import { type TimeRange } from '../../pkg/core/model/timeRange';
import { startNodeExporter } from '../../scripts/stack/exporters';
import { type RunningPostgres, startPostgres } from '../../scripts/stack/postgres';
import { type RunningPrometheus, startPrometheus } from '../../scripts/stack/prometheus';
import { alert, dataQuery, editor } from '../fakes/callers';
import { archiveDatasource, noticesOf, originOf, plainOf } from './archiveDatasource';
import { TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { serve, temporaryFile, until } from './promkeepProgram';

/**
 * The seam on real data [A6]: a node exporter scraped every second, `promkeep serve` recording it, part of it packed, a hole in the
 * middle; then every answer read back is held against Prometheus alone.
 */

jest.setTimeout(240_000);

const CPU = 'sum by (cpu, mode) (rate(node_cpu_seconds_total[10s]))';
const CONFIG = `
prometheus: {scrape_interval: 1s, scrape_timeout: 1s}
archive: {lease: 2s}
recorded_queries:
  - {name: cpu, expr: '${CPU}', step: 1s, retention: 7d}
  - {name: memory, expr: node_memory_MemAvailable_bytes, step: 2s, retention: 7d}
  - {name: network, expr: 'node_network_up or vector(0)', step: 2s, retention: forever}
`;
const SETTLE_MS = 3_200;

let prometheus: RunningPrometheus;
let postgres: RunningPostgres;
let instance: DatasourceInstance;
const closers: Array<() => Promise<unknown>> = [];
const archives = new TestServer({ name: 'running' });
/** What is covered of `cpu` at the end, on its grid. */
let recorded: TimeRange;
/** In the middle of it. */
let hole: TimeRange;
/** Old enough that Prometheus no longer changes its mind, and younger than everything recorded. */
let settledMs: number;

beforeAll(async () => {
  const exporter = await startNodeExporter();
  closers.push(() => exporter.stop());
  [prometheus, postgres] = await Promise.all([
    startPrometheus({
      config: `global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: node_exporter
    static_configs: [{targets: ['127.0.0.1:${exporter.port}']}]
`,
    }),
    startPostgres(),
  ]);
  instance = await datasource(1);
  const config = await temporaryFile('promkeep.yaml', CONFIG);
  closers.push(config.remove);
  const program = await serve({
    args: ['--config', config.file],
    environment: { PROMETHEUS_URL: prometheus.url, PROMKEEP_DATABASE_URL: postgres.url },
  });
  closers.push(() => program.process.stop('SIGKILL'));
  const archive = archives.archive(postgres.url);
  const lasts = async (ms: number): Promise<boolean> => {
    const [range] = await archive.ledger.coverage('cpu');
    return range !== undefined && range.toMs - range.fromMs > ms;
  };
  await until('something is recorded', () => lasts(15_000), 60_000);
  await archives.jobs(postgres.url).packClosed(live());
  await until('more is recorded', () => lasts(32_000), 60_000);
  await program.process.stop();
  recorded = (await archive.ledger.coverage('cpu'))[0];
  hole = { fromMs: recorded.fromMs + 12_000, toMs: recorded.fromMs + 16_000 };
  await punchHole();
  await until('Prometheus has settled', async () => Date.now() - recorded.toMs > SETTLE_MS + 8_000);
  settledMs = Date.now() - SETTLE_MS - 1_000;
});

afterAll(async () => {
  await instance?.dispose();
  await archives.closeAll();
  await Promise.all(closers.map((close) => close()));
  await Promise.all([prometheus?.stop(), postgres?.stop()]);
});

/** As if Prometheus had been away for these seconds when they were recorded. */
async function punchHole(): Promise<void> {
  const client = await archives.client(postgres.url);
  const cut = `tstzmultirange(tstzrange('${iso(hole.fromMs)}', '${iso(hole.toMs + 1_000)}'))`;
  await client.query(`UPDATE promkeep_coverage SET covered = covered - ${cut}`);
  await client.query(
    `DELETE FROM promkeep_samples WHERE time >= '${iso(hole.fromMs)}' AND time <= '${iso(hole.toMs)}'`
  );
  const { rows } = await client.query('SELECT count(*)::int AS packed FROM promkeep_packed');
  expect(rows[0].packed).toBeGreaterThan(0);
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

function datasource(orgId: number, jsonData: Record<string, unknown> = {}): Promise<DatasourceInstance> {
  const [prometheusUrl, postgresUrl] = [prometheus.url, postgres.url];
  // four of these intervals are the window of the recorded rate
  return archiveDatasource({ prometheusUrl, postgresUrl, timeInterval: '2500ms', orgId, jsonData });
}

async function ask(
  json: Record<string, unknown>,
  { range, caller = editor, of = instance }: { range?: TimeRange; caller?: Caller; of?: DatasourceInstance } = {}
): Promise<DataResponse> {
  const query = dataQuery(
    { expr: CPU, range: true, ...json },
    { range: range ?? { fromMs: recorded.fromMs, toMs: settledMs }, maxDataPoints: 11_000, intervalMs: 1_000 }
  );
  const response = (await of.queryData({ caller, queries: [query] }, live())).get('A');
  return response ?? { frames: [], status: 0 };
}

describe('both', () => {
  // [A6]
  it.each([
    ['every second', { interval: '1s' }],
    ['every two seconds', { interval: '2s' }],
    ['every five seconds', { interval: '5s' }],
    ['a step longer than the hole', { interval: '10s' }],
    ['standard records', { interval: '1s', resultFormat: 'standard' }],
    ['a legend', { interval: '1s', legendFormat: '{{mode}} of {{cpu}}' }],
    ['as a heatmap', { interval: '1s', format: 'heatmap' }],
    ['one mode', { interval: '1s', expr: CPU.replace('total[', 'total{mode="idle"}[') }],
    [
      'modes by a pattern',
      { interval: '1s', expr: CPU.replace('total[', 'total{mode=~"i.*|us[a-e]r",mode!~"(?i)IRQ"}[') },
    ],
    ['nothing by a pattern', { interval: '1s', expr: CPU.replace('total[', 'total{mode=~"none.+"}[') }],
    ['$__rate_interval', { intervalMs: 1_000, expr: CPU.replace('10s', '$__rate_interval') }],
    [
      'an ad hoc filter',
      { interval: '1s', adhocFilters: [{ key: 'mode', operator: 'one-of', value: 'idle', values: ['idle', 'user'] }] },
    ],
    ['results with and without a name', { interval: '2s', expr: 'node_network_up or vector(0)' }],
    ['another spelling', { interval: '2s', expr: ' ( node_memory_MemAvailable_bytes ) # as a comment' }],
    ['a browser east of Greenwich', { interval: '5s', utcOffsetSec: 20_700 }],
  ])('equals Prometheus alone, sample for sample: %s', async (_, json) => {
    const joined = await ask({ ...json, readFrom: 'both' });
    const alone = await ask(json);
    expect(plainOf(joined)).toEqual(plainOf(alone));
    expect(joined.status).toBe(200);
    expect(originOf(joined).archivedTimes).toBeGreaterThan(0);
    expect(originOf(joined).liveTimes).toBeGreaterThan(0);
    expect(noticesOf(joined)).toEqual([]);
  });

  it('equals it where nothing is archived, and where everything is', async () => {
    const young = { range: { fromMs: recorded.toMs + 2_000, toMs: settledMs } };
    const old = { range: { fromMs: hole.toMs + 1_000, toMs: recorded.toMs - 1_000 } };
    for (const part of [young, old]) {
      expect(plainOf(await ask({ interval: '1s', readFrom: 'both' }, part))).toEqual(
        plainOf(await ask({ interval: '1s' }, part))
      );
    }
    expect(originOf(await ask({ interval: '1s', readFrom: 'both' }, young)).archivedTimes).toBe(0);
    expect(originOf(await ask({ interval: '1s', readFrom: 'both' }, old)).liveTimes).toBe(0);
  });

  it('raises the step with a notice, and then equals Prometheus at that step', async () => {
    const json = { expr: 'node_memory_MemAvailable_bytes', readFrom: 'both' };
    const joined = await ask({ ...json, interval: '3s' });
    expect(noticesOf(joined)).toEqual(['Step raised from 3s to 4s: memory is recorded every 2s.']);
    expect(plainOf(joined)).toEqual(plainOf(await ask({ ...json, readFrom: 'prometheus', interval: '4s' })));
  });

  it('gives alerts the same numbers, instant and range', async () => {
    for (const json of [
      { interval: '1s', resultFormat: 'standard' },
      { instant: true, range: false },
    ]) {
      const part = { caller: alert, range: { fromMs: recorded.fromMs, toMs: recorded.toMs - 3_000 } };
      const joined = await ask({ ...json, readFrom: 'both' }, part);
      const alone = await ask(json, part);
      expect(numbers(joined)).toEqual(numbers(alone));
      expect(joined.frames.map(({ meta }) => meta?.type)).toEqual(alone.frames.map(({ meta }) => meta?.type));
    }
  });

  it('reads Prometheus alone without a match, with the reason', async () => {
    const json = { expr: CPU.replace('10s', '30s'), interval: '1s' };
    const joined = await ask({ ...json, readFrom: 'both' });
    expect(noticesOf(joined).join()).toContain(
      'Read from Prometheus alone: no recorded query answers this expression. The nearest is cpu'
    );
    expect(noticesOf(joined).join()).toContain('[10s] is recorded, [30s] asked for');
    expect(plainOf(joined)).toEqual(plainOf(await ask(json)));
  });
});

describe('the archive alone', () => {
  it('has the archived times and shows holes as holes', async () => {
    const response = await ask({ interval: '1s', readFrom: 'archive' });
    const alone = await ask({ interval: '1s' });
    const isArchived = (timeMs: number): boolean =>
      timeMs <= recorded.toMs && !(timeMs >= hole.fromMs && timeMs <= hole.toMs);
    expect(numbers(response)).toEqual(numbers(alone, isArchived));
    expect(noticesOf(response)).toEqual([
      `The archive ends at ${iso(recorded.toMs).replace('.000Z', 'Z')}.`,
      expect.stringMatching(/^The archive lacks 5 of the times in between: /),
    ]);
  });

  // [R12]
  it('does without Prometheus', async () => {
    const away = await createAway();
    const part = { of: away, range: recorded };
    const response = await ask({ interval: '2s', readFrom: 'archive' }, part);
    expect(response.status).toBe(200);
    expect(response.frames.length).toBeGreaterThan(4);
    const both = await ask({ interval: '2s', readFrom: 'both' }, part);
    expect(both.status).toBe(502);
    expect(both.frames.length).toBe(response.frames.length);
    await away.dispose();
  });

  it('reads a recorded query by its name, also for an alert', async () => {
    const range = { fromMs: recorded.toMs - 10_000, toMs: recorded.toMs + 1_500 };
    const named = { expr: '', recordedQuery: 'cpu', readFrom: 'archive' };
    const instant = await ask({ ...named, instant: true, range: false }, { range, caller: alert });
    expect(instant.frames.every(({ fields }) => fields[0].values[0] === recorded.toMs)).toBe(true);
    expect(instant.frames.length).toBeGreaterThan(4);
    expect(noticesOf(instant).join()).toContain('The newest values in the archive are of');
  });

  it('is an error without a match', async () => {
    expect(await ask({ expr: 'node_boot_time_seconds', readFrom: 'archive' })).toMatchObject({
      status: 400,
      error: expect.stringContaining('no recorded query answers this expression. The nearest is '),
    });
  });
});

describe('who may read', () => {
  it("keeps organisations and sources apart: another one's datasource has nothing to read", async () => {
    for (const other of [await datasource(2), await datasource(1, { archiveSourceName: 'second' })]) {
      const response = await ask({ readFrom: 'archive' }, { of: other });
      expect(response.error).toContain('the archive has no recorded queries');
      expect(plainOf(await ask({ readFrom: 'both' }, { of: other }))).toEqual(plainOf(await ask({})));
      await other.dispose();
    }
  });

  it("refuses datasources that forward each user's own credentials", async () => {
    const forwarding = await datasource(1, { oauthPassThru: true });
    expect(await ask({ readFrom: 'archive' }, { of: forwarding })).toMatchObject({
      status: 403,
      error: expect.stringContaining("each user's own credentials"),
    });
    await forwarding.dispose();
  });
});

async function createAway(): Promise<DatasourceInstance> {
  const { url } = prometheus;
  try {
    // nothing listens on port 1
    prometheus.url = 'http://127.0.0.1:1';
    return await datasource(1);
  } finally {
    prometheus.url = url;
  }
}

function numbers({ frames }: DataResponse, keeps: (timeMs: number) => boolean = () => true): unknown[] {
  return frames.map(({ fields: [time, value] }) => {
    const at = [...time.values.keys()].filter((i) => keeps(Number(time.values[i])));
    return [value.labels, at.map((i) => time.values[i]), at.map((i) => value.values[i])];
  });
}
