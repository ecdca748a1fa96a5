import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { proxiesFrom } from '../compose/openParts';
import { startServer, type RunningServer } from '../compose/serve';
import { type Logger } from '../core/ports/logger';
import { readConfig } from './commandConfig';
import { CLOCK, EXIT, type CommandHost } from './commandHost';
import { createTerminalLogger, type LogFormat, type LogLevel } from './terminalLogger';
import { VERSION } from './version';

export interface ServeCommandOptions {
  config?: string;
  host?: string;
  port?: string;
  page?: string;
  logFormat: LogFormat;
  logLevel: LogLevel;
}

/** Serves until a signal comes; a second signal does not wait. Resolves with the exit code. */
export async function runServe(host: CommandHost, options: ServeCommandOptions): Promise<number> {
  const config = readConfig(host, options.config, { PROMKEEP_HOST: options.host, PROMKEEP_PORT: options.port });
  const { logFormat: format, logLevel: level } = options;
  const logger = createTerminalLogger({ format, level, clock: CLOCK, write: (line) => host.writeError(line) });
  const stopped = stopSignals(host, logger);
  try {
    const pageFolder = options.page ?? findPage(host.programPath);
    const holder = `${os.hostname()} pid ${process.pid} ${randomUUID().slice(0, 8)}`;
    const parts = {
      logger,
      clock: CLOCK,
      version: VERSION,
      proxies: proxiesFrom(host.environment),
      pageFolder,
      holder,
    };
    const server = await startServer(config, parts);
    announce(server, logger, config.archive !== undefined);
    await stopped.first;
    await server.stop();
    logger.info('Stopped.');
    return EXIT.ok;
  } finally {
    stopped.forget();
  }
}

function announce({ url }: RunningServer, logger: Logger, recording: boolean): void {
  logger.info('Promkeep serves.', {
    version: VERSION,
    dashboard: `${url}/dashboard`,
    archive: recording ? 'on' : 'off',
  });
}

function stopSignals(host: CommandHost, logger: Logger): { first: Promise<void>; forget(): void } {
  let count = 0;
  const { promise: first, resolve } = Promise.withResolvers<void>();
  const forget = host.onStopSignal((signal) => {
    if (++count > 1) {
      host.exitNow(EXIT.forced);
      return;
    }
    logger.info('Stopping; the same signal again ends at once.', { signal });
    resolve();
  });
  return { first, forget };
}

/** The page lies beside the bundled program; started from the sources, in the build's output. */
function findPage(programPath: string): string | undefined {
  const program = fs.existsSync(programPath) ? fs.realpathSync(programPath) : programPath;
  const folder = path.dirname(program);
  const candidates = [path.join(folder, 'page'), path.join(folder, '../dist/promkeep/page')];
  return candidates.find((candidate) => fs.existsSync(path.join(candidate, 'index.html')));
}
