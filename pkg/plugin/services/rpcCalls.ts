import { asPromkeepError, type PromkeepError } from '../../core/model/errors';
import { type MemoryBudget, type MemoryShare } from '../../core/memory/memoryBudget';
import { type Logger } from '../../core/ports/logger';
import { type RpcContext, type StreamingHandler, type UnaryHandler } from '../grpc/rpcHandler';
import { RpcFailure, shortened, STATUS } from '../grpc/rpcStatus';
import { type Protocol } from '../protocol';
import { type WirePluginContext } from './wireMessages';

/** What a handler knows of its call besides the request. */
export interface CallInfo {
  /** Aborted when Grafana cancels the call, when its deadline passes and when the plugin stops. */
  signal: AbortSignal;
  /** Of Grafana's hosted form; empty otherwise. */
  tenant: string;
  /** What the answer is charged to, until the client has it. */
  memory: MemoryShare;
}

/** Turns functions into handlers of gRPC: errors become statuses that name who is to blame. */
export class RpcCalls {
  constructor(
    private readonly protocol: Protocol,
    private readonly logger: Logger,
    private readonly budget: MemoryBudget
  ) {}

  unary<Request extends object, Response extends object>(
    run: (request: Request, info: CallInfo) => Promise<Response>
  ): UnaryHandler {
    return {
      kind: 'unary',
      run: (request, context) => this.blaming(context, run(request as Request, this.infoOf(context))),
    };
  }

  streaming<Request extends object, Response extends object>(
    run: (request: Request, send: (message: Response) => Promise<void>, info: CallInfo) => Promise<void>
  ): StreamingHandler {
    return {
      kind: 'streaming',
      run: (request, send, context) => this.blaming(context, run(request as Request, send, this.infoOf(context))),
    };
  }

  private infoOf({ signal, headers, onGone }: RpcContext): CallInfo {
    const memory = this.budget.open();
    onGone(() => memory.release());
    return { signal, tenant: headers.tenantid?.toString() ?? '', memory };
  }

  private async blaming<T>(context: RpcContext, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (thrown) {
      throw this.toFailure(asPromkeepError(thrown), context);
    }
  }

  private toFailure(error: PromkeepError, { signal, path }: RpcContext): RpcFailure {
    // what breaks off because nobody waits for it any more is no failure
    if (error.source === 'plugin' && !signal.aborted) {
      this.logger.error('A call failed', { endpoint: path, ...describeFailure(error) });
    }
    return new RpcFailure(STATUS.unknown, error.message, this.blame(error));
  }

  /** The trailer from which Grafana learns who is to blame; without it every failure counts against the plugin. */
  private blame(error: PromkeepError): Buffer {
    const info = this.protocol.encode('google.rpc.ErrorInfo', {
      reason: error.code,
      metadata: { errorSource: error.source },
    });
    return this.protocol.encode('google.rpc.Status', {
      code: STATUS.unknown,
      message: shortened(error.message),
      details: [{ type_url: 'type.googleapis.com/google.rpc.ErrorInfo', value: info }],
    });
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
