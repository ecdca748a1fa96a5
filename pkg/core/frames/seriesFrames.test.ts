import { type Frame } from './frame';
import { frameToJson } from './frameJson';
import {
  addPromkeepMeta,
  describeFrames,
  onFirstFrame,
  type QueryContext,
  refusedFrame,
  unansweredFrame,
} from '../query/queryMeta';
import { type Labels, type QueryResult, type Series } from '../model/series';
import { framesOf } from './seriesFrames';

const CONTEXT: QueryContext = { expr: 'up', stepMs: 15_000, legendFormat: '' };

function answer(part: Partial<QueryResult>): QueryResult {
  return { resultType: 'matrix', series: [], warnings: [], infos: [], ...part };
}

function one(labels: Labels | undefined, timesMs: number[] = [1_000], values: number[] = [1]): Series {
  return { labels, timesMs: Float64Array.from(timesMs), values: Float64Array.from(values) };
}

function framesFor(result: Partial<QueryResult>, context: Partial<QueryContext> = {}): Frame[] {
  const full = answer(result);
  return describeFrames(framesOf(full), { ...CONTEXT, ...context }, full);
}

const HISTOGRAM: Series = {
  ...one({ __name__: 'm', a: 'b' }, [], []),
  histograms: {
    timesMs: Float64Array.of(2_000),
    counts: Float64Array.of(2),
    sums: Float64Array.of(3),
    bucketStart: Uint32Array.of(0, 1),
    bucketRule: Int8Array.of(3),
    bucketLower: Float64Array.of(-1),
    bucketUpper: Float64Array.of(1),
    bucketCount: Float64Array.of(2),
  },
};

describe('frames of an answer, against the reference outputs', () => {
  // [Q3.7]
  it('a vector with a legend whose label is missing', () => {
    const [frame] = framesFor(
      { resultType: 'vector', series: [one({ __name__: 'up' })] },
      { legendFormat: 'x {{job}}' }
    );
    expect(frameToJson(frame)).toEqual({
      schema: {
        meta: {
          type: 'numeric-multi',
          typeVersion: [0, 1],
          custom: { calculatedMinStep: 15_000, resultType: 'vector' },
          executedQueryString: 'Expr: up\nStep: 15s',
        },
        fields: [
          { name: 'Time', type: 'time', typeInfo: { frame: 'time.Time' }, config: { interval: 15_000 } },
          {
            name: 'up',
            type: 'number',
            typeInfo: { frame: 'float64' },
            labels: { __name__: 'up' },
            config: { displayNameFromDS: 'x ' },
          },
        ],
      },
      data: { values: [[1_000], [1]] },
    });
  });

  // [Q3.2]
  it('a native histogram', () => {
    const [frame] = framesFor({ series: [HISTOGRAM] });
    const { schema, data } = frameToJson(frame);
    expect(data).toEqual({ values: [[2_000], [-1], [1], [2], [3]] });
    expect(schema.meta).toEqual({
      type: 'heatmap-cells',
      typeVersion: [0, 0],
      custom: { calculatedMinStep: 15_000 },
      executedQueryString: 'Expr: up\nStep: 15s',
    });
    expect(schema.fields.map(({ name, labels, config }) => ({ name, labels, config }))).toEqual(
      [
        ['xMax', { interval: 15_000 }],
        ['yMin', { displayNameFromDS: 'm{a="b"}' }],
        ['yMax', undefined],
        ['count', undefined],
        ['yLayout', undefined],
      ].map(([name, config]) => ({ name, labels: { __name__: 'm', a: 'b' }, config }))
    );
  });

  // [Q3.2]
  it('a scalar', () => {
    const [frame] = framesFor({ resultType: 'scalar', series: [one(undefined)] }, { expr: '5' });
    expect(frame.meta?.type).toBe('numeric-multi');
    expect(frame.fields[1]).toMatchObject({ name: 'Value', labels: {}, config: { displayNameFromDS: '5' } });
  });

  // [Q3.2]
  it('a string', () => {
    const text = { timeMs: 5_000, value: 'abc' };
    const [frame] = framesFor({ resultType: 'string', text }, { expr: '"abc"' });
    expect(frame.meta).toMatchObject({
      type: 'timeseries-multi',
      typeVersion: [0, 0],
      custom: { resultType: 'string' },
    });
    expect(frame.fields[1]).toMatchObject({
      name: 'Value',
      labels: {},
      values: ['abc'],
      config: { displayNameFromDS: '"abc"' },
    });
  });

  // [Q3.7]
  it('an empty result: exactly one frame without fields, which alerting reads as no data', () => {
    expect(framesFor({}).map(frameToJson)).toEqual([
      {
        schema: {
          meta: {
            typeVersion: [0, 0],
            custom: { calculatedMinStep: 15_000 },
            executedQueryString: 'Expr: up\nStep: 15s',
          },
          fields: [],
        },
        data: { values: [] },
      },
    ]);
  });

  // [Q3.7]
  it('warnings and infos on an empty result, in that order', () => {
    const [frame, ...rest] = framesFor({ warnings: ['w'], infos: ['i'] });
    expect(rest).toEqual([]);
    expect(frame).toMatchObject({ name: 'Warnings', fields: [] });
    expect(frame.meta?.notices).toEqual([
      { severity: 'warning', text: 'w' },
      { severity: 'info', text: 'i' },
    ]);
    expect(frame.meta?.custom).toEqual({ calculatedMinStep: 15_000 });
  });
});

describe('frames of an answer', () => {
  // [Q3.3]
  it('are one per series in order; only the first says what was executed; all carry the notices', () => {
    const series = [one({ __name__: 'up', a: '1' }), one({ __name__: 'up', a: '2' })];
    const [first, second] = framesFor({ series, warnings: ['w'] });
    expect(first.fields[1].labels?.a).toBe('1');
    expect(first.meta).toMatchObject({
      type: 'timeseries-multi',
      typeVersion: [0, 1],
      executedQueryString: 'Expr: up\nStep: 15s',
    });
    expect(second.meta).toEqual({
      type: 'timeseries-multi',
      typeVersion: [0, 1],
      custom: { resultType: 'matrix' },
      notices: [{ severity: 'warning', text: 'w' }],
    });
  });

  // [Q3.3]
  it('tell a missing metric from an empty one', () => {
    const [missing, empty] = framesFor({ series: [one(undefined), one({})] });
    expect('labels' in missing.fields[1]).toBe(false);
    expect(empty.fields[1].labels).toEqual({});
  });

  it('keep NaN and infinities, as JSON entities', () => {
    const [frame] = framesFor({ series: [one({}, [0, 1, 2, 3], [NaN, Infinity, -Infinity, 4])] });
    expect(frameToJson(frame).data).toEqual({
      values: [
        [0, 1, 2, 3],
        [null, null, null, 4],
      ],
      entities: [null, { NaN: [0], Inf: [1], NegInf: [2] }],
    });
  });

  // [Q7.7]
  it('give floats and histograms of one series a frame each, so that nothing is lost', () => {
    const both = { ...HISTOGRAM, timesMs: Float64Array.of(1), values: Float64Array.of(7) };
    expect(framesFor({ series: [both] }).map(({ meta }) => meta?.type)).toEqual(['timeseries-multi', 'heatmap-cells']);
  });

  // [Q3.1]
  it('put statistics on the first frame without losing the result type', () => {
    const stats = { samples: { totalQueryableSamples: 42 } };
    const [frame] = framesFor({ series: [one({})], stats });
    expect(frame.meta?.custom).toEqual({ resultType: 'matrix', calculatedMinStep: 15_000, stats });
    expect(frame.meta?.stats).toEqual([{ displayName: 'Total queryable samples', value: 42 }]);
    expect(framesFor({ stats })[0].name).toBe('Query statistics');
  });

  // [Q7.21]
  it('print a step that annotations read correctly', () => {
    expect(framesFor({}, { stepMs: 90_000 })[0].meta?.executedQueryString).toBe('Expr: up\nStep: 90s');
  });
});

describe('small changes to frames', () => {
  it('describe a refused and an unanswered request', () => {
    expect(refusedFrame(CONTEXT)).toEqual({
      fields: [],
      meta: { custom: { calculatedMinStep: 15_000 }, executedQueryString: 'Expr: up\nStep: 15s' },
    });
    expect(unansweredFrame(CONTEXT)).toEqual({ fields: [], meta: { executedQueryString: 'Expr: up\nStep: 15s' } });
  });

  it('add to what is there, and make a frame where none is', () => {
    expect(onFirstFrame([], (frame) => addPromkeepMeta(addPromkeepMeta(frame, { a: 1 }), { b: 2 }))).toEqual([
      { fields: [], meta: { custom: { promkeep: { a: 1, b: 2 } } } },
    ]);
  });
});

describe('frameToJson', () => {
  // [P8]
  it('marks empty values, which are not NaN', () => {
    const json = frameToJson({
      refId: 'A',
      name: 'n',
      fields: [
        { name: 'v', type: 'number', values: Float64Array.of(1, NaN), nulls: Uint8Array.of(0, 1) },
        { name: 'i', type: 'int8', values: Int8Array.of(1, 2) },
        { name: 's', type: 'string', values: ['a', 'b'] },
      ],
    });
    expect(json.schema).toMatchObject({ refId: 'A', name: 'n' });
    expect(json.schema.fields.map(({ type, typeInfo }) => [type, typeInfo])).toEqual([
      ['number', { frame: 'float64', nullable: true }],
      ['number', { frame: 'int8' }],
      ['string', { frame: 'string' }],
    ]);
    expect(json.data).toEqual({
      values: [
        [1, null],
        [1, 2],
        ['a', 'b'],
      ],
    });
  });
});
