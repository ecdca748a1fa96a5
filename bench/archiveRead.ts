import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { createArchive } from '../pkg/archive/archive';
import { createUpkeep } from '../pkg/archive/upkeep/upkeep';
import { connectionFromUrl } from '../pkg/archive/connect/connection';
import { type Archive } from '../pkg/core/ports/archive';
import { type TimeGrid } from '../pkg/core/model/timeRange';
import { type Series } from '../pkg/core/model/series';
import { createPrometheusSource } from '../pkg/source/prometheusSource';
import { parsePrometheusSettings } from '../pkg/source/settings/settings';
import { startPostgres } from '../scripts/stack/postgres';
import { startPrometheus } from '../scripts/stack/prometheus';

/**
 * Reading back: one of 4 series over 30 days at a step of 5 minutes, recorded every 15 s and every 5 m, unpacked and packed,
 * and the same samples out of a real Prometheus. Half of the series are gauges with fractions, half are counters (packed as
 * differences). Prints JSON, milliseconds. `BIN_DIR=/usr/lib/postgresql/15/bin npx tsx bench/archiveRead.ts [days] [rounds]`
 */
const DAY_MS = 86_400_000;
const SERIES = 4;
const [DAYS, ROUNDS] = [Number(process.argv[2] ?? 30), Number(process.argv[3] ?? 15)];
const STEPS_MS = [15_000, 300_000];
const GRID_STEP_MS = 300_000;
const quiet = (): undefined => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const signal = new AbortController().signal;

const endMs = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const grid: TimeGrid = { startMs: endMs - DAYS * DAY_MS, endMs, stepMs: GRID_STEP_MS };

async function main(): Promise<void> {
  const settings = { shared_buffers: '256MB', max_wal_size: '4GB' };
  const postgres = await startPostgres({ binDir: process.env.BIN_DIR, settings });
  const common = {
    connection: connectionFromUrl(postgres.url),
    logger,
    clock: { nowMs: () => Date.now() + 60 * DAY_MS },
  };
  const archive = createArchive({ ...common, source: { orgId: 1, name: 'default' } });
  const jobs = createUpkeep(common);
  const loadBefore = os.loadavg()[0];
  try {
    await archive.definitions.provision(
      STEPS_MS.map((stepMs) => ({ name: nameOf(stepMs), expression: 'm', stepMs, retention: 'forever' }))
    );
    for (const stepMs of STEPS_MS) {
      await record(archive, stepMs);
    }
    const unpacked = await readAll(archive);
    // what is not packed yet: the last day and six hours
    const recent = await readAll(archive, { ...grid, startMs: grid.endMs - 1.25 * DAY_MS });
    await jobs.packClosed(signal);
    await vacuum(postgres.url);
    const packed = await readAll(archive);
    const prometheus = await readPrometheus();
    const load = [loadBefore, os.loadavg()[0]].map((one) => one.toFixed(1));
    process.stdout.write(
      `${JSON.stringify({ days: DAYS, rounds: ROUNDS, load, unpacked, recent, packed, prometheus }, null, 2)}\n`
    );
  } finally {
    await archive.close();
    await jobs.close();
    await postgres.stop();
  }
}

function nameOf(stepMs: number): string {
  return `every ${stepMs / 1_000}s`;
}

function valueAt(series: number, timeMs: number): number {
  return isCounter(series) ? Math.floor(timeMs / 1_000) * (series + 1) : Math.sin(timeMs / 1e6 + series) * 100;
}

function isCounter(series: number): boolean {
  return series % 2 === 1;
}

async function record(archive: Archive, stepMs: number): Promise<void> {
  for (let fromMs = grid.startMs; fromMs <= grid.endMs; fromMs += DAY_MS) {
    const range = { fromMs, toMs: Math.min(fromMs + DAY_MS - stepMs, grid.endMs) };
    const timesMs = Float64Array.from({ length: (range.toMs - fromMs) / stepMs + 1 }, (_, i) => fromMs + i * stepMs);
    const series = Array.from({ length: SERIES }, (_, n): Series => {
      return { labels: { __name__: 'm', n: String(n) }, timesMs, values: timesMs.map((timeMs) => valueAt(n, timeMs)) };
    });
    const provenance = { expression: 'm', stepMs, fetchedAtMs: Date.now(), warnings: [] };
    const write = { range, series, queryName: 'm', retention: 'forever', provenance, covered: [range], gaps: [] };
    await archive.samples.writeRange({ query: { kind: 'recorded', name: nameOf(stepMs) }, ...write }, signal);
  }
}

/** As autovacuum does some time after packing: until then the rows that were packed are still walked over. */
async function vacuum(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query('VACUUM ANALYZE');
  await client.end();
}

async function readAll(archive: Archive, wanted = grid): Promise<Record<string, unknown>> {
  const results: Record<string, unknown> = {};
  for (const stepMs of STEPS_MS) {
    for (const n of [2, 3]) {
      const query = { name: nameOf(stepMs), expression: 'm', stepMs };
      const matchers = [{ name: 'n', operator: '=', value: String(n) }] as const;
      results[`${nameOf(stepMs)}, ${isCounter(n) ? 'counter' : 'gauge'}`] = await time(
        async () => {
          const found = await archive.history.readGrid({ query, grid: wanted, matchers }, signal);
          return found?.series[0]?.values;
        },
        n,
        wanted
      );
    }
  }
  return results;
}

/** The same samples every 15 s, out of blocks made by promtool. */
async function readPrometheus(): Promise<Record<string, unknown>> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'promkeep-bench-'));
  const lines = Array.from({ length: SERIES }, (_, n) => {
    const count = (grid.endMs - grid.startMs) / STEPS_MS[0] + 1;
    return Array.from({ length: count }, (_unused, i) => {
      const timeMs = grid.startMs + i * STEPS_MS[0];
      return `m{n="${n}"} ${valueAt(n, timeMs)} ${timeMs / 1_000}\n`;
    }).join('');
  });
  writeFileSync(path.join(dir, 'samples'), `# TYPE m gauge\n${lines.join('')}# EOF\n`);
  const blocks = path.join(dir, 'data');
  // with blocks of two hours, promtool reads the whole file 360 times
  const create = ['tsdb', 'create-blocks-from', '--max-block-duration=240h', 'openmetrics'];
  execFileSync('promtool', [...create, path.join(dir, 'samples'), blocks], { stdio: 'ignore' });
  const flags = ['--storage.tsdb.retention.time=400d'];
  const server = await startPrometheus({ config: 'global: {}\n', dataDir: blocks, flags });
  const jsonData = { httpMethod: 'POST' };
  const { settings } = parsePrometheusSettings({
    ...{ uid: 'u', name: 'n', orgId: 1, url: server.url, user: '', basicAuthEnabled: false, basicAuthUser: '' },
    ...{ jsonData, secrets: {}, grafanaConfig: {} },
  });
  const source = createPrometheusSource(settings, {});
  try {
    const results: Record<string, unknown> = {};
    for (const n of [2, 3]) {
      results[isCounter(n) ? 'counter' : 'gauge'] = await time(async () => {
        const { series } = await source.queryRange({ expr: `m{n="${n}"}`, ...grid }, { signal });
        return series[0]?.values;
      }, n);
    }
    return results;
  } finally {
    await source.close();
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function time(
  read: () => Promise<Float64Array | undefined>,
  n: number,
  wanted = grid
): Promise<Record<string, string | number>> {
  const took: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const started = performance.now();
    const values = await read();
    took.push(performance.now() - started);
    const last = valueAt(n, grid.endMs);
    if (
      values?.length !== (wanted.endMs - wanted.startMs) / GRID_STEP_MS + 1 ||
      Math.abs(values[values.length - 1] - last) > 1e-9
    ) {
      throw new Error(`${values?.length} samples, the last ${values?.at(-1)} instead of ${last}`);
    }
  }
  const sorted = took.slice(1).sort((a, b) => a - b);
  return { min: sorted[0].toFixed(1), median: sorted[sorted.length >> 1].toFixed(1), first: took[0].toFixed(1) };
}

void main();
