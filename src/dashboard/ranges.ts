import { useState } from 'react';
import { readStored, store } from './storage';

export interface Range {
  label: string;
  /** For screen readers, which read "15 m" as metres. */
  longLabel: string;
  rangeMs: number;
}

const MINUTE_MS = 60_000;

export const RANGES: readonly Range[] = [
  { label: '15 m', longLabel: '15 minutes', rangeMs: 15 * MINUTE_MS },
  { label: '1 h', longLabel: '1 hour', rangeMs: 60 * MINUTE_MS },
  { label: '6 h', longLabel: '6 hours', rangeMs: 6 * 60 * MINUTE_MS },
  { label: '24 h', longLabel: '24 hours', rangeMs: 24 * 60 * MINUTE_MS },
];

const KEY = 'promkeep.rangeMs';

/** The chosen range in milliseconds, remembered between visits. */
export function useRange(): [number, (rangeMs: number) => void] {
  const [rangeMs, setRangeMs] = useState(() => {
    const stored = Number(readStored(KEY));
    return RANGES.some((range) => range.rangeMs === stored) ? stored : RANGES[1].rangeMs;
  });
  const choose = (chosenMs: number) => {
    store(KEY, String(chosenMs));
    setRangeMs(chosenMs);
  };
  return [rangeMs, choose];
}
