import { useState } from 'react';
import { readStored, store } from '../storage';

/** What the page shows: the time up to now, or a piece of the past. Times in Unix milliseconds. */
export type PageRange = { kind: 'last'; rangeMs: number } | { kind: 'fixed'; fromMs: number; toMs: number };

/** `key` stands in the URL. Spelt out for screen readers in `page.ranges`: they read "15 m" as metres. */
export interface Preset {
  key: string;
  label: string;
  rangeMs: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;

export const PRESETS: readonly Preset[] = [
  { key: '15m', label: '15 m', rangeMs: 15 * MINUTE_MS },
  { key: '1h', label: '1 h', rangeMs: 60 * MINUTE_MS },
  { key: '6h', label: '6 h', rangeMs: 360 * MINUTE_MS },
  { key: '24h', label: '24 h', rangeMs: DAY_MS },
  { key: '7d', label: '7 d', rangeMs: 7 * DAY_MS },
  { key: '30d', label: '30 d', rangeMs: 30 * DAY_MS },
];
/** Short enough that a new archive has something to show. */
const DEFAULT_PRESET = PRESETS[0];

const KEY = 'promkeep.range';

/** The chosen range: that of the URL, else that of the last visit. Choosing one writes both. */
export function useRange(): [PageRange, (range: PageRange) => void] {
  const [range, setRange] = useState(() => readRange(window.location.search, readStored(KEY)));
  const choose = (chosen: PageRange) => {
    const search = writeRange(window.location.search, chosen);
    window.history.replaceState(null, '', `${window.location.pathname}?${search}`);
    if (chosen.kind === 'last') {
      store(KEY, presetOf(chosen)?.key);
    }
    setRange(chosen);
  };
  return [range, choose];
}

export function presetOf(range: PageRange): Preset | undefined {
  return range.kind === 'last' ? PRESETS.find(({ rangeMs }) => rangeMs === range.rangeMs) : undefined;
}

/** `?last=6h`, or `?from=2026-01-02T03:00:00.000Z&to=…`; what is neither counts as absent. */
export function readRange(search: string, remembered?: string): PageRange {
  const parameters = new URLSearchParams(search);
  const [fromMs, toMs] = ['from', 'to'].map((name) => Date.parse(parameters.get(name) ?? ''));
  if (fromMs < toMs) {
    return { kind: 'fixed', fromMs, toMs };
  }
  const wanted = [parameters.get('last'), remembered];
  const preset = wanted.map((key) => PRESETS.find((one) => one.key === key)).find(Boolean) ?? DEFAULT_PRESET;
  return { kind: 'last', rangeMs: preset.rangeMs };
}

/** The search part of the URL with the range in it; everything else of it stays. */
export function writeRange(search: string, range: PageRange): string {
  const parameters = new URLSearchParams(search);
  ['last', 'from', 'to'].forEach((name) => parameters.delete(name));
  if (range.kind === 'last') {
    parameters.set('last', presetOf(range)?.key ?? DEFAULT_PRESET.key);
  } else {
    parameters.set('from', new Date(range.fromMs).toISOString());
    parameters.set('to', new Date(range.toMs).toISOString());
  }
  return parameters.toString();
}

/** The tiles show how it is now; behind them lies at most a day, which is what a line of 200 pixels can tell. */
export function tileRangeMs(range: PageRange): number {
  return range.kind === 'last' ? Math.min(range.rangeMs, DAY_MS) : DEFAULT_PRESET.rangeMs;
}

/** The range as times. */
export function resolveRange(range: PageRange, nowMs: number): { fromMs: number; toMs: number } {
  return range.kind === 'last' ? { fromMs: nowMs - range.rangeMs, toMs: nowMs } : range;
}
