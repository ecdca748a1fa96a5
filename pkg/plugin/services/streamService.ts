import { type StreamDecision, type StreamRequest } from '../../core/ports/datasource';
import { parseJson } from '../../core/model/parseJson';
import { type Logger } from '../../core/ports/logger';
import { type ServiceHandlers } from '../grpc/rpcHandler';
import { type InstanceCache } from './instanceCache';
import { grafanaCaller } from './pluginContext';
import { type RpcCalls } from './rpcCalls';
import { STREAM_STATUS, type WireStreamPacket, type WireStreamRequest, type WireStreamStatus } from './wireMessages';

/** `pluginv2.Stream`: Grafana's live channels. The datasource feeds them; nobody may publish. */
export function streamService(instances: InstanceCache, logger: Logger, calls: RpcCalls): ServiceHandlers {
  return {
    SubscribeStream: calls.unary<WireStreamRequest, WireStreamStatus>(async (request, info) => {
      const decision = await instances.withInstance(request.pluginContext, info.tenant, (instance) =>
        instance.decideStream(toStreamRequest(request))
      );
      if (decision.kind === 'refused') {
        // Grafana passes on no text with a denial; the browser checks beforehand and says why
        logger.info('A subscriber was refused', { path: request.path, reason: decision.reason });
      }
      return toStatus(decision);
    }),
    PublishStream: calls.unary<WireStreamRequest, WireStreamStatus>(async () => ({
      status: STREAM_STATUS.permissionDenied,
    })),
    RunStream: calls.streaming<WireStreamRequest, WireStreamPacket>((request, send, info) =>
      instances.withInstance(request.pluginContext, info.tenant, (instance) =>
        instance.openStream(toStreamRequest(request), (packet) => send({ data: toBytes(packet) }), info.signal)
      )
    ),
  };
}

function toStreamRequest(request: WireStreamRequest): StreamRequest {
  return { path: request.path, data: parseJson(request.data.toString('utf8')), caller: grafanaCaller(request) };
}

function toStatus(decision: StreamDecision): WireStreamStatus {
  switch (decision.kind) {
    case 'open':
      return { status: STREAM_STATUS.ok, data: toBytes(decision.first) };
    case 'unknown':
      return { status: STREAM_STATUS.notFound };
    case 'refused':
      return { status: STREAM_STATUS.permissionDenied };
  }
}

function toBytes(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
