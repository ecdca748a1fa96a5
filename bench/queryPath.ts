/**
 * The whole way of an answer, ours against what one would write with libraries, on the same bytes: bytes → series → frames →
 * Arrow files → protobuf. The other side is `JSON.parse`, the same frames, apache-arrow, and the same protobuf.
 *
 *   npx tsx bench/queryPath.ts [--large] [--rounds 7]
 *
 * Prints JSON. Each size runs in a process of its own with the sides interleaved; peak memory in one more process per side,
 * which reads the body from a file in chunks, as from a socket. Milliseconds are the processor's, not the wall's, so that other
 * work on the machine does not show. `growth` is how the time of ours per sample changes from the 100 × 1,440 answer: 1 is
 * linear. `--large` adds 10,000 × 1,440.
 */
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
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Frame } from '../pkg/core/frames/frame';
import { describeFrames } from '../pkg/core/query/queryMeta';
import { type QueryResult, type Series } from '../pkg/core/model/series';
import { framesOf } from '../pkg/core/frames/seriesFrames';
import { ArrowEncoder } from '../pkg/plugin/arrow/arrowFile';
import { loadProtocol } from '../pkg/plugin/protocol';
import { AnswerParser } from '../pkg/source/answer/parser/answerParser';
import { toQueryResult } from '../pkg/source/answer/parser/queryAnswer';

interface Size {
  series: number;
  points: number;
}

interface Measurement extends Size {
  megabytes: number;
  oursMs: number;
  librariesMs: number;
  ratio: number;
  nsPerSample: number;
}

type Side = 'ours' | 'libraries';

const CHUNK_BYTES = 64 * 1024;
const SIZES: Size[] = [
  { series: 1, points: 10 },
  { series: 1, points: 1440 },
  { series: 10, points: 1440 },
  { series: 100, points: 1440 },
  { series: 1000, points: 1440 },
  { series: 5000, points: 1 },
];
const LARGE: Size = { series: 10_000, points: 1440 };
const CONTEXT = { expr: 'http_requests_total', stepMs: 15_000, legendFormat: '' };

const serialize = loadProtocol().service('pluginv2.Data').QueryData.responseSerialize;

/** Half of the series count, half have floats with 16 or 17 digits. */
function makeBody({ series, points }: Size): Buffer {
  let seed = 12345;
  const random = (): number => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 1) / 2 ** 31;
  const parts: Buffer[] = [Buffer.from('{"status":"success","data":{"resultType":"matrix","result":[')];
  for (let s = 0; s < series; s++) {
    const labels = `{"__name__":"http_requests_total","instance":"host-${s}:9090","job":"api","handler":"/api/v1/${s % 50}"}`;
    const samples = Array.from({ length: points }, (_, p) => {
      const value = s % 2 ? random() * 1000 + random() : Math.floor(random() * 99_999);
      return `[${1705590300 + p * 15},"${value}"]`;
    });
    parts.push(Buffer.from(`${s ? ',' : ''}{"metric":${labels},"values":[${samples.join(',')}]}`));
  }
  parts.push(Buffer.from(']}}'));
  return Buffer.concat(parts);
}

function ours(chunks: Iterable<Buffer>): number {
  const parser = new AnswerParser();
  for (const chunk of chunks) {
    parser.feed(chunk);
  }
  const result = toQueryResult(parser.finish());
  const encoder = new ArrowEncoder();
  return toProtobuf(toFrames(result).map((frame) => encoder.encode(frame, 'A')));
}

interface Answer {
  data: { result: Array<{ metric: Record<string, string>; values: Array<[number, string]> }> };
}

function libraries(chunks: Iterable<Buffer>): number {
  const answer = JSON.parse(Buffer.concat([...chunks]).toString('utf8')) as Answer;
  const series = answer.data.result.map(({ metric, values }): Series => ({
    labels: metric,
    timesMs: Float64Array.from(values, ([seconds]) => Math.trunc(seconds * 1000)),
    values: Float64Array.from(values, ([, text]) => Number(text)),
  }));
  const frames = toFrames({ resultType: 'matrix', series, warnings: [], infos: [] });
  return toProtobuf(frames.map(writeWithArrow));
}

function toFrames(result: QueryResult): Frame[] {
  return describeFrames(framesOf(result), CONTEXT, result);
}

function toProtobuf(frames: Uint8Array[]): number {
  return serialize({ responses: { A: { frames, status: 200 } } }).length;
}

function writeWithArrow(frame: Frame): Uint8Array {
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
  const metadata = new Map([['name', ''], ['refId', 'A'], ['meta', JSON.stringify(frame.meta)]]); // prettier-ignore
  const rows = makeData({ type: new Struct(fields), length: nanoseconds.length, nullCount: 0, children: columns });
  const batch = new RecordBatch(new Schema(fields, metadata), rows);
  return RecordBatchFileWriter.writeAll(new Table([batch])).toUint8Array(true);
}

function fieldMetadata(tstype: string, field: Frame['fields'][number]): Map<string, string> {
  const metadata = new Map([['tstype', tstype]]);
  if (field.labels) {
    metadata.set('labels', JSON.stringify(field.labels));
  }
  if (field.config) {
    metadata.set('config', JSON.stringify(field.config));
  }
  return metadata;
}

const SIDES: Record<Side, (chunks: Iterable<Buffer>) => number> = { ours, libraries };
const BOTH: Side[] = ['ours', 'libraries'];

function* chunksOf(body: Buffer): Generator<Buffer> {
  for (let i = 0; i < body.length; i += CHUNK_BYTES) {
    yield body.subarray(i, i + CHUNK_BYTES);
  }
}

function measure(size: Size, rounds: number): Measurement {
  const body = makeBody(size);
  const times: Record<Side, number[]> = { ours: [], libraries: [] };
  const repeat = Math.max(1, Math.floor(200_000 / body.length));
  // the other side takes a minute for the largest
  const [warmUps, counted] = body.length > 1e8 ? [0, 1] : [2, rounds];
  for (let round = -warmUps; round < counted; round++) {
    for (const side of BOTH) {
      const start = process.cpuUsage();
      for (let i = 0; i < repeat; i++) {
        SIDES[side](chunksOf(body));
      }
      if (round >= 0) {
        const { user, system } = process.cpuUsage(start);
        times[side].push((user + system) / 1000 / repeat);
      }
    }
  }
  const [oursMs, librariesMs] = [median(times.ours), median(times.libraries)];
  return {
    ...size,
    megabytes: rounded(body.length / 1e6),
    oursMs: rounded(oursMs),
    librariesMs: rounded(librariesMs),
    ratio: rounded(librariesMs / oursMs),
    nsPerSample: rounded((oursMs * 1e6) / (size.series * size.points)),
  };
}

/** Peak resident memory above that of the idle process, in megabytes. */
function measureMemory(file: string, side: Side): number {
  const before = process.memoryUsage().rss;
  SIDES[side](readChunks(file));
  return rounded((process.resourceUsage().maxRSS * 1024 - before) / 1e6);
}

function* readChunks(file: string): Generator<Buffer> {
  const descriptor = openSync(file, 'r');
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const bytes = readSync(descriptor, chunk);
    if (bytes === 0) {
      break;
    }
    yield chunk.subarray(0, bytes);
  }
  closeSync(descriptor);
}

function compareMemory(size: Size): Record<string, unknown> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'promkeep-bench-'));
  const file = path.join(folder, 'body.json');
  try {
    writeFileSync(file, makeBody(size));
    return Object.fromEntries(BOTH.map((side) => [side, runChild(['--memory', side, '--file', file])]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function runChild(args: string[]): unknown {
  const child = spawnSync(process.execPath, [...process.execArgv, process.argv[1], ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 24,
  });
  if (child.status !== 0) {
    const lines = (child.stderr || `exit ${child.status}`).trim().split('\n');
    return { failed: lines.find((line) => /Error/.test(line)) ?? lines.pop() };
  }
  return JSON.parse(child.stdout) as unknown;
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function main(): void {
  const { values: options } = parseArgs({
    options: {
      large: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '7' },
      size: { type: 'string' },
      memory: { type: 'string' },
      file: { type: 'string' },
    },
  });
  if (options.file !== undefined) {
    process.stdout.write(JSON.stringify(measureMemory(options.file, options.memory === 'ours' ? 'ours' : 'libraries')));
    return;
  }
  if (options.size !== undefined) {
    process.stdout.write(JSON.stringify(measure(JSON.parse(options.size) as Size, Number(options.rounds))));
    return;
  }
  const results = [...SIZES, ...(options.large ? [LARGE] : [])].map((size) => ({
    ...(runChild(['--size', JSON.stringify(size), '--rounds', options.rounds]) as Measurement),
    peakMegabytes: compareMemory(size),
  }));
  const base = results.find(({ series, points }) => series === 100 && points === 1440)?.nsPerSample ?? NaN;
  const grown = results.map((result) => ({ ...result, growth: rounded(result.nsPerSample / base) }));
  const machine = { node: process.version, cpus: os.cpus().length, cpu: os.cpus()[0]?.model, load: os.loadavg() };
  process.stdout.write(`${JSON.stringify({ bench: 'queryPath', ...machine, results: grown }, null, 2)}\n`);
}

main();
