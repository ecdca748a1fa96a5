import { type Registry } from 'prom-client';
import { type RecorderEvents, type UpkeepMetrics } from '../core/ports/recorderEvents';
import { createArchiveCounters } from './archiveCounters';
import { addArchiveGauges } from './archiveGauges';
import { type ArchiveWatch, labelsOf, type RecorderIdentity, type RecorderState } from './recorderState';

/** What recording and keeping the archive small tell about themselves; see `RecorderEvents` and `UpkeepMetrics`. */
export interface RecorderMetrics {
  archiver: RecorderEvents;
  upkeep: UpkeepMetrics;
  /** The recorder has ended: nothing is told of its present any more. Its counters stay, as counters do. */
  close(): void;
}

/** The recorders of one process in one registry. */
export interface ArchiveMetrics {
  /** @param watch asked at every scrape */
  open(recorder: RecorderIdentity, watch: ArchiveWatch): RecorderMetrics;
}

export function createArchiveMetrics(registry: Registry): ArchiveMetrics {
  const countersOf = createArchiveCounters(registry);
  const states = new Set<RecorderState>();
  addArchiveGauges(registry, states);
  return {
    open(recorder, watch) {
      const labels = labelsOf(recorder);
      const state: RecorderState = { labels, watch, leads: false, lags: new Map(), upkeepSeconds: new Map() };
      states.add(state);
      const { upkept, ...counters } = countersOf(labels);
      return {
        archiver: {
          ...counters,
          follows: (query, readLagMs) => follow(state, query, readLagMs),
          led(leads, epoch) {
            state.leads = leads;
            state.epoch = epoch;
          },
          skewed: (offsetMs) => (state.skewMs = offsetMs),
        },
        upkeep: {
          upkept(task, outcome, seconds) {
            upkept(task, outcome);
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
