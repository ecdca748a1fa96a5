import { type Transaction } from '../connect/database';
import { timeText } from '../write/sampleRows';
import { encodePacked, PACKED_COLUMNS, type PackPiece } from './packedRow';

/** Writes rows into `promkeep_packed`, whose partition is there. @param fetchId of all samples; absent: each has its own */
export function storePacked(
  tx: Transaction,
  pieces: Iterable<PackPiece>,
  packedClass: string,
  fetchId?: number
): Promise<void> {
  return tx.copyIn(
    `COPY promkeep_packed (${PACKED_COLUMNS}) FROM STDIN (FORMAT binary)`,
    encodePacked(pieces, packedClass, fetchId)
  );
}

/** Notes up to where (Unix ms) a query's samples have been packed. */
export async function notePacked(tx: Transaction, queryId: number, untilMs: number): Promise<void> {
  await tx.run(
    `UPDATE promkeep_queries SET packed_at = now(), packed_until = greatest(packed_until, $2::timestamptz)
     WHERE query_id = $1::bigint`,
    [queryId, timeText(untilMs)]
  );
}
