import { ArchiverStack, metric } from './archiverStack';
import { pause, runProgram, until, type ServingProgram } from './promkeepProgram';

/** Two and three `promkeep serve` on one database: one records, the others wait, and a paused leader cannot write any more. */
jest.setTimeout(180_000);

const stack = new ArchiverStack();
let programs: ServingProgram[];

beforeAll(async () => {
  await stack.start({ lease: '3s' });
  programs = await Promise.all([stack.archiver(), stack.archiver()]);
});
afterAll(() => stack.stop());

const leads = async (program: ServingProgram): Promise<boolean> =>
  (await metric(program, 'promkeep_archive_leader')) === 1;

async function leaderAmong(candidates: ServingProgram[]): Promise<ServingProgram> {
  return until('one leads', async () => {
    const flags = await Promise.all(candidates.map(leads));
    return flags.filter(Boolean).length === 1 && candidates[flags.indexOf(true)];
  });
}

const others = (one: ServingProgram): ServingProgram[] => programs.filter((program) => program !== one);

it('lets one of two record, and names it', async () => {
  const leader = await leaderAmong(programs);
  await stack.recordedUntil(Date.now() - 4_000);
  const { output } = await runProgram(['archive', 'status'], stack.environment());
  expect(output).toContain(`pid ${leader.process.pid} `);
  expect(output).toMatch(/\(epoch 1, lease ends in \d+ s\)/);
  const [follower] = others(leader);
  expect(follower.process.output()).toContain('Another archiver records; this one waits.');
  expect(await metric(follower, 'promkeep_archive_samples_total{query="load",outcome="written"}')).toBeUndefined();
});

// [A11]
it('refuses the writes of a leader that was paused beyond its lease; it becomes a follower', async () => {
  const leader = await leaderAmong(programs);
  process.kill(leader.process.pid, 'SIGSTOP');
  const [follower] = others(leader);
  await until('the other takes over', () => leads(follower));
  await stack.recordedUntil(Date.now());
  process.kill(leader.process.pid, 'SIGCONT');
  await until('the paused one follows', async () => !(await leads(leader)));
  expect(await leads(follower)).toBe(true);
  expect(leader.process.output()).toContain('Another archiver has taken over; this one waits.');
  await stack.recordedUntil(Date.now());
  await stack.expectExact();
});

it('does so again and again, with three of them and pauses at any moment', async () => {
  programs.push(await stack.archiver());
  for (let round = 0; round < 4; round++) {
    const leader = await leaderAmong(programs);
    await pause(137 * round);
    process.kill(leader.process.pid, 'SIGSTOP');
    await leaderAmong(others(leader));
    process.kill(leader.process.pid, 'SIGCONT');
    await until('the paused one follows', async () => !(await leads(leader)));
  }
  await stack.recordedUntil(Date.now());
  await stack.expectExact();
});

it('takes the place of a killed leader', async () => {
  const leader = await leaderAmong(programs);
  programs = others(leader);
  await leader.process.stop('SIGKILL');
  await leaderAmong(programs);
  await stack.recordedUntil(Date.now());
  await stack.expectExact();
});

it('takes the place of one that was stopped in order before its lease would have run out', async () => {
  const leader = await leaderAmong(programs);
  programs = others(leader);
  await leader.process.stop('SIGTERM');
  const [lease] = await stack.sql('SELECT holder FROM promkeep_leases');
  expect([lease.holder === '', String(lease.holder).includes(`pid ${leader.process.pid} `)]).not.toEqual([false, true]);
  await until('the last one takes over', () => leads(programs[0]), 4_000);
  await stack.recordedUntil(Date.now());
  await stack.expectExact();
});
