import { ampleMemory } from '../../tests/fakes/ampleMemory';
import { MemoryArchive } from '../../tests/fakes/memoryArchive';
import { ramp, ScriptedSource } from '../../tests/fakes/scriptedSource';
import { settle, VirtualTime } from '../../tests/fakes/virtualTime';
import { COLLECT_DEFAULTS } from '../core/collect/fetchRange';
import { REFILL_DEFAULTS } from '../core/collect/refill';
import { RECORDING_LIMITS } from '../../src/contract/settings';
import { PromkeepError } from '../core/model/errors';
import { type LogAttributes } from '../core/ports/logger';
import { type Definition } from '../core/ports/definitions';
import { type WriteOutcome } from '../core/ports/sampleStore';
import { createRecorder } from './recorder';
import { type RecorderEvents } from '../core/ports/recorderEvents';

const NO_METRICS: RecorderEvents = {
  wrote() {},
  failed() {},
  gapped() {},
  follows: () => () => undefined,
  took() {},
  led() {},
  skewed() {},
};

const EPOCH_MS = VirtualTime.START_MS;
const QUERIES: Definition[] = [
  { name: 'fast', expression: 'node_load1', stepMs: 15_000, retention: '30d' },
  { name: 'slow', expression: 'node_load5', stepMs: 60_000, retention: '30d' },
];

function setUp(queries = QUERIES) {
  const time = new VirtualTime();
  const source = new ScriptedSource();
  source.nowMs = time.nowMs;
  const archive = new MemoryArchive();
  const logged: Array<{ level: string; message: string; attributes?: LogAttributes }> = [];
  const log = (level: string) => (message: string, attributes?: LogAttributes) => {
    logged.push({ level, message, attributes });
  };
  const written: WriteOutcome[] = [];
  const options = {
    source,
    archive,
    clock: time,
    monotonicClock: time,
    sleep: time.sleep,
    queries,
    budget: ampleMemory(),
    limits: RECORDING_LIMITS,
    settings: { ...COLLECT_DEFAULTS, settleMs: 43_000 },
    refill: REFILL_DEFAULTS,
    lease: { holder: 'first', durationMs: 15_000 },
    logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    metrics: { ...NO_METRICS, wrote: (_: string, outcome: WriteOutcome) => written.push(outcome) },
  };
  return { time, source, archive, logged, written, options, archiver: createRecorder(options) };
}

const askedFor = (source: ScriptedSource, expr: string): number =>
  source.asked.filter((query) => query.expr === expr).length;

it('asks for each query once a step and never twice for a time', async () => {
  const { archiver, time, source, archive, written } = setUp();
  archiver.start();
  await time.pass(600_000);
  await archiver.stop();
  expect(askedFor(source, 'node_load1')).toBe(41);
  expect(askedFor(source, 'node_load5')).toBe(11);
  expect(archive.samples.count()).toBe(52);
  expect(written.every(({ unchanged, revised }) => unchanged === 0 && revised === 0)).toBe(true);
});

it('goes on after a restart with nothing missing and nothing asked twice', async () => {
  const first = setUp();
  first.archiver.start();
  await first.time.pass(300_000);
  await first.archiver.stop();
  first.time.ms += 120_000;
  const second = createRecorder(first.options);
  second.start();
  await first.time.pass(180_000);
  await second.stop();
  expect(await first.archive.ledger.coverage('fast')).toEqual([
    { fromMs: EPOCH_MS - 45_000, toMs: EPOCH_MS + 555_000 },
  ]);
  expect(first.written.every(({ unchanged }) => unchanged === 0)).toBe(true);
});

it('waits for an archive that comes later', async () => {
  const { archiver, time, archive, logged } = setUp();
  archive.down = new PromkeepError('ARCHIVE_LOGIN_FAILED', 'password authentication failed');
  archiver.start();
  await time.pass(120_000);
  expect(logged.filter(({ level }) => level === 'error')).toHaveLength(1);
  expect(logged[0].attributes).toEqual({ code: 'ARCHIVE_LOGIN_FAILED', error: 'password authentication failed' });
  archive.down = undefined;
  await time.pass(120_000);
  await archiver.stop();
  expect(archive.definitions.provisioned).toEqual([QUERIES]);
  expect(archive.samples.count()).toBeGreaterThan(0);
});

it('backs off while the source is down, says so once, and catches up when it is back', async () => {
  const { archiver, time, source, archive, logged } = setUp([QUERIES[0]]);
  archiver.start();
  await time.pass(60_000);
  source.down = new PromkeepError('SOURCE_UNREACHABLE', 'connection refused');
  source.asked.length = 0;
  await time.pass(600_000);
  expect(askedFor(source, 'node_load1')).toBeGreaterThan(10);
  expect(askedFor(source, 'node_load1')).toBeLessThan(25);
  source.down = undefined;
  await time.pass(120_000);
  await archiver.stop();
  expect(await archive.ledger.coverage('fast')).toEqual([{ fromMs: EPOCH_MS - 45_000, toMs: EPOCH_MS + 735_000 }]);
  expect(logged.filter(({ message }) => message.startsWith('Recording failed'))).toHaveLength(1);
  expect(logged.filter(({ message }) => message.startsWith('Recording works again'))).toHaveLength(1);
});

it('catches up after the archive was away in the middle', async () => {
  const { archiver, time, archive } = setUp([QUERIES[0]]);
  archiver.start();
  await time.pass(60_000);
  archive.down = new PromkeepError('ARCHIVE_UNREACHABLE', 'no database');
  await time.pass(300_000);
  archive.down = undefined;
  await time.pass(120_000);
  await archiver.stop();
  expect(await archive.ledger.coverage('fast')).toEqual([{ fromMs: EPOCH_MS - 45_000, toMs: EPOCH_MS + 435_000 }]);
  expect(archive.samples.count()).toBe(33);
});

it('fills a hole once the source has the data after all', async () => {
  const { archiver, time, source, archive } = setUp([QUERIES[0]]);
  let empty = false;
  source.answer = (query) => (empty ? { series: [ramp(query, () => false)] } : undefined);
  archiver.start();
  await time.pass(60_000);
  empty = true;
  await time.pass(60_000);
  expect(archive.ledger.gaps.get('fast')?.map(({ reason }) => reason)).toContain('source-had-no-data');
  empty = false;
  await time.pass(60_000);
  await time.pass(600_000);
  await archiver.stop();
  expect(await archive.ledger.coverage('fast')).toHaveLength(1);
});

it('lets a query with much to catch up not hold back another', async () => {
  const { time, source, options, archive } = setUp();
  const settings = { ...options.settings, backfillMs: 15_000 * 5_000, maxPoints: 10 };
  const archiver = createRecorder({ ...options, settings, concurrency: 1 });
  archiver.start();
  await time.pass(0);
  const order = source.asked.map(({ expr }) => expr).filter((expr) => expr !== 'count(up)');
  const thirdOfSlow = order.flatMap((expr, i) => (expr === 'node_load5' ? [i] : []))[2];
  expect(order.slice(0, thirdOfSlow).filter((expr) => expr === 'node_load1').length).toBeLessThanOrEqual(4);
  await archiver.stop();
  expect(archive.ledger.gaps.get('fast') ?? []).toEqual([]);
});

it('goes on recording the others when one query is refused', async () => {
  const { archiver, time, source, archive } = setUp();
  source.answer = ({ expr }) => {
    if (expr === 'node_load1') {
      throw new PromkeepError('SOURCE_REFUSED', 'parse error', { status: 400 });
    }
    return undefined;
  };
  archiver.start();
  await time.pass(300_000);
  await archiver.stop();
  expect(await archive.ledger.coverage('slow')).toHaveLength(1);
  expect(archive.ledger.gaps.get('fast')?.every(({ reason }) => reason === 'query-failed')).toBe(true);
});

it('stops while it waits, and starts only once', async () => {
  const { archiver, source } = setUp();
  archiver.start();
  archiver.start();
  await settle();
  await archiver.stop();
  expect(askedFor(source, 'node_load1')).toBe(1);
});

it('waits while another archiver leads, asks nothing, and makes no query known', async () => {
  const { archiver, time, source, archive, logged } = setUp();
  archive.lease.seize('another');
  archiver.start();
  await time.pass(120_000);
  expect(source.asked).toEqual([]);
  expect(archive.definitions.provisioned).toEqual([]);
  expect(logged.filter(({ level }) => level === 'info')).toHaveLength(1);
  archive.lease.release({ holder: 'another', epoch: 1 });
  await time.pass(60_000);
  await archiver.stop();
  expect(archive.samples.count()).toBeGreaterThan(0);
  expect(archive.samples.writes.every(({ epoch }) => epoch === 2)).toBe(true);
});

it('stops recording when another takes over, and goes on when it is leader again', async () => {
  const { archiver, time, archive, logged } = setUp([QUERIES[0]]);
  archiver.start();
  await time.pass(60_000);
  archive.lease.seize('another');
  await time.pass(20_000);
  const before = archive.samples.count();
  await time.pass(120_000);
  expect(archive.samples.count()).toBe(before);
  expect(logged.filter(({ message }) => message.startsWith('Another archiver has taken over'))).toHaveLength(1);
  archive.lease.release({ holder: 'another', epoch: 2 });
  await time.pass(120_000);
  await archiver.stop();
  expect(await archive.ledger.coverage('fast')).toHaveLength(1);
  expect(archive.samples.count()).toBeGreaterThan(before + 8);
  expect(archive.lease.state.holder).toBe('');
});

it('records nothing of the future of a source whose clock is behind, and says so once', async () => {
  const { archiver, time, source, archive, logged, options } = setUp([QUERIES[0]]);
  source.nowMs = () => time.ms - 3_600_000;
  archiver.start();
  await time.pass(300_000);
  await archiver.stop();
  const newestMs = Math.max(...source.asked.map(({ endMs }) => endMs));
  expect(newestMs).toBeLessThanOrEqual(time.ms - 3_600_000 - options.settings.settleMs);
  expect((await archive.ledger.coverage('fast'))[0].toMs).toBe(newestMs);
  expect(logged.filter(({ level }) => level === 'warn').map(({ attributes }) => attributes)).toEqual([
    { aheadSeconds: 3600 },
  ]);
});

describe('definitions that change while it runs', () => {
  const edit = { name: 'fast', revision: 1, by: 'eva' };

  it('records what others defined, without a config file of its own', async () => {
    const { options, time, source, archive } = setUp();
    await archive.definitions.create(QUERIES[0], 'eva');
    const archiver = createRecorder({ ...options, queries: undefined });
    archiver.start();
    await time.pass(120_000);
    expect(archive.definitions.provisioned).toEqual([]);
    expect(archive.lease.state.provisions).toBe(false);
    expect(askedFor(source, 'node_load1')).toBeGreaterThan(5);
    await archive.definitions.create(QUERIES[1], 'eva');
    await time.pass(120_000);
    expect(askedFor(source, 'node_load5')).toBeGreaterThan(0);
    await archiver.stop();
  });

  it('stops a paused query within seconds, and goes on where it was when it is resumed', async () => {
    const { options, time, source, archive, archiver, written } = setUp([]);
    await archive.definitions.create(QUERIES[0], 'eva');
    archiver.start();
    await time.pass(60_000);
    await archive.definitions.change(edit, { paused: true });
    await time.pass(3_000);
    const asked = askedFor(source, 'node_load1');
    await time.pass(120_000);
    expect(askedFor(source, 'node_load1')).toBe(asked);
    await archive.definitions.change({ ...edit, revision: 2 }, { paused: false });
    await time.pass(60_000);
    await archiver.stop();
    expect(await archive.ledger.coverage('fast')).toHaveLength(1);
    expect(written.every(({ unchanged, revised }) => unchanged === 0 && revised === 0)).toBe(true);
    expect(options.archive.definitions.provisioned).toEqual([[]]);
  });

  it('asks a changed expression from then on and the old one no more', async () => {
    const { time, source, archive, archiver } = setUp([]);
    await archive.definitions.create(QUERIES[0], 'eva');
    archiver.start();
    await time.pass(60_000);
    await archive.definitions.change(edit, { expression: 'node_load15' });
    await time.pass(3_000);
    const asked = askedFor(source, 'node_load1');
    await time.pass(60_000);
    await archiver.stop();
    expect(askedFor(source, 'node_load1')).toBe(asked);
    expect(askedFor(source, 'node_load15')).toBeGreaterThan(2);
  });

  it('takes an edit that comes between asking and writing for no failure and no gap', async () => {
    const { options, time, source, archive, logged } = setUp([]);
    await archive.definitions.create(QUERIES[0], 'eva');
    const failed: string[] = [];
    const metrics = { ...options.metrics, failed: (query: string) => failed.push(query) };
    const archiver = createRecorder({ ...options, metrics });
    archiver.start();
    await time.pass(60_000);
    const before = archive.samples.writes.length;
    source.answer = ({ expr }) => {
      if (expr === 'node_load1') {
        void archive.definitions.change(edit, { expression: 'node_load15' });
        source.answer = () => undefined;
      }
      return undefined;
    };
    await time.pass(30_000);
    await archiver.stop();
    const written = archive.samples.writes.slice(before).map(({ provenance }) => provenance.expression);
    expect([...new Set(written)]).toEqual(['node_load15']);
    expect([archive.ledger.gaps.get('fast'), failed]).toEqual([[], []]);
    expect(logged.filter(({ level }) => level === 'warn')).toEqual([]);
    expect(await archive.ledger.coverage('fast')).toHaveLength(1);
  });

  it('goes on as before while the definitions cannot be read, and says so once', async () => {
    const { time, archive, archiver, logged } = setUp();
    archiver.start();
    await time.pass(60_000);
    archive.down = new PromkeepError('ARCHIVE_UNREACHABLE', 'away');
    await time.pass(60_000);
    archive.down = undefined;
    await time.pass(120_000);
    await archiver.stop();
    const told = logged.filter(({ message }) => message.startsWith('The definitions cannot be read'));
    expect(told.length).toBeGreaterThan(20);
    expect(told.filter(({ level }) => level === 'warn')).toHaveLength(1);
    expect(await archive.ledger.coverage('fast')).toHaveLength(1);
  });

  it('makes an edited config file known while the leader has none, but not while the leader has one', async () => {
    const { options, time, archive } = setUp();
    archive.lease.state = { holder: 'grafana', epoch: 3, expiresInMs: 15_000, provisions: false };
    const waiting = createRecorder(options);
    waiting.start();
    await time.pass(30_000);
    expect(archive.definitions.provisioned).toEqual([QUERIES]);
    archive.lease.state = { holder: 'other serve', epoch: 4, expiresInMs: 15_000, provisions: true };
    await time.pass(30_000);
    archive.lease.state = { holder: 'grafana', epoch: 5, expiresInMs: 15_000, provisions: false };
    await time.pass(30_000);
    await waiting.stop();
    expect(archive.definitions.provisioned).toEqual([QUERIES, QUERIES]);
  });
});
