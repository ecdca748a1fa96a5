import { type Transaction } from '../connect/database';
import { lockById } from '../definitions/queryRows';
import { type UpkeepRun } from '../upkeep/upkeepRun';
import { timeText } from '../write/sampleRows';

const DAY_MS = 86_400_000;
const BATCH_ROWS = 10_000;
/** Partitions that somebody was reading are dropped some runs later than they might be. */
const LATE_DROPS_MS = 7 * DAY_MS;
/** Longer than a day, so that `keptToday()` counts what was kept of long ago. */
const COUNTED_MS = 2 * DAY_MS;

interface Ripe {
  queryId: number;
  /** Ranges that end from here on, and before `untilMs`. */
  fromMs: number;
  untilMs: number;
}

/**
 * Makes one row of the writes of a query that are alike (version, expression as sent, Prometheus version, warnings, UTC day they
 * were fetched on) once their samples are packed. A row a second per query would otherwise outweigh the packed samples: a
 * sample takes 1 byte, a write 200. Writes that samples still name stay. Counts add up within a day, so that what is asked
 * per day (`keptToday()`) does not change. A transaction a query and day, under the query's lock; may be killed at any moment.
 *
 * @returns rows that went
 */
export async function condenseFetches(run: UpkeepRun): Promise<number> {
  let gone = 0;
  for (const { queryId, fromMs, untilMs } of await ripeQueries(run)) {
    await run.failures.guard(queryId, async () => {
      // Windows end at midnight, so that later ones do not split a day again.
      for (let low = fromMs; low < untilMs;) {
        const window = { queryId, fromMs: low, untilMs: Math.min(untilMs, (Math.floor(low / DAY_MS) + 1) * DAY_MS) };
        const condensed = await run.unlessBusy((tx) => condense(tx, window));
        if (condensed === undefined) {
          break;
        }
        gone += condensed;
        low = window.untilMs;
      }
    });
  }
  return gone;
}

async function ripeQueries(run: UpkeepRun): Promise<Ripe[]> {
  const rows = await run.rows(
    `SELECT * FROM (
       SELECT q.query_id, (extract(epoch FROM coalesce(q.condensed_until, (
           SELECT min(upper(f.fetched_range)) FROM promkeep_fetches f
           WHERE f.query_id = q.query_id))) * 1000)::bigint AS from_ms,
         (extract(epoch FROM q.packed_until) * 1000)::bigint AS until_ms
       FROM promkeep_queries q
       WHERE q.kind <> 'inserted' AND q.packed_until > coalesce(q.condensed_until, '-infinity')) r
     WHERE r.from_ms IS NOT NULL ORDER BY r.query_id`
  );
  return rows.map((row) => ({
    queryId: Number(row.query_id),
    fromMs: Number(row.from_ms),
    untilMs: Number(row.until_ms),
  }));
}

/**
 * Writes whose range ends in the window and is no longer than a day: those of the live loop. Longer ones are few, and to see
 * whether samples still name them would mean to look through all that range.
 */
async function condense(tx: Transaction, { queryId, fromMs, untilMs }: Ripe): Promise<number> {
  if ((await lockById(tx, queryId)) === undefined) {
    return 0;
  }
  const [row] = await tx.rows(
    `WITH alike AS MATERIALIZED (
       SELECT f.fetch_id, max(f.fetch_id) OVER (
         PARTITION BY f.version, f.expression, f.prometheus_version, f.warnings, (f.fetched_at AT TIME ZONE 'UTC')::date) AS heir
       FROM promkeep_fetches f
       WHERE f.query_id = $1::bigint AND upper(f.fetched_range) >= $3::timestamptz AND upper(f.fetched_range) < $4::timestamptz
         AND lower(f.fetched_range) >= $2::timestamptz),
     named AS MATERIALIZED (
       SELECT s.fetch_id FROM promkeep_series r JOIN promkeep_samples s ON s.series_id = r.series_id
       WHERE r.query_id = $1::bigint AND s.time >= $2::timestamptz AND s.time <= $4::timestamptz
       UNION
       SELECT unnest(p.fetch_ids) FROM promkeep_series r
       JOIN promkeep_packed p ON p.series_id = r.series_id
       WHERE r.query_id = $1::bigint AND p.from_time <= $4::timestamptz AND p.to_time >= $2::timestamptz
         AND p.from_time > $2::timestamptz - interval '672 hours'),
     gone AS (
       DELETE FROM promkeep_fetches f USING alike a
       WHERE f.fetch_id = a.fetch_id AND a.fetch_id <> a.heir AND a.fetch_id NOT IN (SELECT n.fetch_id FROM named n)
       RETURNING a.heir, f.fetched_range, f.inserted, f.unchanged, f.revised, f.withdrawn, f.refused),
     sums AS (
       SELECT heir, min(lower(fetched_range)) AS low, max(upper(fetched_range)) AS high, sum(inserted) AS inserted,
         sum(unchanged) AS unchanged, sum(revised) AS revised, sum(withdrawn) AS withdrawn, sum(refused) AS refused,
         count(*) AS count
       FROM gone GROUP BY heir),
     merged AS (
       UPDATE promkeep_fetches f
       SET fetched_range = range_merge(f.fetched_range, tstzrange(g.low, g.high, '[]')), inserted = f.inserted + g.inserted,
         unchanged = f.unchanged + g.unchanged, revised = f.revised + g.revised, withdrawn = f.withdrawn + g.withdrawn,
         refused = f.refused + g.refused
       FROM sums g WHERE f.fetch_id = g.heir
       RETURNING g.count)
     SELECT coalesce(sum(count), 0) AS gone FROM merged`,
    [queryId, timeText(fromMs - DAY_MS), timeText(fromMs), timeText(untilMs)]
  );
  await tx.run('UPDATE promkeep_queries SET condensed_until = $2::timestamptz WHERE query_id = $1::bigint', [
    queryId,
    timeText(untilMs),
  ]);
  return Number(row.gone);
}

/**
 * Removes the provenance of what has expired. It goes after the data, by as much as partitions may outlive their class, and not
 * as long as the query has samples of that time: the newest range ever written must be on record while its samples are there
 * (`promkeep_open_write()`).
 *
 * @returns rows that went
 */
export async function expireFetches(run: UpkeepRun): Promise<number> {
  const counted = timeText(run.nowMs - COUNTED_MS);
  const rows = await run.rows(
    `SELECT q.query_id, e.before::text AS before
     FROM promkeep_queries q
     CROSS JOIN LATERAL (SELECT promkeep_kept_from(q.retention, $1::timestamptz)
       - interval '24 hours' * promkeep_partition_days(q.retention) AS before) e
     WHERE q.kind <> 'inserted' AND isfinite(e.before)
       AND EXISTS (SELECT 1 FROM promkeep_fetches f
         WHERE f.query_id = q.query_id AND upper(f.fetched_range) < e.before AND f.fetched_at < $2::timestamptz)
     ORDER BY q.query_id`,
    [timeText(run.nowMs - LATE_DROPS_MS), counted]
  );
  let gone = 0;
  for (const { query_id: queryId, before } of rows) {
    const batch = (tx: Transaction): Promise<number> =>
      tx.run(
        `DELETE FROM promkeep_fetches WHERE fetch_id = ANY (ARRAY(
           SELECT f.fetch_id FROM promkeep_fetches f
           WHERE f.query_id = $1::bigint AND upper(f.fetched_range) < $2::timestamptz AND f.fetched_at < $3::timestamptz
             AND NOT EXISTS (SELECT 1 FROM promkeep_series r JOIN promkeep_samples s
               ON s.series_id = r.series_id WHERE r.query_id = $1::bigint AND s.time < $2::timestamptz)
             AND NOT EXISTS (SELECT 1 FROM promkeep_series r JOIN promkeep_packed p
               ON p.series_id = r.series_id WHERE r.query_id = $1::bigint AND p.from_time < $2::timestamptz)
             AND NOT EXISTS (SELECT 1 FROM promkeep_raw_series r JOIN promkeep_chunks c
               ON c.series_id = r.series_id WHERE r.query_id = $1::bigint AND c.from_time < $2::timestamptz)
           LIMIT ${BATCH_ROWS}))`,
        [queryId, before, counted]
      );
    gone += (await run.failures.guard(Number(queryId), () => run.drain(BATCH_ROWS, batch))) ?? 0;
  }
  return gone;
}
