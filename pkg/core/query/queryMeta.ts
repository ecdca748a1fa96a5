import * as v from 'valibot';
import { type Field, type Frame, type FrameMeta, type Notice } from '../frames/frame';
import { type SeriesNamer, seriesNamer } from './legend';
import { type QueryResult } from '../model/series';
import { formatStep } from './step';

/** What a request to Prometheus was about, for the frames of its answer. */
export interface QueryContext {
  /** As sent. */
  expr: string;
  stepMs: number;
  legendFormat: string;
}

/**
 * Completes the bare frames of one answer [Q3.1] [Q3.3]: names, legends, the interval of the time field, the
 * executed query on frame 0, warnings and infos on every frame, statistics on frame 0. An empty answer gives exactly one
 * frame without fields, which alerting reads as "no data".
 */
export function describeFrames(
  frames: readonly Frame[],
  context: QueryContext,
  answer: Pick<QueryResult, 'warnings' | 'infos' | 'stats'>
): Frame[] {
  const notices: Notice[] = [
    ...answer.warnings.map((text): Notice => ({ severity: 'warning', text })),
    ...answer.infos.map((text): Notice => ({ severity: 'info', text })),
  ];
  const nameOf = seriesNamer(context.legendFormat, context.expr);
  const filled = frames.length > 0 ? frames : [emptyFrame(notices.length > 0, answer.stats !== undefined)];
  return filled.map((frame, i) => {
    const named = nameFields(frame, context, nameOf);
    const meta: FrameMeta = { ...named.meta };
    if (i === 0) {
      Object.assign(meta, executedMeta(context, meta.custom));
      addStats(meta, answer.stats);
    }
    return addNotices({ ...named, meta }, notices);
  });
}

/** The frame of a request Prometheus refused: no fields, only what was asked. */
export function refusedFrame(context: QueryContext): Frame {
  return { fields: [], meta: executedMeta(context, undefined) };
}

/** The same for an answer that was not Prometheus' at all: only the query's text. */
export function unansweredFrame(context: QueryContext): Frame {
  return { fields: [], meta: { executedQueryString: executedQuery(context) } };
}

export function addNotices(frame: Frame, notices: readonly Notice[]): Frame {
  if (notices.length === 0) {
    return frame;
  }
  return { ...frame, meta: { ...frame.meta, notices: [...(frame.meta?.notices ?? []), ...notices] } };
}

/** Adds to the first frame, or makes one to carry it. */
export function onFirstFrame(frames: readonly Frame[], change: (frame: Frame) => Frame): Frame[] {
  const [first = { fields: [] }, ...rest] = frames;
  return [change(first), ...rest];
}

/** Puts values under `meta.custom.promkeep`. */
export function addPromkeepMeta(frame: Frame, values: Readonly<Record<string, unknown>>): Frame {
  const custom = frame.meta?.custom ?? {};
  const known = typeof custom.promkeep === 'object' ? custom.promkeep : {};
  return { ...frame, meta: { ...frame.meta, custom: { ...custom, promkeep: { ...known, ...values } } } };
}

function executedQuery({ expr, stepMs }: QueryContext): string {
  return `Expr: ${expr}\nStep: ${formatStep(stepMs)}`;
}

/** Grafana's incremental cache reads `calculatedMinStep`, its annotations read the step from the text. */
export function executedMeta(context: QueryContext, custom: FrameMeta['custom']): FrameMeta {
  return {
    custom: { ...custom, calculatedMinStep: context.stepMs },
    executedQueryString: executedQuery(context),
  };
}

function emptyFrame(hasNotices: boolean, hasStats: boolean): Frame {
  const name = hasNotices ? 'Warnings' : hasStats ? 'Query statistics' : undefined;
  return name === undefined ? { fields: [] } : { name, fields: [] };
}

function nameFields(frame: Frame, { stepMs }: QueryContext, nameOf: SeriesNamer): Frame {
  const [time, value, ...rest] = frame.fields;
  if (time === undefined || value === undefined) {
    return frame;
  }
  const named: Field = { ...value };
  const name = nameOf(value.labels);
  if (name !== '') {
    named.config = { ...value.config, displayNameFromDS: name };
  }
  if (frame.meta?.type !== 'heatmap-cells' && value.labels && Object.hasOwn(value.labels, '__name__')) {
    named.name = value.labels.__name__;
  }
  return { ...frame, fields: [{ ...time, config: { ...time.config, interval: stepMs } }, named, ...rest] };
}

const SAMPLES_READ = v.object({ samples: v.object({ totalQueryableSamples: v.number() }) });

function addStats(meta: FrameMeta, stats: unknown): void {
  if (stats === undefined || stats === null) {
    return;
  }
  meta.custom = { ...meta.custom, stats };
  if (v.is(SAMPLES_READ, stats)) {
    const total = { displayName: 'Total queryable samples', value: stats.samples.totalQueryableSamples };
    meta.stats = [...(meta.stats ?? []), total];
  }
}
