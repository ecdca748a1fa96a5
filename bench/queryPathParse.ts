/**
 * The streaming answer parser against JSON.parse (plus the loop that makes typed arrays of its output) on the same bytes.
 *
 *   npx tsx bench/queryPathParse.ts [--large] [--rounds 7]
 *
 * Prints JSON. Times come from one process per size with the two sides interleaved; peak memory from one process per size and
 * side that reads the body from a file in chunks, as from a socket (JSON.parse then needs it whole).
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { AnswerParser } from '../pkg/source/answer/parser/answerParser';
import { toQueryResult } from '../pkg/source/answer/parser/queryAnswer';

interface Size {
  series: number;
  points: number;
  values: 'long' | 'short';
}

interface Measurement extends Size {
  megabytes: number;
  streamingMs: number;
  jsonParseMs: number;
  /** How many times faster the streaming parser is. */
  ratio: number;
  nsPerSample: number;
}

type Side = 'streaming' | 'jsonParse';

/** What the HTTP client hands on at a time. */
const CHUNK_BYTES = 64 * 1024;

const SIZES: Size[] = [
  { series: 1, points: 10, values: 'long' },
  { series: 1, points: 1440, values: 'long' },
  { series: 10, points: 1440, values: 'long' },
  { series: 100, points: 1440, values: 'long' },
  { series: 10_000, points: 1, values: 'short' },
  { series: 1000, points: 1440, values: 'long' },
  { series: 1000, points: 1440, values: 'short' },
  { series: 100, points: 11_000, values: 'long' },
  { series: 100, points: 11_000, values: 'short' },
];

const LARGE: Size[] = [{ series: 10_000, points: 1440, values: 'short' }];

/** A matrix as Prometheus writes it; long values have 16 or 17 digits, short ones up to 5. */
function makeBody({ series, points, values }: Size): Buffer {
  let seed = 12345;
  const random = (): number => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 1) / 2 ** 31;
  const parts: Buffer[] = [Buffer.from('{"status":"success","data":{"resultType":"matrix","result":[')];
  for (let s = 0; s < series; s++) {
    const labels = `{"__name__":"http_requests_total","instance":"host-${s}:9090","job":"api","handler":"/api/v1/${s % 50}"}`;
    const samples: string[] = [];
    for (let p = 0; p < points; p++) {
      const value = values === 'long' ? String(random() * 1000 + random()) : String(Math.floor(random() * 99_999));
      samples.push(`[${1705590300 + p * 15}${p % 2 ? '.123' : ''},"${value}"]`);
    }
    parts.push(Buffer.from(`${s ? ',' : ''}{"metric":${labels},"values":[${samples.join(',')}]}`));
  }
  parts.push(Buffer.from(']}}'));
  return Buffer.concat(parts);
}

function parseStreaming(body: Buffer): number {
  const parser = new AnswerParser();
  for (let i = 0; i < body.length; i += CHUNK_BYTES) {
    parser.feed(body.subarray(i, i + CHUNK_BYTES));
  }
  const { series } = toQueryResult(parser.finish());
  return series[series.length - 1].values[0];
}

interface Answer {
  data: { result: Array<{ metric: Record<string, string>; values: Array<[number, string]> }> };
}

function parseWithJson(body: Buffer): number {
  const answer = JSON.parse(body.toString('utf8')) as Answer;
  const series = answer.data.result.map(({ metric, values }) => {
    const timesMs = new Float64Array(values.length);
    const floats = new Float64Array(values.length);
    for (let i = 0; i < values.length; i++) {
      timesMs[i] = Math.trunc(values[i][0] * 1000);
      floats[i] = Number(values[i][1]);
    }
    return { labels: metric, timesMs, values: floats };
  });
  return series[series.length - 1].values[0];
}

const SIDES: Record<Side, (body: Buffer) => number> = { streaming: parseStreaming, jsonParse: parseWithJson };

function measure(size: Size, rounds: number): Measurement {
  const body = makeBody(size);
  const times: Record<Side, number[]> = { streaming: [], jsonParse: [] };
  const repeat = Math.max(1, Math.floor(200_000 / body.length));
  for (let round = -2; round < rounds; round++) {
    for (const side of ['streaming', 'jsonParse'] as const) {
      const start = process.hrtime.bigint();
      for (let i = 0; i < repeat; i++) {
        SIDES[side](body);
      }
      const ms = Number(process.hrtime.bigint() - start) / 1e6 / repeat;
      if (round >= 0) {
        times[side].push(ms);
      }
    }
  }
  const streamingMs = median(times.streaming);
  const jsonParseMs = median(times.jsonParse);
  return {
    ...size,
    megabytes: round(body.length / 1e6),
    streamingMs: round(streamingMs),
    jsonParseMs: round(jsonParseMs),
    ratio: round(jsonParseMs / streamingMs),
    nsPerSample: round((streamingMs * 1e6) / (size.series * size.points)),
  };
}

/** Peak resident memory above that of the idle process while the file is read and parsed, in megabytes. */
function measureMemory(file: string, side: Side): number {
  const before = process.memoryUsage().rss;
  const parser = new AnswerParser();
  const chunks: Buffer[] = [];
  const descriptor = openSync(file, 'r');
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const bytes = readSync(descriptor, chunk);
    if (bytes === 0) {
      break;
    }
    if (side === 'streaming') {
      parser.feed(chunk.subarray(0, bytes));
    } else {
      chunks.push(chunk.subarray(0, bytes));
    }
  }
  closeSync(descriptor);
  if (side === 'streaming') {
    toQueryResult(parser.finish());
  } else {
    parseWithJson(Buffer.concat(chunks));
  }
  return round((process.resourceUsage().maxRSS * 1024 - before) / 1e6);
}

function compareMemory(size: Size): Record<Side, unknown> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'promkeep-bench-'));
  const file = path.join(folder, 'body.json');
  try {
    writeFileSync(file, makeBody(size));
    const measured = (side: Side): unknown => runChild(['--memory', side, '--file', file]);
    return { streaming: measured('streaming'), jsonParse: measured('jsonParse') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function runChild(args: string[]): unknown {
  const child = spawnSync(process.execPath, [...process.execArgv, ...process.argv.slice(1, 2), ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 24,
  });
  if (child.status !== 0) {
    return { failed: (child.stderr || `exit ${child.status}`).trim().split('\n').pop() };
  }
  return JSON.parse(child.stdout) as unknown;
}

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
  const side = options.memory === 'jsonParse' ? 'jsonParse' : 'streaming';
  process.stdout.write(JSON.stringify(measureMemory(options.file, side)));
} else if (options.size !== undefined) {
  const size = JSON.parse(options.size) as Size;
  process.stdout.write(JSON.stringify(measure(size, Number(options.rounds))));
} else {
  const results = [...SIZES, ...(options.large ? LARGE : [])].map((size) => ({
    ...(runChild(['--size', JSON.stringify(size), '--rounds', options.rounds]) as Measurement),
    peakMegabytes: compareMemory(size),
  }));
  const report = { node: process.version, cpu: os.cpus()[0]?.model, chunkBytes: CHUNK_BYTES, results };
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
}
