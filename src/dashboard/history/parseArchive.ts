import * as v from 'valibot';
import { type ArchiveHistory, type ArchiveOverview, type HoleOutlook } from '../../contract/archivePage';
import { fitting, flag, maybeNumber, maybeText, text, texts } from '../../contract/lenient';
import { readAnswer } from '../live/parseAnswers';

const OUTLOOKS: readonly HoleOutlook[] = ['retried', 'too-old', 'paused'];

const HOLES = fitting(
  v.object({
    fromMs: v.number(),
    toMs: v.number(),
    reason: text,
    detail: maybeText,
    outlook: v.fallback(v.picklist(OUTLOOKS), 'too-old'),
  })
);

/** What a recorded query is called; without a name of its own, by its key. */
const NAMED = { name: text, displayName: maybeText };

const RECORDED = v.object({
  ...NAMED,
  expression: text,
  stepMs: numberOr(0),
  retention: text,
  paused: flag,
  newestMs: maybeNumber,
  lagMs: numberOr(0),
  coverage: maybeNumber,
  gaps: HOLES,
  gapCount: numberOr(0),
});

const OVERVIEW = v.object({
  timeMs: v.fallback(v.number(), Date.now),
  samples: v.number(),
  series: numberOr(0),
  bytes: numberOr(0),
  leader: v.fallback(v.optional(v.object({ name: text, isThis: flag })), undefined),
  queries: v.pipe(v.array(v.unknown()), fitting(v.pipe(RECORDED, v.transform(withDisplayName)))),
});

/** The body of `/api/archive/overview` → what the page shows; throws an `Error` when it is something else. */
export function parseOverview(body: unknown): ArchiveOverview {
  return readAnswer(OVERVIEW, body, 'The answer holds no archive overview');
}

/** As long as a chart is wide, times the series: read in one go, not value by value. */
const COLUMN = v.fallback(
  v.pipe(
    v.custom<unknown[]>(Array.isArray),
    v.transform((values) => values.map((value) => (typeof value === 'number' ? value : null)))
  ),
  []
);

const SERIES = v.pipe(
  v.object({ labels: texts, timesMs: COLUMN, values: COLUMN, min: COLUMN, max: COLUMN }),
  v.check(({ timesMs, values }) => timesMs.length === values.length),
  v.transform(({ labels, timesMs, values, min, max }) => ({
    labels,
    timesMs: timesMs.map((time) => time ?? NaN),
    values,
    ...(min.length === values.length && max.length === values.length ? { min, max } : {}),
  }))
);

const HISTORY = v.pipe(
  v.object({
    ...NAMED,
    unit: maybeText,
    decimals: maybeNumber,
    min: maybeNumber,
    max: maybeNumber,
    fromMs: v.number(),
    toMs: v.number(),
    stepMs: numberOr(1),
    bucketMs: numberOr(1),
    sampledMs: numberOr(1),
    series: v.array(SERIES),
    seriesCount: maybeNumber,
    gaps: HOLES,
    thresholds: fitting(v.object({ value: numberOr(NaN), state: text })),
  }),
  v.transform(withDisplayName),
  v.transform((history) => ({ ...history, seriesCount: history.seriesCount ?? history.series.length }))
);

/** The body of `/api/archive/history`; throws an `Error` when it is something else. */
export function parseHistory(body: unknown): ArchiveHistory {
  return readAnswer(HISTORY, body, 'The answer holds no history');
}

function withDisplayName<T extends { name: string; displayName?: string }>(named: T): T & { displayName: string } {
  return { ...named, displayName: named.displayName ?? named.name };
}

function numberOr(otherwise: number) {
  return v.fallback(v.number(), otherwise);
}
