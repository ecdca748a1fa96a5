import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { float8Array, timestampArray } from '../pkg/archive/write/binaryArrays';

/** Rows of `(series_id, time, value, fetch_id)`. */
export interface CopyRows {
  ids: readonly number[];
  timesMs: readonly number[];
  values: readonly number[];
}

const ROW_BYTES = 50;

/** PostgreSQL's binary COPY format: header, rows, trailer. */
export function* copyChunks(parts: Iterable<CopyRows>): Generator<Buffer> {
  yield Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
  for (const { ids, timesMs, values } of parts) {
    const rows = Buffer.allocUnsafe(ids.length * ROW_BYTES);
    const [timeBytes, valueBytes] = [timestampArray(timesMs), float8Array(values)];
    ids.forEach((id, i) => {
      let at = rows.writeInt16BE(4, i * ROW_BYTES);
      at = rows.writeInt32BE(8, at);
      at = rows.writeBigInt64BE(BigInt(id), at);
      at += timeBytes.copy(rows, at, 20 + i * 12, 32 + i * 12);
      at += valueBytes.copy(rows, at, 20 + i * 12, 32 + i * 12);
      at = rows.writeInt32BE(8, at);
      rows.writeBigInt64BE(1n, at);
    });
    yield rows;
  }
  yield Buffer.from([0xff, 0xff]);
}

/** Bare COPY in a transaction of its own. */
export async function copyRows(client: Client, table: string, parts: Iterable<CopyRows>): Promise<void> {
  const target = client.query(copyFrom(`COPY ${table} FROM STDIN (FORMAT binary)`));
  await pipeline(Readable.from(copyChunks(parts)), target);
  if (!target.writableFinished) {
    await once(target, 'finish');
  }
}
