import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { type MemoryBudget } from '../core/memory/memoryBudget';
import { type ArchiveMetrics, createArchiveMetrics } from './archiveMetrics';

/** Promkeep's own metrics: those every process has, `promkeep serve` as well as the plugin. */
export interface ProcessMetrics {
  archive: ArchiveMetrics;
  text(): Promise<string>;
  readonly contentType: string;
}

/** Those of `promkeep serve`. */
export interface ProgramMetrics extends ProcessMetrics {
  requested(route: string, status: number, seconds: number): void;
  /** Pages that are told by server-sent events now. */
  read(count: number): void;
  /** An answer to remote read is over. */
  remotelyRead(kind: 'samples' | 'chunks', samples: number, seconds: number): void;
}

/** The monitor wakes the process that often, also when it has nothing to do; prom-client's own 10 ms are 100 times a second. */
const EVENT_LOOP_PRECISION_MS = 100;

export function createProcessMetrics(version: string, budget: MemoryBudget): ProcessMetrics {
  return metricsOf(version, budget, new Registry());
}

export function createProgramMetrics(version: string, budget: MemoryBudget): ProgramMetrics {
  const registry = new Registry();
  const requests = new Histogram({
    name: 'promkeep_http_request_duration_seconds',
    help: 'Duration of HTTP requests.',
    labelNames: ['route', 'status'],
    buckets: [0.005, 0.025, 0.1, 0.5, 2, 10],
    registers: [registry],
  });
  const readers = new Gauge({
    name: 'promkeep_live_readers',
    help: 'Open pages that are told by server-sent events.',
    registers: [registry],
  });
  const reads = new Histogram({
    name: 'promkeep_remote_read_duration_seconds',
    help: 'Duration of answers to remote read, until the reader has them, by the form asked for.',
    labelNames: ['kind'],
    buckets: [0.005, 0.025, 0.1, 0.5, 2, 10, 60],
    registers: [registry],
  });
  const samples = new Counter({
    name: 'promkeep_remote_read_samples_total',
    help: 'Samples in answers to remote read, by the form asked for.',
    labelNames: ['kind'],
    registers: [registry],
  });
  return {
    ...metricsOf(version, budget, registry),
    remotelyRead(kind, count, seconds) {
      reads.observe({ kind }, seconds);
      samples.inc({ kind }, count);
    },
    read: (count) => readers.set(count),
    requested: (route, status, seconds) => requests.observe({ route, status: String(status) }, seconds),
  };
}

function metricsOf(version: string, budget: MemoryBudget, registry: Registry): ProcessMetrics {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_PRECISION_MS });
  const build = { name: 'promkeep_build_info', help: 'Always 1.', labelNames: ['version'], registers: [registry] };
  new Gauge(build).set({ version }, 1);
  addMemoryGauges(budget, registry);
  return {
    archive: createArchiveMetrics(registry),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function addMemoryGauges(budget: MemoryBudget, registry: Registry): void {
  const add = (name: string, help: string, read: () => number): void => {
    new Gauge({
      ...{ name, help, registers: [registry] },
      collect() {
        this.set(read());
      },
    });
  };
  add('promkeep_answer_memory_bytes', 'Memory that is counted for answers.', () => budget.use.heldBytes);
  add('promkeep_answer_memory_limit_bytes', 'What answers may take together.', () => budget.limitBytes);
  add('promkeep_answers_waiting', 'Answers that wait for memory.', () => budget.use.waiting);
}
