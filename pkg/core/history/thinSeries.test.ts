import { bucketFor, thinSeries } from './thinSeries';

const series = (timesMs: number[], values: number[]) => ({
  labels: { instance: 'a' },
  timesMs: Float64Array.from(timesMs),
  values: Float64Array.from(values),
});

describe('a bucket', () => {
  it('is a multiple of the step that leaves at most so many points', () => {
    expect(bucketFor({ fromMs: 0, toMs: 3_600_000 }, 15_000, 600)).toBe(15_000);
    expect(bucketFor({ fromMs: 0, toMs: 86_400_000 }, 15_000, 600)).toBe(150_000);
    expect(bucketFor({ fromMs: 0, toMs: 0 }, 15_000, 600)).toBe(15_000);
  });
});

describe('thinning', () => {
  it('keeps peaks and dips beside the mean', () => {
    expect(thinSeries(series([0, 1_000, 2_000, 3_000], [1, 9, 4, 6]), 2_000, 1_000)).toEqual({
      labels: { instance: 'a' },
      timesMs: [0, 2_000],
      values: [5, 5],
      min: [1, 4],
      max: [9, 6],
    });
  });

  it('leaves out buckets without samples and says null where no value is finite', () => {
    const thin = thinSeries(series([0, 4_000, 5_000], [1, NaN, Infinity]), 2_000, 1_000);
    expect(thin).toMatchObject({ timesMs: [0, 4_000], values: [1, null], min: [1, null], max: [1, null] });
  });

  it('gives the samples themselves when they are few enough', () => {
    expect(thinSeries(series([0, 1_000], [1, NaN]), 1_000, 1_000)).toEqual({
      labels: { instance: 'a' },
      timesMs: [0, 1_000],
      values: [1, null],
    });
  });
});
