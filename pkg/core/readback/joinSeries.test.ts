import fc from 'fast-check';
import { compareText, filterTimes, joinSeries, sortByLabels } from './joinSeries';
import { type Labels, type Series } from '../model/series';

function seriesAt(labels: Labels | undefined, samples: ReadonlyArray<readonly [number, number]>): Series {
  return {
    labels,
    timesMs: Float64Array.from(samples, ([time]) => time),
    values: Float64Array.from(samples, ([, value]) => value),
  };
}

describe('joinSeries', () => {
  it('continues a series across the seam and keeps the order of labels', () => {
    const old = [seriesAt({ job: 'b' }, [[1, 10]]), seriesAt({ job: 'a' }, [[1, 20]])];
    const young = [seriesAt({ job: 'c' }, [[2, 31]]), seriesAt({ job: 'b' }, [[2, NaN]])];
    expect(joinSeries([old, young])).toEqual([
      seriesAt({ job: 'a' }, [[1, 20]]),
      seriesAt({ job: 'b' }, [
        [1, 10],
        [2, NaN],
      ]),
      seriesAt({ job: 'c' }, [[2, 31]]),
    ]);
  });

  it('puts what fills a hole in its place', () => {
    const archived = [
      seriesAt({}, [
        [1, 1],
        [4, 4],
        [5, 5],
      ]),
    ];
    const filled = [
      seriesAt({}, [
        [2, 2],
        [3, 3],
      ]),
    ];
    expect([...joinSeries([archived, filled])[0].values]).toEqual([1, 2, 3, 4, 5]);
  });

  it('gives the same whatever is cut out of an answer and put back', () => {
    const labels = fc.dictionary(fc.constantFrom('a', 'b', 'é', '😀'), fc.constantFrom('1', '10', '\uffff', '😀'), {
      maxKeys: 3,
    });
    const answer = fc.uniqueArray(labels, {
      selector: (one) => JSON.stringify(Object.entries(one).sort()),
      maxLength: 6,
    });
    fc.assert(
      fc.property(answer, fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), (all, inArchive) => {
        const whole = sortByLabels(
          all.map((one, n) =>
            seriesAt(
              one,
              inArchive.map((_, i) => [i, n * 100 + i] as const)
            )
          )
        );
        const part = (wanted: boolean): Series[] =>
          whole
            .map((one) => filterTimes(one, (time) => inArchive[time] === wanted))
            .filter(({ timesMs }) => timesMs.length > 0)
            .reverse();
        expect(joinSeries([part(true), part(false)])).toEqual(whole);
      })
    );
  });
});

describe('compareText', () => {
  it('orders as the bytes of UTF-8 do', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 4 });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareText(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
      })
    );
    expect(compareText('\uffff', '😀')).toBeLessThan(0);
  });
});

describe('sortByLabels', () => {
  it('compares label by label, and fewer labels come first', () => {
    const labels: Labels[] = [
      { a: '2' },
      { b: '1' },
      { a: '1', b: '1' },
      {},
      { a: '1' },
      { __name__: 'z' },
      { A: '9' },
    ];
    expect(sortByLabels(labels.map((one) => seriesAt(one, []))).map((one) => one.labels)).toEqual([
      {},
      { A: '9' },
      { __name__: 'z' },
      { a: '1' },
      { a: '1', b: '1' },
      { a: '2' },
      { b: '1' },
    ]);
  });
});
