import fc from 'fast-check';
import { diffSamples, noChanges, outsideOf, type SampleChanges } from './sampleDiff';
import { toColumns } from './sampleRuns';

const always = (): boolean => true;

function samples(entries: Array<[number, number]>): { timesMs: Float64Array; values: Float64Array } {
  return {
    timesMs: Float64Array.from(entries, ([time]) => time),
    values: Float64Array.from(entries, ([, value]) => value),
  };
}

function diff(
  stored: Array<[number, number]>,
  fresh: Array<[number, number]>,
  trusted: (timeMs: number) => boolean = always
): SampleChanges {
  const changes = noChanges();
  diffSamples(changes, samples(stored), { seriesId: 7, ...samples(fresh) }, trusted);
  return changes;
}

describe('diffSamples', () => {
  it('finds new, changed and missing samples', () => {
    const changes = diff(
      [
        [1, 10],
        [2, 20],
        [3, 30],
      ],
      [
        [0, 0],
        [1, 10],
        [3, 31],
        [4, 40],
      ]
    );
    expect(changes).toEqual({
      inserts: [{ seriesId: 7, timesMs: Float64Array.of(0, 4), values: Float64Array.of(0, 40) }],
      insertCount: 2,
      updates: { seriesIds: [7], timesMs: [3], values: [31] },
      deletes: { seriesIds: [7], timesMs: [2], values: [0] },
      unchanged: 1,
    });
  });

  it('takes NaN for NaN, and -0 for another value than 0', () => {
    const changes = diff(
      [
        [1, NaN],
        [2, 0],
      ],
      [
        [1, NaN],
        [2, -0],
      ]
    );
    expect(changes.unchanged).toBe(1);
    expect(Object.is(changes.updates.values[0], -0)).toBe(true);
  });

  it('counts a time that is stored twice as one that changed, or is to go', () => {
    const twice: Array<[number, number]> = [
      [1, 10],
      [1, 10],
      [2, 20],
      [2, 21],
    ];
    expect(diff(twice, [[1, 10]])).toMatchObject({
      updates: { timesMs: [1], values: [10] },
      deletes: { timesMs: [2] },
      unchanged: 0,
    });
    const untrusted = outsideOf([{ fromMs: 0, toMs: 10 }]);
    expect(diff(twice, [[1, 11]], untrusted)).toEqual({ ...noChanges(), unchanged: 1 });
  });

  it('only adds where the answer is not to be trusted', () => {
    const untrusted = outsideOf([{ fromMs: 0, toMs: 10 }]);
    const changes = diff(
      [
        [1, 10],
        [2, 20],
        [20, 1],
      ],
      [
        [2, 21],
        [3, 30],
      ],
      untrusted
    );
    expect(changes).toMatchObject({
      inserts: [{ timesMs: Float64Array.of(3) }],
      updates: { timesMs: [] },
      deletes: { timesMs: [20] },
      unchanged: 1,
    });
  });

  it('leads from any stored state to any new one', () => {
    const value = fc.oneof(fc.double(), fc.constantFrom(NaN, 0, -0, Infinity, -Infinity));
    const state = fc.dictionary(fc.integer({ min: 0, max: 30 }).map(String), value).map((record) =>
      Object.entries(record)
        .map(([time, number]): [number, number] => [Number(time), number])
        .sort(([a], [b]) => a - b)
    );
    fc.assert(
      fc.property(state, state, (stored, fresh) => {
        const { insertCount, updates, deletes, unchanged, ...changes } = diff(stored, fresh);
        const inserts = toColumns(changes.inserts);
        const result = new Map(stored);
        deletes.timesMs.forEach((time) => expect(result.delete(time)).toBe(true));
        updates.timesMs.forEach((time, i) => result.set(time, updates.values[i]));
        inserts.timesMs.forEach((time, i) => {
          expect(result.has(time)).toBe(false);
          result.set(time, inserts.values[i]);
        });
        expect([...result].sort(([a], [b]) => a - b)).toEqual(fresh);
        expect(insertCount).toBe(inserts.timesMs.length);
        expect(unchanged + updates.timesMs.length + inserts.timesMs.length).toBe(fresh.length);
      })
    );
  });
});
