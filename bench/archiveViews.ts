import os from 'node:os';
import { Client } from 'pg';
import { createArchive } from '../pkg/archive/archive';
import { connectionFromUrl } from '../pkg/archive/connect/connection';
import { type Series } from '../pkg/core/model/series';
import { startPostgres } from '../scripts/stack/postgres';

/**
 * What plain SQL costs on packed samples: an hour by `metrics_data` with only a time condition, with a metric name beside it, and
 * by `metrics_between`. 60 % of the series are counters (packed as differences), 20 % gauges, 20 % constant. Prints JSON.
 * `BIN_DIR=/usr/lib/postgresql/15/bin npx tsx bench/archiveViews.ts [series] [days] [rounds]`
 */
const DAY_MS = 86_400_000;
const STEP_MS = 15_000;
const POINTS = DAY_MS / STEP_MS;
const METRICS = 50;
const [SERIES, DAYS, ROUNDS] = [2, 3, 4].map((at, i) => Number(process.argv[at] ?? [250, 21, 3][i]));
const quiet = (): undefined => undefined;
const endMs = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS;
const hour = `'${new Date(endMs - 5 * DAY_MS).toISOString()}'::timestamptz`;
const within = `timestamp >= ${hour} AND timestamp <= ${hour} + interval '1 hour'`;
const between = `metrics_between(${hour}, ${hour} + interval '1 hour')`;

const STATEMENTS = {
  'metrics_data, time only': `SELECT metric_name, avg(metric_value) FROM metrics_data WHERE ${within} GROUP BY 1`,
  'metrics_data, time and metric': `SELECT avg(metric_value) FROM metrics_data WHERE metric_name = 'm7' AND ${within}`,
  metrics_between: `SELECT metric_name, avg(metric_value) FROM ${between} GROUP BY 1`,
  'metrics_between, metric': `SELECT avg(metric_value) FROM ${between} WHERE metric_name = 'm7'`,
};

async function main(): Promise<void> {
  const settings = { shared_buffers: '256MB', max_wal_size: '4GB' };
  const postgres = await startPostgres({ binDir: process.env.BIN_DIR, settings });
  const archive = createArchive({
    connection: connectionFromUrl(postgres.url),
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    clock: { nowMs: Date.now },
    source: { orgId: 1, name: 'default' },
  });
  const client = new Client({ connectionString: postgres.url });
  try {
    await archive.definitions.provision([{ name: 'q', expression: 'm', stepMs: STEP_MS, retention: 'forever' }]);
    for (let day = DAYS; day > 0; day--) {
      const fromMs = endMs - day * DAY_MS;
      const range = { fromMs, toMs: fromMs + DAY_MS - STEP_MS };
      const provenance = { expression: 'm', stepMs: STEP_MS, fetchedAtMs: Date.now(), warnings: [] };
      const series = Array.from({ length: SERIES }, (_, n) => seriesOf(n, fromMs));
      const write = { range, series, queryName: 'q', retention: 'forever', provenance, covered: [range], gaps: [] };
      await archive.samples.writeRange(
        { query: { kind: 'recorded', name: 'q' }, ...write },
        new AbortController().signal
      );
    }
    await client.connect();
    await client.query('VACUUM ANALYZE');
    const { rows } = await client.query<Record<string, unknown>>(
      'SELECT (SELECT sum(sample_count) FROM promkeep_packed)::bigint AS packed, (SELECT count(*) FROM promkeep_samples) AS recent, version()'
    );
    const milliseconds: Record<string, number> = {};
    for (const [name, sql] of Object.entries(STATEMENTS)) {
      milliseconds[name] = await median(client, sql);
    }
    process.stdout.write(`${JSON.stringify({ ...rows[0], load: os.loadavg()[0], milliseconds }, null, 2)}\n`);
  } finally {
    await client.end();
    await archive.close();
    await postgres.stop();
  }
}

function seriesOf(n: number, fromMs: number): Series {
  const timesMs = Float64Array.from({ length: POINTS }, (_, i) => fromMs + i * STEP_MS);
  const value = (timeMs: number, i: number): number =>
    n % 5 === 0 ? n : n % 5 === 1 ? Math.sin(timeMs / 1e6 + n) * 100 : Math.floor(timeMs / 1_000) * (n + 1) + (i % 7);
  return { labels: { __name__: `m${n % METRICS}`, n: String(n) }, timesMs, values: timesMs.map(value) };
}

async function median(client: Client, sql: string): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const startMs = performance.now();
    await client.query(sql);
    times.push(performance.now() - startMs);
  }
  return Math.round(times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] * 10) / 10;
}

void main();
