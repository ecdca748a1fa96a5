// Frames to Arrow files: our writer against apache-arrow, on the same frames, rounds interleaved.
//   npx tsx bench/arrowWrite.ts
import {
  Field as ArrowField,
  Float64,
  makeData,
  RecordBatch,
  RecordBatchFileWriter,
  Schema,
  Struct,
  Table,
  TimestampNanosecond,
} from 'apache-arrow';
import { type Frame } from '../pkg/core/frames/frame';
import { ArrowEncoder } from '../pkg/plugin/arrow/arrowFile';

const ROUNDS = 15;
const SHAPES = [
  { series: 100, points: 11_000 },
  { series: 1000, points: 1440 },
  { series: 5000, points: 1 },
];

function makeFrames(series: number, points: number): Frame[] {
  return Array.from({ length: series }, (_, i) => ({
    fields: [
      {
        type: 'time',
        name: 'Time',
        values: Float64Array.from({ length: points }, (_unused, row) => 1_700_000_000_000 + row * 15_000),
        config: { interval: 15_000 },
      },
      {
        type: 'number',
        name: 'node_cpu_seconds_total',
        values: Float64Array.from({ length: points }, Math.random),
        labels: { __name__: 'node_cpu_seconds_total', cpu: String(i), instance: 'localhost:9100', mode: 'idle' },
        config: { displayNameFromDS: `cpu ${i}` },
      },
    ],
    meta: { type: 'timeseries-multi', typeVersion: [0, 1], custom: { resultType: 'matrix' } },
  }));
}

function writeOurs(frames: readonly Frame[]): Uint8Array[] {
  const encoder = new ArrowEncoder();
  return frames.map((frame) => encoder.encode(frame, 'A'));
}

/** What one would write with the library: the same columns and metadata, times by BigInt as its nanoseconds demand. */
function writeWithLibrary(frames: readonly Frame[]): Uint8Array[] {
  return frames.map((frame) => {
    const [time, value] = frame.fields;
    if (time.type !== 'time' || value.type !== 'number') {
      throw new Error('unexpected frame');
    }
    const nanoseconds = BigInt64Array.from(time.values, (ms) => BigInt(ms) * 1_000_000n);
    const columns = [
      makeData({ type: new TimestampNanosecond(), length: nanoseconds.length, data: nanoseconds }),
      makeData({ type: new Float64(), length: value.values.length, data: value.values }),
    ];
    const fields = [
      new ArrowField(time.name, columns[0].type, false, fieldMetadata('time', time)),
      new ArrowField(value.name, columns[1].type, false, fieldMetadata('number', value)),
    ];
    const schema = new Schema(
      fields,
      new Map([
        ['name', ''],
        ['refId', 'A'],
        ['meta', JSON.stringify(frame.meta)],
      ])
    );
    const batch = new RecordBatch(
      schema,
      makeData({ type: new Struct(fields), length: nanoseconds.length, nullCount: 0, children: columns })
    );
    return RecordBatchFileWriter.writeAll(new Table([batch])).toUint8Array(true);
  });
}

function fieldMetadata(tstype: string, field: Frame['fields'][number]): Map<string, string> {
  return new Map([
    ['tstype', tstype],
    ['labels', JSON.stringify(field.labels ?? {})],
    ['config', JSON.stringify(field.config)],
  ]);
}

function timeMs(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

const rows = SHAPES.map(({ series, points }) => {
  const frames = makeFrames(series, points);
  const ours: number[] = [];
  const library: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(timeMs(() => writeOurs(frames)));
    library.push(timeMs(() => writeWithLibrary(frames)));
  }
  const oursMs = median(ours);
  const libraryMs = median(library);
  return { series, points, oursMs: round1(oursMs), libraryMs: round1(libraryMs), ratio: round1(libraryMs / oursMs) };
});

function round1(value: number): number {
  return Math.round(value * 10) / 10;
}

process.stdout.write(
  JSON.stringify({ bench: 'arrowWrite', node: process.version, rounds: ROUNDS, rows }, null, 2) + '\n'
);
