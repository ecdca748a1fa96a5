import { createHash } from 'node:crypto';
import { PromkeepError } from '../../core/model/errors';
import { type Definition } from '../../core/ports/definitions';
import { type QueryIdentity } from '../../core/ports/sampleStore';
import { type Transaction } from '../connect/database';
import { ofSource, type Session, SOURCE_ID } from '../connect/session';

/** A query's row, locked until the transaction ends, and the version that is being recorded. */
export interface LockedQuery {
  queryId: number;
  version: number;
  expression: string;
  stepMs: number;
  /** It keeps raw series. */
  raw: boolean;
  /** The retention that was asked for last; a shorter one than that in force waits for its date. */
  wantedRetention: string;
  provisioned: boolean;
  paused: boolean;
  /** Its row only stands for "not again"; see `promkeep_queries.deleted_at`. */
  deleted: boolean;
}

/** A query that is about to be written, see `openWrite`. */
export interface OpenedQuery extends Pick<LockedQuery, 'queryId' | 'version' | 'expression' | 'stepMs' | 'raw'> {
  /** The one in force. */
  retention: string;
  /** No packed row reaches this time; `-Infinity` while there is none. */
  packedUntilMs: number;
  /** No stored sample is as young as this; `Infinity` when that is not known. */
  untilMs: number;
  /** Length of its packed periods, and the class under which they lie. */
  periodMs: number;
  packedClass: string;
}

/** What is needed to make a query that is not there yet. */
export type QueryDefinition = Pick<Definition, 'expression' | 'stepMs' | 'retention' | 'raw'>;

/** The recorded queries `q` that are not deleted, each with its source `o` and current version `v`. */
export const RECORDED = `promkeep_sources o
     JOIN promkeep_queries q ON q.source_id = o.source_id AND q.kind = 'recorded' AND q.deleted_at IS NULL
     JOIN promkeep_query_versions v ON v.query_id = q.query_id AND v.version = q.current_version`;

/** A name is that of one kind of definition only. Throws `CONFLICT` for the other one. */
export function requireKind(
  known: Pick<LockedQuery, 'raw'>,
  { name, raw = false }: Pick<Definition, 'name' | 'raw'>
): void {
  if (known.raw !== raw) {
    const text = known.raw ? 'keeps raw series already' : 'is a recorded query already';
    throw new PromkeepError('CONFLICT', `${name} ${text}; choose another name, or delete it with its data first`);
  }
}

/** SHA-256 of what makes a query unique within its source and kind. */
export function identityOf(query: QueryIdentity): Buffer {
  const text = query.kind === 'recorded' ? query.name : `${query.stepMs} ${query.phaseMs} ${query.expression}`;
  return createHash('sha256').update(text).digest();
}

/** The column `query` of `metrics_data`. A kept expression carries its grid: two grids may share times. */
export function displayNameOf(query: QueryIdentity): string {
  return query.kind === 'recorded'
    ? query.name
    : `${query.expression} [kept every ${query.stepMs / 1000}s${query.phaseMs ? `+${query.phaseMs / 1000}s` : ''}]`;
}

export async function findQueryId(session: Session, query: QueryIdentity): Promise<number | undefined> {
  const [row] = await session.rows(
    `SELECT q.query_id FROM promkeep_queries q JOIN promkeep_sources o ON o.source_id = q.source_id
     WHERE o.org_id = $1::bigint AND o.name = $2::text AND q.kind = $3::text AND q.identity = $4::bytea`,
    [...ofSource(session), query.kind, identityOf(query)]
  );
  return row === undefined ? undefined : Number(row.query_id);
}

/**
 * Locks the query's row, the first lock every writing transaction takes, so writers of one query follow one another and
 * cannot deadlock. `undefined` when there is no such query.
 */
export async function lockQuery(session: Session, query: QueryIdentity): Promise<LockedQuery | undefined> {
  const [locked] = await session.rows(
    `SELECT query_id, current_version, raw, retention, provisioned, paused_at IS NOT NULL AS paused,
       deleted_at IS NOT NULL AS deleted
     FROM promkeep_queries
     WHERE source_id = ${SOURCE_ID}
       AND kind = $3::text AND identity = $4::bytea
     FOR NO KEY UPDATE`,
    [...ofSource(session), query.kind, identityOf(query)]
  );
  if (locked === undefined) {
    return undefined;
  }
  const queryId = Number(locked.query_id);
  // A statement of its own: after waiting for the lock, only a new one sees what the lock's last holder committed.
  const [version] = await session.rows(
    `SELECT expression, step_ms,
       (SELECT p.wanted FROM promkeep_pending p WHERE p.query_id = $1::bigint AND p.what = 'retention') AS wanted
     FROM promkeep_query_versions WHERE query_id = $1::bigint AND version = $2::integer`,
    [queryId, locked.current_version]
  );
  return {
    queryId,
    version: Number(locked.current_version),
    expression: String(version.expression),
    stepMs: Number(version.step_ms),
    raw: locked.raw === true,
    wantedRetention: String(version.wanted ?? locked.retention),
    provisioned: locked.provisioned === true,
    paused: locked.paused === true,
    deleted: locked.deleted === true,
  };
}

/** The same by id, for the upkeep; gives what it goes by, as it is behind the lock. */
export async function lockById(
  tx: Transaction,
  queryId: number | undefined
): Promise<{ stepMs: number; retention: string; packedClass: string; deleteData: boolean } | undefined> {
  const [row] = await tx.rows(
    `SELECT coalesce(step_ms, 1000) AS step_ms, retention, promkeep_retention_class(retention) AS class, delete_data
     FROM promkeep_queries WHERE query_id = $1::bigint FOR NO KEY UPDATE`,
    [queryId ?? null]
  );
  return row === undefined
    ? undefined
    : {
        stepMs: Number(row.step_ms),
        retention: String(row.retention),
        packedClass: String(row.class),
        deleteData: row.delete_data === true,
      };
}

/** Locks the query's row, making it first where it is missing. Throws `ARCHIVE_QUERY_CHANGED` when it was deleted. */
export async function lockOrMakeQuery(
  session: Session,
  query: QueryIdentity,
  definition: QueryDefinition
): Promise<LockedQuery> {
  for (let attempt = 0; attempt < 3; attempt++) {
    const locked = await lockQuery(session, query);
    if (locked?.deleted) {
      throw new PromkeepError('ARCHIVE_QUERY_CHANGED', `The recorded query ${displayNameOf(query)} has been deleted`);
    }
    if (locked !== undefined) {
      return locked;
    }
    await makeQuery(session, query, definition);
  }
  throw new PromkeepError('INTERNAL', `Query ${JSON.stringify(displayNameOf(query))} vanished while it was made`);
}

/** Makes the source's row, which is there after its first write. */
export async function makeSource(session: Session): Promise<void> {
  const key = ofSource(session);
  // Looked up first: an insert that finds it there would use up a number of the sequence.
  const found = await session.rows('SELECT 1 FROM promkeep_sources WHERE org_id = $1::bigint AND name = $2::text', key);
  if (found.length === 0) {
    await session.run(
      'INSERT INTO promkeep_sources (org_id, name) VALUES ($1::bigint, $2::text) ON CONFLICT DO NOTHING',
      key
    );
  }
}

/**
 * Makes a query's row and its first version.
 *
 * @returns false when another transaction made it meanwhile
 */
export async function makeQuery(
  session: Session,
  query: QueryIdentity,
  { expression, stepMs, retention, raw = false }: QueryDefinition
): Promise<boolean> {
  await makeSource(session);
  const made = await session.run(
    `WITH made AS (
       INSERT INTO promkeep_queries (source_id, kind, identity, name, source_text, step_ms, phase_ms, retention, raw)
       SELECT o.source_id, $3::text, $4::bytea, $5::text, 'prometheus', $6::bigint, $7::bigint, $8::text, $10::boolean FROM promkeep_sources o
       WHERE o.org_id = $1::bigint AND o.name = $2::text
       ON CONFLICT DO NOTHING RETURNING query_id)
     INSERT INTO promkeep_query_versions (query_id, version, expression, step_ms)
     SELECT query_id, 1, $9::text, $6::bigint FROM made`,
    [
      ...ofSource(session),
      query.kind,
      identityOf(query),
      displayNameOf(query),
      stepMs,
      query.kind === 'kept' ? query.phaseMs : 0,
      retention,
      expression,
      raw,
    ]
  );
  return made > 0;
}

/** A deleted query of the same name goes on with what is left of it: the same expression and step go on with their version. */
export async function reviveQuery(
  tx: Transaction,
  locked: LockedQuery,
  definition: QueryDefinition
): Promise<LockedQuery> {
  await tx.run(
    `UPDATE promkeep_queries SET deleted_at = NULL, delete_data = false, paused_at = NULL, provisioned = false,
       retention = $2::text, created_at = now(), updated_at = now(), created_by = NULL, updated_by = NULL, revision = revision + 1
     WHERE query_id = $1::bigint`,
    [locked.queryId, definition.retention]
  );
  const same = locked.expression === definition.expression && locked.stepMs === definition.stepMs;
  const { retention } = definition;
  const revived = { ...locked, deleted: false, paused: false, provisioned: false, wantedRetention: retention };
  return same ? revived : startVersion(tx, revived, definition);
}

/** Starts a new version with another expression or step; samples and coverage of older ones stay as they are. */
export async function startVersion<T extends Pick<LockedQuery, 'queryId' | 'version'>>(
  tx: Transaction,
  locked: T,
  { expression, stepMs }: Pick<QueryDefinition, 'expression' | 'stepMs'>
): Promise<T> {
  const version = locked.version + 1;
  await tx.run(
    `INSERT INTO promkeep_query_versions (query_id, version, expression, step_ms) VALUES ($1::bigint, $2::integer, $3::text, $4::bigint)`,
    [locked.queryId, version, expression, stepMs]
  );
  await tx.run(
    `UPDATE promkeep_queries SET current_version = $2::integer, step_ms = $3::bigint, updated_at = now(), revision = revision + 1 WHERE query_id = $1::bigint`,
    [locked.queryId, version, stepMs]
  );
  return { ...locked, version, expression, stepMs };
}

/** Whether the query ever had this expression and step, before the current version. */
export async function wasEarlierVersion(
  tx: Transaction,
  { queryId, version }: Pick<LockedQuery, 'queryId' | 'version'>,
  { expression, stepMs }: QueryDefinition
): Promise<boolean> {
  const rows = await tx.rows(
    `SELECT 1 FROM promkeep_query_versions
     WHERE query_id = $1::bigint AND version < $2::integer AND expression = $3::text AND step_ms = $4::bigint LIMIT 1`,
    [queryId, version, expression, stepMs]
  );
  return rows.length > 0;
}
