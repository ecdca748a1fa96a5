import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client } from 'pg';
import { type Archive } from '../../pkg/core/ports/archive';
import { SERVERS, SOURCE, T0, TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { manySeries, STEP, writing } from './archiveWrites';

jest.setTimeout(300_000);

const DAY = 86_400_000;
const KILLS = 10;
const SERIES = 40;
const POINTS = 250;

describe.each(SERVERS)('rolling up, on $name', (server) => {
  const test = new TestServer(server);
  let url: string;
  let client: Client;
  let archive: Archive;
  beforeAll(() => test.start());
  afterAll(() => test.stop());
  beforeEach(async () => {
    url = await test.freshDatabase();
    archive = test.archive(url);
    client = await test.client(url);
  });
  afterEach(() => test.closeAll());

  const write = (round: number): Promise<unknown> => {
    const value = (n: number, i: number): number => n * 1_000 + i + (i % 7 === round % 7 ? round : 0);
    return archive.samples.writeRange(writing(manySeries(SERIES, POINTS + round, value), { retention: '30d' }), live());
  };
  /** Every bucket that differs from what the samples say, whichever of the two is missing. */
  const wrong = async (): Promise<unknown> =>
    (
      await client.query(
        `WITH truth AS (
           SELECT labels, date_bin('5 minutes', timestamp - interval '1 microsecond', '1970-01-01Z') + interval '5 minutes' AS at,
             sum(metric_value) AS sum, count(*) AS n, max(metric_value) AS max FROM metrics_data GROUP BY 1, 2)
         SELECT count(*)::int AS wrong FROM truth t
         FULL JOIN metrics_5m m ON m.labels = t.labels AND m.timestamp = t.at
         WHERE (t.sum, t.n, t.max) IS DISTINCT FROM (m.sum_value, m.sample_count, m.max_value)`
      )
    ).rows;
  const unfinished = async (): Promise<unknown> =>
    (await client.query(`SELECT query_id FROM promkeep_rollup_state WHERE stale <> '{}' OR working <> '{}'`)).rows;

  it(`is right at every moment over ${KILLS} kills, while a writer revises and adds`, async () => {
    await write(0);
    let midway = 0;
    for (let round = 1; round <= KILLS; round++) {
      const running = start(url);
      await running.begun;
      const written = write(round);
      expect(await wrong()).toEqual([{ wrong: 0 }]);
      if (round % 2 === 0) {
        await written;
      }
      await sleep(Math.random() * 150);
      const exited = once(running.child, 'exit');
      running.child.kill('SIGKILL');
      await exited;
      await written;
      expect(await wrong()).toEqual([{ wrong: 0 }]);
      midway += JSON.stringify(await unfinished()) === '[]' ? 0 : 1;
    }
    // Kills that hit before or after the work would prove nothing.
    expect(midway).toBeGreaterThan(0);
    await test.jobs(url, T0 + 5 * DAY).rollUp(live());
    expect(await unfinished()).toEqual([]);
    expect(await wrong()).toEqual([{ wrong: 0 }]);
  });

  it('does not mind two at once and a writer', async () => {
    await write(0);
    const jobs = [test.jobs(url, T0 + 5 * DAY), test.jobs(url, T0 + 5 * DAY)];
    for (let round = 1; round <= 5; round++) {
      await Promise.all([write(round), ...jobs.map((one) => one.rollUp(live(), { source: SOURCE }))]);
      expect(await wrong()).toEqual([{ wrong: 0 }]);
    }
    await jobs[0].rollUp(live());
    expect(await unfinished()).toEqual([]);
    expect(await wrong()).toEqual([{ wrong: 0 }]);
  });

  it('makes stale what a write touches, in whole hours, and nothing else', async () => {
    await write(0);
    await test.jobs(url, T0 + 5 * DAY).rollUp(live());
    await archive.samples.writeRange(
      writing(
        manySeries(1, 1, () => -1),
        { retention: '30d', range: { fromMs: T0, toMs: T0 + STEP } }
      ),
      live()
    );
    const { rows } = await client.query(`SELECT stale::text FROM promkeep_rollup_state WHERE width_s = 300`);
    expect(rows).toEqual([{ stale: '{("2025-12-31 23:00:00+00","2026-01-01 01:00:00+00"]}' }]);
    expect(await wrong()).toEqual([{ wrong: 0 }]);
  });
});

function start(url: string): { child: ReturnType<typeof spawn>; begun: Promise<unknown> } {
  const script = path.join(__dirname, 'archiveRollupProcess.ts');
  const child = spawn(process.execPath, ['--require', 'tsx/cjs', script, url, String(T0 + 5 * DAY)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return { child, begun: child.stdout === null ? Promise.resolve() : once(child.stdout, 'data') };
}
