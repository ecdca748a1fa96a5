import { createUpkeep } from '../../pkg/archive/upkeep/upkeep';
import { connectionFromUrl } from '../../pkg/archive/connect/connection';
import { silentLogger } from './archiveServers';

/** A process that packs in small transactions until it is killed: `tsx archivePackProcess.ts <url> <clock in ms>`. */
async function main(): Promise<void> {
  const [, , url, nowMs] = process.argv;
  const jobs = createUpkeep({
    connection: connectionFromUrl(url),
    logger: silentLogger,
    clock: { nowMs: () => Number(nowMs) },
  });
  for (;;) {
    await jobs.packClosed(new AbortController().signal, { batchSamples: 400 });
    process.stdout.write('.');
  }
}

void main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
