import { useEffect, useState } from 'react';
import { type PageApi, type SummaryAnswer } from './api';
import { carryLastSeen } from './carryLastSeen';
import { HALTED, startPolling } from './polling';

const INTERVAL_MS = 5_000;

export interface SummaryState {
  /** The last answer, also while the server does not answer. */
  answer?: SummaryAnswer & { rangeMs: number; receivedAtMs: number };
  /** Set while the server does not answer. */
  failure?: Failure;
}

export interface Failure {
  message: string;
  /** When the first of the failures in a row happened, on the reader's clock. */
  sinceMs: number;
  lastMs: number;
}

/** The summary of the last `rangeMs`, fetched every five seconds while the page is visible. */
export function useSummary(api: PageApi, rangeMs: number): SummaryState {
  const [state, setState] = useState<SummaryState>({});
  useEffect(() => {
    const fetchOnce = async (signal: AbortSignal) => {
      try {
        const answer = await api.summary(rangeMs, signal);
        setState((before) => ({
          answer: {
            ...answer,
            frames: carryLastSeen(before.answer?.frames ?? [], answer.frames),
            rangeMs,
            receivedAtMs: Date.now(),
          },
        }));
      } catch (error) {
        if (signal.reason !== HALTED) {
          const message = signal.aborted ? 'The server takes too long' : messageOf(error);
          setState((before) => ({ ...before, failure: nextFailure(before.failure, message, Date.now()) }));
        }
      }
    };
    return startPolling(fetchOnce, INTERVAL_MS);
  }, [api, rangeMs]);
  return state;
}

function nextFailure(before: Failure | undefined, message: string, nowMs: number): Failure {
  return { message, sinceMs: before?.sinceMs ?? nowMs, lastMs: nowMs };
}

/** `fetch` says only "Failed to fetch" when nobody listens. */
function messageOf(error: unknown): string {
  return error instanceof Error && !(error instanceof TypeError) ? error.message : 'The server cannot be reached';
}
