import { type Transaction } from './database';
import { type RefusedSeries, type StorableSeries } from './seriesIdentity';
import { judge } from './sqlState';

const LOOKUP_ROWS = 10_000;
const INSERT_ROWS = 2_000;
const INSERT_CHARACTERS = 8_000_000;

export interface KnownSeries {
  seriesId: number;
  origin: string;
}

/**
 * Finds or makes the row of every series; gives ids by fingerprint. Series that PostgreSQL refuses for what they hold are
 * left out and named in `refused`, the others are made. The caller holds the query's lock.
 */
export async function resolveSeries(
  tx: Transaction,
  schema: string,
  queryId: number,
  wanted: readonly StorableSeries[]
): Promise<{ ids: Map<string, number>; refused: RefusedSeries[] }> {
  const known = await findSeries(tx, schema, queryId, wanted);
  const missing = wanted.filter(({ fingerprint }) => !known.has(fingerprint));
  const refused: RefusedSeries[] = [];
  for (const batch of batchesOf(missing)) {
    refused.push(...(await insertOrSplit(tx, schema, queryId, batch, known)));
  }
  await correctOrigins(tx, schema, wanted, known);
  return { ids: new Map([...known].map(([print, { seriesId }]) => [print, seriesId])), refused };
}

async function findSeries(
  tx: Transaction,
  schema: string,
  queryId: number,
  wanted: readonly StorableSeries[]
): Promise<Map<string, KnownSeries>> {
  const known = new Map<string, KnownSeries>();
  for (let start = 0; start < wanted.length; start += LOOKUP_ROWS) {
    const prints = wanted.slice(start, start + LOOKUP_ROWS).map(({ fingerprint }) => Buffer.from(fingerprint, 'hex'));
    const rows = await tx.rows(
      `SELECT series_id, encode(fingerprint, 'hex') AS print, origin FROM ${schema}.promkeep_series
       WHERE query_id = $1 AND fingerprint = ANY ($2::bytea[])`,
      [queryId, prints]
    );
    remember(known, rows);
  }
  return known;
}

function remember(known: Map<string, KnownSeries>, rows: ReadonlyArray<Readonly<Record<string, unknown>>>): void {
  for (const row of rows) {
    known.set(String(row.print), { seriesId: Number(row.series_id), origin: String(row.origin) });
  }
}

/** Halves a batch that fails until the bad series stand alone. */
async function insertOrSplit(
  tx: Transaction,
  schema: string,
  queryId: number,
  batch: readonly StorableSeries[],
  known: Map<string, KnownSeries>
): Promise<RefusedSeries[]> {
  await tx.run('SAVEPOINT series');
  try {
    const rows = await insertSeries(tx, schema, queryId, batch);
    await tx.run('RELEASE SAVEPOINT series');
    remember(known, rows);
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
    const left = await insertOrSplit(tx, schema, queryId, batch.slice(0, middle), known);
    return [...left, ...(await insertOrSplit(tx, schema, queryId, batch.slice(middle), known))];
  }
}

function insertSeries(
  tx: Transaction,
  schema: string,
  queryId: number,
  batch: readonly StorableSeries[]
): Promise<ReadonlyArray<Readonly<Record<string, unknown>>>> {
  return tx.rows(
    `INSERT INTO ${schema}.promkeep_series (query_id, fingerprint, metric_name, origin, labels)
     SELECT $1::bigint, n.print, n.name, n.origin, n.labels
     FROM unnest($2::bytea[], $3::text[], $4::text[], $5::jsonb[]) AS n(print, name, origin, labels)
     RETURNING series_id, encode(fingerprint, 'hex') AS print, origin`,
    [
      queryId,
      batch.map(({ fingerprint }) => Buffer.from(fingerprint, 'hex')),
      batch.map(({ metricName }) => metricName),
      batch.map(({ origin }) => origin),
      batch.map(({ labels }) => labels),
    ]
  );
}

/** A new version of an expression may give the same series with its name where there was none, or the other way round. */
async function correctOrigins(
  tx: Transaction,
  schema: string,
  wanted: readonly StorableSeries[],
  known: ReadonlyMap<string, KnownSeries>
): Promise<void> {
  for (const { fingerprint, origin } of wanted) {
    const row = known.get(fingerprint);
    if (row !== undefined && row.origin !== origin) {
      await tx.run(`UPDATE ${schema}.promkeep_series SET origin = $2 WHERE series_id = $1`, [row.seriesId, origin]);
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
