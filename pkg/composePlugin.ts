import { collectDefaultMetrics, Registry } from 'prom-client';
import { createDatasourceFactory } from './composeDatasource';
import { proxiesFrom } from './composeSources';
import { type DatasourceFactory } from './core/datasource';
import { type Logger } from './core/ports';

export interface PluginParts {
  factory: DatasourceFactory;
  metricsText(): Promise<string>;
}

/** What the backend plugin serves. */
export function composePlugin(logger: Logger, environment: Readonly<Record<string, string | undefined>>): PluginParts {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return {
    factory: createDatasourceFactory({ logger, clock: { nowMs: () => Date.now() }, proxies: proxiesFrom(environment) }),
    metricsText: () => registry.metrics(),
  };
}
