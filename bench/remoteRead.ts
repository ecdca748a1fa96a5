import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { encodeReadRequest, type ResponseType } from '../pkg/remote/messages/readRequest';
import { compress } from '../pkg/remote/snappy';
import { startPrometheus } from '../scripts/stack/prometheus';
import { archiveAll } from '../tests/integration/rawArchiving';

/**
 * Our remote read against Prometheus' own, of the same series in one run: 1,000 series × 1,440 samples (a third each of counters, two
 * decimals, random floats), whole answers with their bodies. Prints JSON: milliseconds, bytes, ratios of the medians and of the best.
 * `npx tsx bench/remoteRead.ts [rounds]`
 */
const ROUNDS = Number(process.argv[2] ?? 15);
const [SERIES, POINTS, STEP_MS] = [1_000, 1_440, 15_000];
/** On a block's end, a while ago, so that all of it is in Prometheus' blocks. */
const END_MS = Math.floor(Date.now() / 7_200_000) * 7_200_000 - 7_200_000;
const START_MS = END_MS - POINTS * STEP_MS;

function lines(): string[] {
  const all: string[] = [];
  for (let series = 0; series < SERIES; series++) {
    let counter = 0;
    for (let i = 0; i < POINTS; i++) {
      counter += Math.floor(Math.random() * 100);
      const value = [counter, Math.round(Math.random() * 10_000) / 100, Math.random()][series % 3];
      const at = (START_MS + i * STEP_MS) / 1_000;
      all.push(`up{job="bench",instance="127.0.0.1:9100",series="${series}"} ${value} ${at}`);
    }
  }
  return [...all, '# EOF', ''];
}

async function read(url: string, type: ResponseType): Promise<{ ms: number; bytes: number }> {
  const matchers = [{ name: 'job', operator: '=' as const, value: 'bench' }];
  const queries = [{ startMs: START_MS, endMs: END_MS - 1, matchers }];
  const body = new Uint8Array(compress(encodeReadRequest({ queries, acceptedTypes: [type] })));
  const headers = {
    'Content-Encoding': 'snappy',
    'Content-Type': 'application/x-protobuf',
    'X-Prometheus-Remote-Read-Version': '0.1.0',
  };
  const start = performance.now();
  const response = await fetch(`${url}/api/v1/read`, { method: 'POST', headers, body });
  const { byteLength } = await response.arrayBuffer();
  const ms = performance.now() - start;
  if (!response.ok) {
    throw new Error(`remote read: ${response.status}`);
  }
  return { ms, bytes: byteLength };
}

const rounded = (value: number): number => Number(value.toFixed(2));

function summary(all: Array<{ ms: number; bytes: number }>): { bestMs: number; medianMs: number; bytes: number } {
  const times = all.map(({ ms }) => ms).sort((a, b) => a - b);
  return { bestMs: rounded(times[0]), medianMs: rounded(times[times.length >> 1]), bytes: all[0].bytes };
}

async function compare(urls: { prometheus: string; promkeep: string }, type: ResponseType): Promise<void> {
  const all = {
    prometheus: [] as Array<{ ms: number; bytes: number }>,
    promkeep: [] as Array<{ ms: number; bytes: number }>,
  };
  // in turn, so that both meet the same load; the first ones warm up
  for (let round = -3; round < ROUNDS; round++) {
    for (const who of ['prometheus', 'promkeep'] as const) {
      const one = await read(urls[who], type);
      if (round >= 0) {
        all[who].push(one);
      }
    }
  }
  const [prometheus, promkeep] = [summary(all.prometheus), summary(all.promkeep)];
  const ratio = {
    best: rounded(promkeep.bestMs / prometheus.bestMs),
    median: rounded(promkeep.medianMs / prometheus.medianMs),
  };
  process.stdout.write(`${JSON.stringify({ type, prometheus, promkeep, ratio, load: rounded(os.loadavg()[0]) })}\n`);
}

async function main(): Promise<void> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'promkeep-bench-'));
  const [file, dataDir] = [path.join(dir, 'samples.txt'), path.join(dir, 'data')];
  writeFileSync(file, lines().join('\n'));
  execFileSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', file, dataDir], { stdio: 'ignore' });
  const source = await startPrometheus({ config: 'scrape_configs: []\n', dataDir });
  try {
    const archived = await archiveAll(source.url, END_MS - 1, '24h');
    const urls = { prometheus: source.url, promkeep: archived.url };
    await compare(urls, 'STREAMED_XOR_CHUNKS');
    await compare(urls, 'SAMPLES');
    await archived.stop();
  } finally {
    await source.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

void main();
