import { type TimeRange } from '../../core/model/timeRange';
import { type SampleColumns, type SampleRun } from './sampleRuns';

export interface Samples {
  timesMs: ArrayLike<number>;
  values: ArrayLike<number>;
}

/** What has to happen so that the archive holds exactly the new answer. */
export interface SampleChanges {
  /** At most one run a series: an answer of a million new samples is not copied. */
  inserts: SampleRun[];
  insertCount: number;
  updates: SampleColumns;
  deletes: SampleColumns;
  unchanged: number;
}

export function noChanges(): SampleChanges {
  return { inserts: [], insertCount: 0, updates: columns(), deletes: columns(), unchanged: 0 };
}

/**
 * Merges two ascending lists of samples of one series and notes the differences. A time that is stored twice (only by
 * somebody's hand: in a packed row and beside it) counts as changed, since taking the row apart is what leaves one of them.
 *
 * @param trusted whether the new answer may change what is stored at this time; where it may not (the answer is known to be
 * partial, or the source to have lost the data) it only adds
 */
export function diffSamples(
  changes: SampleChanges,
  stored: Samples,
  fresh: SampleRun,
  trusted: (timeMs: number) => boolean
): void {
  if (stored.timesMs.length === 0) {
    insert(changes, fresh);
    return;
  }
  const { seriesId } = fresh;
  const added: number[] = [];
  let old = 0;
  for (let i = 0; i < fresh.timesMs.length; i++) {
    const timeMs = fresh.timesMs[i];
    for (; old < stored.timesMs.length && stored.timesMs[old] < timeMs; old = afterTime(stored, old)) {
      withdraw(changes, seriesId, stored.timesMs[old], trusted);
    }
    if (old === stored.timesMs.length || stored.timesMs[old] > timeMs) {
      added.push(i);
      continue;
    }
    const next = afterTime(stored, old);
    // Object.is: NaN equals NaN, -0 differs from 0. Comparing with === would get both wrong.
    if ((Object.is(stored.values[old], fresh.values[i]) && next === old + 1) || !trusted(timeMs)) {
      changes.unchanged++;
    } else {
      push(changes.updates, seriesId, timeMs, fresh.values[i]);
    }
    old = next;
  }
  for (; old < stored.timesMs.length; old = afterTime(stored, old)) {
    withdraw(changes, seriesId, stored.timesMs[old], trusted);
  }
  insert(changes, {
    seriesId,
    timesMs: Float64Array.from(added, (i) => fresh.timesMs[i]),
    values: Float64Array.from(added, (i) => fresh.values[i]),
  });
}

function insert(changes: SampleChanges, run: SampleRun): void {
  if (run.timesMs.length > 0) {
    changes.inserts.push(run);
    changes.insertCount += run.timesMs.length;
  }
}

/** Where the samples of the next time begin. */
function afterTime({ timesMs }: Samples, at: number): number {
  let next = at + 1;
  while (next < timesMs.length && timesMs[next] === timesMs[at]) {
    next++;
  }
  return next;
}

/** A predicate: whether a time lies in none of the ranges. */
export function outsideOf(ranges: readonly TimeRange[]): (timeMs: number) => boolean {
  return (timeMs) => !ranges.some(({ fromMs, toMs }) => timeMs >= fromMs && timeMs <= toMs);
}

function withdraw(
  changes: SampleChanges,
  seriesId: number,
  timeMs: number,
  trusted: (timeMs: number) => boolean
): void {
  if (trusted(timeMs)) {
    push(changes.deletes, seriesId, timeMs, 0);
  }
}

function push(target: SampleColumns, seriesId: number, timeMs: number, value: number): void {
  target.seriesIds.push(seriesId);
  target.timesMs.push(timeMs);
  target.values.push(value);
}

function columns(): SampleColumns {
  return { seriesIds: [], timesMs: [], values: [] };
}
