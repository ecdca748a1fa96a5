import { type BucketRead } from '../../pkg/core/ports/history';
import { type TimeGrid, type TimeRange } from '../../pkg/core/model/timeRange';
import { type Archive } from '../../pkg/core/ports/archive';
import { type Series } from '../../pkg/core/model/series';
import { type Begin, describeContract, live, QUERY, seriesOf, span, T0, withQuery, writing } from './underTest';

const MINUTE = 60_000;

/** Rollups of recorded queries [A10]. */
export function describeBucketContract(name: string, begin: Begin): void {
  describeContract(`bucket contract: ${name}`, begin, (open) => {
    let archive: Archive;
    beforeEach(async () => {
      archive = await withQuery(open)();
    });

    const write = (series: Series[], covered: TimeRange[]): Promise<unknown> =>
      archive.samples.writeRange(writing(series, { range: span(-400, 400), covered }), live());
    const read = (change: Partial<BucketRead>) =>
      archive.history.readBuckets(
        { query: QUERY, grid: minutes(1, 10), matchers: [], widthMs: MINUTE, aggregate: 'max', ...change },
        live()
      );
    const ends = async (change: Partial<BucketRead>): Promise<number[]> =>
      ((await read(change))?.covered ?? []).flatMap(({ fromMs, toMs }) =>
        Array.from({ length: (toMs - fromMs) / MINUTE + 1 }, (_, i) => (fromMs - T0) / MINUTE + i)
      );

    it.each<[BucketRead['aggregate'], number[]]>([
      ['min', [-4, 1, 5]],
      ['max', [3, 4, 8]],
      ['avg', [0.5, 2.5, 6.5]],
      ['sum', [2, 10, 26]],
      ['count', [4, 4, 4]],
      ['last', [2, 4, 5]],
    ])('gives %s of the samples after a bucket begins and up to its end', async (aggregate, expected) => {
      // at T0 itself: belongs to the bucket before
      await write([seriesOf({ __name__: 'up' }, [99, 3, 1, -4, 2, 1, 2, 3, 4, 8, 7, 6, 5])], [span(0, 12)]);
      const found = await read({ aggregate });
      expect(found?.series.map(({ labels }) => labels)).toEqual([{ __name__: 'up' }]);
      expect([...(found?.series[0].timesMs ?? [])]).toEqual([1, 2, 3].map((minute) => T0 + minute * MINUTE));
      expect([...(found?.series[0].values ?? [])]).toEqual(expected);
      expect(found?.covered).toEqual([{ fromMs: T0 + MINUTE, toMs: T0 + 3 * MINUTE }]);
    });

    it('counts only samples that are there, and puts NaN above all numbers', async () => {
      await write(
        [
          seriesOf({ __name__: 'holes' }, [0, 1, undefined, undefined, 4]),
          seriesOf({ __name__: 'nan' }, [0, NaN, 1, 2, NaN]),
          seriesOf({ __name__: 'none' }, [0]),
        ],
        [span(0, 4)]
      );
      const of = async (aggregate: BucketRead['aggregate']): Promise<unknown> =>
        (await read({ aggregate }))?.series.map(({ labels, values }) => [labels?.__name__, ...values]);
      expect(await of('count')).toEqual([
        ['holes', 2],
        ['nan', 4],
      ]);
      expect(await of('max')).toEqual([
        ['holes', 4],
        ['nan', NaN],
      ]);
      expect(await of('min')).toEqual([
        ['holes', 1],
        ['nan', 1],
      ]);
      expect(await of('last')).toEqual([
        ['holes', 4],
        ['nan', NaN],
      ]);
    });

    it('leaves out buckets that are not covered as a whole, and says why', async () => {
      const gap = { ...span(9, 9), reason: 'source-down' } as const;
      const series = [
        seriesOf(
          { __name__: 'up' },
          Array.from({ length: 41 }, (_, i) => i)
        ),
      ];
      // The first covered time of minute 1 is missing, one in minute 3, and the last of minute 7.
      await write(series, [span(2, 8), span(10, 27)]);
      await archive.ledger.noteGap(QUERY.name, gap);
      expect(await ends({})).toEqual([2, 4, 5, 6]);
      const found = await read({});
      expect([...(found?.series[0].values ?? [])]).toEqual([8, 16, 20, 24]);
      expect(found?.gaps).toMatchObject([gap]);
      expect(await ends({ widthMs: 2 * MINUTE, grid: { ...minutes(2, 10), stepMs: 2 * MINUTE } })).toEqual([6]);
    });

    it('gives narrow buckets at a coarser grid, for the last value of each', async () => {
      const values = Array.from({ length: 41 }, (_, i) => i);
      await write([seriesOf({ __name__: 'up' }, values)], [span(0, 40)]);
      const grid = { ...minutes(3, 9), stepMs: 3 * MINUTE };
      const found = await read({ aggregate: 'last', grid });
      expect([...(found?.series[0].values ?? [])]).toEqual([12, 24, 36]);
    });

    it('filters series as Prometheus matches', async () => {
      const of = (instance: string): Series => seriesOf({ __name__: 'up', instance }, [0, 1, 2, 3, 4]);
      await write([of('a'), of('b')], [span(0, 4)]);
      const found = await read({ matchers: [{ name: 'instance', operator: '=~', value: 'b|c' }] });
      expect(found?.series.map(({ labels }) => labels?.instance)).toEqual(['b']);
      const wrong = { matchers: [{ name: 'instance', operator: '=~', value: '(a)\\1' } as const] };
      await expect(Promise.resolve().then(() => read(wrong))).rejects.toMatchObject({ code: 'QUERY_INVALID' });
    });

    it("never counts an older version's samples, nor answers for what is recorded differently", async () => {
      await write([seriesOf({ __name__: 'up' }, [0, 1, 2, 3, 4])], [span(0, 4)]);
      const changed = { ...QUERY, expression: 'up + 1' };
      await archive.definitions.provision([changed]);
      expect(await read({})).toBeUndefined();
      expect(await archive.history.rollups(QUERY, span(0, 4), live())).toBeUndefined();
      expect(await read({ query: changed })).toMatchObject({ covered: [], series: [] });
    });

    it('says that nothing has expired', async () => {
      await write([seriesOf({ __name__: 'up' }, [0, 1])], [span(0, 1)]);
      expect(await archive.history.rollups(QUERY, span(0, 4), live())).toEqual({
        covered: [span(0, 1)],
        expired: [],
        stored: [],
      });
    });
  });
}

function minutes(from: number, to: number): TimeGrid {
  return { startMs: T0 + from * MINUTE, endMs: T0 + to * MINUTE, stepMs: MINUTE };
}
