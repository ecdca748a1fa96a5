import { cpus, loadavg } from 'node:os';
import { Client } from 'pg';
import { createArchive } from '../pkg/archive/archive';
import { type ArchiveUpkeep, CLOSED_AFTER_MS, createUpkeep } from '../pkg/archive/upkeep/upkeep';
import { connectionFromUrl } from '../pkg/archive/connect/connection';
import { type Archive } from '../pkg/core/ports/archive';
import { type Labels, type Series } from '../pkg/core/model/series';
import { startPostgres } from '../scripts/stack/postgres';
import { copyRows } from './copyBinary';

/**
 * Whether live writes get slower as an archive grows: 1,000 series every 15 s, filled as a backfill does it, which packs the
 * days that have closed and leaves the last one as samples. At each size, live writes (one commit each) in turn with a bare COPY BINARY of as many rows into
 * the same table, whose time tells what the machine was doing.
 * Prints a line of JSON a size. `BIN_DIR=/usr/lib/postgresql/15/bin npx tsx bench/archiveGrowth.ts [millions,...] [rounds]`
 */
const T0 = Date.parse('2026-01-05T00:00:00Z');
const STEP_MS = 15_000;
const DAY_MS = 86_400_000;
const SERIES = 1_000;
const SIZES = (process.argv[2] ?? '1,3,10,30,100').split(',').map((millions) => Number(millions) * 1e6);
const ROUNDS = Number(process.argv[3] ?? 200);
const WARM_UP = 20;
const COPY_IDS = 1_000_000_000;

const LABELS: Labels[] = Array.from({ length: SERIES }, (_, n) => ({
  __name__: `metric_${n % 50}`,
  instance: `host-${n}`,
  job: 'bench',
}));

interface Rig {
  client: Client;
  archive: Archive;
  jobs: ArchiveUpkeep;
  epoch: number;
  /** The next grid time. */
  nextMs: number;
}

async function main(): Promise<void> {
  const postgres = await startPostgres({
    binDir: process.env.BIN_DIR,
    settings: {
      fsync: 'on',
      synchronous_commit: 'on',
      full_page_writes: 'on',
      shared_buffers: '512MB',
      max_wal_size: '4GB',
    },
  });
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  const common = { connection: connectionFromUrl(postgres.url), logger };
  const rig: Rig = {
    client,
    archive: createArchive({ ...common, clock: { nowMs: () => rig.nextMs }, source: { orgId: 1, name: 'default' } }),
    jobs: createUpkeep({ ...common, clock: { nowMs: () => rig.nextMs } }),
    epoch: 0,
    nextMs: T0,
  };
  try {
    await rig.archive.migrate();
    rig.epoch = (await rig.archive.lease.hold({ holder: 'bench', durationMs: 86_400_000 })).epoch;
    const version = await client.query<{ version: string }>('SELECT version()');
    print({ server: version.rows[0].version, cpus: `${cpus().length} × ${cpus()[0].model}`, rounds: ROUNDS });
    for (const size of SIZES) {
      const filledInSeconds = await fill(rig, size);
      print({ samples: size, filledInSeconds, ...(await measure(rig)) });
    }
  } finally {
    await rig.archive.close();
    await rig.jobs.close();
    await client.end();
    await postgres.stop();
  }
}

/** Writes up to a size, oldest first. */
async function fill(rig: Rig, size: number): Promise<number> {
  const startedMs = performance.now();
  const endMs = T0 + (size / SERIES) * STEP_MS;
  while (rig.nextMs < endMs) {
    const halfMs = DAY_MS / 2;
    const untilMs = Math.min(endMs, (Math.floor(rig.nextMs / halfMs) + 1) * halfMs);
    await write(rig, untilMs, endMs + CLOSED_AFTER_MS);
  }
  // What the last size left as samples, live writes among them.
  await rig.jobs.packClosed(new AbortController().signal, { closedAfterMs: 0 });
  // A server that has just been filled is busy with what it has put off.
  await rig.client.query('CHECKPOINT');
  await rig.client.query('VACUUM ANALYZE');
  return Math.round((performance.now() - startedMs) / 1_000);
}

async function write(rig: Rig, untilMs: number, fetchedAtMs = untilMs): Promise<void> {
  const points = (untilMs - rig.nextMs) / STEP_MS;
  const first = (rig.nextMs - T0) / STEP_MS;
  const series: Series[] = LABELS.map((labels, n) => ({
    labels,
    timesMs: Float64Array.from({ length: points }, (_, i) => rig.nextMs + i * STEP_MS),
    values: Float64Array.from({ length: points }, (_, i) => valueOf(n, first + i)),
  }));
  const range = { fromMs: rig.nextMs, toMs: untilMs - STEP_MS };
  await rig.archive.samples.writeRange(
    {
      query: { kind: 'recorded', name: 'bench' },
      range,
      series,
      queryName: 'bench',
      retention: '1y',
      provenance: { expression: 'bench', stepMs: STEP_MS, fetchedAtMs, warnings: [] },
      covered: [range],
      gaps: [],
      epoch: rig.epoch,
    },
    new AbortController().signal
  );
  rig.nextMs = untilMs;
}

/** 40 % constant, 40 % counters, 20 % gauges. */
function valueOf(n: number, point: number): number {
  const kind = n % 10;
  return kind < 4
    ? n
    : kind < 8
      ? n * 1_000 + point * (1 + (n % 7))
      : Math.sin(point / 50 + n) * 100 + ((point * 7919 + n) % 1_000) / 1_000;
}

async function measure(rig: Rig): Promise<Record<string, unknown>> {
  const ids = LABELS.map((_, n) => COPY_IDS + n);
  const live: number[] = [];
  const copy: number[] = [];
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    const rows = { ids, timesMs: ids.map(() => rig.nextMs), values: ids.map((_, n) => valueOf(n, round)) };
    const works: Array<[number[], () => Promise<void>]> = [
      [live, () => write(rig, rig.nextMs + STEP_MS)],
      [copy, () => copyRows(rig.client, 'promkeep_samples', [rows])],
    ];
    for (const [times, work] of round % 2 === 0 ? works : works.reverse()) {
      const startedMs = performance.now();
      await work();
      if (round >= WARM_UP) {
        times.push(performance.now() - startedMs);
      }
    }
  }
  await rig.client.query('DELETE FROM promkeep_samples WHERE series_id >= $1', [COPY_IDS]);
  const bytes = await rig.client.query<{ unpacked: string; packed: string; fetches: string }>(
    `SELECT (SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('promkeep_samples')) AS unpacked,
       (SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('promkeep_packed')) AS packed,
       (SELECT count(*) FROM promkeep_fetches) AS fetches`
  );
  const megabytes = (text: string): number => Math.round(Number(text) / 1e6);
  const [liveMs, copyMs] = [live, copy].map(median);
  return {
    liveMs: round3(liveMs),
    fastestTenthMs: round3(quantile(live, 0.1)),
    samplesPerSecond: Math.round((SERIES / liveMs) * 1_000),
    copyMs: round3(copyMs),
    againstCopy: round3(copyMs / liveMs),
    load: loadavg()[0],
    unpackedMegabytes: megabytes(bytes.rows[0].unpacked),
    packedMegabytes: megabytes(bytes.rows[0].packed),
    fetches: Number(bytes.rows[0].fetches),
  };
}

function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5);
}

function quantile(numbers: readonly number[], part: number): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length * part)];
}

function round3(value: number): number {
  return Number(value.toPrecision(3));
}

function print(result: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

function ignore(): void {
  // The bench prints JSON and nothing else.
}

void main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
