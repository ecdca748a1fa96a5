import { createHash } from 'node:crypto';
import { PromkeepError } from '../../core/model/errors';
import { type QueryIdentity } from '../../core/ports/sampleStore';
import { type SourceIdentity } from '../../core/ports/archive';
import { type Transaction } from '../connect/database';

/** A query's row, locked until the transaction ends, and the version that is being recorded. */
export interface LockedQuery {
  queryId: number;
  version: number;
  expression: string;
  stepMs: number;
  /** The one in force. */
  retention: string;
  /** The one that was asked for last; a shorter one waits for its date. */
  wantedRetention: string;
  provisioned: boolean;
  paused: boolean;
  /** Its row only stands for "not again"; see `promkeep_queries.deleted_at`. */
  deleted: boolean;
  /** No packed row reaches this time; `-Infinity` while there is none. */
  packedUntilMs: number;
}

/** A query that is about to be written, see `openWrite`. */
export interface OpenedQuery extends Omit<LockedQuery, 'wantedRetention'> {
  /** No stored sample is as young as this; `Infinity` when that is not known. */
  untilMs: number;
  /** Length of its packed periods, and the class under which they lie. */
  periodMs: number;
  packedClass: string;
}

/** What is needed to make a query that is not there yet. */
export interface QueryDefinition {
  expression: string;
  stepMs: number;
  retention: string;
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

export async function findQueryId(
  tx: Transaction,
  schema: string,
  source: SourceIdentity,
  query: QueryIdentity
): Promise<number | undefined> {
  const [row] = await tx.rows(
    `SELECT q.query_id FROM ${schema}.promkeep_queries q JOIN ${schema}.promkeep_sources o ON o.source_id = q.source_id
     WHERE o.org_id = $1::bigint AND o.name = $2::text AND q.kind = $3::text AND q.identity = $4::bytea`,
    [source.orgId, source.name, query.kind, identityOf(query)]
  );
  return row === undefined ? undefined : Number(row.query_id);
}

/**
 * Locks the query's row, the first lock every writing transaction takes, so writers of one query follow one another and
 * cannot deadlock. `undefined` when there is no such query.
 */
export async function lockQuery(
  tx: Transaction,
  schema: string,
  source: SourceIdentity,
  query: QueryIdentity
): Promise<LockedQuery | undefined> {
  const [locked] = await tx.rows(
    `SELECT query_id, current_version, retention, provisioned, paused_at IS NOT NULL AS paused,
       deleted_at IS NOT NULL AS deleted, ceil(extract(epoch FROM packed_until) * 1000)::bigint AS packed_until_ms
     FROM ${schema}.promkeep_queries
     WHERE source_id = (SELECT source_id FROM ${schema}.promkeep_sources WHERE org_id = $1::bigint AND name = $2::text)
       AND kind = $3::text AND identity = $4::bytea
     FOR NO KEY UPDATE`,
    [source.orgId, source.name, query.kind, identityOf(query)]
  );
  if (locked === undefined) {
    return undefined;
  }
  const queryId = Number(locked.query_id);
  // A statement of its own: after waiting for the lock, only a new one sees what the lock's last holder committed.
  const [version] = await tx.rows(
    `SELECT expression, step_ms,
       (SELECT p.wanted FROM ${schema}.promkeep_pending p WHERE p.query_id = $1::bigint AND p.what = 'retention') AS wanted
     FROM ${schema}.promkeep_query_versions WHERE query_id = $1::bigint AND version = $2::integer`,
    [queryId, locked.current_version]
  );
  return {
    queryId,
    version: Number(locked.current_version),
    expression: String(version.expression),
    stepMs: Number(version.step_ms),
    retention: String(locked.retention),
    wantedRetention: String(version.wanted ?? locked.retention),
    provisioned: locked.provisioned === true,
    paused: locked.paused === true,
    deleted: locked.deleted === true,
    packedUntilMs: locked.packed_until_ms === null ? -Infinity : Number(locked.packed_until_ms),
  };
}

/** Locks the query's row, making it first where it is missing. Throws `ARCHIVE_QUERY_CHANGED` when it was deleted. */
export async function lockOrMakeQuery(
  tx: Transaction,
  schema: string,
  source: SourceIdentity,
  query: QueryIdentity,
  definition: QueryDefinition
): Promise<LockedQuery> {
  for (let attempt = 0; attempt < 3; attempt++) {
    const locked = await lockQuery(tx, schema, source, query);
    if (locked?.deleted) {
      throw new PromkeepError('ARCHIVE_QUERY_CHANGED', `The recorded query ${displayNameOf(query)} has been deleted`);
    }
    if (locked !== undefined) {
      return locked;
    }
    await makeQuery(tx, schema, source, query, definition);
  }
  throw new PromkeepError('INTERNAL', `Query ${JSON.stringify(displayNameOf(query))} vanished while it was made`);
}

/**
 * Makes a query's row and its first version.
 *
 * @returns false when another transaction made it meanwhile
 */
export async function makeQuery(
  tx: Transaction,
  schema: string,
  source: SourceIdentity,
  query: QueryIdentity,
  { expression, stepMs, retention }: QueryDefinition
): Promise<boolean> {
  const find = `SELECT source_id FROM ${schema}.promkeep_sources WHERE org_id = $1::bigint AND name = $2::text`;
  if ((await tx.rows(find, [source.orgId, source.name])).length === 0) {
    await tx.run(
      `INSERT INTO ${schema}.promkeep_sources (org_id, name) VALUES ($1::bigint, $2::text) ON CONFLICT DO NOTHING`,
      [source.orgId, source.name]
    );
  }
  const made = await tx.run(
    `WITH made AS (
       INSERT INTO ${schema}.promkeep_queries (source_id, kind, identity, name, source_text, step_ms, phase_ms, retention)
       SELECT o.source_id, $3::text, $4::bytea, $5::text, 'prometheus', $6::bigint, $7::bigint, $8::text FROM ${schema}.promkeep_sources o
       WHERE o.org_id = $1::bigint AND o.name = $2::text
       ON CONFLICT DO NOTHING RETURNING query_id)
     INSERT INTO ${schema}.promkeep_query_versions (query_id, version, expression, step_ms)
     SELECT query_id, 1, $9::text, $6::bigint FROM made`,
    [
      source.orgId,
      source.name,
      query.kind,
      identityOf(query),
      displayNameOf(query),
      stepMs,
      query.kind === 'kept' ? query.phaseMs : 0,
      retention,
      expression,
    ]
  );
  return made > 0;
}

/** A deleted query of the same name goes on with what is left of it: the same expression and step go on with their version. */
export async function reviveQuery(
  tx: Transaction,
  schema: string,
  locked: LockedQuery,
  definition: QueryDefinition
): Promise<LockedQuery> {
  await tx.run(
    `UPDATE ${schema}.promkeep_queries SET deleted_at = NULL, delete_data = false, paused_at = NULL, provisioned = false,
       retention = $2::text, created_at = now(), updated_at = now(), created_by = NULL, updated_by = NULL, revision = revision + 1
     WHERE query_id = $1::bigint`,
    [locked.queryId, definition.retention]
  );
  const same = locked.expression === definition.expression && locked.stepMs === definition.stepMs;
  const { retention } = definition;
  const revived = { ...locked, deleted: false, paused: false, provisioned: false, wantedRetention: retention };
  return same ? revived : startVersion(tx, schema, revived, definition);
}

/** Starts a new version with another expression or step; samples and coverage of older ones stay as they are. */
export async function startVersion<T extends Pick<LockedQuery, 'queryId' | 'version'>>(
  tx: Transaction,
  schema: string,
  locked: T,
  { expression, stepMs }: Pick<QueryDefinition, 'expression' | 'stepMs'>
): Promise<T> {
  const version = locked.version + 1;
  await tx.run(
    `INSERT INTO ${schema}.promkeep_query_versions (query_id, version, expression, step_ms) VALUES ($1::bigint, $2::integer, $3::text, $4::bigint)`,
    [locked.queryId, version, expression, stepMs]
  );
  await tx.run(
    `UPDATE ${schema}.promkeep_queries SET current_version = $2::integer, step_ms = $3::bigint, updated_at = now(), revision = revision + 1 WHERE query_id = $1::bigint`,
    [locked.queryId, version, stepMs]
  );
  return { ...locked, version, expression, stepMs };
}

/** Whether the query ever had this expression and step, before the current version. */
export async function wasEarlierVersion(
  tx: Transaction,
  schema: string,
  { queryId, version }: Pick<LockedQuery, 'queryId' | 'version'>,
  { expression, stepMs }: QueryDefinition
): Promise<boolean> {
  const rows = await tx.rows(
    `SELECT 1 FROM ${schema}.promkeep_query_versions
     WHERE query_id = $1::bigint AND version < $2::integer AND expression = $3::text AND step_ms = $4::bigint LIMIT 1`,
    [queryId, version, expression, stepMs]
  );
  return rows.length > 0;
}
