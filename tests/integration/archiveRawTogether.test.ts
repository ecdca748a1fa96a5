import { type Archive } from '../../pkg/core/ports/archive';
import { type RawSeries } from '../../pkg/core/model/rawSeries';
import {
  decodeChunks,
  EVERYTHING,
  HOUR,
  labelsOf,
  MINUTE,
  RAW,
  rawWrite,
  samplesOf,
  SCRAPE,
  scraped,
  textOf,
  withoutResets,
} from '../contracts/rawValues';
import fc from 'fast-check';
import { bitsOf, markStale } from '../../pkg/remote/sampleColumns';
import { anyHistograms, SEED } from '../fakes/remoteValues';
import { chunksOfHistograms, chunksOfSamples } from '../../pkg/remote/chunks/seriesChunks';
import { live } from '../contracts/underTest';
import { SERVERS, T0, TestServer } from './archiveServers';

/** Readers of raw series while the same samples are written again, packed and expired. */
jest.setTimeout(180_000);

const DAY = 24 * HOUR;
/** Monday, 2026-01-05. */
const MONDAY = T0 + 4 * DAY;
const PIECE = 30 * MINUTE;
const DAYS = 2;
const SERIES = 3;
const ROUNDS = 15;
/** More than are read at once in the beginning. */
const MANY = 2_600;
const LONG = { ...RAW, name: 'long', retention: 'forever' };
const SHORT = { ...RAW, name: 'short', retention: '1d' };

/** The same sequence each time. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const valueAt = (n: number, timeMs: number): number => n + ((timeMs / 1_000) % 7_919) / 7;

/** What the source has of a time: every scrape, or every other one of those that come and go, on either side of midnight as well. */
function sampled(fromMs: number, untilMs: number, volatile: boolean): RawSeries[] {
  return Array.from({ length: SERIES }, (_, n) => {
    const all = Array.from({ length: (untilMs - fromMs) / SCRAPE }, (__, i) => fromMs + i * SCRAPE);
    const timesMs = Float64Array.from(all.filter((timeMs) => volatile || (timeMs / SCRAPE) % 2 === 0));
    const samples = { timesMs, values: timesMs.map((timeMs) => valueAt(n, timeMs)) };
    return {
      labels: labelsOf({ __name__: 'm', job: 'node', n: String(n).padStart(2, '0') }),
      chunks: chunksOfSamples(samples),
    };
  });
}

describe.each(SERVERS)('raw series that are read while they change on $name', (server) => {
  const test = new TestServer(server);
  let url: string;
  let archive: Archive;

  beforeAll(() => test.start());
  afterAll(() => test.stop());
  beforeEach(async () => {
    url = await test.freshDatabase();
    archive = test.archive(url);
    await archive.definitions.provision([RAW, LONG, SHORT]);
  });
  afterEach(() => test.closeAll());

  const write = async (name: string, series: RawSeries[], fromMs: number, untilMs: number): Promise<void> => {
    const range = { fromMs, toMs: untilMs - MINUTE };
    const { retention } = [LONG, SHORT].find((one) => one.name === name) ?? RAW;
    await archive.raw.writeRaw(rawWrite(series, { name, retention, range, covered: [range] }), live());
  };

  it('give every sample once, whatever is replaced, packed and expired meanwhile', async () => {
    const untilMs = MONDAY + DAYS * DAY;
    const names = [LONG.name, SHORT.name];
    for (const name of names) {
      for (let fromMs = MONDAY; fromMs < untilMs; fromMs += 6 * HOUR) {
        await write(name, sampled(fromMs, fromMs + 6 * HOUR, true), fromMs, fromMs + 6 * HOUR);
      }
    }
    let isOver = false;
    let reads = 0;
    const stable = (DAYS * DAY) / SCRAPE / 2;
    const reader = async (): Promise<void> => {
      for (; !isOver; reads++) {
        const read = await samplesOf(archive);
        expect(Object.keys(read)).toHaveLength(SERIES);
        Object.values(read).forEach((samples, n) => {
          let kept = 0;
          for (const sample of samples as Array<[number, number]>) {
            kept += Number((sample[0] / SCRAPE) % 2 === 0);
            if (sample[1] !== valueAt(n, sample[0])) {
              throw new Error(`series ${n} has ${JSON.stringify(sample)}`);
            }
          }
          expect(kept).toBe(stable);
        });
      }
    };
    const writer = async (seed: number): Promise<void> => {
      const random = randomFrom(seed);
      for (let round = 0; round < ROUNDS; round++) {
        const fromMs = MONDAY + random((DAYS * DAY) / PIECE) * PIECE;
        const pieces = 1 + random(4);
        const end = Math.min(untilMs, fromMs + pieces * PIECE);
        await write(names[random(2)], sampled(fromMs, end, random(2) === 1), fromMs, end);
      }
    };
    const keeper = async (): Promise<void> => {
      const jobs = test.jobs(url, untilMs + 7 * HOUR);
      for (; !isOver;) {
        expect((await jobs.packClosed(live())).failedQueries).toBe(0);
        expect((await jobs.expire(live())).failedQueries).toBe(0);
      }
    };
    const others = [reader(), reader(), keeper()];
    others.forEach((one) => one.catch(() => undefined));
    try {
      await Promise.all([writer(1), writer(2)]);
    } finally {
      isOver = true;
    }
    await Promise.all(others);
    expect(reads).toBeGreaterThan(3);
  });

  it.each([-2 * DAY, 0, 131 * 365 * DAY])('are kept at the ends of a day, also packed: %d', async (dayMs) => {
    const midnightMs = Math.floor(dayMs / DAY) * DAY;
    const histograms = fc.sample(
      anyHistograms.filter(([one]) => one !== undefined && one.totals[2] > 0),
      { ...SEED, numRuns: 1 }
    )[0];
    const at = [-DAY, -MINUTE - 1, -MINUTE, -1, 0, 1, MINUTE - 1, MINUTE, DAY - 1];
    const timesMs = Float64Array.from(at, (offsetMs) => midnightMs + offsetMs);
    const values = timesMs.map((_, i) => i / 3);
    markStale(values, 0, values.length - 1);
    bitsOf(values).set([0xbeef, 0xfff8dead], 2 * 3);
    const samples = chunksOfSamples({ timesMs, values });
    const native = chunksOfHistograms([{ ...histograms[0], timeMs: midnightMs + 2 }]);
    const mixed = chunksOfSamples({ timesMs: timesMs.slice(0, 5), values: values.slice(0, 5) });
    const series = [
      { labels: labelsOf({ __name__: 'floats', select: 'user', '집.계': 'x'.repeat(60_000) }), chunks: samples },
      { labels: labelsOf({ __name__: 'mixed', constructor: 'y', __proto: 'z' }), chunks: [...mixed, ...native] },
    ];
    for (const [fromMs, untilMs] of [
      [midnightMs - DAY, midnightMs - MINUTE],
      [midnightMs - MINUTE, midnightMs + MINUTE],
      [midnightMs + MINUTE, midnightMs + DAY],
    ]) {
      await write(LONG.name, series, fromMs, untilMs);
    }
    const range = { fromMs: midnightMs - DAY, toMs: midnightMs + DAY };
    const expected = Object.fromEntries(series.map(({ labels, chunks }) => [textOf(labels), decodeChunks(chunks)]));
    expect(withoutResets(await samplesOf(archive, { range }))).toEqual(withoutResets(expected));
    const packed = await test.jobs(url, midnightMs + 9 * DAY).packClosed(live());
    expect([packed.failedQueries, packed.raw.rows]).toEqual([0, expect.any(Number)]);
    expect(packed.raw.rows).toBeGreaterThan(0);
    expect(withoutResets(await samplesOf(archive, { range }))).toEqual(withoutResets(expected));
    const [from, to] = [midnightMs - 1, midnightMs];
    const near = await samplesOf(archive, { range: { fromMs: from, toMs: to } });
    expect(Object.values(near).map((all) => all.map((one) => (one as [number])[0]))).toEqual([
      [from, to],
      [from, to],
    ]);
  });

  it('have no stale marker where a hole was filled before its samples were read', async () => {
    const [begin, hole, rest] = [0, 10, 20].map((minutes) => MONDAY + minutes * MINUTE);
    const many = (fromMs: number): RawSeries[] =>
      Array.from({ length: MANY }, (_, n) =>
        scraped({ __name__: 'm', job: 'node', n: String(n) }, Array(10).fill(n), fromMs + 7 * MINUTE)
      );
    await write(RAW.name, many(begin), begin, hole);
    await write(RAW.name, many(rest), rest, rest + 10 * MINUTE);
    const read = archive.raw.select({ ...EVERYTHING, range: { fromMs: begin, toMs: rest + HOUR } }, live());
    const wrong: string[] = [];
    let series = 0;
    for await (const { labels, chunks } of read) {
      if (series++ === 0) {
        await write(RAW.name, many(hole), hole, rest);
      }
      const samples = decodeChunks(chunks) as Array<[number, number | string]>;
      const filled = samples.some(([timeMs]) => timeMs > hole && timeMs < rest);
      if (filled === samples.some(([, value]) => value === 'stale')) {
        wrong.push(textOf(labels));
      }
    }
    expect([series, wrong.length]).toEqual([MANY, 0]);
  });
});
