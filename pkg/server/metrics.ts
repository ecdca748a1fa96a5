import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { addArchiveGauges, type ArchiveWatch } from './archiveGauges';
import { createArchiveMetrics, type ArchiveMetrics } from './archiveMetrics';

/** Promkeep's own metrics. One object serves the HTTP server, the archiver and `/metrics`. */
export interface Metrics extends ArchiveMetrics {
  requested(route: string, status: number, seconds: number): void;
  /** Pages that are told by server-sent events now. */
  read(count: number): void;
  text(): Promise<string>;
  readonly contentType: string;
}

/** @param watch asked at every scrape; absent: there is no archive */
export function createMetrics(version: string, watch?: ArchiveWatch): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  new Gauge({ name: 'promkeep_build_info', help: 'Always 1.', labelNames: ['version'], registers }).set({ version }, 1);
  const archiveMetrics = createArchiveMetrics(registry);
  if (watch) {
    addArchiveGauges(registry, watch);
  }
  const requests = new Histogram({
    name: 'promkeep_http_request_duration_seconds',
    help: 'Duration of HTTP requests.',
    labelNames: ['route', 'status'],
    buckets: [0.005, 0.025, 0.1, 0.5, 2, 10],
    registers,
  });
  const readers = new Gauge({
    name: 'promkeep_live_readers',
    help: 'Open pages that are told by server-sent events.',
    registers,
  });
  return {
    ...archiveMetrics,
    read: (count) => readers.set(count),
    requested: (route, status, seconds) => requests.observe({ route, status: String(status) }, seconds),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
