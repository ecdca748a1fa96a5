import { PromkeepError } from '../../core/model/errors';
import { type LeaseState, type LeaseRequest } from '../../core/ports/lease';
import { type Row } from '../connect/database';
import { ofSource, type Session, SOURCE_ID } from '../connect/session';
import { makeSource } from '../definitions/queryRows';

const STATE = `epoch, holder, provisions,
  CASE WHEN expires_at = '-infinity' THEN 0
       ELSE extract(epoch FROM expires_at - clock_timestamp()) * 1000 END AS expires_in_ms`;

/** Who leads; `undefined` when nobody ever did. */
export async function readLease(session: Session): Promise<LeaseState | undefined> {
  const [row] = await session.rows(
    `SELECT ${STATE} FROM promkeep_leases WHERE source_id = ${SOURCE_ID}`,
    ofSource(session)
  );
  return row === undefined ? undefined : toLease(row);
}

/**
 * Renews the caller's lease, or takes a free one with the next epoch; gives whose it is then. Taking waits for transactions
 * that still write under the old epoch, so what they commit is seen by everything the new leader reads.
 */
export async function holdLease(session: Session, request: LeaseRequest): Promise<LeaseState> {
  const found = (await readLease(session)) ?? (await makeLease(session));
  if (found.holder !== request.holder && found.expiresInMs > 0) {
    return found;
  }
  const until = `clock_timestamp() + $4::float8 * interval '1 ms'`;
  const values = [...ofSource(session), request.holder, request.durationMs];
  const [row] =
    found.holder === request.holder
      ? await session.rows(
          `UPDATE promkeep_leases SET expires_at = ${until}
           WHERE source_id = ${SOURCE_ID} AND holder = $3::text RETURNING ${STATE}`,
          values
        )
      : await session.rows(
          `UPDATE promkeep_leases
           SET epoch = epoch + 1, holder = $3::text, expires_at = ${until}, taken_at = clock_timestamp(), provisions = $5::boolean
           WHERE source_id = ${SOURCE_ID} AND expires_at <= clock_timestamp() RETURNING ${STATE}`,
          [...values, request.provisions ?? true]
        );
  // No row: another candidate was faster; what is read now is its lease.
  return row === undefined ? ((await readLease(session)) ?? found) : toLease(row);
}

export async function releaseLease(
  session: Session,
  { holder, epoch }: Pick<LeaseState, 'holder' | 'epoch'>
): Promise<void> {
  await session.run(
    `UPDATE promkeep_leases SET holder = '', expires_at = clock_timestamp()
     WHERE source_id = ${SOURCE_ID} AND holder = $3::text AND epoch = $4::bigint`,
    [...ofSource(session), holder, epoch]
  );
}

/**
 * The first lock of every transaction that writes for recorded queries: as long as it is held, nobody else can become leader.
 * Throws `ARCHIVE_NOT_LEADER` when somebody has. Without an epoch it does nothing.
 */
export async function requireEpoch(session: Session, epoch: number | undefined): Promise<void> {
  if (epoch === undefined) {
    return;
  }
  const lock = (): Promise<Row[]> =>
    session.rows(`SELECT 1 FROM promkeep_leases WHERE source_id = ${SOURCE_ID} AND epoch = $3::bigint FOR KEY SHARE`, [
      ...ofSource(session),
      epoch,
    ]);
  let rows = await lock();
  if (rows.length === 0 && epoch === 0) {
    await makeLease(session);
    rows = await lock();
  }
  if (rows.length === 0) {
    throw new PromkeepError(
      'ARCHIVE_NOT_LEADER',
      `Another archiver has taken over the source ${JSON.stringify(session.source.name)} since epoch ${epoch}; nothing was written`
    );
  }
}

async function makeLease(session: Session): Promise<LeaseState> {
  await makeSource(session);
  await session.run(
    `INSERT INTO promkeep_leases (source_id) SELECT ${SOURCE_ID} ON CONFLICT DO NOTHING`,
    ofSource(session)
  );
  return { holder: '', epoch: 0, expiresInMs: 0 };
}

function toLease(row: Row): LeaseState {
  return {
    holder: String(row.holder),
    epoch: Number(row.epoch),
    expiresInMs: Math.round(Number(row.expires_in_ms)),
    provisions: row.provisions === true,
  };
}
