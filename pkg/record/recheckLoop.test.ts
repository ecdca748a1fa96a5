import { MemoryArchive } from '../../tests/fakes/memoryArchive';
import { MemoryRawSource } from '../../tests/fakes/memoryRawSource';
import { floatSample, samplesIn } from '../../tests/fakes/rawSamples';
import { ramp, ScriptedSource } from '../../tests/fakes/scriptedSource';
import { settle, VirtualTime } from '../../tests/fakes/virtualTime';
import { collectRange } from '../core/collect';
import { COLLECT_DEFAULTS } from '../core/collect/fetchRange';
import { RECHECK_DEFAULTS } from '../core/collect/raw/recheck';
import { REFILL_DEFAULTS } from '../core/collect/refill';
import { underLease } from '../core/collect/underLease';
import { PromkeepError } from '../core/model/errors';
import { RAW_PIECE_MS, RAW_STEP_MS } from '../core/model/rawSeries';
import { type Definition } from '../core/ports/definitions';
import { type LogAttributes } from '../core/ports/logger';
import { type WriteOutcome } from '../core/ports/sampleStore';
import { comparableSamples } from '../remote/chunks/comparableSamples';
import { compareLabels } from '../remote/labels';
import { RecheckLoop, type RecheckLoopDeps } from './recheckLoop';
import { Slots } from './waiting';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const DAY0_MS = VirtualTime.START_MS;
const RAW: Definition = { name: 'node', expression: '{job="node"}', raw: true, stepMs: RAW_STEP_MS, retention: '1y' };
const PACE = { ...RECHECK_DEFAULTS, restTimes: 0 };

/** Four days of one series, archived until 10:00 of the fourth, when the loop begins. */
async function setUp(change: Partial<RecheckLoopDeps> = {}) {
  const time = new VirtualTime();
  time.ms = DAY0_MS + 3 * DAY_MS + 10 * HOUR_MS;
  const source = new ScriptedSource();
  const rawSource = new MemoryRawSource();
  const archive = new MemoryArchive();
  archive.ledger.define(RAW);
  archive.lease.seize('this');
  const logged: Array<{ level: string; message: string; attributes?: LogAttributes }> = [];
  const log = (level: string) => (message: string, attributes?: LogAttributes) =>
    void logged.push({ level, message, attributes });
  const written: WriteOutcome[] = [];
  const deps: RecheckLoopDeps = {
    ...{ source, clock: time, monotonicClock: time, sleep: time.sleep, pace: PACE, refill: REFILL_DEFAULTS },
    settings: { ...COLLECT_DEFAULTS, settleMs: 43_000 },
    sourceVersion: async () => undefined,
    rawReading: {
      source: rawSource,
      readSelectors: () => [[{ name: 'job', operator: '=', value: 'node' }]],
      ...{ pieceMs: RAW_PIECE_MS, settleMs: 43_000 },
    },
    rawComparing: { compareLabels, samplesOf: comparableSamples },
    logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    metrics: { wrote: (_, outcome) => void written.push(outcome) },
    ...{ slots: new Slots(2), recheckSlot: new Slots(1) },
    ...underLease(archive, 1),
    ...change,
  };
  const span = { fromMs: DAY0_MS, toMs: time.ms, everyMs: 300_000 };
  const samples = rawSource.add({ job: 'node' }, span);
  const { signal } = new AbortController();
  for (let fromMs = DAY0_MS; fromMs < time.ms; fromMs += DAY_MS) {
    const toMs = Math.min(fromMs + DAY_MS, time.ms) - RAW_STEP_MS;
    await collectRange(deps, RAW, { range: { fromMs, toMs }, begun: true }, signal);
  }
  rawSource.asked.length = 0;
  const abort = new AbortController();
  const begin = (): Promise<void> => new RecheckLoop(deps, RAW).run(abort.signal);
  return { time, source, rawSource, archive, samples, deps, logged, written, abort, begin };
}

/** Which part of which day was asked for, and when, as hours since the begin. */
function asked({ time, rawSource }: Awaited<ReturnType<typeof setUp>>) {
  const beganMs = time.ms;
  const all: Array<{ day: number; atHours: number; minutes: number }> = [];
  const readRaw = rawSource.readRaw.bind(rawSource);
  rawSource.readRaw = (read) => {
    const { fromMs, toMs } = read.range;
    const day = Math.floor((fromMs - DAY0_MS) / DAY_MS);
    all.push({ day, atHours: (time.ms - beganMs) / HOUR_MS, minutes: (toMs + 1 - fromMs) / RAW_STEP_MS });
    return readRaw(read);
  };
  return all;
}

async function timesOf(archive: MemoryArchive): Promise<number[]> {
  const range = { fromMs: 0, toMs: Infinity };
  const times: number[] = [];
  for await (const { chunks } of archive.raw.select({ selector: [], range }, new AbortController().signal)) {
    times.push(...chunks.flatMap(samplesIn).map(({ timeMs }) => timeMs));
  }
  return times;
}

it('begins with the newest closed day, then takes a day an hour, each in its turn, in pieces that grow', async () => {
  const all = await setUp();
  const pieces = asked(all);
  const ended = all.begin();
  await all.time.pass(9 * 60_000);
  expect(pieces).toEqual([]);
  await all.time.pass(7 * HOUR_MS);
  all.abort.abort();
  await ended;
  const days = pieces.filter(({ day }, i) => day !== pieces[i - 1]?.day);
  expect(days.map(({ atHours }) => Math.round((atHours - 1 / 6) * 10) / 10)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  const [first, ...turns] = days.map(({ day }) => day);
  expect(first).toBe(2);
  expect(turns.every((day, i) => i === 0 || day === (turns[i - 1] + 3) % 4)).toBe(true);
  expect(new Set(turns)).toEqual(new Set([0, 1, 2, 3]));
  expect(pieces.filter(({ atHours }) => atHours < 1).map(({ minutes }) => minutes)).toEqual([
    30, 60, 120, 240, 480, 510,
  ]);
  // the fourth day as far as it is covered
  const open = pieces.filter(({ day }) => day === 3).reduce((sum, { minutes }) => sum + minutes, 0);
  expect(open % 600).toBe(0);
  expect([all.written, all.archive.raw.writes.length]).toEqual([[], 4]);
});

it('takes a day before its turn once it has closed, three hours after midnight', async () => {
  const all = await setUp();
  const pieces = asked(all);
  const ended = all.begin();
  await all.time.pass(20 * HOUR_MS);
  all.abort.abort();
  await ended;
  // midnight is 14 hours on
  const first = pieces.find(({ day, atHours }) => day === 3 && atHours >= 17);
  expect(first?.atHours).toBeLessThan(18.2);
  expect(all.deps.pace.afterDayMs).toBe(3 * HOUR_MS);
});

it('writes again, under its epoch, only the pieces in which the source has more or other samples', async () => {
  const all = await setUp();
  const { archive, samples, rawSource } = all;
  const changed = DAY0_MS + 2 * DAY_MS + 3 * HOUR_MS;
  const late = DAY0_MS + 2 * DAY_MS + 5 * HOUR_MS + RAW_STEP_MS;
  samples[samples.findIndex(({ timeMs }) => timeMs === changed)] = floatSample(changed, 8);
  const next = samples.findIndex(({ timeMs }) => timeMs > late);
  samples.splice(next, 0, floatSample(late, 7));
  rawSource.add({ job: 'node', instance: 'imported' }, { fromMs: DAY0_MS, toMs: DAY0_MS + HOUR_MS - 1 });
  archive.raw.writes.length = 0;
  const ended = all.begin();
  await all.time.pass(5 * HOUR_MS);
  all.abort.abort();
  await ended;
  const [revised, inserted, imported] = archive.raw.writes;
  const toMs = (fromMs: number): number => fromMs + RAW_PIECE_MS - RAW_STEP_MS;
  expect(revised.range).toEqual({ fromMs: changed, toMs: toMs(changed) });
  expect(inserted.range).toEqual({ fromMs: late, toMs: toMs(late - RAW_STEP_MS) });
  expect(imported.range).toEqual({ fromMs: DAY0_MS, toMs: DAY0_MS + HOUR_MS - RAW_STEP_MS });
  expect(archive.raw.writes.every(({ epoch }) => epoch === 1)).toBe(true);
  expect(all.written.map(({ inserted: more, revised: other, withdrawn }) => [more, other, withdrawn])).toEqual([
    [0, 1, 0],
    [1, 0, 0],
    [240, 0, 0],
  ]);
  const told = all.logged.filter(({ level }) => level === 'info');
  expect(told).toHaveLength(3);
  expect(told[1]).toMatchObject({
    message: expect.stringContaining('found behind'),
    attributes: { inserted: 1, revised: 0 },
  });
  expect(await timesOf(archive)).toContain(late);
});

it('never withdraws: neither what the source has dropped, nor what it has deleted, while other samples come', async () => {
  const all = await setUp();
  const { archive, samples, rawSource, source } = all;
  const before = (await timesOf(archive)).length;
  // retention took the first day; of the second some was deleted, and a series came
  const second = DAY0_MS + DAY_MS;
  source.answer = (query) => ({ series: [ramp(query, (timeMs) => timeMs >= second)] });
  samples.splice(
    0,
    samples.findIndex(({ timeMs }) => timeMs >= second + 2 * HOUR_MS)
  );
  rawSource.add({ job: 'node', instance: 'b' }, { fromMs: second, toMs: second + HOUR_MS - 1, everyMs: 60_000 });
  const ended = all.begin();
  await all.time.pass(6 * HOUR_MS);
  all.abort.abort();
  await ended;
  expect(all.written).toMatchObject([{ inserted: 60, revised: 0, withdrawn: 0 }]);
  expect(await timesOf(archive)).toHaveLength(before + 60);
});

it('believes a source that reads from others only as far as it holds data itself, and not at all where nobody knows', async () => {
  const all = await setUp();
  const { rawSource, archive } = all;
  rawSource.add({ job: 'node', instance: 'b' }, { fromMs: DAY0_MS, toMs: all.time.ms, everyMs: HOUR_MS });
  rawSource.told = { ...rawSource.told, readsOthers: 'recent' };
  archive.raw.writes.length = 0;
  const ended = all.begin();
  await all.time.pass(3 * HOUR_MS);
  expect([rawSource.asked, archive.raw.writes]).toEqual([[], []]);
  rawSource.told = { ...rawSource.told, readsOthers: 'older', lowestMs: DAY0_MS + 3 * DAY_MS };
  await all.time.pass(12 * HOUR_MS);
  all.abort.abort();
  await ended;
  expect(Math.min(...archive.raw.writes.map(({ range }) => range.fromMs))).toBe(DAY0_MS + 3 * DAY_MS);
});

it('backs off while the source fails, longer each time, says nothing above debug, and goes on where it was', async () => {
  const all = await setUp();
  const { source, archive, rawSource } = all;
  rawSource.add(
    { job: 'node', instance: 'b' },
    { fromMs: DAY0_MS + 2 * DAY_MS, toMs: DAY0_MS + 3 * DAY_MS - 1, everyMs: HOUR_MS }
  );
  source.down = new PromkeepError('SOURCE_UNREACHABLE', 'gone');
  const ended = all.begin();
  await all.time.pass(4 * HOUR_MS);
  const inVain = source.asked.length;
  expect(inVain).toBeLessThan(4 + 8);
  expect(inVain).toBeGreaterThan(4 + 4);
  expect(all.logged.map(({ level }) => level)).toEqual(['debug']);
  source.down = undefined;
  await all.time.pass(HOUR_MS);
  all.abort.abort();
  await ended;
  expect(all.written.reduce((sum, { inserted }) => sum + inserted, 0)).toBe(24);
  expect(await timesOf(archive)).toContain(DAY0_MS + 2 * DAY_MS);
});

it('asks for shorter pieces where the source gives no longer ones, and leaves a day that cannot be compared', async () => {
  const all = await setUp();
  const { rawSource } = all;
  const readRaw = rawSource.readRaw.bind(rawSource);
  let longest = 0;
  rawSource.readRaw = async function* (read) {
    if (read.range.toMs - read.range.fromMs > 2 * HOUR_MS) {
      throw new PromkeepError('SOURCE_RESPONSE_TOO_LARGE', 'too large');
    }
    longest = Math.max(longest, read.range.toMs - read.range.fromMs);
    yield* readRaw(read);
  };
  const ended = all.begin();
  await all.time.pass(HOUR_MS);
  expect(rawSource.asked.at(-1)?.range.toMs).toBe(DAY0_MS + 3 * DAY_MS - 1);
  expect([longest, all.logged]).toEqual([2 * HOUR_MS - 1, []]);
  rawSource.readRaw = () => {
    throw new PromkeepError('QUERY_INVALID', 'never');
  };
  await all.time.pass(3 * HOUR_MS);
  all.abort.abort();
  await ended;
  expect(all.logged.map(({ level, attributes }) => [level, attributes?.error])).toEqual([['warn', 'never']]);
});

it('writes nothing once another leads', async () => {
  const refused: string[] = [];
  const all = await setUp();
  Object.assign(
    all.deps,
    underLease(all.archive, 1, () => refused.push('refused'))
  );
  all.rawSource.add({ job: 'node', instance: 'b' }, { fromMs: DAY0_MS, toMs: all.time.ms, everyMs: HOUR_MS });
  const before = (await timesOf(all.archive)).length;
  all.archive.lease.seize('another');
  const ended = all.begin();
  await all.time.pass(HOUR_MS);
  all.abort.abort();
  await ended;
  expect(refused.length).toBeGreaterThan(0);
  expect([all.written, (await timesOf(all.archive)).length]).toEqual([[], before]);
});

it('rests nineteen times as long as a piece took, and takes no slot of collecting to compare', async () => {
  const all = await setUp({ pace: RECHECK_DEFAULTS });
  const { rawSource, time, deps } = all;
  // nobody can collect, and comparing goes on
  const held = [1, 2].map(() => deps.slots.run(() => new Promise<void>(() => undefined)));
  expect(held).toHaveLength(2);
  const pieces = asked(all);
  const readRaw = rawSource.readRaw;
  rawSource.readRaw = (read) => {
    time.ms += 60_000;
    return readRaw(read);
  };
  const ended = all.begin();
  await time.pass(10 * 60_000);
  await time.pass(50 * 60_000);
  all.abort.abort();
  await ended;
  expect(pieces.map(({ atHours }) => Math.round(atHours * 60))).toEqual([11, 31, 51]);
});

it('compares one definition at a time, and ends at once', async () => {
  const all = await setUp();
  const { deps, rawSource, abort } = all;
  let open = 0;
  rawSource.readRaw = async function* () {
    open++;
    await new Promise((_, reject) => abort.signal.addEventListener('abort', () => reject(new Error('aborted'))));
    yield* [];
  };
  const both = [all.begin(), new RecheckLoop(deps, RAW).run(abort.signal)];
  await all.time.pass(HOUR_MS);
  expect(open).toBe(1);
  abort.abort();
  await Promise.all(both);
  await settle();
  expect(open).toBe(1);
});
