import { once } from 'node:events';
import { type DrainHandler, type StreamingHandler, type UnaryHandler } from '../grpc/rpcHandler';

/** The services through which go-plugin, inside Grafana, handles the process itself. */

const SERVING = 1;

/** `plugin.GRPCController`. Without it every stop ends in a wait of 2 s and SIGKILL. */
export function controllerService(onShutdown: () => void): { Shutdown: UnaryHandler } {
  return {
    Shutdown: {
      kind: 'unary',
      run: async () => {
        // the answer must be on its way before the stop closes the connection
        setImmediate(onShutdown);
        return {};
      },
    },
  };
}

/** `plugin.GRPCBroker`: opened once by the host, for side channels that Grafana does not use. */
export function brokerService(): { StartStream: DrainHandler } {
  return { StartStream: { kind: 'drain' } };
}

/** `plugin.GRPCStdio`: Grafana discards what comes here; it stays open and silent. */
export function stdioService(): { StreamStdio: StreamingHandler } {
  return { StreamStdio: { kind: 'streaming', run: (_request, _send, { signal }) => aborted(signal) } };
}

export function healthService(): { Check: UnaryHandler; Watch: StreamingHandler } {
  return {
    Check: { kind: 'unary', run: async () => ({ status: SERVING }) },
    Watch: {
      kind: 'streaming',
      run: async (_request, send, { signal }) => {
        await send({ status: SERVING });
        await aborted(signal);
      },
    },
  };
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) {
    await once(signal, 'abort');
  }
}
