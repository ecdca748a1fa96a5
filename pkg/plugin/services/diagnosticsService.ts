import { type HealthResult } from '../../core/ports/datasource';
import { asPromkeepError } from '../../core/model/errors';
import { type ServiceHandlers } from '../grpc/rpcHandler';
import { type InstanceCache } from './instanceCache';
import { grafanaCaller } from './pluginContext';
import { type RpcCalls } from './rpcCalls';
import {
  HEALTH_STATUS,
  type WireDatasourceRequest,
  type WireHealthResponse,
  type WireMetricsResponse,
} from './wireMessages';

/**
 * `pluginv2.Diagnostics`. A datasource that cannot be used is an answer with status ERROR, never a failed call: only so does
 * the person who pressed *Save & test* read why.
 */
export function diagnosticsService(
  instances: InstanceCache,
  metricsText: () => Promise<string>,
  calls: RpcCalls
): ServiceHandlers {
  return {
    CheckHealth: calls.unary<WireDatasourceRequest, WireHealthResponse>(async (request, info) => {
      const caller = grafanaCaller(request);
      return toWire(
        await instances
          .withInstance(request.pluginContext, info.tenant, (instance) => instance.checkHealth(caller, info.signal))
          .catch((error: unknown): HealthResult => ({ status: 'error', message: asPromkeepError(error).message }))
      );
    }),
    CollectMetrics: calls.unary<object, WireMetricsResponse>(async () => ({
      metrics: { prometheus: Buffer.from(await metricsText()) },
    })),
  };
}

function toWire(health: HealthResult): WireHealthResponse {
  return {
    status: HEALTH_STATUS[health.status],
    message: health.message,
    jsonDetails: Buffer.from(JSON.stringify(health.details ?? {})),
  };
}
