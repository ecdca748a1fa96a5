import { randomUUID } from 'node:crypto';
import os from 'node:os';
import { VERSION } from '../commands/version';
import { createDatasourceFactory } from './datasource';
import { proxiesFrom } from './openParts';
import { type MemoryBudget } from '../core/memory/memoryBudget';
import { type DatasourceFactory } from '../core/ports/datasource';
import { type Logger } from '../core/ports/logger';
import { createProcessMetrics } from '../metrics/programMetrics';

export interface PluginParts {
  factory: DatasourceFactory;
  metricsText(): Promise<string>;
}

/**
 * What the backend plugin serves: datasources, each opened with its first request (`datasource.ts`) and disposed of when its
 * settings change or the plugin stops. What they share ends with the process.
 */
export function composePlugin(
  logger: Logger,
  environment: Readonly<Record<string, string | undefined>>,
  budget: MemoryBudget
): PluginParts {
  const metrics = createProcessMetrics(VERSION, budget);
  return {
    factory: createDatasourceFactory({
      logger,
      clock: { nowMs: () => Date.now() },
      proxies: proxiesFrom(environment),
      holder: `grafana on ${os.hostname()} pid ${process.pid} ${randomUUID().slice(0, 8)}`,
      budget,
      metrics: metrics.archive,
    }),
    metricsText: () => metrics.text(),
  };
}
