import { createUpkeep } from '../../pkg/archive/upkeep/upkeep';
import { connectionFromUrl } from '../../pkg/archive/connect/connection';
import { silentLogger, SOURCE } from './archiveServers';

/** A process that computes all rollups again and again until it is killed: `tsx archiveRollupProcess.ts <url> <clock in ms>`. */
async function main(): Promise<void> {
  const [, , url, nowMs] = process.argv;
  const { signal } = new AbortController();
  const jobs = createUpkeep({
    connection: connectionFromUrl(url),
    logger: silentLogger,
    clock: { nowMs: () => Number(nowMs) },
  });
  for (;;) {
    await jobs.rollUp(signal, { source: SOURCE });
    process.stdout.write('.');
    await jobs.packClosed(signal, { batchSamples: 2_000 });
  }
}

void main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
