import { setTimeout as sleep } from 'node:timers/promises';
import { type RawSeries } from '../../core/model/rawSeries';
import { processTurns } from '../../core/model/turns';
import { type Transaction } from '../connect/database';

/** Some 5 ms of lookups and 100 ms of COPY; more was not faster. */
const BATCH_SERIES = 5_000;
const BATCH_BYTES = 6 * 1024 * 1024;
/** Of labels and structure, beside the chunks. */
const SERIES_BYTES = 500;
/** Less than a server lets a transaction stand still: only one that has stopped is to be ended by it. */
const SIGN_OF_LIFE_MS = 3_000;

/** Of work between two turns, as `inTurns` has it. */
const PIECE_MS = 5;

/** What `each` gives for every item, with other work of the program in between. */
export async function flatInTurns<T, R>(items: readonly T[], each: (item: T) => readonly R[]): Promise<R[]> {
  const results: R[] = [];
  let pieceFromMs = performance.now();
  for (const item of items) {
    results.push(...each(item));
    if (performance.now() - pieceFromMs > PIECE_MS) {
      await processTurns.next();
      pieceFromMs = performance.now();
    }
  }
  return results;
}

/**
 * Series in batches bounded in number and bytes. The next one is read while the caller writes the one before; while it is waited
 * for, the transaction shows that it is alive. Ends the source when it is left.
 */
export async function* batchesOf(tx: Transaction, all: AsyncIterable<RawSeries>): AsyncGenerator<RawSeries[]> {
  const source = all[Symbol.asyncIterator]();
  const begin = (): Promise<RawSeries[]> => {
    const batch = nextBatch(source);
    // Told to whoever waits for it; until then nobody listens.
    batch.catch(() => undefined);
    return batch;
  };
  let next = begin();
  try {
    for (;;) {
      const batch = await keptAlive(tx, next);
      if (batch.length === 0) {
        return;
      }
      next = begin();
      yield batch;
    }
  } finally {
    await Promise.allSettled([next, source.return?.()]);
  }
}

async function nextBatch(source: AsyncIterator<RawSeries>): Promise<RawSeries[]> {
  const batch: RawSeries[] = [];
  for (let bytes = 0; batch.length < BATCH_SERIES && bytes < BATCH_BYTES;) {
    const { done, value } = await source.next();
    if (done === true) {
      break;
    }
    batch.push(value);
    bytes += value.chunks.reduce((sum, { data }) => sum + data.length, SERIES_BYTES);
  }
  return batch;
}

async function keptAlive<T>(tx: Transaction, waited: Promise<T>): Promise<T> {
  const ended = new AbortController();
  try {
    for (;;) {
      const late = sleep(SIGN_OF_LIFE_MS, 'late' as const, { signal: ended.signal, ref: false });
      late.catch(() => undefined);
      const first = await Promise.race([waited.then((value) => ({ value })), late]);
      if (first !== 'late') {
        return first.value;
      }
      await tx.rows('SELECT 1');
    }
  } finally {
    ended.abort();
  }
}
