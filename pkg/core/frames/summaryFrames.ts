import {
  STATE_COLORS,
  SUMMARY_FRAME_VERSION,
  type SummaryFrameMeta,
  type SummaryMetric,
  type SummaryState,
} from '../../../src/contract/summary';
import { type FieldConfig, type Frame, type NumberField } from './frame';
import { addNotices, executedMeta, onFirstFrame } from '../query/queryMeta';
import { warning } from '../readback/notices';
import { type SummaryEvaluation, type SummaryGroup } from '../summary/summaryEvaluate';

/** The frames of a Summary query; docs/summary-frames.md is their contract. One frame per metric and group. */
export function summaryFrames(evaluations: readonly SummaryEvaluation[]): Frame[] {
  return evaluations.flatMap((evaluation) => {
    const frames = evaluation.groups.map((group) => rangeFrame(evaluation, group));
    return evaluation.earlier
      ? [...withNotice(frames, evaluation.earlier), ...earlierFrames(evaluation.earlier)]
      : frames;
  });
}

type Earlier = NonNullable<SummaryEvaluation['earlier']>;

/** What had no value then cannot be compared with, and has no frame. */
function earlierFrames({ offsetMs, evaluation, origin }: Earlier): Frame[] {
  const comparison = origin === undefined ? { offsetMs } : { offsetMs, origin };
  return evaluation.groups
    .filter(({ value }) => value.value !== null)
    .map((group) => frameOf(evaluation, group, 'timeseries-multi', { ...group.samples, comparison }));
}

function withNotice(frames: Frame[], { evaluation: { failure, metric } }: Earlier): Frame[] {
  if (!failure || frames.length === 0) {
    return frames;
  }
  const notice = warning(`${metric.displayName}: the earlier value could not be read: ${failure.message}`);
  return onFirstFrame(frames, (frame) => addNotices(frame, [notice]));
}

/**
 * The frames for alerting and expressions: one number per metric and group. What has no value has no frame, and when nothing
 * has, one frame without fields says "no data".
 */
export function summaryNumberFrames(evaluations: readonly SummaryEvaluation[]): Frame[] {
  const frames = evaluations.flatMap((evaluation) =>
    evaluation.groups
      .filter(({ value }) => value.value !== null)
      .map((group) => frameOf(evaluation, group, 'numeric-multi', lastOf(group)))
  );
  const missing = evaluations.flatMap(({ groups }) => groups).filter(({ value }) => value.value === null);
  const notices = missing.map(({ value }) => warning(`${value.displayName}: ${value.noDataReason ?? 'no data'}`));
  return onFirstFrame(frames, (frame) => addNotices(frame, notices));
}

function rangeFrame(evaluation: SummaryEvaluation, group: SummaryGroup): Frame {
  const { samples, value, endMs } = group;
  const stale = value.value === null && samples.timesMs.length > 0 && samples.timesMs.at(-1) !== endMs;
  if (!stale) {
    return frameOf(evaluation, group, 'timeseries-multi', { ...samples });
  }
  // The last value must not pass for the present one, so the present is there as an empty value.
  const rows = samples.timesMs.length;
  const nulls = new Uint8Array(rows + 1);
  nulls[rows] = 1;
  return frameOf(evaluation, group, 'timeseries-multi', {
    timesMs: Float64Array.of(...samples.timesMs, endMs),
    values: Float64Array.of(...samples.values, NaN),
    nulls,
  });
}

interface Rows {
  timesMs: Float64Array;
  values: Float64Array;
  nulls?: Uint8Array;
  /** Where they are of an earlier time. */
  comparison?: SummaryFrameMeta['comparison'];
}

function lastOf({ samples }: SummaryGroup): Rows {
  return { timesMs: samples.timesMs.slice(-1), values: samples.values.slice(-1) };
}

function frameOf(
  evaluation: SummaryEvaluation,
  { value }: SummaryGroup,
  type: 'timeseries-multi' | 'numeric-multi',
  { timesMs, values, nulls, comparison }: Rows
): Frame {
  const { metric, expr, stepMs } = evaluation;
  const field: NumberField = {
    name: metric.key,
    type: 'number',
    labels: labelsOf(metric, value.group),
    values,
    config: fieldConfig(metric, value.group, comparison),
  };
  const promkeep: SummaryFrameMeta = {
    version: SUMMARY_FRAME_VERSION,
    kind: 'summary',
    metricKey: metric.key,
    aggregation: metric.aggregation,
    calculation: 'last',
    ...(value.noDataReason === undefined ? {} : { noDataReason: value.noDataReason }),
    ...(value.lastSeenMs === undefined ? {} : { lastSeenMs: value.lastSeenMs }),
    ...(comparison ? { comparison } : {}),
  };
  return {
    name: metric.key,
    fields: [
      { name: 'Time', type: 'time', values: timesMs, config: { interval: stepMs } },
      nulls === undefined ? field : { ...field, nulls },
    ],
    meta: { type, typeVersion: [0, 1], ...executedMeta({ expr, stepMs, legendFormat: '' }, { promkeep }) },
  };
}

/**
 * `metric` tells the metrics of one query apart, which alerting demands of its series. Not `__name__`: notifications drop
 * labels that begin and end with underscores.
 */
function labelsOf({ key }: SummaryMetric, group: Readonly<Record<string, string>>): Record<string, string> {
  return Object.hasOwn(group, 'metric') ? { ...group, metric_key: key } : { metric: key, ...group };
}

function fieldConfig(
  metric: SummaryMetric,
  group: Readonly<Record<string, string>>,
  comparison?: SummaryFrameMeta['comparison']
): FieldConfig {
  const earlier = comparison ? [`${describeOffset(comparison.offsetMs)} earlier`] : [];
  const groupText = [...Object.values(group), ...earlier].filter((text) => text !== '').join(', ');
  const { displayName, unit, decimals, min, max } = metric;
  return {
    displayNameFromDS: groupText === '' ? displayName : `${displayName} (${groupText})`,
    ...{ unit, decimals, min, max },
    thresholds: {
      mode: 'absolute',
      steps: [step(null, 'ok'), ...metric.thresholds.map(({ value, state }) => step(value, state))],
    },
  };
}

function describeOffset(offsetMs: number): string {
  const hours = offsetMs / 3_600_000;
  return hours < 24 ? `${hours} h` : `${hours / 24} d`;
}

function step(value: number | null, state: SummaryState): { value: number | null; color: string; state: string } {
  return { value, color: STATE_COLORS[state], state };
}
