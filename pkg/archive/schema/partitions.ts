import { type TimeRange } from '../../core/model/timeRange';
import { type Database } from '../connect/database';
import { causeCode } from '../connect/sqlState';
import { timeText } from '../write/sampleRows';
import { firstNotBefore } from '../write/sampleRuns';

const WEEK_MS = 7 * 86_400_000;
/** 1970-01-05 was the first Monday. */
const FIRST_MONDAY_MS = 4 * 86_400_000;

/** check_violation: what PostgreSQL says when a row finds no partition. */
const NO_PARTITION = '23514';

/** Begin of the period a time lies in; periods of all lengths are counted from that Monday, as `promkeep_period_start()` does. */
export function periodStart(timeMs: number, lengthMs: number): number {
  return Math.floor((timeMs - FIRST_MONDAY_MS) / lengthMs) * lengthMs + FIRST_MONDAY_MS;
}

/** Adds the Mondays (UTC) of the weeks these times, which ascend, lie in. */
export function addWeeksOf(weeks: Set<number>, timesMs: Float64Array): void {
  for (let i = 0; i < timesMs.length;) {
    const weekMs = periodStart(timesMs[i], WEEK_MS);
    weeks.add(weekMs);
    i = firstNotBefore(timesMs, i, weekMs + WEEK_MS);
  }
}

/** The Mondays (UTC) of all weeks that a range touches. */
export function weeksWithin({ fromMs, toMs }: TimeRange): number[] {
  const firstMs = periodStart(fromMs, WEEK_MS);
  return Array.from({ length: (periodStart(toMs, WEEK_MS) - firstMs) / WEEK_MS + 1 }, (_, i) => firstMs + i * WEEK_MS);
}

/** Makes the weekly partitions of one archive and remembers which it has seen. */
export class Partitions {
  private readonly known = new Set<number>();
  private readonly knownPacked = new Set<string>();
  private readonly knownChunks = new Set<number>();

  constructor(private readonly database: Database) {}

  /**
   * Makes what is missing, each partition in a transaction of its own: one that is not needed after all is harmless, while one
   * made inside of a long write would let every other writer of a new week wait for that write.
   */
  ensure(weeks: Iterable<number>, signal?: AbortSignal): Promise<void> {
    return this.ensureWeeks(weeks, this.known, 'SELECT promkeep_ensure_partition($1::timestamptz)', signal);
  }

  /** The same for packed rows of a class. */
  async ensurePacked(retention: string, weeks: Iterable<number>, signal: AbortSignal): Promise<void> {
    const missing = [...weeks].filter((weekMs) => !this.knownPacked.has(`${retention} ${weekMs}`));
    if (missing.length === 0) {
      return;
    }
    await this.database.transaction(
      (tx) =>
        tx.run(
          `SELECT promkeep_ensure_packed_partition(promkeep_retention_class($1::text), week)
           FROM unnest($2::timestamptz[]) AS week`,
          [retention, missing.map(timeText)]
        ),
      { signal }
    );
    missing.forEach((weekMs) => this.knownPacked.add(`${retention} ${weekMs}`));
  }

  /** The same for raw series. */
  ensureChunks(weeks: Iterable<number>, signal?: AbortSignal): Promise<void> {
    return this.ensureWeeks(weeks, this.knownChunks, 'SELECT promkeep_ensure_chunk_partition($1::timestamptz)', signal);
  }

  private async ensureWeeks(
    weeks: Iterable<number>,
    known: Set<number>,
    statement: string,
    signal?: AbortSignal
  ): Promise<void> {
    for (const weekMs of weeks) {
      if (!known.has(weekMs)) {
        await this.database.transaction((tx) => tx.run(statement, [timeText(weekMs)]), { signal });
        known.add(weekMs);
      }
    }
  }

  /** Tries a write once more where it found no partition, because somebody dropped one that had been seen. */
  async again<T>(attempt: () => Promise<T>): Promise<T> {
    try {
      return await attempt();
    } catch (error) {
      if (causeCode(error) !== NO_PARTITION) {
        throw error;
      }
      this.forget();
      return attempt();
    }
  }

  private forget(): void {
    this.known.clear();
    this.knownPacked.clear();
    this.knownChunks.clear();
  }
}
