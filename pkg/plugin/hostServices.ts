import { type handleBidiStreamingCall, type handleServerStreamingCall, type handleUnaryCall } from '@grpc/grpc-js';

/** The services through which go-plugin, inside Grafana, handles the process itself. */

const SERVING = 1;

/** `plugin.GRPCController`. Without it every stop ends in a wait of 2 s and SIGKILL. */
export function controllerService(onShutdown: () => void): { Shutdown: handleUnaryCall<object, object> } {
  return {
    Shutdown: (_call, callback) => {
      callback(null, {});
      // the answer must be on its way before the stop closes the connection
      setImmediate(onShutdown);
    },
  };
}

/** `plugin.GRPCBroker`: opened once by the host, for side channels that Grafana does not use. */
export function brokerService(): { StartStream: handleBidiStreamingCall<object, object> } {
  return {
    StartStream: (call) => {
      call.on('data', () => undefined);
      call.on('error', () => undefined);
      call.on('end', () => call.end());
    },
  };
}

/** `plugin.GRPCStdio`: Grafana discards what comes here; it stays open and silent. */
export function stdioService(): { StreamStdio: handleServerStreamingCall<object, object> } {
  return {
    StreamStdio: (call) => {
      call.on('error', () => undefined);
      call.on('cancelled', () => call.end());
    },
  };
}

export function healthService(): {
  Check: handleUnaryCall<object, object>;
  Watch: handleServerStreamingCall<object, object>;
} {
  return {
    Check: (_call, callback) => callback(null, { status: SERVING }),
    Watch: (call) => {
      call.write({ status: SERVING });
      call.on('cancelled', () => call.end());
    },
  };
}
