import { chmod, rm } from 'node:fs/promises';
import path from 'node:path';
import { rawSpan } from '../../pkg/core/model/rawSeries';
import { type TimeRange } from '../../pkg/core/model/timeRange';
import { type RunningExporter, startNodeExporter } from '../../scripts/stack/exporters';
import { freePort } from '../../scripts/stack/ports';
import { type RunningPostgres, startPostgres, withClient } from '../../scripts/stack/postgres';
import { type RunningPrometheus, startPrometheus } from '../../scripts/stack/prometheus';
import { mulberry32 } from './promqlData';
import { temporaryDir } from './promqlServers';
import { STACK_POSTGRES } from './archiverStack';
import { pause, serve, type ServingProgram, temporaryFile, until } from './promkeepProgram';
import { coveredUntil, coverageOf, rawConfig } from './rawArchiving';
import { bitsOfAll } from './rawBits';

/**
 * kill -9 of Promkeep, PostgreSQL and Prometheus at random moments, from a fixed seed, while raw series are collected in pieces of a minute;
 * then every sample of the archive against the source's, bit by bit. `npm run test:soak` does it for hundreds of kills.
 */
const KILLS = Number(process.env.PROMKEEP_SOAK_KILLS ?? 6);
const SEED = Number(process.env.PROMKEEP_SOAK_SEED ?? 1);
const LATEST_KILL_MS = 8_000;

jest.setTimeout(400_000 + KILLS * 20_000);

let dir: Awaited<ReturnType<typeof temporaryDir>>;
let config: Awaited<ReturnType<typeof temporaryFile>>;
let exporter: RunningExporter;
let prometheus: RunningPrometheus;
let postgres: RunningPostgres;
let promkeep: ServingProgram;
let ports: { prometheus: number; postgres: number };

const startSource = (): Promise<RunningPrometheus> =>
  startPrometheus({
    port: ports.prometheus,
    dataDir: path.join(dir.dir, 'prometheus'),
    config: `global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - {job_name: node, static_configs: [{targets: ['127.0.0.1:${exporter.port}']}]}
  - {job_name: prometheus, static_configs: [{targets: ['127.0.0.1:${ports.prometheus}']}]}
`,
  });
const startDatabase = (): Promise<RunningPostgres> =>
  startPostgres({ ...STACK_POSTGRES, dataDir: path.join(dir.dir, 'postgres'), port: ports.postgres });
const startArchiver = (): Promise<ServingProgram> =>
  serve({
    args: ['--config', config.file],
    environment: { PROMETHEUS_URL: prometheus.url, PROMKEEP_DATABASE_URL: postgres.url },
  });

beforeAll(async () => {
  dir = await temporaryDir();
  // the user of PostgreSQL goes through it
  await chmod(dir.dir, 0o711);
  config = await temporaryFile('promkeep.yaml', rawConfig({ lease: '1s', backfill: '1h' }));
  ports = { prometheus: await freePort(), postgres: await freePort() };
  exporter = await startNodeExporter();
  [prometheus, postgres] = await Promise.all([startSource(), startDatabase()]);
  promkeep = await startArchiver();
});

afterAll(async () => {
  await promkeep?.process.stop('SIGKILL');
  await Promise.all([prometheus?.stop(), postgres?.stop(), exporter?.stop()]);
  await config?.remove();
  await dir?.remove();
});

/** The children of a killed program hold its port or its memory for a moment. */
const again = <T>(what: string, start: () => Promise<T>): Promise<T> => until(`${what} runs again`, start, 60_000);

const VICTIMS = {
  promkeep: async () => {
    await promkeep.process.stop('SIGKILL');
    promkeep = await startArchiver();
  },
  postgres: async () => {
    await postgres.process.stop('SIGKILL');
    postgres = await again('PostgreSQL', startDatabase);
  },
  prometheus: async () => {
    await prometheus.process.stop('SIGKILL');
    await rm(path.join(dir.dir, 'prometheus', 'lock'), { force: true });
    prometheus = await again('Prometheus', startSource);
  },
};

it(`has every raw sample once, bit by bit, after ${KILLS} kills at random moments`, async () => {
  const random = mulberry32(SEED);
  const killed = { promkeep: 0, postgres: 0, prometheus: 0 };
  for (let kill = 0; kill < KILLS; kill++) {
    await pause(random() * LATEST_KILL_MS);
    const victim = (['promkeep', 'promkeep', 'postgres', 'prometheus'] as const)[Math.floor(random() * 4)];
    await VICTIMS[victim]();
    killed[victim]++;
  }
  await coveredUntil(postgres.url, Date.now());
  const covered = (await coverageOf(postgres.url)).map(rawSpan);
  const samples = await expectEqual(covered);
  process.stderr.write(`kills ${JSON.stringify(killed)}, seed ${SEED}: ${samples} raw samples, all exact\n`);
  expect(samples).toBeGreaterThan(10_000);
});

/** Every sample within these times, of both; and no row of a series overlaps another. */
async function expectEqual(covered: TimeRange[]): Promise<number> {
  let samples = 0;
  for (const range of covered) {
    const [wanted, found] = [await bitsOfAll(prometheus.url, range), await bitsOfAll(promkeep.url, range)];
    expect([...found.keys()].sort()).toEqual([...wanted.keys()].sort());
    for (const [labels, bits] of wanted) {
      expect([labels, found.get(labels)]).toEqual([labels, bits]);
      samples += bits.length;
    }
  }
  const overlapping = `SELECT count(*)::int AS twice FROM promkeep_chunks a JOIN promkeep_chunks b
    ON a.series_id = b.series_id AND a.from_time < b.from_time AND a.to_time >= b.from_time`;
  const [{ twice }] = await withClient(postgres.url, async (client) => (await client.query(overlapping)).rows);
  expect(twice).toBe(0);
  return samples;
}
