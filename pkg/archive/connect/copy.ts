import { Readable } from 'node:stream';
import { type PoolClient } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';

/** Resolves when the server has taken everything and is ready for the next statement. */
export function copyIn(client: PoolClient, sql: string, chunks: Iterable<Buffer>, limitMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const target = client.query(Object.assign(copyFrom(sql), { query_timeout: limitMs }));
    // Not `once`: a COPY that got no answer in time fails, and once more when its connection is cut.
    target.on('error', reject);
    target.once('finish', resolve);
    // Not `pipeline`, which would destroy a target that has failed, and with it wait for an answer that has come already.
    Readable.from(chunks)
      .once('error', (error) => {
        // Before the server's answer to it, which would pass for a statement that was cancelled.
        reject(error);
        target.destroy(error);
      })
      .pipe(target);
  });
}

/** All bytes the server sends. */
export function copyOut(client: PoolClient, sql: string, limitMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const source = client.query(Object.assign(copyTo(sql), { query_timeout: limitMs, callback: () => undefined }));
    const pieces: Buffer[] = [];
    source.on('data', (piece: Buffer) => pieces.push(piece));
    source.on('error', reject);
    source.once('end', () => {
      // `pg` has put a function of its own there, which stops its clock.
      source.callback();
      resolve(Buffer.concat(pieces));
    });
  });
}
