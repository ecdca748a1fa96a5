import { type Chunk } from '../../core/model/rawSeries';
import { type TimeRange } from '../../core/model/timeRange';
import { type ChunkRow, dayOf, rowsOf } from './chunkRow';
import { isStored, type StoredRow } from './chunkRows';
import { encodeDays } from './cutChunks';
import { RawColumns } from './rawColumns';

/** What a write changes in the rows of its series. */
export interface RowChanges {
  inserts: Array<ChunkRow & { seriesId: number }>;
  deletes: StoredRow[];
}

export interface SampleCounts {
  inserted: number;
  unchanged: number;
  revised: number;
  withdrawn: number;
}

export interface Replacing {
  /** Samples in it are replaced; both ends inclusive. */
  span: TimeRange;
  /** Whether the new answer may change what is stored at this time; where it may not, it only adds. */
  trusted(timeMs: number): boolean;
  /** Whether what the new answer lacks goes. */
  withdraws: boolean;
  counts: SampleCounts;
  changes: RowChanges;
}

const ALL: TimeRange = { fromMs: -Infinity, toMs: Infinity };

/** Notes what has to happen so that the archive holds a series' new chunks in the range, and all else as before. */
export function replaceSeries(
  replacing: Replacing,
  seriesId: number,
  stored: readonly StoredRow[],
  fresh: readonly Chunk[]
): void {
  const rows = rowsOf(fresh);
  const storedOf = Map.groupBy(stored, ({ fromMs }) => dayOf(fromMs));
  const freshOf = new Map(rows.map((row) => [dayOf(row.fromMs), row]));
  for (const day of new Set([...storedOf.keys(), ...freshOf.keys()])) {
    replaceDay(replacing, seriesId, storedOf.get(day) ?? [], freshOf.get(day));
  }
}

function replaceDay(
  replacing: Replacing,
  seriesId: number,
  stored: readonly StoredRow[],
  fresh: ChunkRow | undefined
): void {
  const { counts, changes, span } = replacing;
  if (fresh !== undefined && stored.length === 0) {
    counts.inserted += fresh.sampleCount;
    changes.inserts.push({ ...fresh, seriesId });
    return;
  }
  if (fresh !== undefined && stored.length === 1 && isStored(fresh, stored[0])) {
    counts.unchanged += fresh.sampleCount;
    return;
  }
  const answer = decodeAll(fresh === undefined ? [] : [fresh], span);
  // Mostly nothing changes, and then what lies outside need not be looked at.
  const counted = mergeDay(replacing, decodeAll(stored, span), answer).counts;
  counts.inserted += counted.inserted;
  counts.unchanged += counted.unchanged;
  counts.revised += counted.revised;
  counts.withdrawn += counted.withdrawn;
  if (counted.inserted + counted.revised + counted.withdrawn > 0) {
    const { columns } = mergeDay(replacing, decodeAll(stored, ALL), answer);
    changes.deletes.push(...stored);
    changes.inserts.push(...rowsOf(encodeDays(columns, ALL)).map((row) => ({ ...row, seriesId })));
  }
}

/** The samples of chunks that reach into a range. */
function decodeAll(rows: readonly ChunkRow[], { fromMs, toMs }: TimeRange): RawColumns {
  const columns = new RawColumns();
  for (const { chunks } of rows) {
    chunks
      .filter((chunk) => chunk.maxTimeMs >= fromMs && chunk.minTimeMs <= toMs)
      .forEach((chunk) => columns.decode(chunk));
  }
  return columns;
}

/** What the day holds from now on, and what is new in it. */
function mergeDay(
  { span, trusted, withdraws }: Pick<Replacing, 'span' | 'trusted' | 'withdraws'>,
  stored: RawColumns,
  fresh: RawColumns
): { columns: RawColumns; counts: SampleCounts } {
  const result = new ResultColumns();
  const counts: SampleCounts = { inserted: 0, unchanged: 0, revised: 0, withdrawn: 0 };
  const isReplaced = (timeMs: number): boolean => timeMs >= span.fromMs && timeMs <= span.toMs && trusted(timeMs);
  const keepUnlessWithdrawn = (i: number): void => {
    if (withdraws && isReplaced(stored.timesMs[i])) {
      counts.withdrawn++;
    } else {
      result.push(stored, i);
    }
  };
  let i = 0;
  for (let j = 0; j < fresh.length; j++) {
    const timeMs = fresh.timesMs[j];
    for (; i < stored.length && stored.timesMs[i] < timeMs; i++) {
      keepUnlessWithdrawn(i);
    }
    if (i === stored.length || stored.timesMs[i] > timeMs) {
      counts.inserted++;
      result.push(fresh, j);
      continue;
    }
    if (stored.isSame(i, fresh, j) || !isReplaced(timeMs)) {
      counts.unchanged++;
      result.pushSame(stored, i, fresh, j);
    } else {
      counts.revised++;
      result.push(fresh, j);
    }
    i++;
  }
  for (; i < stored.length; i++) {
    keepUnlessWithdrawn(i);
  }
  return { columns: result.columns, counts };
}

/** Knows which sample was pushed last, since that decides what may be said of a counter reset before the next. */
class ResultColumns {
  readonly columns = new RawColumns();
  private last = new Map<RawColumns, number>();

  push(from: RawColumns, at: number): void {
    this.columns.pushFrom(from, at, this.isNext(from, at));
    this.last = new Map([[from, at]]);
  }

  /** A sample that both have. */
  pushSame(stored: RawColumns, i: number, fresh: RawColumns, j: number): void {
    this.push(stored, i);
    this.last.set(fresh, j);
  }

  private isNext(from: RawColumns, at: number): boolean {
    return at === 0 ? this.columns.length === 0 : this.last.get(from) === at - 1;
  }
}
