import { inTurns } from '../../core/model/inTurns';
import { type Database, type Transaction } from '../connect/database';
import { errorCode } from '../connect/sqlState';
import { leafTables } from '../schema/leafTables';
import { type QueryFailures } from '../upkeep/upkeepFailures';
import { takeApart, timeText } from '../write/sampleRows';
import { closedPeriods } from './closedPeriods';
import { cutRun, MAX_ROW_SAMPLES } from './cutRuns';
import { encodePacked, PACKED_COLUMNS } from './packedRow';
import { type ClosedPeriod, readRun, takeSamples } from './takeSamples';

/** What one run of packing did. */
export interface PackOutcome {
  /** Samples moved into packed rows. */
  samples: number;
  /** Packed rows written. */
  rows: number;
  /** Periods (of one query each) that were worked on. */
  periods: number;
  /** Periods left for the next run because somebody held the query's lock for too long. */
  busy: number;
}

export interface PackRequest {
  /** Periods that ended before this time (Unix ms) are packed. */
  closedBeforeMs: number;
  /** At most this many samples a transaction, as far as one series does not have more. Default 100,000. */
  batchSamples?: number;
  failures: QueryFailures;
}

/** Half a second of work or less, so that a writer who waits for the lock hardly notices. */
const BATCH_SAMPLES = 100_000;
/** Of one series are read at once: whole rows, if it has a grid. */
const SERIES_SAMPLES = 4 * MAX_ROW_SAMPLES;
/** Inserting sessions share the query's lock for as long as their transaction is open. */
const LOCK_TIMEOUT = '1s';
const LOCK_NOT_AVAILABLE = '55P03';
/** For a batch; with the server's usual 4 MB it goes to disk. */
const WORK_MEMORY = '64MB';

/**
 * Moves samples of closed periods into packed rows. Every transaction takes the query's lock, as writers do, and leaves the
 * archive complete, so that the job may be killed at any moment and several may run at once.
 */
export async function packClosed(
  database: Database,
  { closedBeforeMs, batchSamples = BATCH_SAMPLES, failures }: PackRequest,
  signal: AbortSignal
): Promise<PackOutcome> {
  const outcome: PackOutcome = { samples: 0, rows: 0, periods: 0, busy: 0 };
  const worked = new Set<string>();
  // Each weekly partition is searched by a statement of its own, which bounds it.
  const leaves = await database.transaction((tx) => leafTables(tx, database.quotedSchema, 'promkeep_samples'), {
    signal,
    readOnly: true,
  });
  for (const partition of leaves) {
    for await (const periods of closedPeriods(database, partition, closedBeforeMs, signal)) {
      for (const period of periods) {
        worked.add(`${period.queryId} ${period.fromMs} ${period.untilMs}`);
        await failures.guard(period.queryId, async () => {
          for (const batch of await batchesOf(database, period, batchSamples, signal)) {
            if (!(await packUnlessBusy(database, batch, outcome, signal))) {
              break;
            }
          }
        });
      }
    }
  }
  return { ...outcome, periods: worked.size };
}

/** Parts of a period. Counted are also samples in packed rows, which are packed again together with late ones. */
async function batchesOf(
  database: Database,
  period: ClosedPeriod,
  batchSamples: number,
  signal: AbortSignal
): Promise<ClosedPeriod[]> {
  const counts = await database.rows(
    `SELECT c.series_id, sum(c.samples) AS samples FROM (
       SELECT s.series_id, count(*) AS samples FROM promkeep_samples s
       WHERE s.series_id = ANY ($1::bigint[]) AND s.time >= $2::timestamptz AND s.time < $3::timestamptz GROUP BY s.series_id
       UNION ALL
       SELECT p.series_id, p.sample_count FROM promkeep_packed p
       WHERE p.series_id = ANY ($1::bigint[]) AND p.from_time < $3::timestamptz AND p.to_time >= $2::timestamptz
         AND p.from_time > $2::timestamptz - interval '672 hours') c
     GROUP BY c.series_id ORDER BY c.series_id`,
    [period.seriesIds, timeText(period.fromMs), timeText(period.untilMs)],
    { signal, purpose: 'upkeep' }
  );
  const batches: number[][] = [];
  let room = 0;
  for (const row of counts) {
    const samples = Number(row.samples);
    if (batches.length === 0 || samples > room) {
      batches.push([]);
      room = batchSamples;
    }
    batches[batches.length - 1].push(Number(row.series_id));
    room -= samples;
  }
  return batches.map((seriesIds) => ({ ...period, seriesIds }));
}

async function packUnlessBusy(
  database: Database,
  batch: ClosedPeriod,
  outcome: PackOutcome,
  signal: AbortSignal
): Promise<boolean> {
  try {
    const { samples, rows } = await database.transaction((tx) => packBatch(tx, database.quotedSchema, batch, signal), {
      signal,
      purpose: 'upkeep',
    });
    outcome.samples += samples;
    outcome.rows += rows;
    return true;
  } catch (error) {
    if (errorCode(error instanceof Error ? error.cause : undefined) !== LOCK_NOT_AVAILABLE) {
      throw error;
    }
    outcome.busy++;
    return false;
  }
}

async function packBatch(
  tx: Transaction,
  schema: string,
  batch: ClosedPeriod,
  signal: AbortSignal
): Promise<{ samples: number; rows: number }> {
  const { queryId, seriesIds, fromMs, untilMs } = batch;
  // How many samples there are the planner cannot know; a nested loop over them would never end. Forbidding it inflates
  // the estimated costs, for which the just-in-time compiler would then work for seconds.
  await tx.run(
    `SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'; SET LOCAL work_mem = '${WORK_MEMORY}'; SET LOCAL enable_nestloop = off; SET LOCAL jit = off`
  );
  const retention = await lockById(tx, queryId);
  const done = { samples: 0, rows: 0 };
  if (retention === undefined) {
    return done;
  }
  await tx.run('SELECT promkeep_ensure_packed_partition($1::text, $2::timestamptz)', [retention, timeText(fromMs)]);
  // Late samples: what was packed before is packed again together with them.
  await takeApart(tx, schema, seriesIds, { fromMs, toMs: untilMs - 1 });
  for (let taken = SERIES_SAMPLES; taken >= SERIES_SAMPLES; done.samples += taken) {
    const runs = await takeSamples(tx, batch, SERIES_SAMPLES);
    const read = await inTurns(runs, () => (row) => [readRun(row, fromMs)], signal);
    const pieces = await inTurns(read, () => cutRun, signal);
    taken = pieces.reduce((sum, { values }) => sum + values.length, 0);
    await tx.copyIn(
      `COPY ${schema}.promkeep_packed (${PACKED_COLUMNS}) FROM STDIN (FORMAT binary)`,
      encodePacked(pieces, retention)
    );
    done.rows += pieces.length;
  }
  await tx.run(
    `UPDATE promkeep_queries SET packed_at = now(), packed_until = greatest(packed_until, $2::timestamptz)
     WHERE query_id = $1::bigint`,
    [queryId, timeText(untilMs)]
  );
  return done;
}

/** The lock every writer takes first. Gives the class under which the query's packed rows are to lie. */
async function lockById(tx: Transaction, queryId: number): Promise<string | undefined> {
  const [row] = await tx.rows(
    `SELECT promkeep_retention_class(retention) AS retention
     FROM promkeep_queries WHERE query_id = $1::bigint FOR NO KEY UPDATE`,
    [queryId]
  );
  return row === undefined ? undefined : String(row.retention);
}
