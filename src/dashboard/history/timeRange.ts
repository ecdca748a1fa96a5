import { useState } from 'react';
import { formatDurationMs, parseDurationMs } from '../../contract/duration';
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
/** What `?last=` may be. */
const LAST_MS = { least: MINUTE_MS, most: 2 * 366 * DAY_MS };

const KEY = 'promkeep.range';

export interface RangeState {
  range: PageRange;
  /** Choosing one writes it to the URL, and remembers it for the next visit. */
  choose: (range: PageRange) => void;
  /** Looks at a piece of what is shown; `back` leads to what was shown before. */
  zoom: (piece: { fromMs: number; toMs: number }) => void;
  /** Absent: nothing was zoomed into. */
  back?: () => void;
  /** What of the URL could not be read. */
  fault?: RangeFault;
}

/** The chosen range: that of the URL, else that of the last visit. */
export function useRange(): RangeState {
  const [range, setRange] = useState(() => readRange(window.location.search, readStored(KEY)));
  const [before, setBefore] = useState<readonly PageRange[]>([]);
  const [fault, setFault] = useState(() => faultOf(window.location.search));
  const show = (chosen: PageRange, path: readonly PageRange[]) => {
    const search = writeRange(window.location.search, chosen);
    window.history.replaceState(null, '', `${window.location.pathname}?${search}`);
    setRange(chosen);
    setBefore(path);
    setFault(undefined);
  };
  return {
    range,
    choose(chosen) {
      if (chosen.kind === 'last') {
        store(KEY, presetOf(chosen)?.key);
      }
      show(chosen, []);
    },
    zoom: (piece) => show({ kind: 'fixed', ...piece }, [...before, range]),
    ...(before.length > 0 ? { back: () => show(before[before.length - 1], before.slice(0, -1)) } : {}),
    ...(fault ? { fault } : {}),
  };
}

export function presetOf(range: PageRange): Preset | undefined {
  return range.kind === 'last' ? PRESETS.find(({ rangeMs }) => rangeMs === range.rangeMs) : undefined;
}

/**
 * `?last=6h`, any duration between a minute and two years, or `?from=2026-01-02T03:00:00.000Z&to=…`; what is neither counts as
 * absent.
 */
export function readRange(search: string, remembered?: string): PageRange {
  const parameters = new URLSearchParams(search);
  const [fromMs, toMs] = ['from', 'to'].map((name) => Date.parse(parameters.get(name) ?? ''));
  if (fromMs < toMs) {
    return { kind: 'fixed', fromMs, toMs };
  }
  const wanted = [parameters.get('last'), remembered];
  return { kind: 'last', rangeMs: wanted.map(readLast).find(Boolean) ?? DEFAULT_PRESET.rangeMs };
}

export interface RangeFault {
  /** Key of the text in `page.faults`. */
  key: 'last' | 'times';
  text: string;
}

/** What of the URL was meant as a range and is none. */
export function faultOf(search: string): RangeFault | undefined {
  const parameters = new URLSearchParams(search);
  const [last, from, to] = ['last', 'from', 'to'].map((name) => parameters.get(name));
  if ((from !== null || to !== null) && !(Date.parse(from ?? '') < Date.parse(to ?? ''))) {
    return { key: 'times', text: [from, to].map((one) => one ?? '?').join(' – ') };
  }
  return last !== null && readLast(last) === undefined ? { key: 'last', text: last } : undefined;
}

function readLast(text: string | null | undefined): number | undefined {
  const rangeMs = parseDurationMs(text ?? '');
  return rangeMs !== undefined && rangeMs >= LAST_MS.least && rangeMs <= LAST_MS.most ? rangeMs : undefined;
}

/** The search part of the URL with the range in it; everything else of it stays. */
export function writeRange(search: string, range: PageRange): string {
  const parameters = new URLSearchParams(search);
  ['last', 'from', 'to'].forEach((name) => parameters.delete(name));
  if (range.kind === 'last') {
    parameters.set('last', presetOf(range)?.key ?? formatDurationMs(range.rangeMs));
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
