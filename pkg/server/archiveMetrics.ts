import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { type GapReason, type WriteOutcome } from '../core/ports';

/** What recording and keeping the archive small tell about themselves; see `ArchiverMetrics` and `UpkeepMetrics`. */
export interface ArchiveMetrics {
  archiver: {
    wrote(query: string, outcome: WriteOutcome): void;
    failed(query: string, reason: GapReason): void;
    gapped(query: string, points: number): void;
    follows(query: string, readLagMs: () => number | undefined): () => void;
    took(seconds: number): void;
    led(leads: boolean, epoch: number): void;
    skewed(offsetMs: number): void;
  };
  upkeep: { upkept(task: string, outcome: 'done' | 'failed', seconds: number): void };
}

export function createArchiveMetrics(registry: Registry): ArchiveMetrics {
  return { archiver: { ...writing(registry), ...following(registry), ...leading(registry) }, upkeep: upkeep(registry) };
}

function writing(registry: Registry): Pick<ArchiveMetrics['archiver'], 'wrote' | 'failed' | 'gapped' | 'took'> {
  const registers = [registry];
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
  const duration = new Histogram({
    name: 'promkeep_collect_duration_seconds',
    help: 'Time from the request to Prometheus to the commit in the archive.',
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30],
    registers,
  });
  return {
    wrote(query, outcome) {
      samples.inc({ query, outcome: 'written' }, outcome.inserted);
      samples.inc({ query, outcome: 'unchanged' }, outcome.unchanged);
      samples.inc({ query, outcome: 'revised' }, outcome.revised);
      samples.inc({ query, outcome: 'withdrawn' }, outcome.withdrawn);
      refused.inc({ query }, outcome.refused.length);
    },
    failed: (query, reason) => failures.inc({ query, reason }),
    gapped: (query, points) => gaps.inc({ query }, points),
    took: (seconds) => duration.observe(seconds),
  };
}

function following(registry: Registry): Pick<ArchiveMetrics['archiver'], 'follows'> {
  const readers = new Map<string, () => number | undefined>();
  new Gauge({
    name: 'promkeep_collect_lag_seconds',
    help: 'Time between the newest point that is due and the newest one that was answered; only where the query is recorded.',
    labelNames: ['query'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [query, readLagMs] of readers) {
        const lagMs = readLagMs();
        if (lagMs !== undefined) {
          this.set({ query }, lagMs / 1000);
        }
      }
    },
  });
  return {
    follows(query, readLagMs) {
      readers.set(query, readLagMs);
      return () => {
        // By then another loop may follow the query.
        if (readers.get(query) === readLagMs) {
          readers.delete(query);
        }
      };
    },
  };
}

function leading(registry: Registry): Pick<ArchiveMetrics['archiver'], 'led' | 'skewed'> {
  const registers = [registry];
  const leader = new Gauge({
    name: 'promkeep_archive_leader',
    help: '1 while this program records its source, 0 while it waits for its turn.',
    registers,
  });
  const epoch = new Gauge({
    name: 'promkeep_archive_leader_epoch',
    help: 'Newest leadership epoch this program knows of; grows with each change of leader.',
    registers,
  });
  const skew = new Gauge({
    name: 'promkeep_source_clock_offset_seconds',
    help: "This machine's clock minus Prometheus'; recording goes by the latter.",
    registers,
  });
  return {
    skewed: (offsetMs) => skew.set(offsetMs / 1000),
    led: (leads, value) => {
      leader.set(leads ? 1 : 0);
      epoch.set(value);
    },
  };
}

/** The label is not called `job`: that is the scrape job's, and Prometheus would rename ours. */
function upkeep(registry: Registry): ArchiveMetrics['upkeep'] {
  const registers = [registry];
  const runs = new Counter({
    name: 'promkeep_upkeep_runs_total',
    help: 'Runs of the work that keeps the archive small, by task and outcome.',
    labelNames: ['task', 'outcome'],
    registers,
  });
  const duration = new Gauge({
    name: 'promkeep_upkeep_duration_seconds',
    help: 'Duration of the last run of each task.',
    labelNames: ['task'],
    registers,
  });
  return {
    upkept(task, outcome, seconds) {
      runs.inc({ task, outcome });
      duration.set({ task }, seconds);
    },
  };
}
