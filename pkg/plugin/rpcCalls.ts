import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  type ServerWritableStream,
  status,
} from '@grpc/grpc-js';
import { once } from 'node:events';
import { asPromkeepError, type PromkeepError } from '../core/errors';
import { type Logger } from '../core/ports';
import { type Protocol } from './protocol';
import { type WirePluginContext } from './wireMessages';

/** What a handler knows of its call besides the request. */
export interface CallInfo {
  /** Aborted when Grafana cancels the call, when its deadline passes and when the plugin stops. */
  signal: AbortSignal;
  /** Of Grafana's hosted form; empty otherwise. */
  tenant: string;
}

interface AnyCall {
  metadata: Metadata;
  getPath(): string;
  on(event: 'cancelled', listener: () => void): unknown;
}

/** Turns promises into gRPC handlers: cancellation becomes an `AbortSignal`, errors become statuses that name who is to blame. */
export class RpcCalls {
  private readonly running = new Set<AbortController>();

  constructor(
    private readonly protocol: Protocol,
    private readonly logger: Logger
  ) {}

  unary<Request, Response>(
    run: (request: Request, info: CallInfo) => Promise<Response>
  ): handleUnaryCall<Request, Response> {
    return (call, callback) => {
      void this.track(call, (info) =>
        run(call.request, info).then(
          (response) => callback(null, response),
          (error: unknown) => callback(this.toStatus(error, call, info.signal))
        )
      );
    };
  }

  streaming<Request, Response>(
    run: (request: Request, send: (message: Response) => Promise<void>, info: CallInfo) => Promise<void>
  ): handleServerStreamingCall<Request, Response> {
    return (call) => {
      void this.track(call, (info) =>
        run(call.request, (message) => writeWhenDrained(call, message, info.signal), info).then(
          () => void call.end(),
          (error: unknown) => void call.emit('error', this.toStatus(error, call, info.signal))
        )
      );
    };
  }

  /** Cancels what is running: the plugin stops. */
  abortAll(): void {
    this.running.forEach((controller) => controller.abort());
  }

  private async track(call: AnyCall, run: (info: CallInfo) => Promise<void>): Promise<void> {
    const controller = new AbortController();
    this.running.add(controller);
    let ended = false;
    // gRPC calls the end of an answered call a cancellation too, and aborting costs an exception with its stack: 40 µs
    call.on('cancelled', () => ended || controller.abort());
    try {
      await run({ signal: controller.signal, tenant: String(call.metadata.get('tenantid')[0] ?? '') });
    } finally {
      ended = true;
      this.running.delete(controller);
    }
  }

  private toStatus(
    thrown: unknown,
    call: AnyCall,
    signal: AbortSignal
  ): { code: status; details: string; metadata: Metadata } {
    const error = asPromkeepError(thrown);
    // what breaks off because nobody waits for it any more is no failure
    if (error.source === 'plugin' && !signal.aborted) {
      this.logger.error('A call failed', { endpoint: call.getPath(), ...describeFailure(error) });
    }
    return { code: status.UNKNOWN, details: error.message, metadata: this.blame(error) };
  }

  /** The trailer from which Grafana learns who is to blame; without it every failure counts against the plugin. */
  private blame(error: PromkeepError): Metadata {
    const info = this.protocol.encode('google.rpc.ErrorInfo', {
      reason: error.code,
      metadata: { errorSource: error.source },
    });
    const details = this.protocol.encode('google.rpc.Status', {
      code: status.UNKNOWN,
      message: error.message,
      details: [{ type_url: 'type.googleapis.com/google.rpc.ErrorInfo', value: info }],
    });
    const metadata = new Metadata();
    metadata.set('grpc-status-details-bin', details);
    return metadata;
  }
}

/** Log attributes of an error of ours; the original's stack tells where it came from. */
export function describeFailure(
  error: PromkeepError,
  context: WirePluginContext | null = null
): Record<string, string | undefined> {
  const origin = error.cause instanceof Error ? error.cause : error;
  const datasource = context?.dataSourceInstanceSettings;
  return {
    code: error.code,
    reason: error.message,
    stack: origin.stack,
    dsName: datasource?.name,
    dsUid: datasource?.uid,
  };
}

/** Waits while Grafana is slower than we are, so that a large answer does not pile up in memory. */
async function writeWhenDrained<Response>(
  call: ServerWritableStream<unknown, Response>,
  message: Response,
  signal: AbortSignal
): Promise<void> {
  if (!call.write(message) && !signal.aborted) {
    await once(call, 'drain', { signal });
  }
}
