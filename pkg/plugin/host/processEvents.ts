import { format } from 'node:util';
import { type Logger } from '../../core/ports/logger';

/** What the plugin listens to of Node's `process`. */
export interface ProcessEvents {
  on(event: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  on(event: 'uncaughtException' | 'unhandledRejection', listener: (error: unknown) => void): unknown;
  on(event: 'warning', listener: (warning: Error) => void): unknown;
}

/** A stream whose reader is Grafana: when it breaks, Grafana is gone. */
export interface HostPipe {
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** The console methods that would write to stdout or raw text to stderr. */
export type ConsoleMethods = Record<
  'log' | 'info' | 'debug' | 'warn' | 'error' | 'trace',
  (...parts: unknown[]) => void
>;

/** What the plugin notices its host by. */
export interface HostTies {
  /** Node's `process`, or its like in a test. */
  events: ProcessEvents;
  /** stdout and stderr. */
  pipes: readonly HostPipe[];
  parentPid(): number;
  logger: Logger;
}

const ORPHAN_POLL_MS = 500;

/** The two ways to end; both take the exit code, and the first call decides. */
export interface Stopper {
  /** Orderly, within 2 s. */
  stop(code: number): void;
  /** Without waiting for anything. */
  stopNow(code: number): void;
}

/**
 * Ties the process to Grafana. SIGINT is ignored: Ctrl-C reaches the whole process group, and Grafana still wants to use the
 * plugin while it closes. A Grafana that was killed leaves its plugins behind, so the parent is watched.
 *
 * @returns ends the watching of the parent
 */
export function tieToHost({ events, pipes, parentPid, logger }: HostTies, stopper: Stopper): () => void {
  events.on('SIGINT', () => undefined);
  events.on('SIGTERM', () => stopper.stop(0));
  events.on('uncaughtException', (error) => {
    logger.error('The plugin crashed', describeThrown(error));
    stopper.stopNow(1);
  });
  events.on('unhandledRejection', (error) =>
    logger.error('A failure was not handled; this is a bug', describeThrown(error))
  );
  events.on('warning', (warning) => logger.warn(warning.message, { warning: warning.name }));
  pipes.forEach((pipe) => pipe.on('error', () => stopper.stopNow(0)));

  const parent = parentPid();
  const timer = setInterval(() => {
    if (parentPid() !== parent) {
      stopper.stop(0);
    }
  }, ORPHAN_POLL_MS);
  return () => clearInterval(timer);
}

/** Sends what anything writes to the console to the log: stdout carries the handshake and nothing after it. */
export function redirectConsole(target: ConsoleMethods, logger: Logger): void {
  const levels = { log: 'info', info: 'info', debug: 'debug', warn: 'warn', error: 'error', trace: 'debug' } as const;
  for (const [method, level] of Object.entries(levels)) {
    target[method as keyof ConsoleMethods] = (...parts) => logger[level](format(...parts));
  }
}

function describeThrown(thrown: unknown): { reason: string; stack?: string } {
  return thrown instanceof Error ? { reason: thrown.message, stack: thrown.stack } : { reason: String(thrown) };
}
