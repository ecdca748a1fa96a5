import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { type GapReader } from '../core/gapReport';
import { type GapReason, type WriteOutcome } from '../core/ports';

/** Promkeep's own metrics. One object serves the HTTP server, the archiver and `/metrics`. */
export interface Metrics {
  archiver: {
    wrote(query: string, outcome: WriteOutcome): void;
    failed(query: string, reason: GapReason): void;
    gapped(query: string, points: number): void;
    lagged(query: string, lagMs: number): void;
    led(leads: boolean, epoch: number): void;
    skewed(offsetMs: number): void;
  };
  requested(route: string, status: number, seconds: number): void;
  text(): Promise<string>;
  readonly contentType: string;
}

const GAP_READ_LIMIT_MS = 2_000;
/** The monitor wakes the process that often, also when it has nothing to do; prom-client's own 10 ms are 100 times a second. */
const EVENT_LOOP_PRECISION_MS = 100;

/** @param readGaps asked at every scrape; when it fails or is slow, the scrape goes without gaps */
export function createMetrics(version: string, readGaps?: GapReader): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_PRECISION_MS });
  const registers = [registry];
  new Gauge({ name: 'promkeep_build_info', help: 'Always 1.', labelNames: ['version'], registers }).set({ version }, 1);
  const samples = new Counter({
    name: 'promkeep_archive_samples_total',
    help: 'Samples of answers by what became of them: written (new), unchanged, revised (other value), withdrawn (gone).',
    labelNames: ['query', 'outcome'],
    registers,
  });
  const refused = new Counter({
    name: 'promkeep_archive_refused_series_total',
    help: 'Series the archive could not store.',
    labelNames: ['query'],
    registers,
  });
  const failures = new Counter({
    name: 'promkeep_collect_failures_total',
    help: 'Failed attempts to record a query.',
    labelNames: ['query', 'reason'],
    registers,
  });
  const gaps = new Counter({
    name: 'promkeep_collect_gap_points_total',
    help: 'Grid points of answers that did not count as covered.',
    labelNames: ['query'],
    registers,
  });
  const lag = new Gauge({
    name: 'promkeep_collect_lag_seconds',
    help: 'Time between the newest point that is due and the newest one that was answered.',
    labelNames: ['query'],
    registers,
  });
  const leader = new Gauge({
    name: 'promkeep_archive_leader',
    help: '1 while this program records its source, 0 while it waits for its turn.',
    registers,
  });
  const skew = new Gauge({
    name: 'promkeep_source_clock_offset_seconds',
    help: "This machine's clock minus Prometheus'; recording goes by the latter.",
    registers,
  });
  const epoch = new Gauge({
    name: 'promkeep_archive_leader_epoch',
    help: 'Newest leadership epoch this program knows of; grows with each change of leader.',
    registers,
  });
  if (readGaps) {
    addGapGauge(registry, readGaps);
  }
  const requests = new Histogram({
    name: 'promkeep_http_request_duration_seconds',
    help: 'Duration of HTTP requests.',
    labelNames: ['route', 'status'],
    buckets: [0.005, 0.025, 0.1, 0.5, 2, 10],
    registers,
  });
  return {
    archiver: {
      wrote(query, outcome) {
        samples.inc({ query, outcome: 'written' }, outcome.inserted);
        samples.inc({ query, outcome: 'unchanged' }, outcome.unchanged);
        samples.inc({ query, outcome: 'revised' }, outcome.revised);
        samples.inc({ query, outcome: 'withdrawn' }, outcome.withdrawn);
        refused.inc({ query }, outcome.refused.length);
      },
      failed: (query, reason) => failures.inc({ query, reason }),
      gapped: (query, points) => gaps.inc({ query }, points),
      lagged: (query, lagMs) => lag.set({ query }, lagMs / 1000),
      skewed: (offsetMs) => skew.set(offsetMs / 1000),
      led: (leads, value) => {
        leader.set(leads ? 1 : 0);
        epoch.set(value);
      },
    },
    requested: (route, status, seconds) => requests.observe({ route, status: String(status) }, seconds),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function addGapGauge(registry: Registry, readGaps: GapReader): void {
  new Gauge({
    name: 'promkeep_gap_seconds',
    help: 'Time of a recorded query that the archive lacks, by reason.',
    labelNames: ['query', 'reason'],
    registers: [registry],
    async collect() {
      this.reset();
      const limit = new Promise<never[]>((resolve) => setTimeout(() => resolve([]), GAP_READ_LIMIT_MS).unref());
      const reports = await Promise.race([readGaps(), limit]).catch(() => []);
      for (const { name, missing } of reports) {
        for (const { reason, seconds } of missing) {
          this.inc({ query: name, reason }, seconds);
        }
      }
    },
  });
}
