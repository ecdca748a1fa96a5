import { cpus } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Client } from 'pg';
import { createArchive } from '../pkg/archive/archive';
import { createUpkeep } from '../pkg/archive/upkeep/upkeep';
import { float8Array } from '../pkg/archive/write/binaryArrays';
import { connectionFromUrl } from '../pkg/archive/connect/connection';
import { type Archive } from '../pkg/core/ports/archive';
import { type Labels, type Series } from '../pkg/core/model/series';
import { startPostgres } from '../scripts/stack/postgres';

/**
 * Packing in one run: how fast, how dense, how fast read back; and the denser form that was not chosen (values XOR-ed with
 * their forerunners and transposed byte by byte) beside it, for the same samples in the same server.
 * Prints JSON. `BIN_DIR=/usr/lib/postgresql/15/bin npx tsx bench/archivePack.ts [series] [points]` makes samples up;
 * with PROMETHEUS_URL and SECONDS_BACK it takes the last seconds of that server, one sample a second put on a grid of 15 s; MATCH
 * narrows the series (`job="node"`).
 */
const T0 = Date.parse('2026-01-05T00:00:00Z');
const STEP_MS = 15_000;
const [SERIES, POINTS] = [Number(process.argv[2] ?? 1_000), Number(process.argv[3] ?? 5_760)];
const SERIES_A_WRITE = 200;

async function main(): Promise<void> {
  const postgres = await startPostgres({
    binDir: process.env.BIN_DIR,
    settings: {
      fsync: 'on',
      synchronous_commit: 'on',
      full_page_writes: 'on',
      shared_buffers: '128MB',
      max_wal_size: '4GB',
    },
  });
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  const common = { connection: connectionFromUrl(postgres.url), logger, clock: { nowMs: Date.now } };
  const archive = createArchive({ ...common, source: { orgId: 1, name: 'default' } });
  const jobs = createUpkeep(common);
  try {
    const series = process.env.PROMETHEUS_URL ? await realSeries(process.env.PROMETHEUS_URL) : madeSeries();
    const result = await measure(client, archive, jobs, series);
    const version = await client.query<{ version: string }>('SELECT version()');
    const machine = { server: version.rows[0].version, cpus: `${cpus().length} x ${cpus()[0].model}` };
    process.stdout.write(`${JSON.stringify({ ...machine, ...result }, null, 2)}\n`);
  } finally {
    await archive.close();
    await jobs.close();
    await client.end();
    await postgres.stop();
  }
}

async function measure(
  client: Client,
  archive: Archive,
  jobs: ReturnType<typeof createUpkeep>,
  series: Series[]
): Promise<Record<string, unknown>> {
  const signal = new AbortController().signal;
  const samples = series.reduce((sum, { values }) => sum + values.length, 0);
  const lastMs = Math.max(...series.map(({ timesMs }) => timesMs.at(-1) ?? T0));
  const write = (part: Series[], n: number): Promise<unknown> =>
    archive.samples.writeRange(
      {
        query: { kind: 'recorded', name: `bench${n}` },
        range: { fromMs: T0, toMs: lastMs },
        series: part,
        queryName: 'bench',
        retention: '1y',
        // As fetched live: what is fetched late is packed as it is written.
        provenance: { expression: 'bench', stepMs: STEP_MS, fetchedAtMs: T0, warnings: [] },
        covered: [],
        gaps: [],
      },
      signal
    );
  const writeAll = async (): Promise<void> => {
    for (let n = 0; n * SERIES_A_WRITE < series.length; n++) {
      await write(series.slice(n * SERIES_A_WRITE, (n + 1) * SERIES_A_WRITE), n);
    }
  };
  const bytes = async (table: string): Promise<number> => {
    const found = await client.query<{ bytes: string }>(
      `SELECT sum(pg_total_relation_size(relid)) AS bytes FROM pg_partition_tree($1)`,
      [table]
    );
    return Number(found.rows[0].bytes) / samples;
  };
  const rate = async (work: () => Promise<unknown>): Promise<number> => {
    const startedMs = performance.now();
    await work();
    return Math.round((samples / (performance.now() - startedMs)) * 1_000);
  };
  const readAll = async (): Promise<void> => {
    for (let n = 0; n * SERIES_A_WRITE < series.length; n++) {
      await archive.samples.readSeries(
        { query: { kind: 'recorded', name: `bench${n}` }, range: { fromMs: T0, toMs: lastMs } },
        signal
      );
    }
  };
  const written = await rate(writeAll);
  const unpackedBytes = await bytes('promkeep_samples');
  const readUnpacked = await rate(readAll);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const packed = await rate(() => jobs.packClosed(signal, { closedAfterMs: 0 }));
  delay.disable();
  const rssMegabytes = Math.round(process.memoryUsage().rss / 2 ** 20);
  await client.query('VACUUM ANALYZE');
  const until = new Date(lastMs).toISOString();
  const between = `metrics_between('2026-01-05Z', '${until}')`;
  return {
    series: series.length,
    samples,
    constantShare: round(
      series.filter(({ values }) => values.every((value) => Object.is(value, values[0]))).length / series.length
    ),
    perSecond: {
      writeRange: written,
      packClosed: packed,
      writeRangeAgain: await rate(writeAll),
      readSeriesUnpacked: readUnpacked,
      readSeriesPacked: await rate(readAll),
      sumOverMetricsData: await rate(() =>
        client.query('SELECT sum(metric_value), count(timestamp) FROM metrics_data')
      ),
      sumOverMetricsBetween: await rate(() =>
        client.query(`SELECT sum(metric_value), count(timestamp) FROM ${between}`)
      ),
    },
    whilePacking: { blockedMs: round(delay.max / 1e6), p99Ms: round(delay.percentile(99) / 1e6), rssMegabytes },
    bytesPerSample: {
      samples: round(unpackedBytes),
      packed: round(await bytes('promkeep_packed')),
      ...(await otherForms(client, series, samples)),
    },
  };
}

/** The same values as rows of a bare table: plain arrays and transposed bytes, with each compression the server has. */
async function otherForms(client: Client, series: Series[], samples: number): Promise<Record<string, number>> {
  const { rows } = await client.query<{ methods: string[] }>(
    `SELECT enumvals AS methods FROM pg_settings WHERE name = 'default_toast_compression'`
  );
  const found: Record<string, number> = {};
  for (const method of rows[0].methods) {
    for (const [form, type, encode] of [
      ['array', 'float8[]', (values: Float64Array) => float8Array([...values])],
      ['differences', 'float8[]', (values: Float64Array) => float8Array(differences(values))],
      ['transposed', 'bytea', transposed],
    ] as const) {
      const table = `form_${form}_${method}`;
      await client.query(
        `CREATE TABLE ${table} (series_id bigint, from_time timestamptz, packed ${type} COMPRESSION ${method}, PRIMARY KEY (series_id, from_time))`
      );
      for (const [n, { values }] of series.entries()) {
        await client.query(`INSERT INTO ${table} VALUES ($1, '2026-01-05Z', $2::${type})`, [
          n,
          encode(Float64Array.from(values)),
        ]);
      }
      const size = await client.query<{ bytes: string }>(`SELECT pg_total_relation_size('${table}') AS bytes`);
      found[`bare ${form} ${method}`] = round(Number(size.rows[0].bytes) / samples);
    }
  }
  return found;
}

/** Differences where all values are integers that a double counts exactly, so that a running sum restores them; else the values. */
function differences(values: Float64Array): number[] {
  const exact = values.every((value) => Number.isSafeInteger(value) && !Object.is(value, -0));
  return Array.from(values, (value, i) => (exact && i > 0 ? value - values[i - 1] : value));
}

/** Each value XOR its forerunner, then all first bytes, all second bytes and so on. */
function transposed(values: Float64Array): Buffer {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  const target = Buffer.alloc(bytes.length);
  for (let i = 0; i < values.length; i++) {
    for (let b = 0; b < 8; b++) {
      target[b * values.length + i] = bytes[i * 8 + b] ^ (i === 0 ? 0 : bytes[i * 8 - 8 + b]);
    }
  }
  return target;
}

/** 40 % constant, 40 % counters, 20 % gauges: the made-up mix of RESULTS.md. */
function madeSeries(): Series[] {
  return Array.from({ length: SERIES }, (_, n) => {
    const kind = n % 10;
    const values = Float64Array.from({ length: POINTS }, (_unused, i) =>
      kind < 4 ? n : kind < 8 ? n * 1_000 + i * (1 + (n % 7)) : Math.sin(i / 50 + n) * 100 + Math.random()
    );
    return onGrid({ __name__: `metric_${n % 50}`, instance: `host-${n}` }, values);
  });
}

async function realSeries(url: string): Promise<Series[]> {
  const end = Math.floor(Date.now() / 1_000) - 5;
  const start = end - Number(process.env.SECONDS_BACK ?? 1_200);
  const names = await get(`${url}/api/v1/label/__name__/values`);
  const series: Series[] = [];
  for (const name of asArray(names)) {
    const query = encodeURIComponent(`{__name__="${String(name)}"${process.env.MATCH ? `,${process.env.MATCH}` : ''}}`);
    const data = await get(
      `${url}/api/v1/query_range?query=${query}&start=${start}&end=${end}&step=${process.env.STEP_S ?? 1}`
    );
    for (const { metric, values } of asArray((data as { result?: unknown }).result) as RealSeries[]) {
      series.push(
        onGrid(
          metric,
          Float64Array.from(values, ([, text]) => Number(text.replace('Inf', 'Infinity')))
        )
      );
    }
  }
  return series;
}

interface RealSeries {
  metric: Labels;
  values: Array<[number, string]>;
}

async function get(url: string): Promise<unknown> {
  const response = await fetch(url);
  return ((await response.json()) as { data: unknown }).data;
}

function asArray(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function onGrid(labels: Labels, values: Float64Array): Series {
  return { labels, values, timesMs: Float64Array.from(values, (_, i) => T0 + i * STEP_MS) };
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}

function ignore(): void {
  // The bench prints one JSON document and nothing else.
}

const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

void main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
