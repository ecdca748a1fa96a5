import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/**
 * How long the plugin's executable takes from being started to its handshake line, and what it holds in memory when idle.
 * `npx tsx bench/pluginStart.ts [executable]`; 15 starts, one after the other, as Grafana makes them (empty environment).
 */
const executable = path.resolve(process.argv[2] ?? 'dist/promkeep-prometheus-datasource/gpx_promkeep_linux_amd64');
const STARTS = 15;
const IDLE_MS = 5_000;

async function start(): Promise<{ child: ChildProcess; tookMs: number }> {
  const beganMs = performance.now();
  const child = spawn(executable, [], {
    env: { grafana_plugin_type: 'datasource', PLUGIN_PROTOCOL_VERSIONS: '2' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (chunk: Buffer) => resolve(String(chunk)));
    child.once('exit', (code) => reject(new Error(`The executable ended with code ${code}`)));
  });
  const tookMs = performance.now() - beganMs;
  if (!line.startsWith('1|2|')) {
    throw new Error(`This is no handshake: ${line}`);
  }
  return { child, tookMs };
}

async function stop(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}

function residentMb(child: ChildProcess): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}

async function main(): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < STARTS; i++) {
    const { child, tookMs } = await start();
    times.push(tookMs);
    await stop(child);
  }
  const { child } = await start();
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const idleMb = residentMb(child);
  await stop(child);
  times.sort((a, b) => a - b);
  const round = (value: number): number => Math.round(value);
  process.stdout.write(
    `${JSON.stringify({
      handshakeMs: { min: round(times[0]), median: round(times[STARTS >> 1]), max: round(times[STARTS - 1]) },
      idleResidentMb: round(idleMb),
      loadBefore: os.loadavg()[0],
    })}\n`
  );
}

void main();
