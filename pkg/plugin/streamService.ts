import { type UntypedServiceImplementation } from '@grpc/grpc-js';
import { type RpcCalls } from './rpcCalls';
import { STREAM_STATUS, type WireStreamRequest, type WireStreamStatus } from './wireMessages';

/** `pluginv2.Stream`. There is no channel yet, and nobody may publish. RunStream stays unimplemented: nothing can ask for it. */
export function streamService(calls: RpcCalls): UntypedServiceImplementation {
  return {
    SubscribeStream: calls.unary<WireStreamRequest, WireStreamStatus>(async () => ({ status: STREAM_STATUS.notFound })),
    PublishStream: calls.unary<WireStreamRequest, WireStreamStatus>(async () => ({
      status: STREAM_STATUS.permissionDenied,
    })),
  };
}
