import { type Table, tableFromIPC } from 'apache-arrow';
import fc from 'fast-check';
import { type Field, type Frame } from '../../core/frames/frame';
import { ArrowEncoder } from './arrowFile';

/** apache-arrow is the oracle: what it reads from our bytes must be what we were given. */
function roundTrip(frame: Frame, refId = 'A'): Table {
  return tableFromIPC(new ArrowEncoder().encode(frame, refId));
}

const time = (values: number[]): Field => ({ type: 'time', name: 'Time', values: Float64Array.from(values) });
const number = (values: number[], nulls?: number[]): Field => ({
  type: 'number',
  name: 'Value',
  values: Float64Array.from(values),
  nulls: nulls && Uint8Array.from(nulls),
});

function int64s(table: Table, column: number): bigint[] {
  const data = table.data[0].children[column].values as BigInt64Array | Int32Array;
  return [...new BigInt64Array(data.buffer, data.byteOffset, table.numRows)];
}

describe('ArrowEncoder', () => {
  // [P7]
  it('writes milliseconds as nanoseconds, because Grafana reads every timestamp as nanoseconds', () => {
    const timesMs = [0, 1, -1, 1_435_781_451_781, 1_767_225_600_000.25, -62_135_596_800, 9_000_000_000_000];
    const table = roundTrip({ fields: [time(timesMs)] });
    expect(table.schema.fields[0].type.toString()).toBe('Timestamp<NANOSECOND>');
    expect(int64s(table, 0)).toEqual(timesMs.map((ms) => BigInt(ms * 4) * 250_000n));
  });

  it('keeps every float bit for bit, NaN and the infinities among them', () => {
    const values = [0.1, -0, NaN, Infinity, -Infinity, 5e-324, Number.MAX_VALUE];
    const read = roundTrip({ fields: [number(values)] })
      .getChildAt(0)
      ?.toArray();
    expect([...(read as Float64Array)]).toEqual(values);
  });

  // [P7]
  it('tells nulls from values and NaN, in a column that says it is nullable', () => {
    const table = roundTrip({ fields: [number([1, NaN, 3, 4, 5, 6, 7, 8, 9], [0, 0, 1, 0, 0, 0, 0, 0, 1])] });
    expect(table.schema.fields[0].nullable).toBe(true);
    expect([...(table.getChildAt(0) ?? [])]).toEqual([1, NaN, null, 4, 5, 6, 7, 8, null]);
  });

  it('marks a column nullable that could hold nulls and holds none', () => {
    const table = roundTrip({ fields: [number([1], [0]), { ...number([2]), name: 'sure' }] });
    expect(table.schema.fields.map((field) => field.nullable)).toEqual([true, false]);
    expect(table.toArray().map((row) => ({ ...row }))).toEqual([{ Value: 1, sure: 2 }]);
  });

  // [P7]
  it('writes text as plain Utf8, because Grafana refuses dictionaries', () => {
    const values = ['', 'ä', '😀\u0000', 'plain', ''];
    const table = roundTrip({ fields: [{ type: 'string', name: 's', values }] });
    expect(table.schema.fields[0].type.toString()).toBe('Utf8');
    expect([...(table.getChildAt(0) ?? [])]).toEqual(values);
  });

  it('writes the bucket layout of histograms as int8', () => {
    const values = Int8Array.from([0, 3, -1]);
    const table = roundTrip({ fields: [{ type: 'int8', name: 'yLayout', values }] });
    expect(table.schema.fields[0].type.toString()).toBe('Int8');
    expect([...(table.getChildAt(0) ?? [])]).toEqual([0, 3, -1]);
  });

  // [Q3.6]
  it('carries name, refId, meta, labels and config, and says the type version even when there is none', () => {
    const frame: Frame = {
      name: 'n',
      fields: [
        { ...time([1]), config: { interval: 15_000 } },
        { ...number([1]), labels: { b: 'ü', a: '1' } },
        { ...number([2]), name: 'x', labels: {} },
      ],
      meta: { custom: { resultType: 'matrix' }, notices: [{ severity: 'warning', text: 'w' }] },
    };
    const { schema } = roundTrip(frame, 'B');
    expect(Object.fromEntries(schema.metadata)).toEqual({
      name: 'n',
      refId: 'B',
      meta: '{"custom":{"resultType":"matrix"},"notices":[{"severity":"warning","text":"w"}],"typeVersion":[0,0]}',
    });
    expect(schema.fields.map((field) => Object.fromEntries(field.metadata))).toEqual([
      { tstype: 'time', config: '{"interval":15000}' },
      { tstype: 'number', labels: '{"a":"1","b":"ü"}' },
      { tstype: 'number', labels: '{}' },
    ]);
  });

  it("prefers the frame's own refId", () => {
    expect(roundTrip({ refId: 'own', fields: [] }, 'map').schema.metadata.get('refId')).toBe('own');
  });

  it('writes a frame without fields and a frame without rows, which Grafana reads as no data', () => {
    const none = roundTrip({ fields: [], meta: { typeVersion: [0, 1] } });
    expect([none.numCols, none.numRows, none.schema.metadata.get('meta')]).toEqual([0, 0, '{"typeVersion":[0,1]}']);
    const empty = roundTrip({ fields: [time([]), { type: 'string', name: 's', values: [] }] });
    expect([empty.numCols, empty.numRows]).toEqual([2, 0]);
  });

  // [P7]
  it('refuses columns of different length, because Grafana would read past the short one', () => {
    const encode = (fields: Field[]) => () => new ArrowEncoder().encode({ fields }, 'A');
    expect(encode([time([1, 2]), number([1])])).toThrow('Field "Value" has 1 values, but its frame has 2 rows');
    expect(encode([number([1, 2], [0])])).toThrow('Field "Value" has 1 null marks, but its frame has 2 rows');
  });

  it('gives every file memory of its own, so that the next frame cannot change it', () => {
    const encoder = new ArrowEncoder();
    const first = encoder.encode({ name: 'first', fields: [number([1])] }, 'A');
    const copy = Uint8Array.from(first);
    encoder.encode({ name: 'second, longer', fields: [number([2]), time([3])] }, 'B');
    expect(Buffer.compare(first, copy)).toBe(0);
  });

  it('writes the same times again for frames that share them, and others for those that do not', () => {
    const encoder = new ArrowEncoder();
    const shared = time([1000, 2000]);
    const frames = [[shared], [number([1, 2]), shared], [time([3000, 4000])], [shared]];
    const times = frames.map((fields) => tableFromIPC(encoder.encode({ fields }, 'A')));
    expect(times.map((table, i) => int64s(table, i === 1 ? 1 : 0))).toEqual([
      [1_000_000_000n, 2_000_000_000n],
      [1_000_000_000n, 2_000_000_000n],
      [3_000_000_000n, 4_000_000_000n],
      [1_000_000_000n, 2_000_000_000n],
    ]);
  });

  // [Q3.6]
  it('agrees with apache-arrow on whatever frame there is', () => {
    const columns = fc.integer({ min: 0, max: 40 }).chain((rows) => {
      const many = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: rows, maxLength: rows });
      return fc.record({
        texts: many(fc.string({ unit: 'grapheme', maxLength: 300 })),
        numbers: many(fc.double()),
        nulls: many(fc.integer({ min: 0, max: 1 })),
        name: fc.string({ unit: 'grapheme' }),
        labels: fc.dictionary(fc.string({ minLength: 1 }), fc.string({ unit: 'grapheme' })),
      });
    });
    fc.assert(
      fc.property(columns, ({ texts, numbers, nulls, name, labels }) => {
        const fields: Field[] = [{ type: 'string', name, values: texts, labels }, number(numbers, nulls)];
        const table = roundTrip({ name, fields });
        expect([...(table.getChildAt(0) ?? [])]).toEqual(texts);
        expect([...(table.getChildAt(1) ?? [])]).toEqual(numbers.map((value, i) => (nulls[i] ? null : value)));
        expect(table.schema.fields[0].name).toBe(name);
        expect(JSON.parse(table.schema.fields[0].metadata.get('labels') ?? '')).toEqual({ ...labels });
      }),
      { numRuns: 200 }
    );
  });
});
