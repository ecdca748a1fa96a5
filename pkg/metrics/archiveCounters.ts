import { Counter, Histogram, type Registry } from 'prom-client';
import { type GapReason } from '../core/ports/ledger';
import { type WriteOutcome } from '../core/ports/sampleStore';
import { RECORDER_LABEL_NAMES, type RecorderLabels } from './recorderState';

/**
 * What only grows, by recorder. It outlives its recorder: one with the same labels, as after a change of settings, goes on
 * counting.
 */
export function createArchiveCounters(registry: Registry) {
  const counter = (name: string, help: string, ...labels: string[]): Counter =>
    new Counter({ name, help, labelNames: [...RECORDER_LABEL_NAMES, ...labels], registers: [registry] });
  const samples = counter(
    'promkeep_archive_samples_total',
    'Samples of answers by what became of them: written (new), unchanged, revised (other value), withdrawn (gone).',
    'query',
    'outcome'
  );
  const refused = counter('promkeep_archive_refused_series_total', 'Series the archive could not store.', 'query');
  const failures = counter('promkeep_collect_failures_total', 'Failed attempts to record a query.', 'query', 'reason');
  const gaps = counter(
    'promkeep_collect_gap_points_total',
    'Grid points of answers that did not count as covered.',
    'query'
  );
  // The label is not called `job`: that is the scrape job's, and Prometheus would rename ours.
  const runs = counter(
    'promkeep_upkeep_runs_total',
    'Runs of the work that keeps the archive small, by task and outcome.',
    'task',
    'outcome'
  );
  const duration = new Histogram({
    name: 'promkeep_collect_duration_seconds',
    help: 'Time from the request to Prometheus to the commit in the archive.',
    labelNames: RECORDER_LABEL_NAMES,
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30],
    registers: [registry],
  });
  return (who: RecorderLabels) => ({
    wrote(query: string, outcome: WriteOutcome): void {
      const { inserted: written, refused: left, ...others } = outcome;
      for (const [name, count] of Object.entries({ written, ...others })) {
        samples.inc({ ...who, query, outcome: name }, count);
      }
      refused.inc({ ...who, query }, left.length);
    },
    failed: (query: string, reason: GapReason) => failures.inc({ ...who, query, reason }),
    gapped: (query: string, points: number) => gaps.inc({ ...who, query }, points),
    took: (seconds: number) => duration.observe(who, seconds),
    upkept: (task: string, outcome: 'done' | 'failed') => runs.inc({ ...who, task, outcome }),
  });
}
