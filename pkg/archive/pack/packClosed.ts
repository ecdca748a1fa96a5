import { inTurns } from '../../core/model/inTurns';
import { type Transaction } from '../connect/database';
import { lockById } from '../definitions/queryRows';
import { leafTables } from '../upkeep/leaves';
import { type UpkeepRun } from '../upkeep/upkeepRun';
import { takeApart, timeText } from '../write/sampleRows';
import { closedPeriods } from './closedPeriods';
import { cutRun, MAX_ROW_SAMPLES } from './cutRuns';
import { type PackPiece } from './packedRow';
import { notePacked, storePacked } from './storePacked';
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

type Packed = Pick<PackOutcome, 'samples' | 'rows'>;

/** Less than a second of work, in which a writer waits, and some ten megabytes. Five times as many were not packed faster. */
const BATCH_SAMPLES = 100_000;
/** Of one series are read at once, which keeps the program from all else for some 30 ms: whole rows, if it has a grid. */
const SERIES_SAMPLES = 2 * MAX_ROW_SAMPLES;
/** For a batch; with the server's usual 4 MB it goes to disk. */
const WORK_MEMORY = '64MB';

/**
 * Moves samples of periods that ended before a time into packed rows. Every transaction takes the query's lock, as writers do,
 * and leaves the archive complete, so that the job may be killed at any moment and several may run at once.
 *
 * @param batchSamples at most this many a transaction, as far as one series does not have more
 */
export async function packClosed(
  run: UpkeepRun,
  closedBeforeMs: number,
  batchSamples = BATCH_SAMPLES
): Promise<PackOutcome> {
  const outcome: PackOutcome = { samples: 0, rows: 0, periods: 0, busy: 0 };
  const worked = new Set<string>();
  // Each weekly partition is searched by a statement of its own, which bounds it.
  for (const partition of await leafTables(run, 'promkeep_samples')) {
    for await (const periods of closedPeriods(run, partition, closedBeforeMs)) {
      for (const period of periods) {
        worked.add(`${period.queryId} ${period.fromMs} ${period.untilMs}`);
        await run.failures.guard(period.queryId, () => packPeriod(run, period, batchSamples, outcome));
      }
    }
  }
  return { ...outcome, periods: worked.size };
}

async function packPeriod(
  run: UpkeepRun,
  period: ClosedPeriod,
  batchSamples: number,
  outcome: PackOutcome
): Promise<void> {
  for (const seriesIds of await batchesOf(run, period, batchSamples)) {
    const packed = await run.unlessBusy((tx) => packBatch(tx, { ...period, seriesIds }, run.signal));
    if (packed === undefined) {
      outcome.busy++;
      return;
    }
    outcome.samples += packed.samples;
    outcome.rows += packed.rows;
  }
}

/** Ids of series for a transaction each. Samples in packed rows count as well: they are packed again together with late ones. */
async function batchesOf(
  run: UpkeepRun,
  { seriesIds, fromMs, untilMs }: ClosedPeriod,
  batchSamples: number
): Promise<number[][]> {
  const counts = await run.rows(
    `SELECT c.series_id, sum(c.samples) AS samples FROM (
       SELECT s.series_id, count(*) AS samples FROM promkeep_samples s
       WHERE s.series_id = ANY ($1::bigint[]) AND s.time >= $2::timestamptz AND s.time < $3::timestamptz GROUP BY s.series_id
       UNION ALL
       SELECT p.series_id, p.sample_count FROM promkeep_packed p
       WHERE p.series_id = ANY ($1::bigint[]) AND p.from_time < $3::timestamptz AND p.to_time >= $2::timestamptz
         AND p.from_time > $2::timestamptz - interval '672 hours') c
     GROUP BY c.series_id ORDER BY c.series_id`,
    [seriesIds, timeText(fromMs), timeText(untilMs)]
  );
  const batches: number[][] = [];
  let room = 0;
  for (const row of counts) {
    const samples = Number(row.samples);
    // alone, so that it is read in parts
    const isLong = samples > SERIES_SAMPLES;
    if (batches.length === 0 || isLong || samples > room) {
      batches.push([]);
      room = batchSamples;
    }
    batches[batches.length - 1].push(Number(row.series_id));
    room = isLong ? 0 : room - samples;
  }
  return batches;
}

async function packBatch(tx: Transaction, batch: ClosedPeriod, signal?: AbortSignal): Promise<Packed> {
  const { queryId, seriesIds, fromMs, untilMs } = batch;
  const packed: Packed = { samples: 0, rows: 0 };
  // How many samples there are the planner cannot know; a nested loop over them would never end. Forbidding it inflates
  // the estimated costs, for which the just-in-time compiler would then work for seconds.
  await tx.run(`SET LOCAL work_mem = '${WORK_MEMORY}'; SET LOCAL enable_nestloop = off; SET LOCAL jit = off`);
  const query = await lockById(tx, queryId);
  if (query === undefined) {
    return packed;
  }
  await tx.run('SELECT promkeep_ensure_packed_partition($1::text, $2::timestamptz)', [
    query.packedClass,
    timeText(fromMs),
  ]);
  // Late samples: what was packed before is packed again together with them.
  await takeApart(tx, seriesIds, { fromMs, toMs: untilMs - 1 });
  for (let [startMs, more] = [fromMs, true]; more;) {
    const pieces = await packPart(tx, { ...batch, fromMs: startMs }, query.packedClass, signal);
    const samples = pieces.reduce((sum, { values }) => sum + values.length, 0);
    packed.samples += samples;
    packed.rows += pieces.length;
    more = seriesIds.length === 1 && samples >= SERIES_SAMPLES;
    // Not from the start again: the index still leads to what has just been deleted.
    startMs += Math.floor((pieces.at(-1)?.offsetsUs.at(-1) ?? 0) / 1_000);
  }
  await notePacked(tx, queryId, untilMs);
  return packed;
}

/** All samples of a batch, or the first `SERIES_SAMPLES` of a single series. */
async function packPart(
  tx: Transaction,
  part: ClosedPeriod,
  packedClass: string,
  signal?: AbortSignal
): Promise<PackPiece[]> {
  const rows = await takeSamples(tx, part, SERIES_SAMPLES);
  const pieces = await inTurns(rows, () => (row) => cutRun(readRun(row, part.fromMs)), signal);
  await storePacked(tx, pieces, packedClass);
  return pieces;
}
