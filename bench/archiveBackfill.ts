import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { createArchive } from '../pkg/archive/archive';
import { connectionFromUrl } from '../pkg/archive/connect/connection';
import { sleepUntilTimer } from '../pkg/record/waiting';
import { backfillQuery } from '../pkg/core/collect/backfill';
import { COLLECT_DEFAULTS } from '../pkg/core/collect/fetchRange';
import { type Definition } from '../pkg/core/ports/definitions';
import { rememberVersion } from '../pkg/core/datasource/sourceVersion';
import { plainPrometheusSettings } from '../pkg/source/settings/prometheusSettings';
import { createPrometheusSource } from '../pkg/source/prometheusSource';
import { startPostgres } from '../scripts/stack/postgres';
import { startPrometheus } from '../scripts/stack/prometheus';

/**
 * The whole way of `promkeep backfill` (without starting the program) against `curl` of the same JSON into nothing, a day a
 * request as the backfill asks, in turn: a real Prometheus with made-up blocks, a fresh query in the archive each round.
 * Prints JSON. `BIN_DIR=/usr/lib/postgresql/15/bin npx tsx bench/archiveBackfill.ts [series] [points] [rounds]`, 1,440 points a day
 */
const STEP_MS = 60_000;
const DAY_MS = 86_400_000;
const [SERIES, POINTS, ROUNDS] = [2, 3, 4].map((place, i) => Number(process.argv[place] ?? [1_000, 5 * 1_440, 5][i]));
/** Midnight, so that whole periods are filled, and long enough ago to be closed. */
const END_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS;
const FROM_MS = END_MS - POINTS * STEP_MS;
const TO_MS = END_MS - STEP_MS;
const EXPRESSION = '{__name__=~"metric_.*"}';
const run = promisify(execFile);

async function main(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'promkeep-bench-'));
  try {
    await makeBlocks(folder);
    const prometheus = await startPrometheus({
      config: 'global: { scrape_interval: 1h }\nscrape_configs: []\n',
      dataDir: path.join(folder, 'data'),
      flags: ['--storage.tsdb.retention.time=10y', '--query.max-samples=200000000'],
    });
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
    try {
      const results = await measure(prometheus.url, postgres.url);
      process.stdout.write(
        `${JSON.stringify({ cpus: `${cpus().length} × ${cpus()[0].model}`, ...results }, null, 2)}\n`
      );
    } finally {
      await postgres.stop();
      await prometheus.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** 40 % constant, 40 % counters, 20 % gauges, and `up` for the probe. */
async function makeBlocks(folder: string): Promise<void> {
  const file = path.join(folder, 'samples.txt');
  await pipeline(Readable.from(openMetrics()), createWriteStream(file));
  await run('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', file, path.join(folder, 'data')], {
    maxBuffer: 64 * 1024 * 1024,
  });
  await rm(file);
}

function* openMetrics(): Generator<string> {
  yield '# TYPE up gauge\n' + lines('up{job="bench"}', () => 1);
  for (let n = 0; n < SERIES; n++) {
    const kind = n % 10;
    const name = `metric_${n}`;
    const value = (i: number): number =>
      kind < 4
        ? n
        : kind < 8
          ? n * 1_000 + i * (1 + (n % 7))
          : Math.sin(i / 50 + n) * 100 + ((i * 7919 + n) % 1_000) / 1_000;
    yield `# TYPE ${name} gauge\n${lines(`${name}{instance="host-${n}",job="bench"}`, value)}`;
  }
  yield '# EOF\n';
}

function lines(series: string, value: (i: number) => number): string {
  return Array.from({ length: POINTS }, (_, i) => `${series} ${value(i)} ${(FROM_MS + i * STEP_MS) / 1_000}\n`).join(
    ''
  );
}

async function measure(prometheusUrl: string, postgresUrl: string): Promise<Record<string, unknown>> {
  const source = createPrometheusSource(plainPrometheusSettings(prometheusUrl), {});
  const clock = { nowMs: Date.now };
  const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  const connection = connectionFromUrl(postgresUrl);
  const archive = createArchive({ connection, source: { orgId: 1, name: 'default' }, logger, clock });
  const client = new Client({ connectionString: postgresUrl });
  await client.connect();
  const times: Record<'curl' | 'backfill', number[]> = { curl: [], backfill: [] };
  let bytes = 0;
  try {
    await archive.migrate();
    for (let round = 0; round <= ROUNDS; round++) {
      const query: Definition = { name: `round ${round}`, expression: EXPRESSION, stepMs: STEP_MS, retention: '1y' };
      const curl = await timed(() => download(prometheusUrl));
      bytes = curl.result;
      const settings = { ...COLLECT_DEFAULTS, settleMs: 60_000 };
      const deps = {
        ...{ source, samples: archive.samples, ledger: archive.ledger, lease: archive.lease },
        clock,
        settings,
        sourceVersion: rememberVersion(source, clock),
        wait: sleepUntilTimer,
        onProgress: ignore,
      };
      const window = { fromMs: FROM_MS, toMs: TO_MS };
      const backfill = await timed(() => backfillQuery(deps, query, window, new AbortController().signal));
      if (backfill.result.inserted !== SERIES * POINTS) {
        throw new Error(`${backfill.result.inserted} samples instead of ${SERIES * POINTS}`);
      }
      if (round > 0) {
        times.curl.push(curl.ms);
        times.backfill.push(backfill.ms);
      }
    }
    const size = await client.query<{ packed: string; samples: string; version: string }>(
      `SELECT (SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('promkeep_packed')) AS packed,
         (SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('promkeep_samples')) AS samples, version()`
    );
    const [curlMs, backfillMs] = [median(times.curl), median(times.backfill)];
    const all = SERIES * POINTS * (ROUNDS + 1);
    return {
      server: size.rows[0].version,
      samples: SERIES * POINTS,
      megabytes: Math.round(bytes / 1e6),
      rounds: ROUNDS,
      curlMs: Math.round(curlMs),
      backfillMs: Math.round(backfillMs),
      ratio: Number((backfillMs / curlMs).toPrecision(3)),
      samplesPerSecond: Math.round((SERIES * POINTS * 1_000) / backfillMs),
      bytesPerSample: Number(((Number(size.rows[0].packed) + Number(size.rows[0].samples)) / all).toPrecision(3)),
      load: loadavg()[0],
      times,
    };
  } finally {
    await archive.close();
    await source.close();
    await client.end();
  }
}

/** @returns bytes */
async function download(prometheusUrl: string): Promise<number> {
  let bytes = 0;
  for (let fromMs = FROM_MS; fromMs <= TO_MS; fromMs += DAY_MS) {
    bytes += await downloadDay(prometheusUrl, fromMs, Math.min(TO_MS, fromMs + DAY_MS - STEP_MS));
  }
  return bytes;
}

async function downloadDay(prometheusUrl: string, fromMs: number, toMs: number): Promise<number> {
  const parameters = `query=${encodeURIComponent(EXPRESSION)}&start=${fromMs / 1_000}&end=${toMs / 1_000}&step=${STEP_MS / 1_000}`;
  const { stdout } = await run('curl', [
    '-s',
    '-o',
    '/dev/null',
    '-w',
    '%{size_download}',
    `${prometheusUrl}/api/v1/query_range?${parameters}`,
  ]);
  return Number(stdout);
}

async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; result: T }> {
  const startedMs = performance.now();
  const result = await work();
  return { ms: performance.now() - startedMs, result };
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

function ignore(): void {
  // The bench prints one JSON document and nothing else.
}

void main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
