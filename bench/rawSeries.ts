import { cpus, loadavg } from 'node:os';
import { Client } from 'pg';
import { createArchive } from '../pkg/archive/archive';
import { connectionFromUrl } from '../pkg/archive/connect/connection';
import { createUpkeep } from '../pkg/archive/upkeep/upkeep';
import { RAW_STEP_MS, type RawSeries } from '../pkg/core/model/rawSeries';
import { type Archive } from '../pkg/core/ports/archive';
import { chunksOfSamples } from '../pkg/remote/chunks/seriesChunks';
import { startPostgres } from '../scripts/stack/postgres';
import { promtoolBlock } from './raw/promtoolBlock';
import { DAY_MS, type DaySeries, moved, scrapedDay } from './raw/scrapedDay';

/**
 * Raw series in PostgreSQL. `size <url>`: bytes a sample of what a Prometheus has scraped in its last day, written seven times as the
 * days of a week and packed day after day, against Prometheus' own block of the same and against packed arrays; rates of writing,
 * packing and reading. `lookup [series]`: finding 100 of so many series by equality, and by a regular expression over 10,000
 * values. Prints JSON. `BIN_DIR=/usr/lib/postgresql/15/bin npx tsx bench/rawSeries.ts size http://127.0.0.1:9090`
 */
const T0 = Date.parse('2026-01-05T00:00:00Z');
const [MODE, FIRST] = process.argv.slice(2);
/** Of the archive's clock. */
const now = { ms: T0 + 3 * DAY_MS };
const signal = new AbortController().signal;

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
  await client.query('SET search_path = promkeep, public');
  const common = { connection: connectionFromUrl(postgres.url), logger, clock: { nowMs: () => now.ms } };
  const archive = createArchive({ ...common, source: { orgId: 1, name: 'default' } });
  const jobs = createUpkeep(common);
  try {
    await archive.definitions.provision([
      { name: 'raw', expression: '{}', stepMs: RAW_STEP_MS, retention: '2y', raw: true },
    ]);
    const result =
      MODE === 'lookup'
        ? await lookups(client, archive, Number(FIRST ?? 1_000_000))
        : await sizes({ client, archive, jobs }, await scrapedDay(FIRST, T0));
    const { rows } = await client.query<{ version: string }>('SELECT version()');
    const machine = { server: rows[0].version, cpus: `${cpus().length} x ${cpus()[0].model}`, load: loadavg()[0] };
    process.stdout.write(`${JSON.stringify({ ...machine, ...result }, null, 2)}\n`);
  } finally {
    await Promise.all([archive.close(), jobs.close()]);
    await client.end();
    await postgres.stop();
  }
}

interface Parts {
  client: Client;
  archive: Archive;
  jobs: ReturnType<typeof createUpkeep>;
}

async function sizes({ client, archive, jobs }: Parts, day: DaySeries[]): Promise<Record<string, unknown>> {
  const samples = day.reduce((sum, one) => sum + one.samples.timesMs.length, 0);
  const pieceMs = pieceOf(day);
  const bytes: Record<string, number> = {};
  const note = async (name: string, days = 1): Promise<void> => {
    bytes[name] = round((await totalBytes(client, RAW_TABLES)) / days / samples, 3);
  };
  const times = { write: 0, pack: 0 };
  for (let n = 0; n < WEEK_DAYS; n++) {
    const chunked = day.map(({ labels, samples: all }): RawSeries => ({
      labels,
      chunks: chunksOfSamples(moved(all, n * DAY_MS)),
    }));
    now.ms = T0 + n * DAY_MS;
    times.write += await seconds(() => writePieces(archive, chunked, pieceMs));
    if (n === 0) {
      await note('inPieces');
    }
    now.ms = T0 + (n + 1) * DAY_MS + DAY_MS / 2;
    times.pack += await seconds(() => jobs.packClosed(signal));
    // As autovacuum does it sooner or later.
    await client.query('VACUUM promkeep_chunks');
    if (n === 0) {
      await note('oneDayPacked');
    }
  }
  await note('weekPacked', WEEK_DAYS);
  await client.query('VACUUM FULL promkeep_chunks');
  await note('weekPackedWithoutFreeSpace', WEEK_DAYS);
  const labels = (await totalBytes(client, ['labels', 'raw_series'])) / WEEK_DAYS / samples;
  const read = await seconds(() => readAll(archive));
  const isConstant = ({ samples: { values } }: DaySeries): boolean => values.every((value) => value === values[0]);
  return {
    series: day.length,
    samplesOfADay: samples,
    pieceMinutes: pieceMs / 60_000,
    constant: round(day.filter(isConstant).length / day.length, 2),
    bytesPerSample: {
      prometheusBlock: round((await promtoolBlock(day)) / samples, 3),
      ...bytes,
      ofWhichLabelsAndSeries: round(labels, 3),
      packedArrays: round((await packedArrays(client, archive, day)) / samples, 3),
      variants: Object.fromEntries(
        Object.entries(await variants(client)).map(([name, size]) => [name, round(size / WEEK_DAYS / samples, 3)])
      ),
    },
    samplesPerSecond: {
      write: round((WEEK_DAYS * samples) / times.write, 0),
      pack: round((WEEK_DAYS * samples) / times.pack, 0),
      select: round(samples / read, 0),
    },
  };
}

const WEEK_DAYS = 7;
const RAW_TABLES = ['labels', 'raw_series', 'chunks'];

/** Long enough for 120 samples, as the default is for a scrape interval of 15 s. */
function pieceOf(day: DaySeries[]): number {
  const [longest] = [...day].sort((a, b) => b.samples.timesMs.length - a.samples.timesMs.length);
  const { timesMs } = longest.samples;
  const intervalMs = (timesMs[timesMs.length - 1] - timesMs[0]) / (timesMs.length - 1);
  return Math.ceil((120 * intervalMs) / RAW_STEP_MS) * RAW_STEP_MS;
}

async function writePieces(archive: Archive, all: readonly RawSeries[], pieceMs: number): Promise<void> {
  const endMs = Math.max(...all.map(({ chunks }) => chunks[chunks.length - 1].maxTimeMs));
  for (let fromMs = now.ms; fromMs <= endMs; fromMs += pieceMs) {
    const range = { fromMs, toMs: fromMs + pieceMs - RAW_STEP_MS };
    await archive.raw.writeRaw(
      {
        name: 'raw',
        range,
        retention: '2y',
        provenance: { expression: '{}', stepMs: RAW_STEP_MS, fetchedAtMs: fromMs + pieceMs, warnings: [] },
        covered: [range],
        gaps: [],
        series: async function* () {
          for (const { labels, chunks } of all) {
            const part = chunks.filter((one) => one.maxTimeMs >= fromMs && one.minTimeMs < fromMs + pieceMs);
            yield { labels, chunks: part };
          }
        },
      },
      signal
    );
  }
}

async function readAll(archive: Archive): Promise<void> {
  let bytes = 0;
  for await (const { chunks } of archive.raw.select(
    { selector: [], range: { fromMs: T0, toMs: T0 + DAY_MS } },
    signal
  )) {
    bytes += chunks.reduce((sum, { data }) => sum + data.length, 0);
  }
  if (bytes === 0) {
    throw new Error('Nothing was read.');
  }
}

/** The same samples as packed rows of a recorded query. */
async function packedArrays(client: Client, archive: Archive, day: DaySeries[]): Promise<number> {
  const query = { kind: 'recorded', name: 'arrays' } as const;
  await archive.samples.writeRange(
    {
      query,
      range: { fromMs: T0, toMs: T0 + DAY_MS },
      series: day.map(({ labels, samples }) => ({
        labels: Object.fromEntries(labels.map(({ name, value }) => [name, value])),
        ...samples,
      })),
      queryName: 'arrays',
      retention: '2y',
      provenance: { expression: 'up', stepMs: 15_000, fetchedAtMs: T0 + 3 * DAY_MS, warnings: [] },
      covered: [],
      gaps: [],
    },
    signal
  );
  return totalBytes(client, ['packed', 'samples', 'series']);
}

/** Other ways for PostgreSQL to keep the column, each a table of its own. */
async function variants(client: Client): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const [name, change] of Object.entries({
    pglz: 'ALTER chunks SET COMPRESSION pglz',
    lz4: 'ALTER chunks SET COMPRESSION lz4',
    external: 'ALTER chunks SET STORAGE EXTERNAL',
    pglzInline: 'ALTER chunks SET COMPRESSION pglz, SET (toast_tuple_target = 8160)',
  })) {
    try {
      await client.query(
        `CREATE TABLE bench_${name} (LIKE promkeep_chunks INCLUDING INDEXES); ALTER TABLE bench_${name} ${change}`
      );
      await client.query(
        `INSERT INTO bench_${name} SELECT series_id, from_time, to_time, sample_count, chunks || ''::bytea FROM promkeep_chunks ORDER BY 1, 2`
      );
      const { rows } = await client.query<{ n: string }>(`SELECT pg_total_relation_size('bench_${name}') AS n`);
      found[name] = Number(rows[0].n);
    } catch {
      found[name] = NaN;
    }
  }
  return found;
}

async function lookups(client: Client, archive: Archive, count: number): Promise<Record<string, unknown>> {
  await client.query(`SELECT promkeep_ensure_chunk_partition('2026-01-05Z')`);
  await client.query(
    `INSERT INTO promkeep_labels (source_id, name, value)
     SELECT s.source_id, 'job', 'node' FROM promkeep_sources s
     UNION ALL SELECT s.source_id, '__name__', 'metric_' || n FROM promkeep_sources s, generate_series(0, 99) n
     UNION ALL SELECT s.source_id, 'instance', 'host-' || n || '.example:9100' FROM promkeep_sources s, generate_series(0, 9999) n
     UNION ALL SELECT s.source_id, 'id', n::text FROM promkeep_sources s, generate_series(0, ${count / 100}) n`
  );
  const of = (name: string, value: string): string =>
    `(SELECT l.label_id FROM promkeep_labels l WHERE l.name = '${name}' AND l.digest = md5(${value})::uuid LIMIT 1)`;
  await client.query(
    `INSERT INTO promkeep_raw_series (query_id, fingerprint, label_ids, name_id)
     SELECT q.query_id, md5(n::text)::uuid, ARRAY[m.label_id, d.label_id, i.label_id, ${of('job', `'node'`)}], m.label_id
     FROM promkeep_queries q CROSS JOIN generate_series(0, ${count - 1}) n
     JOIN promkeep_labels m ON m.name = '__name__' AND m.value = 'metric_' || n % 100
     JOIN promkeep_labels i ON i.name = 'instance' AND i.value = 'host-' || (n / 100) % 10000 || '.example:9100'
     JOIN promkeep_labels d ON d.name = 'id' AND d.value = (n / 100)::text`
  );
  await client.query(
    `INSERT INTO promkeep_chunks SELECT series_id, '2026-01-05', '2026-01-05 23:59', 1, '\\x01' FROM promkeep_raw_series`
  );
  await client.query('VACUUM ANALYZE');
  const range = { fromMs: T0, toMs: T0 + DAY_MS };
  const job = { name: 'job', operator: '=', value: 'node' } as const;
  const equal = { name: 'instance', operator: '=', value: 'host-4711.example:9100' } as const;
  const pattern = { name: 'instance', operator: '=~', value: 'host-47.1.*' } as const;
  const one = { name: '__name__', operator: '=', value: 'metric_7' } as const;
  return {
    series: count,
    milliseconds: {
      equality: await median(
        async () => (await archive.raw.seriesLabels({ selector: [job, equal], range }, signal)).length
      ),
      regularExpression: await median(
        async () => (await archive.raw.seriesLabels({ selector: [job, one, pattern], range }, signal)).length
      ),
    },
  };
}

async function median(work: () => Promise<number>): Promise<unknown> {
  const times: number[] = [];
  let found = 0;
  for (let i = 0; i < 15; i++) {
    const fromMs = performance.now();
    found = await work();
    times.push(performance.now() - fromMs);
  }
  times.sort((a, b) => a - b);
  return { median: round(times[7], 1), best: round(times[0], 1), found };
}

async function totalBytes(client: Client, tables: readonly string[]): Promise<number> {
  // A table without partitions is in no tree.
  const { rows } = await client.query<{ bytes: string }>(
    `SELECT sum(pg_total_relation_size(t.relid)) AS bytes FROM (
       SELECT ('promkeep_' || n)::regclass AS relid FROM unnest($1::text[]) AS n
       UNION SELECT p.relid FROM unnest($1::text[]) AS n, pg_partition_tree(('promkeep_' || n)::regclass) AS p) t`,
    [tables]
  );
  return Number(rows[0].bytes);
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const fromMs = performance.now();
  await work();
  return (performance.now() - fromMs) / 1_000;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

function ignore(): void {
  // Figures are what counts here.
}

void main();
