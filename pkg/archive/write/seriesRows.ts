import { type Transaction } from '../connect/database';
import { byteaArray } from './binaryArrays';
import { FINGERPRINT_BYTES, type RefusedSeries, type StorableSeries } from './seriesIdentity';
import { judge } from '../connect/sqlState';
import { type KnownSeries } from './writeRows';

const INSERT_ROWS = 2_000;
const INSERT_CHARACTERS = 8_000_000;

/**
 * Makes the rows of series that have none yet; gives the ids of all, in their order. Series that PostgreSQL refuses for what
 * they hold have no id and are named in `refused`, the others are made. The caller holds the query's lock.
 */
export async function resolveSeries(
  tx: Transaction,
  queryId: number,
  wanted: readonly StorableSeries[],
  known: ReadonlyArray<KnownSeries | undefined>
): Promise<{ ids: Array<number | undefined>; refused: RefusedSeries[] }> {
  const missing = wanted.filter((_, i) => known[i] === undefined);
  const made = new Map<string, number>();
  const refused: RefusedSeries[] = [];
  for (const batch of batchesOf(missing)) {
    refused.push(...(await insertOrSplit(tx, queryId, batch, made)));
  }
  await correctOrigins(tx, wanted, known);
  return { ids: wanted.map(({ fingerprint }, i) => known[i]?.seriesId ?? made.get(fingerprint)), refused };
}

/** Halves a batch that fails until the bad series stand alone. */
async function insertOrSplit(
  tx: Transaction,
  queryId: number,
  batch: readonly StorableSeries[],
  made: Map<string, number>
): Promise<RefusedSeries[]> {
  await tx.run('SAVEPOINT series');
  try {
    const rows = await insertSeries(tx, queryId, batch);
    await tx.run('RELEASE SAVEPOINT series');
    for (const row of rows) {
      made.set(String(row.print), Number(row.series_id));
    }
    return [];
  } catch (error) {
    if (judge(error).reaction !== 'split') {
      throw error;
    }
    await tx.run('ROLLBACK TO SAVEPOINT series');
    if (batch.length === 1) {
      const reason = error instanceof Error ? error.message : String(error);
      return [{ labels: batch[0].series.labels, reason: `PostgreSQL refused it: ${reason}` }];
    }
    const middle = Math.ceil(batch.length / 2);
    const left = await insertOrSplit(tx, queryId, batch.slice(0, middle), made);
    return [...left, ...(await insertOrSplit(tx, queryId, batch.slice(middle), made))];
  }
}

function insertSeries(
  tx: Transaction,
  queryId: number,
  batch: readonly StorableSeries[]
): Promise<ReadonlyArray<Readonly<Record<string, unknown>>>> {
  return tx.rows(
    `INSERT INTO promkeep_series (query_id, fingerprint, metric_name, origin, labels)
     SELECT $1::bigint, n.print, n.name, n.origin, n.labels
     FROM unnest($2::bytea[], $3::text[], $4::text[], $5::jsonb[]) AS n(print, name, origin, labels)
     RETURNING series_id, encode(fingerprint, 'hex') AS print`,
    [
      queryId,
      byteaArray(
        batch.map(({ print }) => print),
        FINGERPRINT_BYTES
      ),
      batch.map(({ metricName }) => metricName),
      batch.map(({ origin }) => origin),
      batch.map(({ labels }) => labels),
    ]
  );
}

/** A new version of an expression may give the same series with its name where there was none, or the other way round. */
async function correctOrigins(
  tx: Transaction,
  wanted: readonly StorableSeries[],
  known: ReadonlyArray<KnownSeries | undefined>
): Promise<void> {
  for (const [i, { origin }] of wanted.entries()) {
    const row = known[i];
    if (row !== undefined && row.origin !== origin) {
      await tx.run(`UPDATE promkeep_series SET origin = $2::text WHERE series_id = $1::bigint`, [row.seriesId, origin]);
    }
  }
}

/** Bounded in rows and in text, since labels may be a megabyte each. */
function* batchesOf(all: readonly StorableSeries[]): Generator<StorableSeries[]> {
  let batch: StorableSeries[] = [];
  let characters = 0;
  for (const one of all) {
    batch.push(one);
    characters += one.labels.length + one.metricName.length;
    if (batch.length === INSERT_ROWS || characters > INSERT_CHARACTERS) {
      yield batch;
      batch = [];
      characters = 0;
    }
  }
  if (batch.length > 0) {
    yield batch;
  }
}
