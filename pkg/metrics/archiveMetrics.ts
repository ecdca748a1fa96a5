import { type Registry } from 'prom-client';
import { type GapReason } from '../core/ports/ledger';
import { type WriteOutcome } from '../core/ports/sampleStore';
import { createArchiveCounters } from './archiveCounters';
import { addArchiveGauges } from './archiveGauges';
import { type ArchiveWatch, labelsOf, type RecorderIdentity, type RecorderState } from './recorderState';

/** What recording and keeping the archive small tell about themselves; see `RecorderEvents` and `UpkeepMetrics` in `pkg/record`. */
export interface RecorderMetrics {
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
  /** The recorder has ended: nothing is told of its present any more. Its counters stay, as counters do. */
  close(): void;
}

/** The recorders of one process in one registry. */
export interface ArchiveMetrics {
  /** @param watch asked at every scrape */
  open(recorder: RecorderIdentity, watch: ArchiveWatch): RecorderMetrics;
}

export function createArchiveMetrics(registry: Registry): ArchiveMetrics {
  const counters = createArchiveCounters(registry);
  const states = new Set<RecorderState>();
  addArchiveGauges(registry, states);
  return {
    open(recorder, watch) {
      const labels = labelsOf(recorder);
      const state: RecorderState = { labels, watch, leads: false, lags: new Map(), upkeepSeconds: new Map() };
      states.add(state);
      return {
        archiver: {
          wrote: (query, outcome) => counters.wrote(labels, query, outcome),
          failed: (query, reason) => counters.failed(labels, query, reason),
          gapped: (query, points) => counters.gapped(labels, query, points),
          took: (seconds) => counters.took(labels, seconds),
          follows: (query, readLagMs) => follow(state, query, readLagMs),
          led(leads, epoch) {
            state.leads = leads;
            state.epoch = epoch;
          },
          skewed: (offsetMs) => (state.skewMs = offsetMs),
        },
        upkeep: {
          upkept(task, outcome, seconds) {
            counters.upkept(labels, task, outcome);
            state.upkeepSeconds.set(task, seconds);
          },
        },
        close: () => states.delete(state),
      };
    },
  };
}

function follow({ lags }: RecorderState, query: string, readLagMs: () => number | undefined): () => void {
  lags.set(query, readLagMs);
  return () => {
    // By then another loop may follow the query.
    if (lags.get(query) === readLagMs) {
      lags.delete(query);
    }
  };
}
