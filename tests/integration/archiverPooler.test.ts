import { ArchiverStack, metric } from './archiverStack';
import { hasPooler, startPooler, type RunningPooler } from './pgbouncer';
import { pause, type ServingProgram, until } from './promkeepProgram';

/** Two archivers that reach PostgreSQL only through pgbouncer in transaction mode, over three connections for both. */
jest.setTimeout(180_000);

const stack = new ArchiverStack();
let pooler: RunningPooler;
let archivers: ServingProgram[];

const suite = hasPooler ? describe : describe.skip;
suite(`behind pgbouncer in transaction mode${hasPooler ? '' : ' (not installed here)'}`, () => {
  beforeAll(async () => {
    await stack.start({ lease: '2s' });
    pooler = await startPooler(stack.postgres.url, 3);
    archivers = [await stack.archiver(pooler.url), await stack.archiver(pooler.url)];
    await stack.recordedUntil(Date.now() - 5_000);
  });
  afterAll(async () => {
    await stack.stop();
    await pooler?.stop();
  });

  const leaders = async (): Promise<number[]> => {
    const leading = await Promise.all(archivers.map((one) => metric(one, 'promkeep_archive_leader')));
    return leading.flatMap((leads, i) => (leads === 1 ? [i] : []));
  };
  const recovers = async (): Promise<void> => {
    await stack.recordedUntil(Date.now());
    await until('exact', async () => stack.expectExact().then(() => true), 10_000);
  };

  it('one leads and records', async () => {
    expect(await leaders()).toHaveLength(1);
    await recovers();
  });

  it('the lease outlives a pooler that is killed, and nothing is lost or doubled', async () => {
    for (let round = 0; round < 3; round++) {
      await pooler.restart();
      await pause(1_000);
    }
    await recovers();
    expect(await leaders()).toHaveLength(1);
  });

  // [A11]
  it('a leader that was paused beyond its lease writes nothing more', async () => {
    const [first] = await leaders();
    process.kill(archivers[first].process.pid, 'SIGSTOP');
    await until(
      'the other one leads',
      async () => (await metric(archivers[1 - first], 'promkeep_archive_leader')) === 1
    );
    process.kill(archivers[first].process.pid, 'SIGCONT');
    await until('it has noticed', async () => (await leaders()).join() === String(1 - first));
    await recovers();
  });

  it('a killed leader is followed', async () => {
    const [first] = await leaders();
    await archivers[first].process.stop('SIGKILL');
    await recovers();
  });
});
