import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client } from 'pg';
import { SERVERS, T0, TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { CPU, gridSeries, manySeries, STEP, writing } from './archiveWrites';

jest.setTimeout(240_000);

const DAY = 86_400_000;
const KILLS = 10;
const SERIES = 60;
const POINTS = 200;

describe.each(SERVERS)('packing that is killed, on $name', (server) => {
  const test = new TestServer(server);
  beforeAll(() => test.start());
  afterAll(() => test.stop());

  it(`loses and doubles nothing over ${KILLS} kills, while a writer revises and adds`, async () => {
    const url = await test.freshDatabase();
    const archive = test.archive(url);
    const client = await test.client(url);
    // The same numbers every run; only the moments of the kills are left to chance.
    const value =
      (round: number) =>
      (n: number, i: number): number =>
        n * 1_000 + i + (i % 7 === round % 7 ? round : 0);
    await archive.samples.writeRange(writing(manySeries(SERIES, POINTS, value(0))), live());
    let midway = 0;
    for (let round = 1; round <= KILLS; round++) {
      const packing = startPacking(url);
      await packing.begun;
      const written = archive.samples.writeRange(writing(manySeries(SERIES, POINTS + round, value(round))), live());
      // Every other kill may meet the write; the others come after it, when part of the samples is packed.
      if (round % 2 === 0) {
        await written;
        await untilPartlyPacked(client);
      }
      await sleep(Math.random() * 100);
      const exited = once(packing.child, 'exit');
      packing.child.kill('SIGKILL');
      await exited;
      expect(await written).toMatchObject({ inserted: SERIES, withdrawn: 0 });
      const expected = manySeries(SERIES, POINTS + round, value(round));
      const range = { fromMs: T0, toMs: T0 + DAY };
      expect(await archive.samples.readSeries({ query: CPU, range }, live())).toEqual(expected);
      const { rows } = await client.query<{ all: string; distinct: string; unpacked: string }>(
        `SELECT count(*) AS all, count(DISTINCT (labels, timestamp)) AS distinct,
           (SELECT count(*) FROM promkeep_samples) AS unpacked FROM metrics_data`
      );
      expect(rows[0]).toMatchObject({ all: String(SERIES * (POINTS + round)), distinct: rows[0].all });
      midway += Number(rows[0].unpacked) > 0 && Number(rows[0].unpacked) < Number(rows[0].all) ? 1 : 0;
    }
    // Kills that hit before or after the work would prove nothing.
    expect(midway).toBeGreaterThan(0);
    await test.jobs(url).packClosed(live());
    expect((await client.query('SELECT count(*)::int AS n FROM promkeep_samples')).rows).toEqual([{ n: 0 }]);
  });

  it('does not mind two packers and a writer at once', async () => {
    const url = await test.freshDatabase();
    const archive = test.archive(url);
    const jobs = [test.jobs(url), test.jobs(url)];
    const all = manySeries(20, 100, (n, i) => n + i);
    await archive.samples.writeRange(writing(all), live());
    const late = writing([gridSeries({ __name__: 'm', n: '0' }, [-1, -2])], { range: { fromMs: T0, toMs: T0 + STEP } });
    await Promise.all([
      ...jobs.map((one) => one.packClosed(live(), { batchSamples: 150 })),
      archive.samples.writeRange(late, live()),
    ]);
    const found = await archive.samples.readSeries({ query: CPU, range: { fromMs: T0, toMs: T0 + DAY } }, live());
    expect(found[0].values.slice(0, 3)).toEqual(Float64Array.of(-1, -2, 2));
    // The late write replaced two grid times of all series.
    expect(found.reduce((sum, { values }) => sum + values.length, 0)).toBe(20 * 100 - 19 * 2);
  });
});

async function untilPartlyPacked(client: Client): Promise<void> {
  for (const deadlineMs = Date.now() + 10_000; Date.now() < deadlineMs;) {
    const { rows } = await client.query<{ partly: boolean }>(
      'SELECT EXISTS (SELECT 1 FROM promkeep_packed) AND EXISTS (SELECT 1 FROM promkeep_samples) AS partly'
    );
    if (rows[0].partly) {
      return;
    }
    await sleep(5);
  }
}

function startPacking(url: string): { child: ReturnType<typeof spawn>; begun: Promise<unknown> } {
  const script = path.join(__dirname, 'archivePackProcess.ts');
  const child = spawn(process.execPath, ['--require', 'tsx/cjs', script, url, String(T0 + 400 * DAY)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // The first run packs what there is; from then on every write gives it something to do.
  return { child, begun: child.stdout === null ? Promise.resolve() : once(child.stdout, 'data') };
}
