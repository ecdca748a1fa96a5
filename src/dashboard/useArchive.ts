import { useEffect, useState } from 'react';
import { type PageApi } from './api';
import { type ArchiveSummary } from './parseArchive';
import { HALTED, startPolling } from './polling';

const INTERVAL_MS = 30_000;

export type ArchiveState = ArchiveSummary | 'off' | 'unknown' | 'no-answer';

/** The archive's status, every half minute while the page is visible. */
export function useArchive(api: PageApi): ArchiveState {
  const [state, setState] = useState<ArchiveState>('unknown');
  useEffect(
    () =>
      startPolling(async (signal, stop) => {
        try {
          const answer = await api.archive(signal);
          setState(answer);
          if (answer === 'off') {
            // Nothing changes that without a restart, and the browser logs each of these answers as an error.
            stop();
          }
        } catch {
          if (signal.reason !== HALTED) {
            setState('no-answer');
          }
        }
      }, INTERVAL_MS),
    [api]
  );
  return state;
}
