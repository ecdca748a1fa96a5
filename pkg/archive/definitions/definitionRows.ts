import { PromkeepError } from '../../core/model/errors';
import {
  type StoredDefinition,
  type DefinitionChange,
  type DefinitionEdit,
  type Definition,
} from '../../core/ports/definitions';
import { type Row, type Transaction } from '../connect/database';
import { ofSource, type Session } from '../connect/session';
import { actAs, readPending } from './pendingDeletions';
import { lockQuery, type LockedQuery, makeQuery, RECORDED, requireKind, reviveQuery, startVersion } from './queryRows';

const COLUMNS = `q.name, v.expression, v.step_ms, q.raw, coalesce(p.wanted, q.retention) AS retention, q.current_version, q.revision, q.provisioned,
  q.paused_at IS NOT NULL AS paused, q.created_by, q.updated_by,
  (extract(epoch FROM q.created_at) * 1000)::bigint AS created_ms,
  (extract(epoch FROM q.updated_at) * 1000)::bigint AS updated_ms`;

/** The recorded queries of a source that are not deleted, by name; with `name` only that one. */
export async function listQueries(session: Session, name?: string): Promise<StoredDefinition[]> {
  const rows = await session.rows(
    `SELECT ${COLUMNS} FROM ${RECORDED}
     LEFT JOIN promkeep_pending p ON p.query_id = q.query_id AND p.what = 'retention'
     WHERE o.org_id = $1::bigint AND o.name = $2::text AND ($3::text IS NULL OR q.name = $3::text) ORDER BY q.name COLLATE "C"`,
    [...ofSource(session), name ?? null]
  );
  return rows.map(toManaged);
}

/**
 * Throws `CONFLICT` when the name is taken, also by a query whose data waits to be deleted, or a deleted one of the other kind. A deleted query of this name whose
 * data was kept goes on under it.
 */
export async function createQuery(session: Session, query: Definition, by: string): Promise<StoredDefinition> {
  const identity = { kind: 'recorded', name: query.name } as const;
  let locked = await lockQuery(session, identity);
  const made = locked === undefined && (await makeQuery(session, identity, query));
  locked ??= await lockQuery(session, identity);
  if (locked !== undefined) {
    requireKind(locked, query);
  }
  if (locked === undefined || !(made || locked.deleted)) {
    throw new PromkeepError('CONFLICT', `There is a recorded query ${query.name} already; choose another name`);
  }
  await actAs(session, `grafana:${by}`);
  if (locked.deleted) {
    await refuseWaiting(session, query.name);
    locked = await reviveQuery(session, locked, query);
  }
  await session.run(
    `UPDATE promkeep_queries SET created_by = $2::text, updated_by = $2::text, retention = $3::text WHERE query_id = $1::bigint`,
    [locked.queryId, by, query.retention]
  );
  await signVersion(session, locked, by);
  return only(await listQueries(session, query.name), query.name);
}

/** Throws `NOT_FOUND`, `FORBIDDEN` for provisioned ones, `CONFLICT` when somebody changed it since. */
export async function changeQuery(
  session: Session,
  edit: DefinitionEdit,
  change: DefinitionChange
): Promise<StoredDefinition> {
  const { locked, known } = await lockForEdit(session, edit);
  await actAs(session, `grafana:${edit.by}`);
  const wanted = { ...known, ...change };
  if (wanted.expression !== known.expression || wanted.stepMs !== known.stepMs) {
    await signVersion(session, await startVersion(session, locked, wanted), edit.by);
  }
  await session.run(
    `UPDATE promkeep_queries SET retention = $2::text, updated_by = $3::text, updated_at = now(), revision = $4::bigint,
       paused_at = CASE WHEN $5::boolean THEN coalesce(paused_at, now()) END
     WHERE query_id = $1::bigint`,
    [locked.queryId, wanted.retention, edit.by, known.revision + 1, wanted.paused]
  );
  return only(await listQueries(session, edit.name), edit.name);
}

/** Takes a query off the list at once; its data stays, or goes when its date has come. Throws as `changeQuery`. */
export async function markDeleted(session: Session, edit: DefinitionEdit, withData: boolean): Promise<void> {
  const { locked } = await lockForEdit(session, edit);
  await actAs(session, `grafana:${edit.by}`);
  await session.run(
    `UPDATE promkeep_queries SET deleted_at = now(), delete_data = $2::boolean, updated_by = $3::text, updated_at = now(),
       revision = revision + 1 WHERE query_id = $1::bigint`,
    [locked.queryId, withData, edit.by]
  );
}

async function refuseWaiting(session: Session, name: string): Promise<void> {
  const [waiting] = (await readPending(session, name)).filter(({ what }) => what === 'data');
  if (waiting !== undefined) {
    throw new PromkeepError(
      'CONFLICT',
      `${name} was deleted, and its data goes on ${new Date(waiting.atMs).toISOString()}; take that back, or choose another name`
    );
  }
}

async function lockForEdit(
  session: Session,
  { name, revision }: DefinitionEdit
): Promise<{ locked: LockedQuery; known: StoredDefinition }> {
  const locked = await lockQuery(session, { kind: 'recorded', name });
  const [known] = locked === undefined ? [] : await listQueries(session, name);
  if (locked === undefined || known === undefined) {
    throw new PromkeepError(
      'NOT_FOUND',
      `There is no recorded query ${JSON.stringify(name)}; it may have been deleted`
    );
  }
  if (known.provisioned) {
    throw new PromkeepError(
      'FORBIDDEN',
      `${name} is provisioned by the config file of promkeep serve; change it there`
    );
  }
  if (known.revision !== revision) {
    const who = known.updatedBy === undefined ? '' : ` by ${known.updatedBy}`;
    const when = new Date(known.updatedAtMs).toISOString();
    throw new PromkeepError('CONFLICT', `${name} was changed${who} at ${when}; load it again and repeat your change`);
  }
  return { locked, known };
}

async function signVersion(tx: Transaction, { queryId, version }: LockedQuery, by: string): Promise<void> {
  await tx.run(
    `UPDATE promkeep_query_versions SET created_by = $3::text WHERE query_id = $1::bigint AND version = $2::integer`,
    [queryId, version, by]
  );
}

function only(found: readonly StoredDefinition[], name: string): StoredDefinition {
  if (found.length !== 1) {
    throw new PromkeepError('INTERNAL', `Recorded query ${JSON.stringify(name)} vanished while it was written`);
  }
  return found[0];
}

function toManaged(row: Row): StoredDefinition {
  return {
    name: String(row.name),
    expression: String(row.expression),
    stepMs: Number(row.step_ms),
    ...(row.raw === true ? { raw: true } : {}),
    retention: String(row.retention),
    version: Number(row.current_version),
    revision: Number(row.revision),
    provisioned: row.provisioned === true,
    paused: row.paused === true,
    createdAtMs: Number(row.created_ms),
    updatedAtMs: Number(row.updated_ms),
    ...(typeof row.created_by === 'string' ? { createdBy: row.created_by } : {}),
    ...(typeof row.updated_by === 'string' ? { updatedBy: row.updated_by } : {}),
  };
}
