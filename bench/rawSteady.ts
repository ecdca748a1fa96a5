import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { type AddressInfo } from 'node:net';
import os, { cpus, loadavg } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { startPostgres } from '../scripts/stack/postgres';
import { startPrometheus } from '../scripts/stack/prometheus';
import { pause, serve } from '../tests/integration/promkeepProgram';

/**
 * What it takes to keep 100,000 series that are scraped every 15 s: a real Prometheus scrapes an exporter of that size, `promkeep
 * serve` keeps everything as raw series in a real PostgreSQL. Prints a line of JSON a minute and a summary: processor time of
 * Promkeep and of all PostgreSQL processes as a share of one core, and Promkeep's resident memory.
 * `PROMKEEP_PROGRAM=dist/promkeep/promkeep.js npx tsx bench/rawSteady.ts [series] [minutes] [piece]`
 */
const SERIES = Number(process.argv[2] ?? 100_000);
const MINUTES = Number(process.argv[3] ?? 30);
const PIECE = process.argv[4] ?? '2m';
const TICKS_PER_SECOND = 100;

async function main(): Promise<void> {
  const exporter = http.createServer((_, response) => response.end(exposition()));
  await new Promise<void>((resolve) => exporter.listen(0, '127.0.0.1', resolve));
  const { port } = exporter.address() as AddressInfo;
  const config = `global: {scrape_interval: 15s, scrape_timeout: 14s}
scrape_configs: [{job_name: bench, static_configs: [{targets: ['127.0.0.1:${port}']}]}]`;
  const prometheus = await startPrometheus({ config });
  const postgres = await startPostgres({
    binDir: process.env.BIN_DIR,
    settings: { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on', max_wal_size: '4GB' },
  });
  const promkeep = await serve({
    environment: {
      PROMETHEUS_URL: prometheus.url,
      PROMKEEP_DATABASE_URL: postgres.url,
    },
    args: ['--config', await configFile()],
  });
  const { pid } = promkeep.process;
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  const begin = { ms: Date.now(), promkeep: cpuSeconds([pid]), postgres: cpuSeconds(family(postgres.process.pid)) };
  const residents: number[] = [];
  for (let minute = 1; minute <= MINUTES; minute++) {
    await pause(60_000);
    const seconds = (Date.now() - begin.ms) / 1000;
    residents.push(residentMib(pid));
    const { rows } = await client.query(
      'SELECT coalesce(sum(sample_count), 0)::float8 AS samples, count(*)::float8 AS rows FROM promkeep.promkeep_chunks'
    );
    print({
      minute,
      samples: rows[0].samples,
      rows: rows[0].rows,
      promkeepCore: round((cpuSeconds([pid]) - begin.promkeep) / seconds),
      postgresCore: round((cpuSeconds(family(postgres.process.pid)) - begin.postgres) / seconds),
      residentMib: residents[residents.length - 1],
    });
  }
  print({
    series: SERIES,
    minutes: MINUTES,
    piece: PIECE,
    residentMib: residents,
    load: loadavg(),
    cores: cpus().length,
  });
  await client.end();
  await promkeep.process.stop();
  await postgres.stop();
  await prometheus.stop();
  exporter.closeAllConnections();
  exporter.close();
}

/** A third each of counters, of gauges with two decimals, and of values that never change. */
function exposition(): string {
  const seconds = Date.now() / 1000;
  const lines: string[] = [];
  for (let n = 0; n < SERIES; n++) {
    const kind = n % 3;
    const value = kind === 0 ? Math.floor(seconds * (1 + (n % 17))) : kind === 1 ? wave(n, seconds) : n;
    lines.push(`bench_metric_${n % 100}{shard="${n % 1000}",n="${n}"} ${value}`);
  }
  return `${lines.join('\n')}\n`;
}

function wave(n: number, seconds: number): number {
  return Math.round(100 * (50 + 50 * Math.sin(seconds / 300 + n))) / 100;
}

async function configFile(): Promise<string> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'promkeep-bench-'));
  const file = `${dir}/promkeep.yaml`;
  await writeFile(
    file,
    `archive:\n  max_series: 1000000\n  max_total_series: 1000000\n  max_samples_per_day: 10000000000\n  organisation: {max_series: 1000000, max_samples_per_day: 10000000000}\n  raw_piece: ${PIECE}\n  raw_series:\n    - {name: everything, match: ['{job="bench"}'], retention: 1y}\nrecorded_queries: []\n`
  );
  return file;
}

/** A process and all below it. */
function family(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((one) => /^\d+$/.test(one))) {
    try {
      parents.set(Number(name), Number(statOf(Number(name))[1]));
    } catch {
      // gone meanwhile
    }
  }
  const found = [pid];
  for (const one of found) {
    found.push(...[...parents].filter(([, parent]) => parent === one).map(([child]) => child));
  }
  return found;
}

/** The fields of /proc/<pid>/stat behind the name: state, parent, … */
function statOf(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** User and system time, of children that have ended as well. */
function cpuSeconds(pids: readonly number[]): number {
  const ticks = pids.map((pid) =>
    statOf(pid)
      .slice(11, 15)
      .reduce((sum, field) => sum + Number(field), 0)
  );
  return ticks.reduce((sum, one) => sum + one, 0) / TICKS_PER_SECOND;
}

function residentMib(pid: number): number {
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024);
}

const round = (share: number): number => Math.round(share * 1000) / 1000;
const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

void main();
