/**
 * What a small query waits while a large answer is being worked on: small queries (1 kB) one after the other against a
 * local server, alone and beside large ones (40 MB), through the source, the frames, the Arrow encoder and protobuf, in this
 * process as in the plugin.
 *
 *   npx tsx bench/mixedLoad.ts [--seconds 10] [--large 1]     `--large`: so many large ones at a time
 *
 * Prints JSON. The server is a process of its own and holds its bodies ready. `blocked` is the longest time the event loop
 * was not free, by a timer of 1 ms.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { type AddressInfo } from 'node:net';
import os from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type MetricSource } from '../pkg/core/ports/metricSource';
import { describeFrames } from '../pkg/core/query/queryMeta';
import { type QueryResult } from '../pkg/core/model/series';
import { framesOf } from '../pkg/core/frames/seriesFrames';
import { encodeFrames } from '../pkg/plugin/arrow/encodeFrames';
import { encodeQueryResponse } from '../pkg/plugin/largeAnswers';
import { plainPrometheusSettings } from '../pkg/source/settings/prometheusSettings';
import { createPrometheusSource } from '../pkg/source/prometheusSource';

const LARGE = { series: 1000, points: 1500 };
const PAUSE_MS = 5;
const CONTEXT = { expr: 'x', stepMs: 15_000, legendFormat: '' };

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '10' },
      large: { type: 'string', default: '1' },
      serve: { type: 'boolean' },
    },
  });
  if (values.serve) {
    serve();
    return;
  }
  const server = spawn(process.execPath, [...process.execArgv, process.argv[1], '--serve'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(server.stdout, 'data')) as [Buffer];
  const url = `http://127.0.0.1:${String(line).trim()}`;
  const large = Number(values.large);
  const settings = plainPrometheusSettings(url);
  const source = createPrometheusSource(settings);
  try {
    const limitMs = Number(values.seconds) * 1000;
    await measure(source, 0, limitMs / 5);
    const alone = await measure(source, 0, limitMs);
    const beside = await measure(source, large, limitMs);
    const machine = { node: process.version, cpus: os.cpus().length, cpu: os.cpus()[0]?.model, load: os.loadavg() };
    process.stdout.write(`${JSON.stringify({ bench: 'mixedLoad', ...machine, alone, beside }, null, 2)}\n`);
  } finally {
    await source.close();
    server.kill();
  }
}

async function measure(source: MetricSource, large: number, limitMs: number): Promise<unknown> {
  const { signal } = new AbortController();
  const loop = monitorEventLoopDelay({ resolution: 1 });
  const endMs = performance.now() + limitMs;
  const largeMs: number[] = [];
  const smallMs: number[] = [];
  const repeat = async (large: boolean, times: number[], pauseMs: number): Promise<void> => {
    while (performance.now() < endMs) {
      const startMs = performance.now();
      await ask(source, large, signal);
      times.push(performance.now() - startMs);
      await sleep(pauseMs);
    }
  };
  loop.enable();
  const startMs = performance.now();
  await Promise.all([
    repeat(false, smallMs, PAUSE_MS),
    ...Array.from({ length: large }, () => repeat(true, largeMs, PAUSE_MS)),
  ]);
  const seconds = (performance.now() - startMs) / 1000;
  loop.disable();
  return {
    small: summary(smallMs),
    ...(large > 0 && { large: { ...summary(largeMs), perSecond: rounded(largeMs.length / seconds) } }),
    blocked: { p99Ms: rounded(loop.percentile(99) / 1e6), maxMs: rounded(loop.max / 1e6) },
  };
}

async function ask(source: MetricSource, large: boolean, signal: AbortSignal): Promise<number> {
  const query = { expr: 'x', startMs: 0, endMs: large ? 1000 : 0, stepMs: 1000 };
  return bytesIn(await answer(await source.queryRange(query, { signal })));
}

async function answer(result: QueryResult): Promise<Buffer[]> {
  const frames = describeFrames(framesOf(result), CONTEXT, result);
  return encodeQueryResponse({ responses: { A: { frames: await encodeFrames(frames, 'A'), status: 200 } } });
}

function bytesIn(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

function serve(): void {
  const small = Buffer.from(body(1, 40));
  const large = Buffer.from(body(LARGE.series, LARGE.points));
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const isLarge = new URLSearchParams(Buffer.concat(chunks).toString()).get('end') === '1';
      response.setHeader('content-type', 'application/json').end(isLarge ? large : small);
    });
  });
  server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
}

/** A matrix with values of 2 to 7 characters. */
function body(series: number, points: number): string {
  const all = Array.from({ length: series }, (_, s) => {
    const samples = Array.from({ length: points }, (_unused, p) => `[${1705590300 + p * 15},"${(s * p) % 99_991}.5"]`);
    return `{"metric":{"__name__":"x","instance":"host-${s}:9090","job":"api"},"values":[${samples.join(',')}]}`;
  });
  return `{"status":"success","data":{"resultType":"matrix","result":[${all.join(',')}]}}`;
}

function summary(times: number[]): Record<string, number> {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): number => rounded(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]);
  return { count: times.length, p50Ms: at(0.5), p90Ms: at(0.9), p99Ms: at(0.99), maxMs: at(1) };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

void main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
