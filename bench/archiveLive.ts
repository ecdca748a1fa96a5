import { cpus, loadavg } from 'node:os';
import { Client } from 'pg';
import { createArchive } from '../pkg/archive/archive';
import { connectionFromUrl } from '../pkg/archive/connect/connection';
import { type Archive } from '../pkg/core/ports/archive';
import { type Series } from '../pkg/core/model/series';
import { startPostgres } from '../scripts/stack/postgres';
import { copyRows } from './copyBinary';

/**
 * Live writes as the archiver makes them: the newest grid time of all series of one recorded query, one commit a write, under
 * a lease, with provenance and ledger. In turn with it, so that all meet the same load: a bare COPY BINARY of as many rows with
 * a commit of its own into the very same table, and the source text's script, which commits a batch after one INSERT a row.
 * Last, one COPY of everything in one commit, in order of time, which is the order live samples come in.
 * Prints JSON. `BIN_DIR=/usr/lib/postgresql/15/bin npx tsx bench/archiveLive.ts [series,series,...] [rounds]`
 */
const T0 = Date.parse('2026-01-05T00:00:00Z');
const STEP_MS = 15_000;
const SIZES = (process.argv[2] ?? '10,100,1000,10000').split(',').map(Number);
const ROUNDS = Number(process.argv[3] ?? 200);
const WARM_UP = 20;
/** The text's script takes 0.2 ms a row; it need not run in every round. */
const TEXT_EVERY = 10;
/** Series ids of the COPY, out of the way of the archive's. */
const COPY_IDS = 1_000_000_000;

async function main(): Promise<void> {
  const results = [];
  let server = '';
  for (const size of SIZES) {
    const postgres = await startPostgres({
      binDir: process.env.BIN_DIR,
      settings: {
        fsync: 'on',
        synchronous_commit: 'on',
        full_page_writes: 'on',
        shared_buffers: '512MB',
        max_wal_size: '8GB',
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
      server = (await client.query<{ version: string }>('SELECT version()')).rows[0].version;
      results.push(await measure(client, archive, size, Math.max(30, Math.min(ROUNDS, Math.round(400_000 / size)))));
    } finally {
      await archive.close();
      await client.end();
      await postgres.stop();
    }
  }
  const machine = { server, cpus: `${cpus().length} × ${cpus()[0].model}`, load: loadavg()[0] };
  process.stdout.write(`${JSON.stringify({ ...machine, results }, null, 2)}\n`);
}

async function measure(
  client: Client,
  archive: Archive,
  size: number,
  rounds: number
): Promise<Record<string, unknown>> {
  await archive.migrate();
  const { epoch } = await archive.lease.hold({ holder: 'bench', durationMs: 3_600_000 });
  await client.query(`CREATE SCHEMA text_way; CREATE TABLE text_way.metrics_data (id SERIAL PRIMARY KEY,
    metric_name VARCHAR(255) NOT NULL, metric_value FLOAT, timestamp TIMESTAMP, labels JSONB, source VARCHAR(100),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)`);
  const labels = Array.from({ length: size }, (_, n) => ({
    __name__: `metric_${n % 50}`,
    instance: `host-${n}`,
    job: 'bench',
  }));
  const ids = labels.map((_, n) => COPY_IDS + n);
  const ways: Record<'live' | 'copy' | 'text', number[]> = { live: [], copy: [], text: [] };
  for (let round = 0; round < WARM_UP + rounds; round++) {
    const timeMs = T0 + round * STEP_MS;
    const value = (n: number): number => n * 1_000 + round * (1 + (n % 7));
    const series: Series[] = labels.map((one, n) => ({
      // As after parsing an answer: new objects each time.
      labels: { ...one },
      timesMs: Float64Array.of(timeMs),
      values: Float64Array.of(value(n)),
    }));
    const rows = { ids, timesMs: ids.map(() => timeMs), values: ids.map((_, n) => value(n)) };
    const work = {
      live: () => writeLive(archive, series, timeMs, epoch),
      copy: () => copyRows(client, 'promkeep_samples', [rows]),
      text: () => writeText(client, series, timeMs),
    };
    // Who comes first changes from round to round.
    const order = round % 2 === 0 ? (['live', 'copy'] as const) : (['copy', 'live'] as const);
    for (const way of [...order, ...(round % TEXT_EVERY === 0 ? (['text'] as const) : [])]) {
      const startedMs = performance.now();
      await work[way]();
      if (round >= WARM_UP) {
        ways[way].push(performance.now() - startedMs);
      }
    }
  }
  const oneCommit = await copyAtOnce(client, size, rounds);
  const perSecond = (times: number[]): number => Math.round((size / median(times)) * 1_000);
  const [live, copy, text] = [perSecond(ways.live), perSecond(ways.copy), perSecond(ways.text)];
  return {
    series: size,
    rounds,
    milliseconds: { live: round3(median(ways.live)), copy: round3(median(ways.copy)), text: round3(median(ways.text)) },
    samplesPerSecond: { live, copySameCommits: copy, copyOneCommit: oneCommit, text },
    liveAgainst: {
      copySameCommits: round3(live / copy),
      copyOneCommit: round3(live / oneCommit),
      text: round3(live / text),
    },
  };
}

function writeLive(archive: Archive, series: Series[], timeMs: number, epoch: number): Promise<unknown> {
  const at = { fromMs: timeMs, toMs: timeMs };
  return archive.samples.writeRange(
    {
      query: { kind: 'recorded', name: 'bench' },
      range: at,
      series,
      queryName: 'bench',
      retention: '1y',
      provenance: { expression: 'bench', stepMs: STEP_MS, fetchedAtMs: Date.now(), warnings: [] },
      covered: [at],
      gaps: [],
      epoch,
    },
    new AbortController().signal
  );
}

async function writeText(client: Client, series: Series[], timeMs: number): Promise<void> {
  await client.query('BEGIN');
  for (const { labels: { __name__: name, ...others } = {}, values } of series) {
    await client.query(
      'INSERT INTO text_way.metrics_data (metric_name, metric_value, timestamp, labels, source) VALUES ($1, $2, $3, $4, $5)',
      [name, values[0], new Date(timeMs).toISOString(), JSON.stringify(others), 'prometheus']
    );
  }
  await client.query('COMMIT');
}

/** As many samples as the rounds wrote, of other series. */
async function copyAtOnce(client: Client, size: number, rounds: number): Promise<number> {
  const parts = Array.from({ length: rounds }, (_, round) => ({
    ids: Array.from({ length: size }, (_unused, n) => 2 * COPY_IDS + n),
    timesMs: new Array<number>(size).fill(T0 + round * STEP_MS),
    values: Array.from({ length: size }, (_unused, n) => n + round),
  }));
  const startedMs = performance.now();
  await copyRows(client, 'promkeep_samples', parts);
  return Math.round(((size * rounds) / (performance.now() - startedMs)) * 1_000);
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

function round3(value: number): number {
  return Number(value.toPrecision(3));
}

function ignore(): void {
  // The bench prints one JSON document and nothing else.
}

void main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
