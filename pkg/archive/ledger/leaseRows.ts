import { PromkeepError } from '../../core/model/errors';
import { type LeaseState, type LeaseRequest } from '../../core/ports/lease';
import { type SourceIdentity } from '../../core/ports/archive';
import { type Row, type Transaction } from '../connect/database';

const STATE = `epoch, holder, provisions,
  CASE WHEN expires_at = '-infinity' THEN 0
       ELSE extract(epoch FROM expires_at - clock_timestamp()) * 1000 END AS expires_in_ms`;

/** Who leads; `undefined` when nobody ever did. */
export async function readLease(
  tx: Transaction,
  schema: string,
  source: SourceIdentity
): Promise<LeaseState | undefined> {
  const [row] = await tx.rows(
    `SELECT ${STATE} FROM ${schema}.promkeep_leases WHERE source_id = ${sourceIdIn(schema)}`,
    ofSource(source)
  );
  return row === undefined ? undefined : toLease(row);
}

/**
 * Renews the caller's lease, or takes a free one with the next epoch; gives whose it is then. Taking waits for transactions
 * that still write under the old epoch, so what they commit is seen by everything the new leader reads.
 */
export async function holdLease(
  tx: Transaction,
  schema: string,
  source: SourceIdentity,
  request: LeaseRequest
): Promise<LeaseState> {
  const found = (await readLease(tx, schema, source)) ?? (await makeLease(tx, schema, source));
  if (found.holder !== request.holder && found.expiresInMs > 0) {
    return found;
  }
  const until = `clock_timestamp() + $4::float8 * interval '1 ms'`;
  const sql =
    found.holder === request.holder
      ? `UPDATE ${schema}.promkeep_leases SET expires_at = ${until}
         WHERE source_id = ${sourceIdIn(schema)} AND holder = $3::text RETURNING ${STATE}`
      : `UPDATE ${schema}.promkeep_leases
         SET epoch = epoch + 1, holder = $3::text, expires_at = ${until}, taken_at = clock_timestamp(), provisions = $5::boolean
         WHERE source_id = ${sourceIdIn(schema)} AND expires_at <= clock_timestamp() RETURNING ${STATE}`;
  const values = [...ofSource(source), request.holder, request.durationMs];
  const renewal = found.holder === request.holder;
  const [row] = await tx.rows(sql, renewal ? values : [...values, request.provisions ?? true]);
  // No row: another candidate was faster; what is read now is its lease.
  return row === undefined ? ((await readLease(tx, schema, source)) ?? found) : toLease(row);
}

export async function releaseLease(
  tx: Transaction,
  schema: string,
  source: SourceIdentity,
  { holder, epoch }: Pick<LeaseState, 'holder' | 'epoch'>
): Promise<void> {
  await tx.run(
    `UPDATE ${schema}.promkeep_leases SET holder = '', expires_at = clock_timestamp()
     WHERE source_id = ${sourceIdIn(schema)} AND holder = $3::text AND epoch = $4::bigint`,
    [...ofSource(source), holder, epoch]
  );
}

/**
 * The first lock of every transaction that writes for recorded queries: as long as it is held, nobody else can become leader.
 * Throws `ARCHIVE_NOT_LEADER` when somebody has. Without an epoch it does nothing.
 */
export async function requireEpoch(
  tx: Transaction,
  schema: string,
  source: SourceIdentity,
  epoch: number | undefined
): Promise<void> {
  if (epoch === undefined) {
    return;
  }
  const lock = (): Promise<Row[]> =>
    tx.rows(
      `SELECT 1 FROM ${schema}.promkeep_leases WHERE source_id = ${sourceIdIn(schema)} AND epoch = $3::bigint FOR KEY SHARE`,
      [...ofSource(source), epoch]
    );
  let rows = await lock();
  if (rows.length === 0 && epoch === 0) {
    await makeLease(tx, schema, source);
    rows = await lock();
  }
  if (rows.length === 0) {
    throw new PromkeepError(
      'ARCHIVE_NOT_LEADER',
      `Another archiver has taken over the source ${JSON.stringify(source.name)} since epoch ${epoch}; nothing was written`
    );
  }
}

async function makeLease(tx: Transaction, schema: string, source: SourceIdentity): Promise<LeaseState> {
  await tx.run(
    `INSERT INTO ${schema}.promkeep_sources (org_id, name) VALUES ($1::bigint, $2::text) ON CONFLICT DO NOTHING`,
    ofSource(source)
  );
  await tx.run(
    `INSERT INTO ${schema}.promkeep_leases (source_id) SELECT ${sourceIdIn(schema)} ON CONFLICT DO NOTHING`,
    ofSource(source)
  );
  return { holder: '', epoch: 0, expiresInMs: 0 };
}

function sourceIdIn(schema: string): string {
  return `(SELECT source_id FROM ${schema}.promkeep_sources WHERE org_id = $1::bigint AND name = $2::text)`;
}

function ofSource({ orgId, name }: SourceIdentity): [number, string] {
  return [orgId, name];
}

function toLease(row: Row): LeaseState {
  return {
    holder: String(row.holder),
    epoch: Number(row.epoch),
    expiresInMs: Math.round(Number(row.expires_in_ms)),
    provisions: row.provisions === true,
  };
}
