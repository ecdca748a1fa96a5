import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { answersOk, type ManagedProcess, startProcess, waitUntilReady } from './managedProcess';
import { onPort } from './ports';
import { findOnPath } from './programs';

export interface RunningAlertmanager {
  port: number;
  process: ManagedProcess;
  stop(): Promise<void>;
}

/** Debian's name or upstream's; `undefined` when neither is on PATH. */
export function alertmanagerBinary(): string | undefined {
  return findOnPath(['prometheus-alertmanager', 'alertmanager']);
}

/**
 * Starts Alertmanager on 127.0.0.1, alone (no cluster port), and resolves when it takes alerts. What it keeps goes with stop.
 *
 * @param config the text of alertmanager.yml
 */
export async function startAlertmanager(command: string, config: string): Promise<RunningAlertmanager> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'promkeep-alertmanager-'));
  const removeDir = (): Promise<void> => rm(dir, { recursive: true, force: true, maxRetries: 3 });
  const file = path.join(dir, 'alertmanager.yml');
  await writeFile(file, config);
  try {
    return await onPort(undefined, async (port) => {
      const managed = await startProcess({
        name: 'Alertmanager',
        command,
        args: [
          `--config.file=${file}`,
          `--storage.path=${path.join(dir, 'data')}`,
          `--web.listen-address=127.0.0.1:${port}`,
          '--cluster.listen-address=',
        ],
      });
      await waitUntilReady('Alertmanager', managed, () => answersOk(`http://127.0.0.1:${port}/-/ready`));
      const stop = async (): Promise<void> => {
        await managed.stop();
        await removeDir();
      };
      return { port, process: managed, stop };
    });
  } catch (error) {
    await removeDir();
    throw error;
  }
}
