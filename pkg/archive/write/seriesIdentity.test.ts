import { type Labels, type Series } from '../../core/model/series';
import { fingerprintOf, IdentityMemory, identifySeries, restoreLabels } from './seriesIdentity';

const RANGE = { fromMs: 0, toMs: 60_000 };

function series(labels: Labels | undefined, timesMs: number[] = [0]): Series {
  return { labels, timesMs: Float64Array.from(timesMs), values: new Float64Array(timesMs.length) };
}

const identify = (all: Series[], range = RANGE): ReturnType<typeof identifySeries> =>
  identifySeries(all, 'q', range, new IdentityMemory());
const reasonsOf = (all: Series[]): string[] => identify(all).refused.map(({ reason }) => reason);

describe('fingerprintOf', () => {
  it('is SHA-256 over name, zero byte and labels, as other programs can compute it', () => {
    expect(fingerprintOf('up', '{"job":"a"}')).toBe('7e6c86342d6304accb2b8937dae6fcc653b1cf7ad20ec66bcc65e70f38d851a2');
  });

  // [A2]
  it('keeps the same labels under two names apart, and the border between name and labels', () => {
    const prints = [
      fingerprintOf('a', '{}'),
      fingerprintOf('b', '{}'),
      fingerprintOf('a{}', ''),
      fingerprintOf('', 'a{}'),
    ];
    expect(new Set(prints).size).toBe(4);
  });
});

describe('identifySeries', () => {
  it('gives the query name to results without a name, and remembers that', () => {
    const { accepted } = identify([
      series({ __name__: 'up', a: '1' }),
      series({ a: '1' }),
      series(undefined),
      series({ __name__: '', a: '2' }),
    ]);
    expect(accepted.map(({ metricName, origin, labels }) => [metricName, origin, labels])).toEqual([
      ['up', 'named', '{"a":"1"}'],
      ['q', 'nameless', '{"a":"1"}'],
      ['q', 'scalar', '{}'],
      ['q', 'nameless', '{"a":"2"}'],
    ]);
  });

  it('treats an empty label as absent, as Prometheus does', () => {
    const { accepted } = identify([series({ __name__: 'up', a: '', b: 'x' })]);
    expect(accepted[0].labels).toBe('{"b":"x"}');
  });

  it('does not depend on the order of labels', () => {
    const [one] = identify([series({ a: '1', b: '2' })]).accepted;
    const [two] = identify([series({ b: '2', a: '1' })]).accepted;
    expect(one.fingerprint).toBe(two.fingerprint);
  });

  it('refuses the second of two series that become one when named', () => {
    expect(reasonsOf([series({ __name__: 'q', a: '1' }), series({ a: '1' })])).toEqual([
      'another series of this result is already stored as q with the same labels',
    ]);
  });

  it.each([
    ['NUL in a value', { a: 'x\u0000' }, /NUL/],
    ['NUL in a name', { 'a\u0000': 'x' }, /NUL/],
    ['half a surrogate pair', { a: '\ud83d' }, /surrogate/],
  ])('refuses %s', (_, labels, reason) => {
    expect(reasonsOf([series(labels)])).toEqual([expect.stringMatching(reason)]);
  });

  it('accepts whole surrogate pairs and a megabyte', () => {
    expect(reasonsOf([series({ a: '😀' }), series({ a: 'x'.repeat(1_000_000) })])).toEqual([]);
  });

  it.each([
    ['before the range', [-1]],
    ['behind the range', [60_001]],
    ['at no time', [NaN]],
  ])('refuses samples %s', (_, times) => {
    expect(reasonsOf([series({ a: '1' }, times)])).toEqual([expect.stringMatching(/outside/)]);
  });

  it('refuses times that repeat or go back', () => {
    expect(reasonsOf([series({ a: '1' }, [0, 0]), series({ a: '2' }, [5, 3])])).toEqual([
      expect.stringMatching(/ascend/),
      expect.stringMatching(/ascend/),
    ]);
  });

  it('refuses times PostgreSQL and ISO-8601 do not share, even when the range holds them', () => {
    const all = { fromMs: -Infinity, toMs: Infinity };
    const { refused } = identify([series({ a: '1' }, [8.64e15])], all);
    expect(refused).toHaveLength(1);
  });

  it('refuses native histograms rather than losing them', () => {
    const histograms = {
      timesMs: Float64Array.of(0),
      counts: Float64Array.of(1),
      sums: Float64Array.of(1),
      bucketStart: Uint32Array.of(0, 0),
      bucketRule: new Int8Array(0),
      bucketLower: new Float64Array(0),
      bucketUpper: new Float64Array(0),
      bucketCount: new Float64Array(0),
    };
    expect(reasonsOf([{ ...series({ a: '1' }), histograms }])).toEqual([expect.stringMatching(/native histograms/)]);
  });
});

describe('IdentityMemory', () => {
  const print = (memory: IdentityMemory, labels: Labels | undefined, queryName = 'q'): unknown => {
    const found = memory.identify(labels, queryName);
    return typeof found === 'string' ? found : [found.metricName, found.origin, found.labels];
  };

  it('gives the same object for the same labels and the name of another query its own', () => {
    const memory = new IdentityMemory();
    expect(memory.identify({ a: '1' }, 'q')).toBe(memory.identify({ a: '1' }, 'q'));
    expect(memory.identify({ __name__: 'up' }, 'q')).toBe(memory.identify({ __name__: 'up' }, 'other'));
    expect(print(memory, { a: '1' }, 'other')).toEqual(['other', 'nameless', '{"a":"1"}']);
  });

  it('tells labels apart that look alike, whatever they and the query name hold', () => {
    const memory = new IdentityMemory();
    const all: Array<[Labels | undefined, string]> = [
      [undefined, 'q'],
      [{}, 'q'],
      [{ a: '1' }, 'q'],
      [{}, 'q\n{"a":"1"}'],
      [{ __name__: 'q', a: '1' }, 'q'],
      [{ a: '1","b":"2' }, 'q'],
      [{ a: '1', b: '2' }, 'q'],
    ];
    const fresh = all.map(([labels, name]) => print(new IdentityMemory(), labels, name));
    expect(all.map(([labels, name]) => print(memory, labels, name))).toEqual(fresh);
    expect(all.map(([labels, name]) => print(memory, labels, name))).toEqual(fresh);
  });

  it('refuses bad labels again and again, also those that resemble good ones', () => {
    const memory = new IdentityMemory();
    memory.identify({ a: 'b', c: 'd' }, 'q');
    for (let i = 0; i < 2; i++) {
      expect(memory.identify({ a: 'b\u0000c\u0000d' }, 'q')).toMatch(/NUL/);
      expect(memory.identify({}, '')).toMatch(/no metric name/);
    }
  });

  it('forgets rather than growing without bound', () => {
    const memory = new IdentityMemory(100);
    const first = memory.identify({ a: '1' }, 'q');
    const huge = memory.identify({ a: 'x'.repeat(200) }, 'q');
    expect(memory.identify({ a: 'x'.repeat(200) }, 'q')).not.toBe(huge);
    for (let i = 0; i < 20; i++) {
      memory.identify({ a: `other ${i}` }, 'q');
    }
    expect(memory.identify({ a: '1' }, 'q')).not.toBe(first);
    expect(memory.identify({ a: '1' }, 'q')).toEqual(first);
  });
});

describe('restoreLabels', () => {
  it('undoes the naming', () => {
    expect(restoreLabels({ metric_name: 'up', origin: 'named', labels: { a: '1' } })).toEqual({
      __name__: 'up',
      a: '1',
    });
    expect(restoreLabels({ metric_name: 'q', origin: 'nameless', labels: { a: '1' } })).toEqual({ a: '1' });
    expect(restoreLabels({ metric_name: 'q', origin: 'scalar', labels: {} })).toBeUndefined();
  });
});
