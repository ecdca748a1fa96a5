import { exemplarFrames, sampleExemplars } from './exemplarFrames';

const CONTEXT = { expr: 'x', stepMs: 1_000, legendFormat: '' };

describe('exemplarFrames', () => {
  // [Q3.4] [Q7.9]
  it('merges all series into one table with the sorted labels of both', () => {
    const [frame, ...rest] = exemplarFrames(
      [
        { labels: { __name__: 'b', z: '1' }, exemplars: [{ labels: { trace_id: 't2' }, value: 2, timeMs: 2_000 }] },
        {
          labels: { __name__: 'a' },
          exemplars: [
            { labels: { span: 's', trace_id: 't1' }, value: 1, timeMs: 1_000 },
            { labels: { z: 'own' }, value: 3, timeMs: 3_000 },
          ],
        },
      ],
      CONTEXT
    );
    expect(rest).toEqual([]);
    expect(frame.name).toBe('exemplar');
    expect(frame.meta).toEqual({
      custom: { resultType: 'exemplar', calculatedMinStep: 1_000 },
      executedQueryString: 'Expr: x\nStep: 1s',
    });
    expect(frame.fields.map(({ name, values }) => [name, [...values]])).toEqual([
      ['Time', [1_000, 2_000, 3_000]],
      ['Value', [1, 2, 3]],
      ['__name__', ['a', 'b', 'a']],
      ['span', ['s', '', '']],
      ['trace_id', ['t1', 't2', '']],
      ['z', ['', '1', 'own']],
    ]);
  });

  // [Q7.8]
  it('leaves none out when all are asked for', () => {
    const labels = { __name__: 'a' };
    const at = (timeMs: number) => ({ labels: {}, value: 1, timeMs });
    const series = [{ labels, exemplars: [at(1_900), at(1_100), at(1_500)] }];
    expect(exemplarFrames(series, CONTEXT)[0].fields[0].values).toHaveLength(1);
    expect([...exemplarFrames(series, { ...CONTEXT, allExemplars: true })[0].fields[0].values]).toEqual([
      1_100, 1_500, 1_900,
    ]);
  });

  it('gives no frame without exemplars', () => {
    expect(exemplarFrames([{ labels: {}, exemplars: [] }], CONTEXT)).toEqual([]);
  });
});

describe('sampleExemplars', () => {
  const at = (timeMs: number, value: number) => ({ timeMs, value });

  it('keeps the highest value of each step', () => {
    expect(sampleExemplars([at(1_900, 2), at(1_100, 3), at(2_500, 1)], 1_000)).toEqual([at(1_100, 3), at(2_500, 1)]);
  });

  // [Q3.4]
  it('keeps a further value of a step when it lies more than two standard deviations below', () => {
    const crowd = Array.from({ length: 20 }, (_, i) => at(1_000 + i, 100));
    expect(sampleExemplars([...crowd, at(1_500, 1)], 1_000)).toEqual([at(1_000, 100), at(1_500, 1)]);
  });
});
