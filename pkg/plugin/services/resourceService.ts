import { forwardedCredentials } from '../../../src/contract/forwardedCredentials';
import { asPromkeepError, type PromkeepError } from '../../core/model/errors';
import { type Logger } from '../../core/ports/logger';
import { type ResourceRequest, type ResourceResponse } from '../../core/ports/metricSource';
import { type ServiceHandlers } from '../grpc/rpcHandler';
import { type InstanceCache } from './instanceCache';
import { resourceCallHeaders } from './callerHeaders';
import { parseJsonData, requireDatasource, toCaller } from './pluginContext';
import { type CallInfo, describeFailure, type RpcCalls } from './rpcCalls';
import { type WireResourceRequest, type WireResourceResponse } from './wireMessages';

/** Grafana sends each message on to the browser at once; pieces of this size keep memory flat and cost nothing. */
const PIECE_BYTES = 1 << 20;

/** `pluginv2.Resource`: HTTP-like calls of the browser. Failures are answers with a status and a JSON body. */
export function resourceService(instances: InstanceCache, logger: Logger, calls: RpcCalls): ServiceHandlers {
  const answer = async (wire: WireResourceRequest, { tenant, memory, signal }: CallInfo): Promise<ResourceResponse> => {
    try {
      const request = toResourceRequest(wire);
      const { settings } = requireDatasource(wire.pluginContext);
      const headers = resourceCallHeaders(wire, forwardedCredentials(parseJsonData(settings)));
      const caller = { ...toCaller(wire.pluginContext, headers), memory };
      return await instances.withInstance(wire.pluginContext, tenant, (instance) =>
        instance.callResource(request, caller, signal)
      );
    } catch (thrown) {
      const error = asPromkeepError(thrown);
      if (error.source === 'plugin' && error.code === 'INTERNAL') {
        logger.error('A resource call failed', { path: wire.path, ...describeFailure(error, wire.pluginContext) });
      }
      return toErrorResponse(error);
    }
  };
  return {
    CallResource: calls.streaming<WireResourceRequest, WireResourceResponse>(async (request, send, info) => {
      const { status, headers, body } = await answer(request, info);
      await send({
        code: isHttpStatus(status) ? status : 500,
        headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, { values: [value] }])),
        body: body.subarray(0, PIECE_BYTES),
      });
      for (let at = PIECE_BYTES; at < body.length; at += PIECE_BYTES) {
        await send({ body: body.subarray(at, at + PIECE_BYTES) });
      }
    }),
  };
}

function toErrorResponse(error: PromkeepError): ResourceResponse {
  return {
    status: error.status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ message: error.message, code: error.code })),
  };
}

/** Grafana's `url` is path and query with their escapes; its `path` is decoded, so an escaped slash in it is lost. */
function toResourceRequest(wire: WireResourceRequest): ResourceRequest {
  const url = wire.url === '' ? wire.path : wire.url;
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const headers = Object.entries(wire.headers).map(([name, { values }]) => [name.toLowerCase(), values.join(', ')]);
  return {
    method: wire.method,
    // Go writes `./` before a relative path whose first part has a colon
    path: path.replace(/^(\.?\/)+/, ''),
    query: mark < 0 ? '' : url.slice(mark + 1),
    headers: Object.fromEntries(headers),
    body: wire.body,
  };
}

/** Zero or nonsense would crash the request in Go's HTTP server. */
function isHttpStatus(status: number): boolean {
  return Number.isInteger(status) && status >= 100 && status <= 599;
}
