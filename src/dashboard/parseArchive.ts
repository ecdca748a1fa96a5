import {
  type ArchiveHistory,
  type ArchiveHole,
  type ArchiveOverview,
  type HistorySeries,
  type HoleOutlook,
  type RecordedOverview,
} from '../contract/archivePage';
import { isRecord } from './parseAnswers';

/** The body of `/api/archive/overview` → what the page shows; throws an `Error` when it is something else. */
export function parseOverview(body: unknown): ArchiveOverview {
  if (!isRecord(body) || typeof body.samples !== 'number' || !Array.isArray(body.queries)) {
    throw new Error('The answer holds no archive overview');
  }
  const { leader } = body;
  return {
    timeMs: numberOr(body.timeMs, Date.now()),
    samples: body.samples,
    series: numberOr(body.series, 0),
    bytes: numberOr(body.bytes, 0),
    ...(isRecord(leader) ? { leader: { name: textOf(leader.name), isThis: leader.isThis === true } } : {}),
    queries: body.queries.filter(isRecord).map(parseRecorded),
  };
}

function parseRecorded(query: Record<string, unknown>): RecordedOverview {
  return {
    name: textOf(query.name),
    displayName: textOf(query.displayName ?? query.name),
    expression: textOf(query.expression),
    stepMs: numberOr(query.stepMs, 0),
    retention: textOf(query.retention),
    paused: query.paused === true,
    newestMs: optionalNumber(query.newestMs),
    lagMs: numberOr(query.lagMs, 0),
    coverage: optionalNumber(query.coverage),
    gaps: parseHoles(query.gaps),
    gapCount: numberOr(query.gapCount, 0),
  };
}

/** The body of `/api/archive/history`; throws an `Error` when it is something else. */
export function parseHistory(body: unknown): ArchiveHistory {
  if (
    !isRecord(body) ||
    !Array.isArray(body.series) ||
    typeof body.fromMs !== 'number' ||
    typeof body.toMs !== 'number'
  ) {
    throw new Error('The answer holds no history');
  }
  const thresholds = Array.isArray(body.thresholds) ? body.thresholds.filter(isRecord) : [];
  return {
    name: textOf(body.name),
    displayName: textOf(body.displayName ?? body.name),
    unit: typeof body.unit === 'string' ? body.unit : undefined,
    decimals: optionalNumber(body.decimals),
    min: optionalNumber(body.min),
    max: optionalNumber(body.max),
    fromMs: body.fromMs,
    toMs: body.toMs,
    stepMs: numberOr(body.stepMs, 1),
    bucketMs: numberOr(body.bucketMs, 1),
    sampledMs: numberOr(body.sampledMs, 1),
    series: body.series.filter(isRecord).map(parseSeries),
    seriesCount: numberOr(body.seriesCount, body.series.length),
    gaps: parseHoles(body.gaps),
    thresholds: thresholds.map(({ value, state }) => ({ value: numberOr(value, NaN), state: textOf(state) })),
  };
}

function parseSeries(series: Record<string, unknown>): HistorySeries {
  const labels = isRecord(series.labels) ? Object.entries(series.labels) : [];
  const timesMs = numbersOf(series.timesMs).map((time) => time ?? NaN);
  const values = numbersOf(series.values);
  if (values.length !== timesMs.length) {
    throw new Error('The answer holds no history');
  }
  const [min, max] = [numbersOf(series.min), numbersOf(series.max)];
  const isThinned = min.length === values.length && max.length === values.length;
  return {
    labels: Object.fromEntries(labels.map(([name, value]) => [name, textOf(value)])),
    timesMs,
    values,
    ...(isThinned ? { min, max } : {}),
  };
}

function parseHoles(holes: unknown): ArchiveHole[] {
  return (Array.isArray(holes) ? holes.filter(isRecord) : []).flatMap(({ fromMs, toMs, reason, detail, outlook }) =>
    typeof fromMs === 'number' && typeof toMs === 'number'
      ? [
          {
            fromMs,
            toMs,
            reason: textOf(reason),
            detail: typeof detail === 'string' ? detail : undefined,
            outlook: OUTLOOKS.find((one) => one === outlook) ?? 'too-old',
          },
        ]
      : []
  );
}

const OUTLOOKS: readonly HoleOutlook[] = ['retried', 'too-old', 'paused'];

function numbersOf(values: unknown): Array<number | null> {
  return Array.isArray(values) ? values.map((value: unknown) => (typeof value === 'number' ? value : null)) : [];
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}

function optionalNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
