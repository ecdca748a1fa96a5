import { PromkeepError } from '../../core/model/errors';
import { type DeletionKind, type PendingDeletion } from '../../core/ports/upkeep';
import { type Row, type Transaction } from '../connect/database';
import { type Session } from '../connect/session';
import { lockById, lockQuery } from './queryRows';
import { type UpkeepRun } from '../upkeep/upkeepRun';

/** Who changes something, for `promkeep_pending` and `promkeep_audit`. */
export type Actor = `grafana:${string}` | 'config' | 'command';

export interface DueOutcome {
  /** Deletions whose date had come. */
  carriedOut: number;
}

/** Until the end of the transaction, whatever leads to deletion is asked for by this one. */
export async function actAs(tx: Transaction, actor: Actor): Promise<void> {
  await tx.run(`SELECT set_config('promkeep.actor', $1::text, true)`, [actor]);
}

const COLUMNS = `p.pending_id, p.what, p.query_id, q.name, p.wanted, p.asked_by, p.about_samples,
  CASE WHEN p.query_id IS NULL THEN s.value ELSE q.retention END AS present,
  (extract(epoch FROM p.asked_at) * 1000)::bigint AS asked_ms, (extract(epoch FROM p.effective_at) * 1000)::bigint AS at_ms,
  (extract(epoch FROM p.oldest) * 1000)::bigint AS oldest_ms`;

/**
 * What waits for the queries of a source, and for the whole archive, by date; without a source only for the whole archive.
 *
 * @param name only for that recorded query
 */
export async function readPending(
  tx: Transaction & Partial<Pick<Session, 'source'>>,
  name?: string
): Promise<PendingDeletion[]> {
  const rows = await tx.rows(
    `SELECT ${COLUMNS} FROM promkeep_pending p
     LEFT JOIN promkeep_settings s ON s.name = p.what
     LEFT JOIN promkeep_queries q ON q.query_id = p.query_id
     LEFT JOIN promkeep_sources o ON o.source_id = q.source_id
     WHERE (o.org_id = $1::bigint AND o.name = $2::text AND ($3::text IS NULL OR q.kind = 'recorded' AND q.name = $3::text)
       OR p.query_id IS NULL AND $3::text IS NULL)
     ORDER BY p.effective_at, p.pending_id`,
    [tx.source?.orgId ?? null, tx.source?.name ?? null, name ?? null]
  );
  return rows.map(toPending);
}

/**
 * Ends the waiting of everything that waits for a recorded query; one whose data was to go is recorded again, as it was.
 * Throws `NOT_FOUND` when nothing waits.
 */
export async function takeBack(
  session: Session,
  { name, by }: { name: string; by: string | undefined }
): Promise<void> {
  const { queryId, waiting } = await lockWaiting(session, name);
  if (waiting.some(({ what }) => what === 'retention')) {
    await session.run(`SELECT promkeep_take_back($1::bigint, 'retention')`, [queryId]);
  }
  // The trigger on deleted_at takes back the deletion of the data.
  await session.run(
    `UPDATE promkeep_queries SET deleted_at = CASE WHEN NOT $3::boolean THEN deleted_at END, updated_by = $2::text,
       updated_at = now(), revision = revision + 1 WHERE query_id = $1::bigint`,
    [queryId, by ?? null, waiting.some(({ what }) => what === 'data')]
  );
}

/** Lets what waits for a recorded query hold at once. Throws `NOT_FOUND` when nothing waits. */
export async function carryOut(session: Session, name: string): Promise<void> {
  const { queryId, waiting } = await lockWaiting(session, name);
  await session.run(`SELECT set_config('promkeep.grace', 'waived', true)`);
  for (const { what, wanted } of waiting) {
    await apply(session, { queryId, what, wanted });
  }
}

/** Lets everything hold whose date has come, on the database's clock, each in a transaction of its own. */
export async function applyDue(run: UpkeepRun): Promise<DueOutcome> {
  const due = await run.rows(
    'SELECT pending_id, query_id FROM promkeep_pending WHERE effective_at <= now() ORDER BY pending_id'
  );
  const outcome = { carriedOut: 0 };
  for (const row of due) {
    const queryId = row.query_id === null ? undefined : Number(row.query_id);
    const work = (): Promise<boolean> => run.batch((tx) => applyOne(tx, queryId, Number(row.pending_id)));
    outcome.carriedOut += (await run.failures.guard(queryId, work)) ? 1 : 0;
  }
  return outcome;
}

/** The query's lock first, as everywhere; behind it, whether it was taken back meanwhile. */
async function applyOne(tx: Transaction, queryId: number | undefined, pendingId: number): Promise<boolean> {
  await lockById(tx, queryId);
  const [row] = await tx.rows(
    'SELECT what, wanted FROM promkeep_pending WHERE pending_id = $1::bigint AND effective_at <= now()',
    [pendingId]
  );
  if (row !== undefined) {
    await apply(tx, { queryId, what: kindOf(row), wanted: String(row.wanted) });
  }
  return row !== undefined;
}

interface Change {
  queryId: number | undefined;
  what: DeletionKind;
  wanted: string;
}

/** An ordinary change: the triggers on these tables let it pass, or make it wait again. */
async function apply(tx: Transaction, { queryId, what, wanted }: Change): Promise<void> {
  if (what === 'retention') {
    await tx.run(
      `UPDATE promkeep_queries SET retention = $2::text, updated_at = now(), revision = revision + 1
       WHERE query_id = $1::bigint`,
      [queryId, wanted]
    );
  } else if (what === 'data') {
    await tx.run(`UPDATE promkeep_queries SET delete_data = true WHERE query_id = $1::bigint`, [queryId]);
  } else {
    await tx.run(
      `INSERT INTO promkeep_settings (name, value) VALUES ($1::text, $2::text)
       ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = now()`,
      [what, wanted]
    );
  }
}

async function lockWaiting(session: Session, name: string): Promise<{ queryId: number; waiting: PendingDeletion[] }> {
  const locked = await lockQuery(session, { kind: 'recorded', name });
  const waiting = locked === undefined ? [] : await readPending(session, name);
  if (locked === undefined || waiting.length === 0) {
    throw new PromkeepError(
      'NOT_FOUND',
      `No deletion waits for a recorded query ${JSON.stringify(name)}: it was taken back or carried out`
    );
  }
  return { queryId: locked.queryId, waiting };
}

const KINDS: readonly DeletionKind[] = ['retention', 'data', 'five_minute_rollups', 'hourly_rollups'];

function kindOf(row: Row): DeletionKind {
  const found = KINDS.find((kind) => kind === row.what);
  if (found === undefined) {
    throw new PromkeepError('INTERNAL', `promkeep_pending holds ${JSON.stringify(row.what)}, which is unknown`);
  }
  return found;
}

function toPending(row: Row): PendingDeletion {
  const optional = (key: string, value: unknown): object => (value === null ? {} : { [key]: Number(value) });
  return {
    what: kindOf(row),
    ...(typeof row.name === 'string' ? { query: row.name } : {}),
    ...(typeof row.present === 'string' ? { present: row.present } : {}),
    wanted: String(row.wanted),
    by: String(row.asked_by),
    askedAtMs: Number(row.asked_ms),
    atMs: Number(row.at_ms),
    ...optional('samples', row.about_samples),
    ...optional('oldestMs', row.oldest_ms),
  };
}
