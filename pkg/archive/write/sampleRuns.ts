/** Samples of one series, ascending in time. The arrays may be parts of an answer's: nobody changes them. */
export interface SampleRun {
  seriesId: number;
  timesMs: Float64Array;
  values: Float64Array;
}

/** Samples of many series as columns. */
export interface SampleColumns {
  seriesIds: number[];
  timesMs: number[];
  values: number[];
}

export function countSamples(runs: readonly SampleRun[]): number {
  return runs.reduce((sum, { timesMs }) => sum + timesMs.length, 0);
}

export function toColumns(runs: readonly SampleRun[]): SampleColumns {
  const columns: SampleColumns = { seriesIds: [], timesMs: [], values: [] };
  for (const { seriesId, timesMs, values } of runs) {
    for (let i = 0; i < timesMs.length; i++) {
      columns.seriesIds.push(seriesId);
      columns.timesMs.push(timesMs[i]);
      columns.values.push(values[i]);
    }
  }
  return columns;
}

/** Parts of at most as many samples, in their order; none where there are none. No sample is copied. */
export function* splitRuns(runs: readonly SampleRun[], limit: number): Generator<SampleRun[]> {
  let part: SampleRun[] = [];
  let room = limit;
  for (const run of runs) {
    const count = run.timesMs.length;
    for (let from = 0; from < count;) {
      const to = Math.min(count, from + room);
      // Views are dear: a live write has thousands of runs of one sample.
      part.push(to - from === count ? run : sliceRun(run, from, to));
      room -= to - from;
      from = to;
      if (room === 0) {
        yield part;
        part = [];
        room = limit;
      }
    }
  }
  if (part.length > 0) {
    yield part;
  }
}

export function sliceRun({ seriesId, timesMs, values }: SampleRun, from: number, to: number): SampleRun {
  return { seriesId, timesMs: timesMs.subarray(from, to), values: values.subarray(from, to) };
}

/** Place of the first time that is not before `endMs`, given that the one at `from` is; mostly there is none. */
export function firstNotBefore(timesMs: Float64Array, from: number, endMs: number): number {
  let to = timesMs[timesMs.length - 1] < endMs ? timesMs.length : from + 1;
  while (to < timesMs.length && timesMs[to] < endMs) {
    to++;
  }
  return to;
}
