import { useCallback, useEffect, useState } from 'react';
import { type RecordedQueriesAnswer } from '../../contract/recordedQuery';
import { type RecordedClient } from './recordedClient';

interface Loaded {
  answer?: RecordedQueriesAnswer;
  /** Of the last attempt; the answer before it stays. */
  failure?: string;
}

export interface RecordedState extends Loaded {
  reload: () => void;
}

const EVERY_MS = 5_000;

/** The list, loaded again every few seconds while it is looked at. @param version loads at once when it changes */
export function useRecorded(client: RecordedClient, version: unknown): RecordedState {
  const [loaded, setLoaded] = useState<Loaded>({});
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    let current = true;
    const load = async () => {
      try {
        const answer = await client.list();
        // A slow answer must not replace a newer one.
        if (current) {
          setLoaded({ answer });
        }
      } catch (error) {
        if (current) {
          setLoaded(({ answer }) => ({ answer, failure: error instanceof Error ? error.message : String(error) }));
        }
      }
    };
    void load();
    const timer = setInterval(() => void load(), EVERY_MS);
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, [client, version, asked]);
  const reload = useCallback(() => setAsked((before) => before + 1), []);
  return { ...loaded, reload };
}
