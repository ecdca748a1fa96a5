/**
 * Whole queries through a real Grafana: the datasource of this project against Grafana's own, on the same Prometheus.
 *
 *   GRAFANA_URL=http://127.0.0.1:3000 npx tsx bench/grafanaQuery.ts --own <uid> --ours <uid> --expr bench_value
 *     [--prometheus http://127.0.0.1:9090] [--points 1441] [--step-ms 15000] [--rounds 15] [--small-rounds 200] [--warm-up 500]
 *
 * Prints JSON. Prometheus must hold 1,000 series for `--expr` over the last `points` steps. Every round asks every side once,
 * in an order that turns from round to round; the first rounds are not counted, 3 of the large query and `--warm-up` of the small
 * ones: V8 compiles what runs often, and a dashboard sends that many within minutes. `--prometheus` adds what the bare HTTP call
 * takes, which no datasource can avoid. GRAFANA_USER and GRAFANA_PASSWORD are for a Grafana without anonymous access.
 */
import { once } from 'node:events';
import http from 'node:http';
import os from 'node:os';
import { parseArgs } from 'node:util';

interface Ask {
  name: string;
  expr: string;
  range: boolean;
  points: number;
  rounds: number;
  warmUp: number;
}

interface Side {
  name: string;
  send(ask: Ask): Promise<number>;
}

interface Figures {
  medianMs: number;
  p95Ms: number;
  bytes: number;
}

const WARM_UP_ROUNDS = 3;

const { values: options } = parseArgs({
  options: {
    own: { type: 'string' },
    ours: { type: 'string' },
    prometheus: { type: 'string' },
    expr: { type: 'string', default: 'bench_value' },
    points: { type: 'string', default: '1441' },
    'step-ms': { type: 'string', default: '15000' },
    rounds: { type: 'string', default: '15' },
    'small-rounds': { type: 'string', default: '200' },
    'warm-up': { type: 'string', default: '500' },
  },
});

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const stepMs = Number(options['step-ms']);
const endMs = Math.floor(Date.now() / stepMs) * stepMs;

async function main(): Promise<void> {
  const grafana = process.env.GRAFANA_URL;
  if (!grafana || !options.own || !options.ours) {
    throw new Error('GRAFANA_URL, --own and --ours are needed');
  }
  const sides = [
    grafanaSide('own', grafana, options.own),
    grafanaSide('ours', grafana, options.ours),
    ...(options.prometheus ? [prometheusSide(options.prometheus)] : []),
  ];
  const [points, rounds, smallRounds] = [options.points, options.rounds, options['small-rounds']].map(Number);
  const warmUp = Number(options['warm-up']);
  const asks: Ask[] = [
    { name: 'large range', expr: options.expr, range: true, points, rounds, warmUp: WARM_UP_ROUNDS },
    { name: 'up, instant', expr: 'up', range: false, points: 1, rounds: smallRounds, warmUp },
    { name: 'up, range', expr: 'up', range: true, points: 241, rounds: smallRounds, warmUp },
  ];
  const results: unknown[] = [];
  for (const ask of asks) {
    results.push(await compare(ask, sides));
  }
  const machine = { node: process.version, cpus: os.cpus().length, cpu: os.cpus()[0]?.model, load: os.loadavg() };
  process.stdout.write(`${JSON.stringify({ bench: 'grafanaQuery', ...machine, results }, null, 2)}\n`);
  agent.destroy();
}

async function compare(ask: Ask, sides: readonly Side[]): Promise<unknown> {
  const timesMs = new Map<string, number[]>(sides.map(({ name }) => [name, []]));
  const bytes = new Map<string, number>();
  for (let round = -ask.warmUp; round < ask.rounds; round++) {
    for (let i = 0; i < sides.length; i++) {
      const side = sides[(i + round + ask.warmUp) % sides.length];
      const startMs = performance.now();
      bytes.set(side.name, await side.send(ask));
      const tookMs = performance.now() - startMs;
      if (round >= 0) {
        timesMs.get(side.name)?.push(tookMs);
      }
    }
  }
  const figures = new Map(
    [...timesMs].map(([name, times]): [string, Figures] => [
      name,
      { medianMs: quantile(times, 0.5), p95Ms: quantile(times, 0.95), bytes: bytes.get(name) ?? 0 },
    ])
  );
  const [own, ours] = [figures.get('own'), figures.get('ours')];
  const ratio = own && ours ? rounded(ours.medianMs / own.medianMs) : undefined;
  return { ...ask, ...Object.fromEntries(figures), ratio };
}

function grafanaSide(name: string, url: string, uid: string): Side {
  const { GRAFANA_USER: user, GRAFANA_PASSWORD: password } = process.env;
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (user) {
    headers.authorization = `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}`;
  }
  return {
    name,
    send({ expr, range, points }) {
      const query = {
        refId: 'A',
        datasource: { uid },
        expr,
        range,
        instant: !range,
        intervalMs: stepMs,
        maxDataPoints: 11_000,
      };
      const body = { queries: [query], from: String(endMs - (points - 1) * stepMs), to: String(endMs) };
      return post(new URL('/api/ds/query', url), headers, JSON.stringify(body));
    },
  };
}

function prometheusSide(url: string): Side {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return {
    name: 'prometheus',
    send({ expr, range, points }) {
      const [start, end, step] = [endMs - (points - 1) * stepMs, endMs, stepMs].map((ms) => String(ms / 1000));
      const form = new URLSearchParams(range ? { query: expr, start, end, step } : { query: expr, time: end });
      return post(new URL(range ? '/api/v1/query_range' : '/api/v1/query', url), headers, form.toString());
    },
  };
}

/** The length of the answer, which is thrown away: reading it must cost next to nothing on a machine that all parts share. */
async function post(url: URL, headers: Record<string, string>, body: string): Promise<number> {
  const request = http.request(url, { method: 'POST', agent, headers });
  request.end(body);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => (bytes += chunk.length));
  await once(response, 'end');
  if (response.statusCode !== 200) {
    throw new Error(`${url.host} answered ${response.statusCode}`);
  }
  return bytes;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return rounded(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]);
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

void main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
