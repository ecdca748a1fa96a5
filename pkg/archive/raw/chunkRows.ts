import { StaleReadError } from '../archiveErrors';
import { type Transaction } from '../connect/database';
import { encodeInt64, encodeTime, int8Array, readInt64, readTime, timestampArray } from '../write/binaryArrays';
import { COPY_HEADER, COPY_TRAILER } from '../write/copyFormat';
import { timeText } from '../write/sampleRows';
import { type ChunkRow, DAY_MS, packChunks, packedSize, unpackChunks } from './chunkRow';

/** A row with its series. */
export interface SeriesRow extends ChunkRow {
  seriesId: number;
}

/** A row as it is stored. */
export interface StoredRow extends SeriesRow {
  /** The column `chunks`, of which the chunks are views. */
  bytes: Buffer;
}

/** The number of fields, then length and bytes of each but those of the chunks. */
const ROW_BYTES = 2 + 3 * 12 + 8 + 4;
/** Enough for one write to a socket. */
const PIECE_BYTES = 262_144;

/** Inserts rows by COPY. Their partitions are there. */
export async function insertRows(tx: Transaction, rows: readonly SeriesRow[]): Promise<void> {
  if (rows.length > 0) {
    const sql = `COPY promkeep_chunks (series_id, from_time, to_time, sample_count, chunks) FROM STDIN (FORMAT binary)`;
    await tx.copyIn(sql, encodeRows(rows));
  }
}

function* encodeRows(rows: readonly SeriesRow[]): Generator<Buffer> {
  yield COPY_HEADER;
  let piece = Buffer.allocUnsafe(PIECE_BYTES);
  let at = 0;
  for (const row of rows) {
    const size = ROW_BYTES + packedSize(row.chunks);
    if (at > 0 && at + size > piece.length) {
      yield piece.subarray(0, at);
      piece = Buffer.allocUnsafe(Math.max(PIECE_BYTES, size));
      at = 0;
    } else if (size > piece.length) {
      piece = Buffer.allocUnsafe(size);
    }
    at = encodeRow(row, piece, at);
  }
  yield piece.subarray(0, at);
  yield COPY_TRAILER;
}

function encodeRow(row: SeriesRow, target: Buffer, offset: number): number {
  target.writeInt16BE(5, offset);
  target.writeInt32BE(8, offset + 2);
  encodeInt64(target, row.seriesId, offset + 6);
  target.writeInt32BE(8, offset + 14);
  encodeTime(target, row.fromMs, offset + 18);
  target.writeInt32BE(8, offset + 26);
  encodeTime(target, row.toMs, offset + 30);
  target.writeInt32BE(4, offset + 38);
  target.writeInt32BE(row.sampleCount, offset + 42);
  const end = packChunks(row, target, offset + ROW_BYTES);
  target.writeInt32BE(end - offset - ROW_BYTES, offset + 46);
  return end;
}

/** Removes rows; whoever changes rows of a query holds its lock. */
export async function deleteRows(
  tx: Transaction,
  rows: ReadonlyArray<Pick<SeriesRow, 'seriesId' | 'fromMs'>>
): Promise<void> {
  if (rows.length === 0) {
    return;
  }
  const times = rows.map(({ fromMs }) => fromMs);
  const touched = await tx.run(
    `DELETE FROM promkeep_chunks c USING unnest($1::bigint[], $2::timestamptz[]) AS n(series_id, from_time)
     WHERE c.series_id = n.series_id AND c.from_time = n.from_time
       AND c.from_time >= $3::timestamptz AND c.from_time <= $4::timestamptz`,
    [
      int8Array(rows.map(({ seriesId }) => seriesId)),
      timestampArray(times),
      timeText(times.reduce((a, b) => Math.min(a, b))),
      timeText(times.reduce((a, b) => Math.max(a, b))),
    ]
  );
  if (touched !== rows.length) {
    throw new StaleReadError(`${rows.length} rows of chunks were to be removed, ${touched} were there`);
  }
}

/** The rows of some series that touch a range, by series and time. By COPY, which has bytes as bytes: a third of the time of text. */
export async function readRows(
  tx: Transaction,
  seriesIds: readonly number[],
  { fromMs, toMs }: { fromMs: number; toMs: number }
): Promise<StoredRow[]> {
  if (seriesIds.length === 0) {
    return [];
  }
  const bytes = await tx.copyOut(
    `COPY (SELECT c.series_id, c.from_time, c.to_time, c.sample_count, c.chunks FROM promkeep_chunks c
     WHERE c.series_id = ANY ('{${seriesIds.join()}}'::bigint[]) AND c.from_time <= '${timeText(toMs)}'::timestamptz
       AND c.from_time > '${timeText(fromMs - DAY_MS)}'::timestamptz AND c.to_time >= '${timeText(fromMs)}'::timestamptz
     ORDER BY c.series_id, c.from_time) TO STDOUT (FORMAT binary)`
  );
  const rows: StoredRow[] = [];
  // A row that begins with no field is the trailer.
  for (let at = COPY_HEADER.length; bytes.readInt16BE(at) > 0;) {
    const end = at + ROW_BYTES + bytes.readInt32BE(at + ROW_BYTES - 4);
    rows.push(decodeRow(bytes, at, end));
    at = end;
  }
  return rows;
}

function decodeRow(source: Buffer, offset: number, end: number): StoredRow {
  const bytes = source.subarray(offset + ROW_BYTES, end);
  const fromMs = readTime(source, offset + 18);
  return {
    seriesId: readInt64(source, offset + 6),
    fromMs,
    toMs: readTime(source, offset + 30),
    sampleCount: source.readInt32BE(offset + 42),
    bytes,
    chunks: unpackChunks(fromMs, bytes),
  };
}

/** Whether a row that is to be written is stored byte for byte. */
export function isStored(row: ChunkRow, stored: StoredRow): boolean {
  const bytes = Buffer.allocUnsafe(packedSize(row.chunks));
  const length = packChunks(row, bytes, 0);
  return row.fromMs === stored.fromMs && stored.bytes.equals(bytes.subarray(0, length));
}
