import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, existsSync } from 'node:fs';
import { Socket } from 'node:net';

export interface ManagedProcess {
  readonly pid: number;
  /** The exit code; `null` when a signal ended the process. */
  readonly exited: Promise<number | null>;
  /** The newest lines of stdout and stderr together, at most 64 KiB. */
  output(): string;
  /** Ends the process: the signal first, SIGKILL when it does not obey in time. Resolves when it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface ProcessOptions {
  /** For messages: `Prometheus`, `node exporter`, … */
  name: string;
  command: string;
  args: readonly string[];
  /** The whole environment; absent: that of this process. */
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Another user to run as; only root can. */
  user?: { uid: number; gid: number };
  stopSignal?: NodeJS.Signals;
  stopTimeoutMs?: number;
  /** A file that gets everything the process prints. */
  logFile?: string;
}

const OUTPUT_LIMIT = 64 * 1024;
const TAIL_LINES = 25;
const SETPRIV = '/usr/bin/setpriv';

/** Starts a program in a session of its own (so Ctrl-C in the terminal reaches only its starter) and watches it. */
export async function startProcess(options: ProcessOptions): Promise<ManagedProcess> {
  const { command, args } = diesWithParent(options);
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    uid: options.user?.uid,
    gid: options.user?.gid,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const output = collectOutput(child, options.logFile);
  const pid = await spawned(child, options);
  doNotKeepAlive(child);
  living.add(child);
  void exited.then(() => living.delete(child));
  return { pid, exited, output, stop: (signal) => stopProcess(child, exited, options, signal) };
}

const living = new Set<ChildProcess>();

/** Ends at once what is still running, for a start that is interrupted half-way; whoever waits for it sees it end. */
export function interruptProcesses(): void {
  living.forEach((child) => child.kill('SIGINT'));
}

/**
 * Where util-linux is there, the kernel ends the program when this process dies in a way that leaves no time to clean up
 * (SIGKILL, out of memory). `setpriv` replaces itself with the program, so the pid stays the same.
 */
function diesWithParent({ command, args, stopSignal }: ProcessOptions): { command: string; args: readonly string[] } {
  if (process.platform !== 'linux' || !existsSync(SETPRIV)) {
    return { command, args };
  }
  return { command: SETPRIV, args: ['--pdeathsig', (stopSignal ?? 'SIGTERM').slice('SIG'.length), command, ...args] };
}

/** A program that a failed test left behind must not keep the test runner waiting; it goes when the runner does. */
function doNotKeepAlive(child: ChildProcess): void {
  child.unref();
  for (const pipe of [child.stdout, child.stderr]) {
    if (pipe instanceof Socket) {
      pipe.unref();
    }
  }
}

function spawned(child: ChildProcess, { name, command }: ProcessOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(new Error(`${name} could not be started (${command}): ${cause.message}`)));
    child.once('spawn', () => resolve(child.pid ?? 0));
  });
}

function collectOutput(child: ChildProcess, logFile: string | undefined): () => string {
  let text = '';
  const log = logFile === undefined ? undefined : createWriteStream(logFile, { flags: 'a', mode: 0o600 });
  log?.on('error', () => undefined);
  const keep = (chunk: string): void => {
    text = (text + chunk).slice(-OUTPUT_LIMIT);
    log?.write(chunk);
  };
  child.stdout?.setEncoding('utf8').on('data', keep);
  child.stderr?.setEncoding('utf8').on('data', keep);
  child.once('close', () => log?.end());
  return () => text;
}

async function stopProcess(
  child: ChildProcess,
  exited: Promise<number | null>,
  { stopSignal = 'SIGTERM', stopTimeoutMs = 10_000 }: ProcessOptions,
  signal: NodeJS.Signals = stopSignal
): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
    await exited;
    clearTimeout(timer);
  }
}

/** The error for a process that ended although it should run: the end of what it printed says why. */
export function crashError(name: string, code: number | null, output: string): Error {
  const tail = output.trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
  const how = code === null ? 'was ended by a signal' : `ended with code ${code}`;
  return new Error(`${name} ${how}. Its last output:\n${tail}`);
}

/**
 * Resolves as soon as `probe` gives true. A process that ends before that, or does not get there within `timeoutMs`, is
 * stopped, and the error carries the end of its output.
 */
export async function waitUntilReady(
  name: string,
  managed: ManagedProcess,
  probe: () => Promise<boolean>,
  timeoutMs = 60_000
): Promise<void> {
  const deadlineMs = Date.now() + timeoutMs;
  let ended: { code: number | null } | undefined;
  void managed.exited.then((code) => (ended = { code }));
  while (!(await probe().catch(() => false))) {
    if (ended !== undefined) {
      throw crashError(name, ended.code, managed.output());
    }
    if (Date.now() > deadlineMs) {
      await managed.stop();
      const tail = managed.output().trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
      throw new Error(`${name} was not ready within ${timeoutMs / 1000} s. Its last output:\n${tail}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  // The probe may have been answered by another program on the same port while ours was failing.
  if (ended !== undefined) {
    throw crashError(name, ended.code, managed.output());
  }
}

/** Whether a GET answers 2xx within two seconds. */
export async function answersOk(url: string, headers: Record<string, string> = {}): Promise<boolean> {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(2_000) });
  await response.arrayBuffer();
  return response.ok;
}
