import { readBackAggregate } from './readBackAggregate';
import { type Answering, type ReadBackArchive, type ReadReport } from './readArchive';
import { fitStep } from './seam';
import {
  type ArchiveMatch,
  type CompareExpressions,
  explainNoMatch,
  findMatches,
  type Recorded,
  withResults,
} from '../matching/matchDefinition';
import { aloneNotice, info, warning } from './notices';
import { findEngine, type RawEngine } from './rawEngine';
import { readBackSamples } from './readBackSamples';
import { refusalToRead } from '../datasource/callers';
import { withinSignal } from '../model/concurrency';
import { asPromkeepError, PromkeepError } from '../model/errors';
import { fitGrid, timesOf } from './fitGrid';
import { type MetricSource } from '../ports/metricSource';
import { type Clock } from '../ports/clock';
import { type StoredDefinition } from '../ports/definitions';
import { type TimeRange } from '../model/timeRange';
import { type QueryModel } from '../query/queryModel';
import { type PlanSettings, planQuery, type QueryPlan, type QueryRequest } from '../query/queryPlan';

export interface ReadBackDeps {
  /** Absent: the datasource has no archive. */
  archive?: ReadBackArchive;
  /** Users' tokens or cookies go on to Prometheus, so two users may see different data. */
  forwardsCredentials: boolean;
  compare: CompareExpressions;
  /** Evaluates over raw series; absent: nothing does. */
  engine?: RawEngine;
  /** A signal that aborts after so many milliseconds; timers do not live in core. */
  timeoutSignal(ms: number): AbortSignal;
}

/** How a query is answered: what is asked, of whom, and what is to be said about it. */
export interface Reading {
  plan: QueryPlan;
  answering: Answering;
  report: ReadReport;
}

export interface ReadBackParts extends PlanSettings {
  source: MetricSource;
  readBack: ReadBackDeps;
  clock: Clock;
}

const PATIENCE_MS = 5_000;
const BY_ENGINE =
  'Nobody recorded this expression: Prometheus evaluated it over the raw series of the archive and its own.';

/**
 * Plans a query and chooses where its samples come from [A6] [A7]. *Prometheus* is asked as ever. *Archive* needs a
 * recorded query that answers; *both* goes to Prometheus alone, with a notice, where there is none or the archive cannot be
 * read. Throws `PromkeepError`.
 */
export async function planReadBack(parts: ReadBackParts, request: QueryRequest): Promise<Reading> {
  const { source, readBack } = parts;
  const { model, query, caller } = request;
  const { signal } = request.call;
  const report: ReadReport = { notices: [], failures: [] };
  if (model.readFrom === 'prometheus') {
    return { plan: planQuery(model, query, caller, parts), answering: source, report };
  }
  const alone = (reason: unknown): Reading => {
    const plan = planAlone(parts, request, asPromkeepError(reason));
    report.notices.push(aloneNotice(asPromkeepError(reason).message));
    return { plan, answering: source, report };
  };
  const opened = await attempt(openArchive(readBack, request));
  if ('error' in opened) {
    return alone(opened.error);
  }
  const { archive, recorded, definitions } = opened.result;
  const plan = planQuery(withExpression(model, recorded), query, caller, parts);
  const found = await attempt(chooseMatch(archive, recorded, plan, readBack.compare));
  if ('error' in found) {
    const engine = await attempt(engineFor(parts, request, { expr: plan.expr, definitions, report }));
    if ('error' in engine || !engine.result) {
      return alone('error' in engine ? engine.error : found.error);
    }
    report.notices.push(info(BY_ENGINE));
    return { plan: withoutExtras(plan, false, report), answering: engine.result, report };
  }
  const match = found.result;
  const left = await attempt(
    withPatience(readBack, signal, (patience) => archive.history.rollups(match.query, timesOf(model, plan), patience))
  );
  if ('error' in left) {
    return alone(left.error);
  }
  const live = model.readFrom === 'both' ? source : undefined;
  const { timeoutSignal } = readBack;
  const rollups = left.result ?? { covered: [], expired: [], stored: [] };
  const fitting = { match, report, rollups, ...(live ? { live } : {}) };
  const { plan: moved, expired } = await fitGrid(fitting, request, plan);
  const reading = { archive, match, report, timeoutSignal, ...(live ? { live } : {}), ...(expired ? { expired } : {}) };
  const { aggregate } = model;
  const answering =
    aggregate === 'none'
      ? readBackSamples(reading)
      : readBackAggregate({ ...reading, aggregate, bucketMs: moved.stepMs, nowMs: parts.clock.nowMs() });
  return { plan: withoutExtras(moved, live === undefined, report), answering, report };
}

async function attempt<T>(work: Promise<T>): Promise<{ result: T } | { error: unknown }> {
  try {
    return { result: await work };
  } catch (error) {
    return { error };
  }
}

/**
 * *Archive* never asks Prometheus, and without an expression there is nothing to ask it. An aggregate needs the recorded step,
 * and plain values in its place would be other numbers.
 */
function planAlone(
  parts: ReadBackParts,
  { model, query, caller, call }: QueryRequest,
  reason: PromkeepError
): QueryPlan {
  const needed = model.readFrom === 'archive' || model.expr.trim() === '' || call.signal.aborted;
  if (needed || model.aggregate !== 'none') {
    const text = `Cannot ${needed ? 'read from' : 'aggregate without'} the archive: ${reason.message}`;
    throw new PromkeepError(reason.code, text, { cause: reason, status: reason.status });
  }
  return planQuery(model, query, caller, parts);
}

async function openArchive(
  { archive, forwardsCredentials, timeoutSignal }: ReadBackDeps,
  { model, caller, call }: QueryRequest
): Promise<{ archive: ReadBackArchive; recorded: Recorded[]; definitions: readonly StoredDefinition[] }> {
  if (!archive) {
    throw new PromkeepError('ARCHIVE_OFF', 'this datasource has no archive.');
  }
  const refusal = refusalToRead(caller, forwardsCredentials);
  if (refusal !== undefined) {
    throw new PromkeepError('FORBIDDEN', `the archive cannot be read here: ${refusal}.`);
  }
  const list = withPatience({ timeoutSignal }, call.signal, (patience) =>
    withinSignal(archive.definitions.list(), patience)
  );
  const definitions = await list;
  return { archive, recorded: namedOnly(withResults(definitions), model.recordedQuery), definitions };
}

/** For an expression that nobody recorded and whose selectors are kept; a query that names a recorded one wants that, or its buckets. */
async function engineFor(
  { readBack, source }: ReadBackParts,
  { model, call }: QueryRequest,
  { report, ...asked }: { expr: string; definitions: readonly StoredDefinition[]; report: ReadReport }
): Promise<Answering | undefined> {
  const onOutage = (error: PromkeepError): void => {
    if (model.readFrom === 'archive') {
      throw error;
    }
    report.notices.push(aloneNotice(error.message));
  };
  const isPlain = model.aggregate === 'none' && model.recordedQuery === '';
  return readBack.engine && isPlain ? findEngine(readBack.engine, { ...asked, source, onOutage }, call) : undefined;
}

async function withPatience<T>(
  { timeoutSignal }: Pick<ReadBackDeps, 'timeoutSignal'>,
  signal: AbortSignal,
  work: (patience: AbortSignal) => Promise<T>
): Promise<T> {
  const patience = AbortSignal.any([signal, timeoutSignal(PATIENCE_MS)]);
  try {
    return await work(patience);
  } catch (error) {
    if (patience.aborted && !signal.aborted) {
      throw new PromkeepError('ARCHIVE_BUSY', `the archive did not answer within ${PATIENCE_MS / 1_000} s.`, {
        cause: error,
      });
    }
    throw error;
  }
}

function namedOnly(recorded: readonly Recorded[], name: string): Recorded[] {
  const named = recorded.filter((one) => name === '' || one.name === name);
  if (name !== '' && named.length === 0) {
    const names = recorded.map((one) => one.name);
    const known =
      names.length === 0
        ? 'there are none'
        : `there are ${names.slice(0, 10).join(', ')}${names.length > 10 ? ', …' : ''}`;
    throw new PromkeepError('QUERY_INVALID', `there is no recorded query ${JSON.stringify(name)}; ${known}.`);
  }
  return named;
}

/** A query that only names a recorded query asks for what that one says. */
function withExpression(model: QueryModel, recorded: readonly Recorded[]): QueryModel {
  return model.expr.trim() === '' && model.recordedQuery !== '' ? { ...model, expr: recorded[0].expression } : model;
}

async function chooseMatch(
  archive: ReadBackArchive,
  recorded: readonly Recorded[],
  plan: QueryPlan,
  compare: CompareExpressions
): Promise<ArchiveMatch> {
  const matches = findMatches(recorded, plan.expr, compare);
  if (matches.length === 0) {
    throw new PromkeepError('QUERY_INVALID', explainNoMatch(recorded, plan.expr, compare));
  }
  if (matches.length === 1) {
    return matches[0];
  }
  const asked = plan.range ? plan.aligned : { fromMs: plan.timeMs, toMs: plan.timeMs };
  const rated = await Promise.all(
    matches.map(async (match) => ({
      match,
      stepMs: fitStep(plan.stepMs, match.query.stepMs),
      share: shareOf(await archive.ledger.coverage(match.query.name), asked),
    }))
  );
  return rated.reduce((best, one) => (isBetter(one, best) ? one : best)).match;
}

interface Rated {
  stepMs: number;
  /** Part of the asked range that is covered, 0 to 1. */
  share: number;
}

/** Much more coverage counts most, then the step that is nearer to the asked one. */
function isBetter(a: Rated, b: Rated): boolean {
  return Math.abs(a.share - b.share) > 0.1 || a.stepMs === b.stepMs ? a.share > b.share : a.stepMs < b.stepMs;
}

function shareOf(covered: readonly TimeRange[], { fromMs, toMs }: TimeRange): number {
  const overlap = covered.reduce(
    (sum, one) => sum + Math.max(0, Math.min(one.toMs, toMs) - Math.max(one.fromMs, fromMs)),
    0
  );
  return overlap / Math.max(1, toMs - fromMs);
}

/** What the archive holds is not kept a second time, and it holds no exemplars. */
function withoutExtras(plan: QueryPlan, archiveOnly: boolean, { notices }: ReadReport): QueryPlan {
  if (plan.keep) {
    notices.push(warning('Not kept: only answers of Prometheus alone are kept.'));
  }
  if (plan.exemplar && archiveOnly) {
    notices.push(info('The archive has no exemplars.'));
  }
  return { ...plan, keep: false, exemplar: plan.exemplar && !archiveOnly };
}
