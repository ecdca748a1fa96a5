import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type ManagedProcess, startProcess } from '../../scripts/stack/managedProcess';

const root = path.resolve(__dirname, '../..');

/** `PROMKEEP_PROGRAM` runs the suite on a built `promkeep.js` instead of the sources. */
const PROGRAM = process.env.PROMKEEP_PROGRAM
  ? [process.env.PROMKEEP_PROGRAM]
  : ['--import', 'tsx', path.join(root, 'pkg/main.ts')];

export interface ProgramOptions {
  args: string[];
  environment?: Record<string, string>;
}

/** Starts `promkeep` with nothing of this environment but what Node needs. */
export function startProgram({ args, environment = {} }: ProgramOptions): Promise<ManagedProcess> {
  return startProcess({
    name: 'promkeep',
    command: process.execPath,
    args: [...PROGRAM, ...args],
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: os.tmpdir(), ...environment },
  });
}

/** Runs a command to its end. */
export async function runProgram(
  args: string[],
  environment: Record<string, string> = {}
): Promise<{ code: number | null; output: string }> {
  const program = await startProgram({ args, environment });
  const code = await program.exited;
  // The last lines may still be in the pipe when the process is gone.
  await pause(50);
  return { code, output: program.output() };
}

export interface ServingProgram {
  url: string;
  process: ManagedProcess;
}

/** Starts `promkeep serve` on a free port and resolves when it listens. */
export async function serve(options: Partial<ProgramOptions> = {}): Promise<ServingProgram> {
  const program = await startProgram({ ...options, args: ['serve', '--port', '0', ...(options.args ?? [])] });
  let ended = false;
  void program.exited.then(() => (ended = true));
  const url = await until('promkeep listens', async () => {
    const found = /dashboard"?[=:]"?(http:\/\/\S+?)\/dashboard/.exec(program.output());
    return found?.[1] ?? (ended && 'ended');
  });
  if (url === 'ended') {
    throw new Error(`promkeep ended instead of listening: ${program.output()}`);
  }
  return { url, process: program };
}

/** Repeats until there is a result. */
export async function until<T>(
  what: string,
  attempt: () => Promise<T | undefined | false>,
  limitMs = 40_000
): Promise<T> {
  const endMs = Date.now() + limitMs;
  let last: unknown;
  while (Date.now() < endMs) {
    try {
      const result = await attempt();
      if (result !== undefined && result !== false) {
        return result;
      }
    } catch (error) {
      last = error;
    }
    await pause(200);
  }
  throw new Error(`Waited ${limitMs / 1000} s in vain until ${what}`, { cause: last });
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A temporary folder with one file in it. */
export async function temporaryFile(name: string, text: string): Promise<{ file: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'promkeep-test-'));
  const file = path.join(folder, name);
  await writeFile(file, text);
  return { file, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** A JSON answer with its status. */
export async function getJson(
  url: string,
  headers: Record<string, string> = {}
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, { headers });
  return { status: response.status, body: await response.json() };
}
