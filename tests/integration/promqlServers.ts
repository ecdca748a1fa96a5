import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { encodeReadResponse } from '../../pkg/remote/messages/readResponse';
import { compress } from '../../pkg/remote/snappy';
import { startNodeExporter } from '../../scripts/stack/exporters';
import { freePort } from '../../scripts/stack/ports';
import { prometheusBinary, type RunningPrometheus, startPrometheus } from '../../scripts/stack/prometheus';
import { madeLines, type MadeTimes } from './promqlData';
import { writeRemotely, writtenSeries } from './promqlNative';
import { pause } from './promkeepProgram';

/** The Prometheus of the proof: a source with made and scraped data, one with a copy of that, and readers that hold nothing. */

export interface Source extends RunningPrometheus {
  dataDir: string;
}

const run = promisify(execFile);

/** Of the Prometheus that is run; `PROMETHEUS_BIN` names another. */
export async function prometheusVersion(): Promise<{ major: number; text: string }> {
  const { stdout, stderr } = await run(prometheusBinary(), ['--version']);
  const text = `${stdout}${stderr}`.split('\n')[0];
  const major = Number(/version (\d+)\./.exec(text)?.[1]);
  if (!major) {
    throw new Error(`Prometheus does not say which version it is: ${text}`);
  }
  return { major, text };
}

function featureFlags(major: number): string[] {
  const experimental = 'promql-experimental-functions,promql-extended-range-selectors,promql-duration-expr';
  const features = major < 3 ? 'native-histograms,promql-negative-offset,promql-at-modifier' : experimental;
  return [`--enable-feature=${features}`, '--storage.tsdb.retention.time=10y'];
}

export async function temporaryDir(): Promise<{ dir: string; remove(): Promise<void> }> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'promkeep-promql-'));
  return { dir, remove: () => rm(dir, { recursive: true, force: true, maxRetries: 3 }) };
}

/** A Prometheus with made data, which scrapes itself and, for the first half of the time, a node exporter. */
export async function startSource(
  dir: string,
  { times, host, scrapeMs, major }: { times: MadeTimes; host: string; scrapeMs: number; major: number }
): Promise<Source> {
  const dataDir = path.join(dir, 'source');
  const file = path.join(dir, 'samples.txt');
  await writeFile(file, `${madeLines(times, host).join('\n')}\n# EOF\n`);
  await run('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', file, dataDir], { maxBuffer: 2 ** 26 });
  await rm(file);
  const exporter = await startNodeExporter();
  try {
    const source = await startScraping(dataDir, dir, { target: `127.0.0.1:${exporter.port}`, major });
    await writeRemotely(source.url, writtenSeries(times));
    await pause(scrapeMs / 2);
    await exporter.stop();
    await pause(scrapeMs / 2);
    return { ...source, dataDir };
  } finally {
    await exporter.stop();
  }
}

async function startScraping(
  dataDir: string,
  configDir: string,
  { target, major }: { target: string; major: number }
): Promise<RunningPrometheus> {
  const port = await freePort();
  return startPrometheus({
    port,
    dataDir,
    configDir,
    flags: ['--web.enable-remote-write-receiver', '--web.enable-lifecycle', ...featureFlags(major)],
    config: `global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - {job_name: node, static_configs: [{targets: ['${target}']}]}
  - {job_name: prometheus, scrape_interval: 3s, static_configs: [{targets: ['127.0.0.1:${port}', '127.0.0.1:1']}]}
`,
  });
}

/** Targets that go leave stale markers, an interval after their last scrape. Returns a time behind all that is there. */
export async function endScraping(source: RunningPrometheus, configDir: string): Promise<number> {
  await writeFile(path.join(configDir, 'prometheus.yml'), 'scrape_configs: []\n');
  const response = await fetch(`${source.url}/-/reload`, { method: 'POST' });
  if (!response.ok) {
    throw new Error(`reload: ${response.status}`);
  }
  await pause(7_000);
  return Date.now();
}

/** A Prometheus that reads from `readUrl` and scrapes nothing. @param dataDir what it holds itself; absent: nothing */
export async function startReader(
  readUrl: string,
  options: { dataDir?: string; major: number }
): Promise<RunningPrometheus> {
  return startPrometheus({
    config: `scrape_configs: []\nremote_read: [{url: '${readUrl}', read_recent: true}]\n`,
    dataDir: options.dataDir,
    flags: featureFlags(options.major),
  });
}

/** One that holds what the source held and serves it. */
export function startCopy(dataDir: string, major: number): Promise<RunningPrometheus> {
  return startPrometheus({ config: 'scrape_configs: []\n', dataDir, flags: featureFlags(major) });
}

export async function copyData(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true, filter: (name) => path.basename(name) !== 'lock' });
}

/** A remote that has nothing. Beside one, Prometheus takes series in the order of their labels, as it does what is read remotely. */
export async function startEmptyRemote(): Promise<{ url: string; stop(): Promise<void> }> {
  const body = compress(encodeReadResponse([[]]));
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.setHeader('Content-Type', 'application/x-protobuf');
      response.setHeader('Content-Encoding', 'snappy');
      response.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const stop = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
  return { url: `http://127.0.0.1:${port}/read`, stop };
}
