import os from 'node:os';
import { type PluginParts } from '../compose/plugin';
import { createMemoryBudget, statedMemoryMib } from '../compose/memory';
import { asPromkeepError } from '../core/model/errors';
import { type MemoryBudget } from '../core/memory/memoryBudget';
import { type Logger } from '../core/ports/logger';
import { MAGIC_COOKIE_NAME } from '../plugin/host/handshake';
import { createHclogLogger } from '../plugin/host/hclogLogger';
import { redirectConsole } from '../plugin/host/processEvents';
import { servePlugin } from '../plugin/servePlugin';

/**
 * Runs as Grafana's backend plugin until Grafana ends it.
 *
 * @param host Node's `process`
 * @param exit ends the process; main.ts owns it
 * @param compose builds what is served. Called after the handshake, so that loading it (about 40 ms) does not delay the start;
 *   a call that comes before it is done waits
 */
export async function runPlugin(
  host: NodeJS.Process,
  exit: (code: number) => void,
  compose: (logger: Logger, budget: MemoryBudget) => PluginParts | Promise<PluginParts>
): Promise<void> {
  const logger = createHclogLogger((line) => void host.stderr.write(line), Date.now);
  redirectConsole(console, logger);
  const budget = createMemoryBudget(statedMemoryMib(host.env));
  let parts: Promise<PluginParts> | undefined;
  const load = (): Promise<PluginParts> => (parts ??= Promise.resolve(compose(logger, budget)));
  try {
    await servePlugin({
      factory: async (settings) => (await load()).factory(settings),
      metricsText: async () => (await load()).metricsText(),
      logger,
      budget,
      host: {
        magicCookie: host.env[MAGIC_COOKIE_NAME],
        protocolVersions: host.env.PLUGIN_PROTOCOL_VERSIONS,
        socketDir: host.env.PLUGIN_UNIX_SOCKET_DIR,
        multiplex: host.env.PLUGIN_MULTIPLEX_GRPC,
        clientCert: host.env.PLUGIN_CLIENT_CERT,
      },
      tmpDir: os.tmpdir(),
      events: host,
      pipes: [host.stdout, host.stderr],
      parentPid: () => host.ppid,
      writeHandshake: (line) => void host.stdout.write(line),
      exit,
    });
    await load();
  } catch (error) {
    host.stderr.write(`${asPromkeepError(error).message}\n`);
    exit(1);
  }
}
