import { type SourceIdentity } from '../../core/ports/archive';
import { type TimeRange } from '../../core/model/timeRange';
import { type Transaction } from '../connect/database';
import { lockById } from '../definitions/queryRows';
import { piecesOf, ROLLUP_WIDTHS, type RollupPiece, type RollupWidth, storeRollups } from './rollupRows';
import { type RollupRetention, storedWidths, STORES_WIDTH } from './rollupWidths';
import { timeText } from '../write/sampleRows';
import { type UpkeepRun } from './upkeepRun';

/** What one run did. */
export interface RollupOutcome {
  /** Recorded queries (times widths) that had something to do. */
  queries: number;
  /** Buckets in the rows that were written. */
  buckets: number;
  /** Queries left for the next run because somebody held their lock for too long. */
  busy: number;
}

export interface RollupRequest {
  /** Buckets that end before this time (Unix ms) are stored, whole days (UTC) at a time. */
  closedBeforeMs: number;
  retention: RollupRetention;
  /** Computes again what is stored and may still change. */
  recompute?: RecomputeScope;
}

export interface RecomputeScope {
  source: SourceIdentity;
  /** Name of one recorded query; absent: all of the source. */
  query?: string;
  /** Absent: everything. */
  range?: TimeRange;
}

interface Task {
  queryId: number;
  width: RollupWidth;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const BATCH_SAMPLES = 500_000;
const MAX_SERIES = 2_000;
const WORK_MEMORY = '64MB';

/**
 * Stores rollups of closed days and of hours that changed since. What is to be computed is marked first, so that readers
 * compute it meanwhile and a killed run is taken up by the next; every batch takes the query's lock, as writers do. Several may
 * run at once: the one that began last says what is done.
 */
export async function rollUp(
  run: UpkeepRun,
  { closedBeforeMs, retention, recompute }: RollupRequest
): Promise<RollupOutcome> {
  const outcome: RollupOutcome = { queries: 0, buckets: 0, busy: 0 };
  const untilMs = Math.floor(closedBeforeMs / DAY_MS) * DAY_MS;
  if (recompute) {
    await markForRecomputing(run, recompute);
  }
  for (const task of await dueTasks(run, retention, untilMs)) {
    await run.failures.guard(task.queryId, async () => {
      outcome.queries++;
      const buckets = await work(run, task, untilMs);
      outcome.buckets += buckets ?? 0;
      outcome.busy += buckets === undefined ? 1 : 0;
    });
  }
  return outcome;
}

async function markForRecomputing(run: UpkeepRun, { source, query, range }: RecomputeScope): Promise<void> {
  const fromMs = range === undefined ? -Infinity : Math.floor(range.fromMs / HOUR_MS) * HOUR_MS - HOUR_MS;
  const toMs = range === undefined ? Infinity : Math.ceil(range.toMs / HOUR_MS) * HOUR_MS;
  await run.batch(async (tx) => {
    const queries = await tx.rows(
      `SELECT q.query_id FROM promkeep_queries q JOIN promkeep_sources o ON o.source_id = q.source_id
       WHERE o.org_id = $1::bigint AND o.name = $2::text AND q.kind = 'recorded' AND ($3::text IS NULL OR q.name = $3::text)
       ORDER BY q.query_id FOR NO KEY UPDATE OF q`,
      [source.orgId, source.name, query ?? null]
    );
    await tx.run(
      `UPDATE promkeep_rollup_state t SET updated_at = now(), stale = t.stale
         + tstzmultirange(tstzrange($2::timestamptz, $3::timestamptz, '(]')) * tstzmultirange(tstzrange(t.raw_from, t.stored_until, '(]'))
       WHERE t.query_id = ANY ($1::bigint[])`,
      [queries.map((row) => row.query_id), timeText(fromMs), timeText(toMs)]
    );
  });
}

async function dueTasks(run: UpkeepRun, retention: RollupRetention, untilMs: number): Promise<Task[]> {
  const rows = await run.rows(
    `SELECT q.query_id, w.width_s FROM promkeep_queries q
     CROSS JOIN unnest($1::integer[], $2::integer[]) AS w(width_s, days)
     LEFT JOIN promkeep_rollup_state t ON t.query_id = q.query_id AND t.width_s = w.width_s
     WHERE ${STORES_WIDTH}
       AND (t.query_id IS NULL OR t.stored_until < $3::timestamptz OR t.stale <> '{}' OR t.working <> '{}')
     ORDER BY q.query_id, w.width_s`,
    [...storedWidths(retention), timeText(untilMs)]
  );
  return rows.flatMap((row) => {
    const width = ROLLUP_WIDTHS.find(({ widthS }) => widthS === Number(row.width_s));
    return width === undefined ? [] : [{ queryId: Number(row.query_id), width }];
  });
}

/** @returns buckets in the rows that were written; `undefined` when somebody held the query's lock for too long */
async function work(run: UpkeepRun, task: Task, untilMs: number): Promise<number | undefined> {
  const begun = await run.unlessBusy((tx) => begin(tx, task, untilMs));
  if (begun === undefined) {
    return undefined;
  }
  let buckets = 0;
  for (const piece of begun.pieces) {
    for (const seriesIds of batchesOf(begun.seriesIds, piece, begun.stepMs)) {
      const stored = await run.unlessBusy((tx) => storeBatch(tx, task, piece, seriesIds));
      if (stored === undefined) {
        return undefined;
      }
      buckets += stored;
    }
    if (!(await run.batch((tx) => finish(tx, task, begun.run, piece)))) {
      return buckets;
    }
  }
  return buckets;
}

interface Begun {
  run: number;
  stepMs: number;
  seriesIds: number[];
  pieces: RollupPiece[];
}

/** Marks what is to be computed: everything up to the closed day that is not stored yet, and what became stale. */
async function begin(tx: Transaction, { queryId, width }: Task, untilMs: number): Promise<Begun> {
  const query = await lockById(tx, queryId);
  if (query === undefined) {
    return { run: 0, stepMs: 1, seriesIds: [], pieces: [] };
  }
  const series = await tx.rows('SELECT series_id FROM promkeep_series WHERE query_id = $1::bigint ORDER BY series_id', [
    queryId,
  ]);
  const seriesIds = series.map((row) => Number(row.series_id));
  const bound = [queryId, width.widthS, timeText(untilMs), await oldestDay(tx, seriesIds)];
  await tx.run(
    `INSERT INTO promkeep_rollup_state (query_id, width_s, stored_until)
     SELECT $1::bigint, $2::integer, coalesce(least($4::timestamptz, $3::timestamptz), $3::timestamptz)
     WHERE NOT EXISTS (SELECT 1 FROM promkeep_rollup_state WHERE query_id = $1::bigint AND width_s = $2::integer)`,
    bound
  );
  const [state] = await tx.rows(
    `UPDATE promkeep_rollup_state t
     SET working = (t.working + t.stale + tstzmultirange(tstzrange(t.stored_until, greatest(t.stored_until, $3::timestamptz), '(]')))
           * tstzmultirange(tstzrange(greatest(t.raw_from, coalesce($4::timestamptz, 'infinity')), 'infinity', '(]')),
       stale = '{}', stored_until = greatest(t.stored_until, $3::timestamptz), run = t.run + 1, updated_at = now()
     WHERE t.query_id = $1::bigint AND t.width_s = $2::integer
     RETURNING t.run, ARRAY(SELECT (extract(epoch FROM lower(part)) * 1000)::bigint::text || ' '
       || (extract(epoch FROM upper(part)) * 1000)::bigint FROM unnest(t.working) AS part) AS parts`,
    bound
  );
  const parts = Array.isArray(state.parts) ? state.parts.map((part) => String(part).split(' ').map(Number)) : [];
  const pieces = parts.flatMap(([fromMs, toMs]) => piecesOf(width, fromMs, toMs));
  return { run: Number(state.run), stepMs: query.stepMs, seriesIds, pieces };
}

/**
 * Start of the day of the first sample or stored row of these series, as ISO-8601; a sample at midnight lies in a bucket of the
 * day before. Each series is looked up in every partition, so some at a time.
 */
async function oldestDay(tx: Transaction, seriesIds: readonly number[]): Promise<string | null> {
  const first = (table: string, column: string): string =>
    `(SELECT min(x.at) FROM unnest($1::bigint[]) AS r(series_id) CROSS JOIN LATERAL (SELECT s.${column} AS at
        FROM ${table} s WHERE s.series_id = r.series_id ORDER BY s.${column} LIMIT 1) x)`;
  const times = [
    first('promkeep_samples', 'time'),
    first('promkeep_packed', 'from_time'),
    first('promkeep_rollups', 'period_start'),
  ];
  let oldestMs = Infinity;
  for (let start = 0; start < seriesIds.length; start += MAX_SERIES) {
    const [{ day_ms: dayMs }] = await tx.rows(
      `SELECT (extract(epoch FROM date_trunc('day', least(${times.join(', ')}) - interval '1 microsecond', 'UTC')) * 1000)::bigint AS day_ms`,
      [seriesIds.slice(start, start + MAX_SERIES)]
    );
    oldestMs = Math.min(oldestMs, dayMs === null ? Infinity : Number(dayMs));
  }
  return oldestMs === Infinity ? null : timeText(oldestMs);
}

function* batchesOf(seriesIds: readonly number[], { fromMs, toMs }: RollupPiece, stepMs: number): Generator<number[]> {
  const each = Math.max(1, (toMs - fromMs) / stepMs);
  const size = Math.min(MAX_SERIES, Math.max(1, Math.floor(BATCH_SAMPLES / each)));
  for (let start = 0; start < seriesIds.length; start += size) {
    yield seriesIds.slice(start, start + size);
  }
}

async function storeBatch(
  tx: Transaction,
  { queryId, width }: Task,
  piece: RollupPiece,
  seriesIds: readonly number[]
): Promise<number> {
  if ((await lockById(tx, queryId)) === undefined) {
    return 0;
  }
  const [state] = await tx.rows(
    `SELECT raw_from > $3::timestamptz AS expired FROM promkeep_rollup_state WHERE query_id = $1::bigint AND width_s = $2::integer`,
    [queryId, width.widthS, timeText(piece.fromMs)]
  );
  if (state === undefined || state.expired === true) {
    return 0;
  }
  await tx.run(`SET LOCAL work_mem = '${WORK_MEMORY}'; SET LOCAL jit = off`);
  await tx.run(`SELECT promkeep_ensure_rollup_partition($1::integer, $2::timestamptz)`, [
    width.widthS,
    timeText(piece.periodStartMs),
  ]);
  return storeRollups(tx, width.widthS, piece, seriesIds);
}

/** @returns false when another run has begun since, which then answers for everything that is marked */
async function finish(
  tx: Transaction,
  { queryId, width }: Task,
  run: number,
  { fromMs, toMs }: RollupPiece
): Promise<boolean> {
  const touched = await tx.run(
    `UPDATE promkeep_rollup_state SET updated_at = now(),
       working = working - tstzmultirange(tstzrange($4::timestamptz, $5::timestamptz, '(]'))
     WHERE query_id = $1::bigint AND width_s = $2::integer AND run = $3::bigint`,
    [queryId, width.widthS, run, timeText(fromMs), timeText(toMs)]
  );
  return touched === 1;
}
