import { type DatasourceFactory } from '../core/ports/datasource';
import { type MemoryBudget } from '../core/memory/memoryBudget';
import { protectionFor } from './host/autoMtls';
import { DataService } from './services/dataService';
import { diagnosticsService } from './services/diagnosticsService';
import { type ServiceHandlers } from './grpc/rpcHandler';
import { RpcServer } from './grpc/rpcServer';
import { checkHost, handshakeLine, type HostVariables, reserveSocket } from './host/handshake';
import { brokerService, controllerService, healthService, stdioService } from './host/hostServices';
import { InstanceCache } from './services/instanceCache';
import { type HostTies, tieToHost } from './host/processEvents';
import { loadProtocol, type Protocol } from './protocol';
import { resourceService } from './services/resourceService';
import { RpcCalls } from './services/rpcCalls';
import { streamService } from './services/streamService';

export interface PluginOptions extends HostTies {
  factory: DatasourceFactory;
  /** What answers are charged to until Grafana has them. */
  budget: MemoryBudget;
  /** The process' own metrics in Prometheus' text format. */
  metricsText(): Promise<string>;
  host: HostVariables;
  /** The system's directory for temporary files. */
  tmpDir: string;
  /** Writes to stdout. Called once, with a whole line. */
  writeHandshake(line: string): void;
  /** Called last; ends the process. */
  exit(code: number): void;
}

export interface RunningPlugin {
  socketPath: string;
  /** Cancels what runs, disposes of the instances and calls `exit`. Takes 1.5 s at most: Grafana kills after 2 s. */
  stop(code: number): Promise<void>;
}

/** What Go plugins accept. */
const MAX_REQUEST_BYTES = 16 * 1024 * 1024;
const DISPOSE_LIMIT_MS = 1200;
const CLOSE_LIMIT_MS = 300;

/**
 * Serves Grafana's plugin protocol on a Unix socket until the host says stop, dies or breaks its pipes. Throws
 * `SETTINGS_INVALID`, before anything is written to stdout, when this is not a host it can talk to.
 */
export async function servePlugin(options: PluginOptions): Promise<RunningPlugin> {
  checkHost(options.host);
  const { logger } = options;
  const protection = protectionFor(options.host.clientCert, Date.now());
  const protocol = loadProtocol();
  const instances = new InstanceCache(options.factory, logger);
  const calls = new RpcCalls(protocol, logger, options.budget);
  const server = new RpcServer({ maxRequestBytes: MAX_REQUEST_BYTES, protection });
  const socket = reserveSocket(options.host.socketDir, options.tmpDir);

  let stopping: Promise<void> | undefined;
  let untie = (): void => undefined;
  const stopNow = (code: number): void => {
    socket.remove();
    options.exit(code);
  };
  const stopOnce = async (code: number): Promise<void> => {
    untie();
    server.cancelCalls();
    await within(DISPOSE_LIMIT_MS, instances.close());
    await within(CLOSE_LIMIT_MS, server.close());
    server.destroy();
    stopNow(code);
  };
  const stop = (code: number): Promise<void> => (stopping ??= stopOnce(code));

  addServices(server, { options, protocol, instances, calls, onShutdown: () => void stop(0) });
  try {
    await server.listen(socket.path);
  } catch (error) {
    socket.remove();
    throw error;
  }
  untie = tieToHost(options, { stop: (code) => void stop(code), stopNow });
  options.writeHandshake(handshakeLine(socket.path, options.host, protection?.announced));
  return { socketPath: socket.path, stop };
}

interface ServiceParts {
  options: PluginOptions;
  protocol: Protocol;
  instances: InstanceCache;
  calls: RpcCalls;
  onShutdown(): void;
}

function addServices(server: RpcServer, { options, protocol, instances, calls, onShutdown }: ServiceParts): void {
  const add = (name: string, handlers: ServiceHandlers): void => {
    for (const [methodName, handler] of Object.entries(handlers)) {
      server.add({ ...protocol.codec(name, methodName), handler });
    }
  };
  add('pluginv2.Data', new DataService(instances, options.logger).implementation(calls));
  add('pluginv2.Resource', resourceService(instances, options.logger, calls));
  add('pluginv2.Diagnostics', diagnosticsService(instances, options.metricsText, calls));
  add('pluginv2.Stream', streamService(instances, options.logger, calls));
  add('plugin.GRPCController', controllerService(onShutdown));
  add('plugin.GRPCBroker', brokerService());
  add('plugin.GRPCStdio', stdioService());
  add('grpc.health.v1.Health', healthService());
}

/** Waits for `work`, whatever its outcome, but not longer than the limit. */
async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, limitMs)));
  await Promise.race([work.catch(() => undefined), limit]);
  clearTimeout(timer);
}
