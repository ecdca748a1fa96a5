import { useState } from 'react';
import { readStored, store } from './storage';

/** Spelt out for screen readers in `page.ranges`: they read "15 m" as metres. */
export interface Range {
  label: string;
  rangeMs: number;
}

const MINUTE_MS = 60_000;

export const RANGES: readonly Range[] = [
  { label: '15 m', rangeMs: 15 * MINUTE_MS },
  { label: '1 h', rangeMs: 60 * MINUTE_MS },
  { label: '6 h', rangeMs: 6 * 60 * MINUTE_MS },
  { label: '24 h', rangeMs: 24 * 60 * MINUTE_MS },
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
