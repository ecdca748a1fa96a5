import { randomUUID } from 'node:crypto';
import os from 'node:os';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { createDatasourceFactory } from './composeDatasource';
import { proxiesFrom } from './composeSources';
import { type DatasourceFactory } from './core/datasource';
import { type Logger } from './core/ports';

export interface PluginParts {
  factory: DatasourceFactory;
  metricsText(): Promise<string>;
}

/** The monitor wakes the process that often, also when it has nothing to do; prom-client's own 10 ms are 100 times a second. */
const EVENT_LOOP_PRECISION_MS = 100;

/** What the backend plugin serves. */
export function composePlugin(logger: Logger, environment: Readonly<Record<string, string | undefined>>): PluginParts {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_PRECISION_MS });
  return {
    factory: createDatasourceFactory({
      logger,
      clock: { nowMs: () => Date.now() },
      proxies: proxiesFrom(environment),
      holder: `grafana on ${os.hostname()} pid ${process.pid} ${randomUUID().slice(0, 8)}`,
    }),
    metricsText: () => registry.metrics(),
  };
}
