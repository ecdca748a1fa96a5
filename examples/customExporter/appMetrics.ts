import { collectDefaultMetrics, Counter, Gauge, Histogram, type RegistryContentType, Registry } from 'prom-client';

/** The pretended application: what one look at it changes. */
export interface Observation {
  /** Duration of each request since the last look, in seconds, with the trace it belonged to. */
  requests: Array<{ seconds: number; traceId: string }>;
  activeUsers: number;
  dbConnections: number;
}

export interface AppMetrics {
  record(observation: Observation): void;
  /** The exposition in the format that the `Accept` header asks for: OpenMetrics with exemplars, else Prometheus text. */
  expose(accept: string | undefined): Promise<{ contentType: string; body: string }>;
}

/** Durations are 0.1 to 0.5 s, so that is where the buckets are dense. */
const BUCKETS_SECONDS = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.75, 1];

/**
 * Two registries, one for each format: prom-client 15 renames counters when it writes OpenMetrics, so a registry that has
 * written OpenMetrics once writes wrong Prometheus text afterwards.
 */
export function createAppMetrics(): AppMetrics {
  const text = createMetricSet(Registry.PROMETHEUS_CONTENT_TYPE);
  const openMetrics = createMetricSet(Registry.OPENMETRICS_CONTENT_TYPE);
  return {
    record: (observation) => {
      text.record(observation);
      openMetrics.record(observation);
    },
    expose: async (accept) => {
      const { registry } = accept?.includes('application/openmetrics-text') ? openMetrics : text;
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}

interface MetricSet {
  registry: { readonly contentType: string; metrics(): Promise<string> };
  record(observation: Observation): void;
}

function createMetricSet(contentType: RegistryContentType): MetricSet {
  const registry = new Registry<RegistryContentType>();
  registry.setContentType(contentType);
  const shared = { registers: [registry], enableExemplars: contentType === Registry.OPENMETRICS_CONTENT_TYPE };
  const requests = new Counter({ ...shared, name: 'app_request_total', help: 'Requests served.' });
  const durations = new Histogram({
    ...shared,
    name: 'app_request_duration_seconds',
    help: 'Duration of requests in seconds.',
    buckets: BUCKETS_SECONDS,
  });
  const users = new Gauge({ registers: [registry], name: 'app_active_users', help: 'Users active now.' });
  const connections = new Gauge({
    registers: [registry],
    name: 'app_db_connections',
    help: 'Database connections the application holds.',
  });
  collectDefaultMetrics({ register: registry });
  const record = ({ requests: served, activeUsers, dbConnections }: Observation): void => {
    for (const { seconds, traceId } of served) {
      if (shared.enableExemplars) {
        const exemplarLabels = { trace_id: traceId };
        requests.inc({ value: 1, exemplarLabels });
        durations.observe({ value: seconds, exemplarLabels });
      } else {
        requests.inc();
        durations.observe(seconds);
      }
    }
    users.set(activeUsers);
    connections.set(dbConnections);
  };
  return { registry, record };
}
