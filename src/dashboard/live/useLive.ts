import { useEffect, useState } from 'react';
import { type ArchiveOverview } from '../../contract/archivePage';
import { type PageApi, type SummaryAnswer } from './api';
import { carryLastSeen } from './carryLastSeen';
import { startLive } from './liveFeed';

export interface SummaryState {
  /** The last answer, also while the server does not answer. */
  answer?: SummaryAnswer & { rangeMs: number; receivedAtMs: number };
  /** Set while the server does not answer. */
  failure?: {
    message: string;
    /** When the first of the failures in a row happened, on the reader's clock. */
    sinceMs: number;
    lastMs: number;
  };
}

export interface ArchiveState {
  /** The last answer, also while the database does not answer. */
  overview?: ArchiveOverview | 'off';
  /** Why there is no newer one. */
  failure?: string;
}

/** The summary of the last `rangeMs` and the archive, as the server tells them. */
export function useLive(api: PageApi, rangeMs: number): { summary: SummaryState; archive: ArchiveState } {
  const [summary, setSummary] = useState<SummaryState>({});
  const [archive, setArchive] = useState<ArchiveState>({});
  useEffect(
    () =>
      startLive(api, rangeMs, {
        onSummary: ({ frames, serverTimeMs }) =>
          setSummary(({ answer }) => ({
            answer: {
              frames: carryLastSeen(answer?.frames ?? [], frames),
              serverTimeMs,
              rangeMs,
              receivedAtMs: Date.now(),
            },
          })),
        onFailure: (message, failingMs = 0) => {
          const nowMs = Date.now();
          setSummary(({ answer, failure }) => ({
            answer,
            failure: { message, sinceMs: failure?.sinceMs ?? nowMs - failingMs, lastMs: nowMs },
          }));
        },
        onArchive: (overview) => setArchive({ overview }),
        onArchiveFailure: (failure) => setArchive(({ overview }) => ({ overview, failure })),
      }),
    [api, rangeMs]
  );
  return { summary, archive };
}
