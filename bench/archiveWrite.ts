import { cpus } from 'node:os';
import { Client } from 'pg';
import { createArchive } from '../pkg/archive/archive';
import { float8Array, int8Array, timestampArray } from '../pkg/archive/write/binaryArrays';
import { connectionFromUrl } from '../pkg/archive/connect/connection';
import { type Archive } from '../pkg/core/ports/archive';
import { type Series } from '../pkg/core/model/series';
import { startPostgres } from '../scripts/stack/postgres';
import { copyRows } from './copyBinary';

/**
 * Ways of writing the same samples into the same PostgreSQL, in one run: the source text's INSERT per row, unnest and
 * COPY into a bare table, and the archive's own replacing write with everything it does besides.
 * Prints JSON. `BIN_DIR=/usr/lib/postgresql/15/bin npx tsx bench/archiveWrite.ts [series] [points]`
 */
const T0 = Date.parse('2026-01-05T00:00:00Z');
const STEP_MS = 15_000;
const TEXT_ROWS = 5_000;
const [SERIES, POINTS] = [Number(process.argv[2] ?? 1_000), Number(process.argv[3] ?? 1_000)];

interface Result {
  way: string;
  samples: number;
  seconds: number;
  perSecond: number;
  bytesPerSample?: number;
}

async function main(): Promise<void> {
  // Durable settings, as a real server has them.
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
  const archive = createArchive({
    connection: connectionFromUrl(postgres.url),
    source: { orgId: 1, name: 'default' },
    logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    clock: { nowMs: Date.now },
  });
  try {
    const series = makeSeries();
    const results = [
      await textWay(client),
      await unnestBare(client, series),
      await copyBare(client, series),
      ...(await archiveWays(client, archive, series)),
    ];
    const version = await client.query<{ version: string }>('SELECT version()');
    const base = results[0].perSecond;
    process.stdout.write(
      `${JSON.stringify(
        {
          server: version.rows[0].version,
          cpus: `${cpus().length} × ${cpus()[0].model}`,
          results: results.map((result) => ({ ...result, timesTextWay: round(result.perSecond / base) })),
        },
        null,
        2
      )}\n`
    );
  } finally {
    await archive.close();
    await client.end();
    await postgres.stop();
  }
}

/** 40 % constant, 40 % counters, 20 % gauges: the made-up mix of RESULTS.md. */
function makeSeries(): Series[] {
  return Array.from({ length: SERIES }, (_, n) => {
    const kind = n % 10;
    const values = Float64Array.from({ length: POINTS }, (_unused, i) =>
      kind < 4 ? n : kind < 8 ? n * 1_000 + i * (1 + (n % 7)) : Math.sin(i / 50 + n) * 100 + Math.random()
    );
    const timesMs = Float64Array.from({ length: POINTS }, (_unused, i) => T0 + i * STEP_MS);
    return { labels: { __name__: `metric_${n % 50}`, instance: `host-${n}`, job: 'bench' }, timesMs, values };
  });
}

async function timed(way: string, samples: number, work: () => Promise<unknown>): Promise<Result> {
  const startedMs = performance.now();
  await work();
  const seconds = (performance.now() - startedMs) / 1_000;
  return { way, samples, seconds: round(seconds), perSecond: Math.round(samples / seconds) };
}

async function textWay(client: Client): Promise<Result> {
  await client.query(`CREATE SCHEMA text_way; CREATE TABLE text_way.metrics_data (id SERIAL PRIMARY KEY,
    metric_name VARCHAR(255) NOT NULL, metric_value FLOAT, timestamp TIMESTAMP, labels JSONB, source VARCHAR(100),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)`);
  return timed("the text's way: INSERT a row, one commit a batch", TEXT_ROWS, async () => {
    await client.query('BEGIN');
    for (let i = 0; i < TEXT_ROWS; i++) {
      await client.query(
        'INSERT INTO text_way.metrics_data (metric_name, metric_value, timestamp, labels, source) VALUES ($1, $2, $3, $4, $5)',
        [`m${i % 50}`, i, new Date(T0 + i * STEP_MS).toISOString(), `{"instance":"host-${i % 100}"}`, 'prometheus']
      );
    }
    await client.query('COMMIT');
  });
}

const BARE_TABLE = `(series_id bigint NOT NULL, time timestamptz NOT NULL, value float8, fetch_id bigint NOT NULL,
  PRIMARY KEY (series_id, time))`;

async function unnestBare(client: Client, series: Series[]): Promise<Result> {
  await client.query(`CREATE TABLE text_way.unnest_bare ${BARE_TABLE}`);
  return timed('unnest into a bare table, 20 k rows a statement', SERIES * POINTS, async () => {
    await client.query('BEGIN');
    for (const chunk of chunks(series, 20_000)) {
      await client.query(
        'INSERT INTO text_way.unnest_bare SELECT *, 1 FROM unnest($1::bigint[], $2::timestamptz[], $3::float8[])',
        [int8Array(chunk.ids), timestampArray(chunk.timesMs), float8Array(chunk.values)]
      );
    }
    await client.query('COMMIT');
  });
}

async function copyBare(client: Client, series: Series[]): Promise<Result> {
  await client.query(`CREATE TABLE text_way.copy_bare ${BARE_TABLE}`);
  return timed('COPY BINARY into a bare table', SERIES * POINTS, () =>
    copyRows(client, 'text_way.copy_bare', chunks(series, 5_000))
  );
}

interface Chunk {
  ids: number[];
  timesMs: number[];
  values: number[];
}

function* chunks(series: Series[], size: number): Generator<Chunk> {
  let chunk: Chunk = { ids: [], timesMs: [], values: [] };
  for (const [id, { timesMs, values }] of series.entries()) {
    for (let i = 0; i < timesMs.length; i++) {
      chunk.ids.push(id);
      chunk.timesMs.push(timesMs[i]);
      chunk.values.push(values[i]);
      if (chunk.ids.length === size) {
        yield chunk;
        chunk = { ids: [], timesMs: [], values: [] };
      }
    }
  }
  if (chunk.ids.length > 0) {
    yield chunk;
  }
}

async function archiveWays(client: Client, archive: Archive, series: Series[]): Promise<Result[]> {
  await archive.migrate();
  const signal = new AbortController().signal;
  const range = { fromMs: T0, toMs: T0 + (POINTS - 1) * STEP_MS };
  const write = (all: Series[], at: { fromMs: number; toMs: number }): Promise<unknown> =>
    archive.samples.writeRange(
      {
        query: { kind: 'recorded', name: 'bench' },
        range: at,
        series: all,
        queryName: 'bench',
        retention: '1y',
        provenance: { expression: 'bench', stepMs: STEP_MS, fetchedAtMs: Date.now(), warnings: [] },
        covered: [at],
        gaps: [],
      },
      signal
    );
  const samples = SERIES * POINTS;
  const backfill = await timed('writeRange, a new range (backfill)', samples, () => write(series, range));
  const size = await client.query<{ bytes: string }>(
    `SELECT sum(pg_total_relation_size(relid)) AS bytes FROM pg_partition_tree('promkeep_samples')`
  );
  const again = await timed('writeRange, the same range again', samples, () => write(series, range));
  const rounds = 40;
  const live = await timed(`writeRange, live: one sample of ${SERIES} series a write`, SERIES * rounds, async () => {
    for (let r = 1; r <= rounds; r++) {
      const timeMs = range.toMs + r * STEP_MS;
      const one = series.map(({ labels }) => ({
        labels,
        timesMs: Float64Array.of(timeMs),
        values: Float64Array.of(r),
      }));
      await write(one, { fromMs: timeMs, toMs: timeMs });
    }
  });
  const read = await timed('readSeries of the whole range', samples, () =>
    archive.samples.readSeries({ query: { kind: 'recorded', name: 'bench' }, range }, signal)
  );
  return [{ ...backfill, bytesPerSample: round(Number(size.rows[0].bytes) / samples) }, again, live, read];
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}

function ignore(): void {
  // The bench prints one JSON document and nothing else.
}

void main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
