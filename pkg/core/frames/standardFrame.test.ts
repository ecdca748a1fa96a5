import { standardFrame, standardSeries } from './standardFrame';

const CONTEXT = { expr: 'sum(up)', stepMs: 15_000, legendFormat: '' };

describe('standardFrame', () => {
  it('is one long table of standard records, without a data plane type', () => {
    const frame = standardFrame(
      [
        {
          labels: { __name__: 'up', job: 'b', a: '"' },
          timesMs: Float64Array.of(1, 2),
          values: Float64Array.of(1, NaN),
        },
        { labels: undefined, timesMs: Float64Array.of(3), values: Float64Array.of(Infinity) },
      ],
      CONTEXT
    );
    expect(frame.fields.map(({ name, values }) => [name, [...values]])).toEqual([
      ['time', [1, 2, 3]],
      ['name', ['up', 'up', 'sum(up)']],
      ['value', [1, NaN, Infinity]],
      ['labels', ['{"a":"\\"","job":"b"}', '{"a":"\\"","job":"b"}', '{}']],
      ['source', ['prometheus', 'prometheus', 'prometheus']],
      ['data_type', ['metric', 'metric', 'metric']],
    ]);
    expect(frame.meta).toEqual({
      custom: { calculatedMinStep: 15_000 },
      executedQueryString: 'Expr: sum(up)\nStep: 15s',
      preferredVisualisationType: 'table',
    });
  });

  it('has its columns also without a row', () => {
    expect(standardFrame([], CONTEXT).fields.map(({ values }) => values.length)).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

describe('standardSeries', () => {
  // [Q7.7] [R5]
  it('gives count and sum of native histograms, beside the floats', () => {
    const histograms = {
      timesMs: Float64Array.of(5),
      counts: Float64Array.of(2),
      sums: Float64Array.of(7),
      bucketStart: Uint32Array.of(0, 0),
      bucketRule: new Int8Array(0),
      bucketLower: new Float64Array(0),
      bucketUpper: new Float64Array(0),
      bucketCount: new Float64Array(0),
    };
    const floats = { timesMs: Float64Array.of(1), values: Float64Array.of(1) };
    const series = standardSeries([{ labels: { __name__: 'h', a: 'b' }, ...floats, histograms }], 'q');
    expect(series.map(({ labels, values }) => [labels?.__name__, labels?.a, Array.from(values)])).toEqual([
      ['h', 'b', [1]],
      ['h_count', 'b', [2]],
      ['h_sum', 'b', [7]],
    ]);
    const empty = { timesMs: new Float64Array(0), values: new Float64Array(0) };
    expect(standardSeries([{ labels: {}, ...empty, histograms }], 'q').map(({ labels }) => labels?.__name__)).toEqual([
      'q_count',
      'q_sum',
    ]);
  });
});
