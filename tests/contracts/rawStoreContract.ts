import fc from 'fast-check';
import { type Archive } from '../../pkg/core/ports/archive';
import { type LabelMatcher } from '../../pkg/core/model/labelMatcher';
import { type RawSeries } from '../../pkg/core/model/rawSeries';
import { compareLabels } from '../../pkg/remote/labels';
import { chunksOfHistograms, chunksOfSamples } from '../../pkg/remote/chunks/seriesChunks';
import { anyHistograms, anySamples, SEED } from '../fakes/remoteValues';
import {
  decodeChunks,
  FIRST_HOUR,
  HOUR,
  labelsOf,
  matchesNaively,
  MINUTE,
  RAW,
  rawWrite,
  samplesOf,
  SCRAPE,
  scraped,
  selectAll,
  textOf,
} from './rawValues';
import { type Begin, describeContract, live, type Open, QUERY, T0 } from './underTest';

/** What every `RawStore` with its `RawHistory` promises. */
export function describeRawStoreContract(name: string, begin: Begin): void {
  describeContract(`raw store contract: ${name}`, begin, (open) => {
    describeExactness(withRaw(open));
    describeReplacing(withRaw(open));
    describeTelling(withRaw(open));
    describeMatching(withRaw(open));
    describeLabels(withRaw(open));
    describeTogether(withRaw(open));
    describeEnds(withRaw(open));
    describeMetadata(open);
  });
}

const OTHER = { ...RAW, name: 'other', expression: 'up' };

function withRaw(open: Open): Open {
  return async (source) => {
    const archive = await open(source);
    await archive.definitions.provision([RAW, OTHER]);
    return archive;
  };
}

const UP = { __name__: 'up', job: 'node' };
const UP_TEXT = '{__name__="up",job="node"}';

/** Times of one day of the suite, so that made-up samples of any time lie in it. */
function withinDay<T>(timesMs: Float64Array, rest: T): T & { timesMs: Float64Array } {
  let last = T0 - 1;
  return {
    ...rest,
    timesMs: timesMs.map((timeMs, i) => (last = Math.max(last + 1, T0 + i * SCRAPE + (Math.abs(timeMs) % 50)))),
  };
}

function describeExactness(open: Open): void {
  const day = { fromMs: T0, toMs: T0 + 24 * HOUR - MINUTE };

  // [A14]
  it('gives back times, bits, stale markers and histograms of every kind', async () => {
    const floats = fc
      .sample(anySamples(), { numRuns: 30, ...SEED })
      .map(({ timesMs, values }) => chunksOfSamples(withinDay(timesMs, { values })));
    const histograms = fc.sample(anyHistograms, { numRuns: 60, ...SEED }).map((all) => {
      const { timesMs } = withinDay(
        Float64Array.from(all, ({ timeMs }) => timeMs),
        {}
      );
      return chunksOfHistograms(all.map((one, i) => ({ ...one, timeMs: timesMs[i] })));
    });
    const series = [...floats, ...histograms]
      .filter((chunks) => chunks.length > 0)
      .map((chunks, n): RawSeries => ({ labels: labelsOf({ __name__: 'm', n: String(n) }), chunks }));
    const archive = await open();
    const outcome = await archive.raw.writeRaw(rawWrite(series, { range: day }), live());
    const wanted = Object.fromEntries(series.map(({ labels, chunks }) => [textOf(labels), decodeChunks(chunks)]));
    expect(outcome).toMatchObject({ inserted: Object.values(wanted).flat().length, unchanged: 0, refused: [] });
    expect(await samplesOf(archive)).toEqual(wanted);
    const again = await archive.raw.writeRaw(rawWrite(series, { range: day }), live());
    expect(again).toMatchObject({ inserted: 0, unchanged: outcome.inserted, revised: 0, withdrawn: 0 });
  });

  it('passes whole chunks through byte for byte', async () => {
    const archive = await open();
    const series = scraped(
      UP,
      Array.from({ length: 200 }, (_, i) => i * 0.1)
    );
    await archive.raw.writeRaw(rawWrite([series]), live());
    const [found] = await selectAll(archive);
    expect(found.labels).toEqual(series.labels);
    expect(found.chunks.map(({ data, ...rest }) => ({ ...rest, data: Buffer.from(data).toString('hex') }))).toEqual(
      series.chunks.map(({ data, ...rest }) => ({ ...rest, data: Buffer.from(data).toString('hex') }))
    );
  });

  it('keeps names and values of any characters, and no label that is empty', async () => {
    const archive = await open();
    const labels = [
      { name: 'Größe', value: 'a "quoted" \\ back\nslash ✓' },
      { name: '__name__', value: 'metric.with.dots' },
      { name: '__proto__', value: 'x' },
      { name: 'empty', value: '' },
      { name: '\u{1f600}', value: '\u{10ffff}' },
    ].sort((a, b) => Buffer.from(a.name).compare(Buffer.from(b.name)));
    await archive.raw.writeRaw(rawWrite([{ labels, chunks: scraped({}, [1]).chunks }]), live());
    const [found] = await selectAll(archive);
    expect(found.labels).toEqual(labels.filter(({ value }) => value !== ''));
  });

  // [A14]
  it('refuses only the series it cannot store, and says why', async () => {
    const archive = await open();
    const bad: Array<[Record<string, string>, RegExp]> = [
      [{ ...UP, zone: 'nul\0' }, /NUL/],
      [{ ...UP, zone: '\ud800' }, /surrogate/],
      [{ ...UP, ['x'.repeat(1_001)]: 'long' }, /characters/],
    ];
    const series = [...bad.map(([labels]) => labels), UP].map((labels) => scraped(labels, [1, 2]));
    const outcome = await archive.raw.writeRaw(rawWrite(series), live());
    expect(outcome.inserted).toBe(2);
    expect(outcome.refused).toEqual(bad.map(([labels, reason]) => ({ labels, reason: expect.stringMatching(reason) })));
    expect(Object.keys(await samplesOf(archive))).toEqual([UP_TEXT]);
  });

  it('writes samples of the range only, cuts at midnight, and gives only what was asked for', async () => {
    const archive = await open();
    const midnight = T0 + 24 * HOUR;
    const series = scraped(
      UP,
      Array.from({ length: 100 }, (_, i) => i),
      midnight - 50 * SCRAPE
    );
    const range = { fromMs: midnight - 10 * MINUTE, toMs: midnight + 9 * MINUTE };
    const outcome = await archive.raw.writeRaw(rawWrite([series], { range }), live());
    expect(outcome.inserted).toBe(80);
    const all = (await samplesOf(archive))[UP_TEXT];
    expect(all).toEqual(Array.from({ length: 80 }, (_, i) => [midnight + (i - 40) * SCRAPE, i + 10]));
    const part = { fromMs: midnight - SCRAPE, toMs: midnight + SCRAPE };
    expect((await samplesOf(archive, { range: part }))[UP_TEXT]).toEqual(all.slice(39, 42));
    expect(await samplesOf(archive, { range: { fromMs: midnight + 1, toMs: midnight + SCRAPE - 1 } })).toEqual({});
  });

  it('says of a histogram whose predecessor is left out that resets are unknown, unless it is a gauge', async () => {
    const archive = await open();
    const [made] = fc.sample(
      anyHistograms.filter((all) => all.length > 0 && all[0].reset !== 'gauge'),
      SEED
    );
    const run = (reset: 'no' | 'gauge') =>
      Array.from({ length: 10 }, (_, i) => ({ ...made[0], reset, timeMs: T0 + i * SCRAPE }));
    const series = (['no', 'gauge'] as const).map((reset) => ({
      labels: labelsOf({ __name__: reset }),
      chunks: chunksOfHistograms(run(reset)),
    }));
    await archive.raw.writeRaw(rawWrite(series), live());
    const resetsIn = async (range: { fromMs: number; toMs: number }): Promise<unknown> =>
      Object.values(await samplesOf(archive, { range })).map((all) => JSON.stringify(all).match(/"reset":"\w+"/g));
    const last = { fromMs: T0 + 8 * SCRAPE, toMs: T0 + HOUR };
    expect(await resetsIn(last)).toEqual([
      ['"reset":"gauge"', '"reset":"gauge"'],
      ['"reset":"unknown"', '"reset":"no"'],
    ]);
  });
}

function describeReplacing(open: Open): void {
  // [A3]
  it('changes nothing when the same range comes again, and counts what differs', async () => {
    const archive = await open();
    const gone = scraped({ ...UP, instance: 'gone' }, [9, 9]);
    await archive.raw.writeRaw(rawWrite([scraped(UP, [1, 2, 3, NaN]), gone]), live());
    const same = await archive.raw.writeRaw(rawWrite([scraped(UP, [1, 2, 3, NaN]), gone]), live());
    expect(same).toEqual({ inserted: 0, unchanged: 6, revised: 0, withdrawn: 0, refused: [] });
    const outcome = await archive.raw.writeRaw(rawWrite([scraped(UP, [1, undefined, 30, NaN, 5])]), live());
    expect(outcome).toMatchObject({ inserted: 1, unchanged: 2, revised: 1, withdrawn: 3 });
    expect(await samplesOf(archive)).toEqual({
      [UP_TEXT]: [
        [T0, 1],
        [T0 + 2 * SCRAPE, 30],
        [T0 + 3 * SCRAPE, '7ff80000 0'],
        [T0 + 4 * SCRAPE, 5],
      ],
    });
  });

  it('leaves samples outside of the written range alone', async () => {
    const archive = await open();
    const values = Array.from({ length: 240 }, (_, i) => i);
    await archive.raw.writeRaw(rawWrite([scraped(UP, values)]), live());
    const range = { fromMs: T0 + 10 * MINUTE, toMs: T0 + 19 * MINUTE };
    const outcome = await archive.raw.writeRaw(rawWrite([], { range }), live());
    expect(outcome).toMatchObject({ inserted: 0, unchanged: 0, withdrawn: 40 });
    const left = values.filter((i) => i < 40 || i >= 80);
    expect(await samplesOf(archive)).toEqual({ [UP_TEXT]: left.map((i) => [T0 + i * SCRAPE, i]) });
  });

  // [A3]
  it('only adds where the write says that the answer is incomplete', async () => {
    const archive = await open();
    const gone = { ...UP, instance: 'gone' };
    await archive.raw.writeRaw(rawWrite([scraped(UP, [1, undefined, 3]), scraped(gone, [9, 9])]), live());
    const gaps = [{ ...FIRST_HOUR, reason: 'partial-answer' }] as const;
    const outcome = await archive.raw.writeRaw(rawWrite([scraped(UP, [7, 2])], { gaps }), live());
    expect(outcome).toMatchObject({ inserted: 1, unchanged: 1, revised: 0, withdrawn: 0 });
    expect(Object.values(await samplesOf(archive)).map((all) => all.length)).toEqual([2, 3]);
    expect((await samplesOf(archive))[UP_TEXT]).toEqual([1, 2, 3].map((n, i) => [T0 + i * SCRAPE, n]));
  });

  it('adds and revises, and withdraws nothing where the write says so', async () => {
    const archive = await open();
    const gone = { ...UP, instance: 'gone' };
    await archive.raw.writeRaw(rawWrite([scraped(UP, [1, undefined, 3, 4]), scraped(gone, [9, 9])]), live());
    const outcome = await archive.raw.writeRaw(rawWrite([scraped(UP, [7, 2])], { withdraws: false }), live());
    expect(outcome).toMatchObject({ inserted: 1, revised: 1, withdrawn: 0 });
    expect(Object.values(await samplesOf(archive)).map((all) => all.length)).toEqual([2, 4]);
    expect((await samplesOf(archive))[UP_TEXT]).toEqual([7, 2, 3, 4].map((n, i) => [T0 + i * SCRAPE, n]));
  });

  it('takes the first of two series with the same labels, and of two samples with the same time', async () => {
    const archive = await open();
    const twice = { labels: labelsOf(UP), chunks: [...scraped(UP, [1, 2]).chunks, ...scraped(UP, [7, 7, 3]).chunks] };
    const outcome = await archive.raw.writeRaw(rawWrite([twice, scraped(UP, [8, 8, 8, 8])]), live());
    expect(outcome).toMatchObject({ inserted: 3, refused: [] });
    expect((await samplesOf(archive))[UP_TEXT]).toEqual([1, 2, 3].map((n, i) => [T0 + i * SCRAPE, n]));
  });

  it('ends as its source did, without a sample', async () => {
    const archive = await open();
    const failing = async function* (): AsyncGenerator<RawSeries> {
      yield scraped(UP, [1]);
      throw Object.assign(new Error('gone'), { name: 'SourceFault' });
    };
    await expect(archive.raw.writeRaw(rawWrite([], { series: failing }), live())).rejects.toThrow('gone');
    expect(await samplesOf(archive)).toEqual({});
    expect((await archive.raw.writeRaw(rawWrite([scraped(UP, [1])]), live())).inserted).toBe(1);
  });
}

function describeTelling(open: Open): void {
  // [A4] [A5]
  it('tells the ledger what it has written, and of what was refused nothing', async () => {
    const archive = await open();
    const { epoch } = await archive.lease.hold({ holder: 'a', durationMs: 60_000 });
    const covered = { fromMs: T0, toMs: T0 + 4 * MINUTE };
    const gap = { fromMs: T0 + 5 * MINUTE, toMs: T0 + 9 * MINUTE, reason: 'source-had-no-data' } as const;
    await archive.raw.writeRaw(rawWrite([scraped(UP, [1])], { covered: [covered], gaps: [gap], epoch }), live());
    const find = async () => (await archive.ledger.entries()).find(({ name }) => name === RAW.name);
    expect(await find()).toMatchObject({ raw: true, covered: [covered], gaps: [gap] });
    const late = rawWrite([scraped(UP, [7])], { covered: [FIRST_HOUR], epoch: epoch - 1 });
    await expect(archive.raw.writeRaw(late, live())).rejects.toMatchObject({ code: 'ARCHIVE_NOT_LEADER' });
    expect(await find()).toMatchObject({ covered: [covered], gaps: [gap] });
    expect(await archive.raw.kept()).toEqual([
      {
        name: RAW.name,
        selectors: [RAW.expression],
        paused: false,
        covered: [{ fromMs: T0, toMs: T0 + 5 * MINUTE - 1 }],
      },
      { name: OTHER.name, selectors: ['up'], paused: false, covered: [] },
    ]);
  });

  // [A13]
  it('refuses answers of a definition that is outdated, or of the other kind', async () => {
    const archive = await open();
    await archive.definitions.provision([{ ...RAW, expression: 'up' }, QUERY]);
    const write = rawWrite([scraped(UP, [1])]);
    await expect(archive.raw.writeRaw(write, live())).rejects.toMatchObject({ code: 'ARCHIVE_QUERY_CHANGED' });
    const mixed = rawWrite([], { name: QUERY.name });
    await expect(archive.raw.writeRaw(mixed, live())).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await samplesOf(archive)).toEqual({});
  });

  // [A2]
  it('hides series from other sources and organisations, and of deleted definitions', async () => {
    const [mine, theirs] = [await open(), await open({ orgId: 2 })];
    await mine.raw.writeRaw(rawWrite([scraped(UP, [1])]), live());
    expect([await samplesOf(theirs), await labelNames(theirs)]).toEqual([{}, []]);
    const made = await mine.definitions.create({ ...RAW, name: 'made' }, 'eva');
    await mine.raw.writeRaw(rawWrite([scraped({ deleted: 'yes' }, [1])], { name: 'made' }), live());
    expect(Object.keys(await samplesOf(mine))).toHaveLength(2);
    await mine.definitions.remove({ ...made, by: 'eva' }, false);
    await mine.definitions.provision([]);
    expect(Object.keys(await samplesOf(mine))).toEqual([UP_TEXT]);
    expect((await mine.raw.kept()).map(({ paused }) => paused)).toEqual([true, true]);
  });

  it('writes nothing for a caller that has gone', async () => {
    const archive = await open();
    const gone = archive.raw.writeRaw(rawWrite([scraped(UP, [1])]), AbortSignal.abort());
    await expect(gone).rejects.toMatchObject({ name: 'PromkeepError' });
    expect(await samplesOf(archive)).toEqual({});
  });
}

const labelNames = (archive: Archive): Promise<string[]> =>
  archive.raw.labelNames({ selectors: [], range: { fromMs: 0, toMs: T0 + 24 * HOUR } }, live());

const VALUES = ['', 'a', 'b', 'ab', 'a.b', 'A', 'a\nb', 'ä', '\u{1f600}', '\uffff'];
const PATTERNS = [
  '',
  'a',
  'ab?',
  'ab*',
  'ab{0,1}',
  'a.b',
  '.*',
  '.+',
  'a|b',
  'a.*',
  '.*b',
  '[ab]+',
  '(a|)',
  'a\\.b',
  '[^a]*',
  'ä|A',
];

function describeMatching(open: Open): void {
  const series = fc.record({
    Z: fc.constantFrom(...VALUES),
    a: fc.constantFrom(...VALUES),
    b: fc.constantFrom(...VALUES),
  });
  const matcher: fc.Arbitrary<LabelMatcher> = fc.oneof(
    fc.record({
      name: fc.constantFrom('a', 'b', 'Z', 'none'),
      operator: fc.constantFrom('=' as const, '!=' as const),
      value: fc.constantFrom(...VALUES, 'nothing'),
    }),
    fc.record({
      name: fc.constantFrom('a', 'b', 'Z', 'none'),
      operator: fc.constantFrom('=~' as const, '!~' as const),
      value: fc.constantFrom(...PATTERNS),
    })
  );

  it('matches as Prometheus does, absent labels as empty ones, and sorts by the bytes of the labels', async () => {
    const archive = await open();
    const made = fc.sample(series, { numRuns: 120, ...SEED });
    const all = new Map(made.map((labels) => [JSON.stringify(labels), scraped(labels, [1])]));
    await archive.raw.writeRaw(rawWrite([...all.values()]), live());
    const stored = await selectAll(archive);
    const labels = stored.map((one) => one.labels);
    expect(labels).toHaveLength(all.size);
    expect(labels).toEqual([...labels].sort(compareLabels));
    await fc.assert(
      fc.asyncProperty(fc.array(matcher, { maxLength: 3 }), async (selector) => {
        const found = await selectAll(archive, { selector });
        expect(found.map((one) => textOf(one.labels))).toEqual(
          labels.filter((one) => matchesNaively(selector, one)).map(textOf)
        );
      }),
      { numRuns: 60, ...SEED }
    );
  });

  it('refuses patterns that RE2 does not know, and more series than asked for', async () => {
    const archive = await open();
    await archive.raw.writeRaw(rawWrite(['a', 'b', 'c'].map((a) => scraped({ a }, [1]))), live());
    const broken = { selector: [{ name: 'a', operator: '=~', value: '(' }] as const };
    await expect(selectAll(archive, broken)).rejects.toMatchObject({ code: 'QUERY_INVALID' });
    await expect(selectAll(archive, { maxSeries: 2 })).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect(await selectAll(archive, { maxSeries: 3 })).toHaveLength(3);
  });
}

function describeLabels(open: Open): void {
  it('names labels, values and series with samples in the range', async () => {
    const archive = await open();
    const early = scraped({ __name__: 'up', instance: 'b', zone: 'x' }, [1, 2, undefined, undefined, 5]);
    const late = scraped({ __name__: 'up', instance: 'a' }, [1], T0 + 30 * MINUTE);
    await archive.raw.writeRaw(rawWrite([early, late]), live());
    const { raw } = archive;
    const range = FIRST_HOUR;
    expect(await labelNames(archive)).toEqual(['__name__', 'instance', 'zone']);
    expect(await raw.labelValues({ name: 'instance', selectors: [], range }, live())).toEqual(['a', 'b']);
    expect(await raw.labelValues({ name: 'instance', selectors: [], range, limit: 1 }, live())).toEqual(['a']);
    const zoned = [[{ name: 'zone', operator: '=' as const, value: 'x' }]];
    expect(await raw.labelValues({ name: 'instance', selectors: zoned, range }, live())).toEqual(['b']);
    const afterwards = { fromMs: T0 + 29 * MINUTE, toMs: T0 + HOUR };
    expect(await raw.labelNames({ selectors: [], range: afterwards }, live())).toEqual(['__name__', 'instance']);
    expect(await raw.seriesLabels({ selector: [], range }, live())).toEqual([late.labels, early.labels]);
    expect(await raw.seriesLabels({ selector: [], range: afterwards }, live())).toEqual([late.labels]);
    const hole = { fromMs: T0 + SCRAPE + 1, toMs: T0 + 4 * SCRAPE - 1 };
    expect(await raw.seriesLabels({ selector: [], range: hole }, live())).toEqual([]);
    expect(await raw.labelNames({ selectors: [], range: hole }, live())).toEqual([]);
    await expect(raw.seriesLabels({ selector: [], range, maxSeries: 1 }, live())).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
  });
}

/** A write of the other definition. */
function otherWrite(...[series, change]: Parameters<typeof rawWrite>): ReturnType<typeof rawWrite> {
  const write = rawWrite(series, change);
  return { ...write, name: OTHER.name, provenance: { ...write.provenance, expression: OTHER.expression } };
}

function describeTogether(open: Open): void {
  it('gives a series that several definitions keep once, with each sample once', async () => {
    const archive = await open();
    await archive.raw.writeRaw(rawWrite([scraped(UP, [1, 2, 3, undefined, undefined, 6])]), live());
    await archive.raw.writeRaw(otherWrite([scraped(UP, [undefined, 2, 3, 4])]), live());
    expect(await samplesOf(archive)).toEqual({
      [UP_TEXT]: [1, 2, 3, 4, 6].map((n) => [T0 + (n - 1) * SCRAPE, n]),
    });
    expect(await archive.raw.seriesLabels({ selector: [], range: FIRST_HOUR, maxSeries: 1 }, live())).toHaveLength(1);
  });

  it('reads many series, each once, while others are written', async () => {
    const archive = await open();
    const many = Array.from({ length: 700 }, (_, n) => scraped({ n: String(n).padStart(3, '0') }, [n]));
    await archive.raw.writeRaw(rawWrite(many), live());
    const read: string[] = [];
    for await (const { labels } of archive.raw.select({ selector: [], range: FIRST_HOUR }, live())) {
      read.push(labels[0].value);
      if (read.length === 1) {
        await archive.raw.writeRaw(otherWrite([scraped({ n: 'new' }, [1])]), live());
      }
    }
    expect(read).toEqual(many.map(({ labels }) => labels[0].value));
  });
}

function describeEnds(open: Open): void {
  const first = { fromMs: T0, toMs: T0 + 9 * MINUTE };
  const hole = { fromMs: T0 + 10 * MINUTE, toMs: T0 + 19 * MINUTE };
  const rest = { fromMs: T0 + 20 * MINUTE, toMs: T0 + 29 * MINUTE };
  const mark = [T0 + 10 * MINUTE, 'stale'];
  const begin = scraped(
    UP,
    Array.from({ length: 40 }, () => 1)
  );
  const end = scraped(
    UP,
    Array.from({ length: 40 }, () => 2),
    T0 + 20 * MINUTE
  );
  const ended = scraped({ ...UP, instance: 'ended' }, [1, 1]);

  it('ends a series where coverage ends although the source went on', async () => {
    const archive = await open();
    await archive.raw.writeRaw(rawWrite([begin, ended], { range: first, covered: [first] }), live());
    await archive.raw.writeRaw(rawWrite([end], { range: rest, covered: [rest] }), live());
    const all = await samplesOf(archive);
    expect(all[UP_TEXT].filter((one) => Array.isArray(one) && one[1] === 'stale')).toEqual([mark]);
    expect(all['{__name__="up",instance="ended",job="node"}']).toHaveLength(2);
    expect((await samplesOf(archive, { range: { fromMs: T0, toMs: T0 + 10 * MINUTE } }))[UP_TEXT].at(-1)).toEqual(mark);
    expect(
      (await samplesOf(archive, { range: { fromMs: T0, toMs: T0 + 10 * MINUTE - 1 } }))[UP_TEXT].at(-1)
    ).not.toEqual(mark);
  });

  it('ends none where the source had nothing, nor where another definition goes on', async () => {
    const archive = await open();
    const gaps = [{ ...hole, reason: 'source-had-no-data' }] as const;
    await archive.raw.writeRaw(rawWrite([begin], { range: first, covered: [first] }), live());
    await archive.raw.writeRaw(rawWrite([], { range: hole, gaps }), live());
    await archive.raw.writeRaw(rawWrite([end], { range: rest, covered: [rest] }), live());
    expect((await samplesOf(archive))[UP_TEXT]).toHaveLength(80);
    const other = await open({ name: 'second' });
    await other.raw.writeRaw(rawWrite([begin], { range: first, covered: [first] }), live());
    await other.raw.writeRaw(rawWrite([end], { range: rest, covered: [rest] }), live());
    await other.raw.writeRaw(otherWrite([begin], { covered: [FIRST_HOUR] }), live());
    expect((await samplesOf(other))[UP_TEXT]).toHaveLength(80);
  });
}

function describeMetadata(open: Open): void {
  it('keeps what the source said of its metrics', async () => {
    const { raw } = await open();
    const up = { metric: 'up', type: 'gauge', help: 'Whether it is up.', unit: '' };
    const size = { metric: 'size', type: 'gauge', help: 'x'.repeat(100_000), unit: 'bytes' };
    await raw.writeMetadata([up, size, up]);
    await raw.writeMetadata([up]);
    expect(await raw.metadata({})).toEqual([size, up]);
    expect(await raw.metadata({ metric: 'up' })).toEqual([up]);
    expect(await raw.metadata({ limit: 1 })).toEqual([size]);
    expect(await raw.metadata({ metric: 'nothing' })).toEqual([]);
  });
}
