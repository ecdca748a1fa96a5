import { canonicalLabels, compareCodePoints, splitMetricName, toJsonRecord, toStandardRecords } from './standardRecord';

const T0 = 1_767_323_045_678;

describe('toStandardRecords', () => {
  // [R5]
  it('gives one record per sample, in series order, with UTC times to the millisecond and labels without the name', () => {
    const records = toStandardRecords(
      [
        { labels: { __name__: 'up', job: 'a' }, timesMs: [T0, T0 + 15_000], values: [1, 0] },
        { labels: { job: 'b' }, timesMs: [T0], values: [2] },
      ],
      'my query'
    );
    const constant = { source: 'prometheus', data_type: 'metric' };
    expect(records).toEqual([
      { metric_name: 'up', metric_value: 1, timestamp: '2026-01-02T03:04:05.678Z', labels: { job: 'a' }, ...constant },
      { metric_name: 'up', metric_value: 0, timestamp: '2026-01-02T03:04:20.678Z', labels: { job: 'a' }, ...constant },
      {
        metric_name: 'my query',
        metric_value: 2,
        timestamp: '2026-01-02T03:04:05.678Z',
        labels: { job: 'b' },
        ...constant,
      },
    ]);
  });

  // [R5]
  it('keeps NaN and infinities, which JSON carries as the texts Prometheus uses', () => {
    const records = toStandardRecords(
      [{ labels: {}, timesMs: [1, 2, 3, 4], values: [NaN, Infinity, -Infinity, -0] }],
      'q'
    );
    expect(records.map((record) => record.metric_value)).toEqual([NaN, Infinity, -Infinity, -0]);
    expect(records.map((record) => toJsonRecord(record).metric_value)).toEqual(['NaN', '+Inf', '-Inf', -0]);
  });

  it('takes a scalar, which has no labels, and an empty result', () => {
    const [record] = toStandardRecords([{ labels: undefined, timesMs: [T0], values: [5] }], '2+3');
    expect(record).toMatchObject({ metric_name: '2+3', labels: {} });
    expect(toStandardRecords([], 'q')).toEqual([]);
  });
});

describe('splitMetricName', () => {
  // [R5]
  it('puts the name of the query in place of an absent or empty name', () => {
    expect(splitMetricName({ __name__: '', a: 'b' }, 'q')).toEqual({ metricName: 'q', labels: { a: 'b' } });
    expect(splitMetricName(undefined, 'q')).toEqual({ metricName: 'q', labels: {} });
  });
});

describe('canonicalLabels', () => {
  it('is the same text for the same labels in any order', () => {
    expect(canonicalLabels({ b: '2', a: '1' })).toBe('{"a":"1","b":"2"}');
    expect(canonicalLabels({ a: '1', b: '2' })).toBe('{"a":"1","b":"2"}');
    expect(canonicalLabels({})).toBe('{}');
  });

  it('escapes what JSON must escape', () => {
    expect(canonicalLabels({ 'a"': 'x\n\\' })).toBe('{"a\\"":"x\\n\\\\"}');
  });
});

describe('compareCodePoints', () => {
  it('orders as UTF-8 bytes do, also above U+FFFF where UTF-16 does not', () => {
    const texts = ['\u{1F600}', '\uFFFD', '\uE000', 'é', 'z', 'a', '', 'ab', '\u{10FFFF}'];
    const encoder = new TextEncoder();
    const byBytes = [...texts].sort((a, b) => Buffer.compare(encoder.encode(a), encoder.encode(b)));
    expect([...texts].sort(compareCodePoints)).toEqual(byBytes);
  });
});
