import { type Samples } from './series';

/**
 * Pieces of one series as one, ascending in time; a time that is in two of them is twice in it. They overlap where late samples lie beside a packed
 * row, and where Prometheus filled a hole of the archive.
 */
export function mergeSamples(pieces: readonly Samples[]): Samples {
  const filled = pieces.filter(({ timesMs }) => timesMs.length > 0).sort((a, b) => a.timesMs[0] - b.timesMs[0]);
  const count = filled.reduce((sum, { timesMs }) => sum + timesMs.length, 0);
  const timesMs = new Float64Array(count);
  const values = new Float64Array(count);
  let end = 0;
  for (const piece of filled) {
    timesMs.set(piece.timesMs, end);
    values.set(piece.values, end);
    end += piece.timesMs.length;
  }
  return inOrder({ timesMs, values });
}

/** The same samples, ascending in time. */
export function inOrder<T extends Samples>(samples: T): T {
  const order = orderOf(samples.timesMs);
  return order === undefined
    ? samples
    : { ...samples, timesMs: arrange(samples.timesMs, order), values: arrange(samples.values, order) };
}

/** Places in ascending order; `undefined` where nothing has to be moved. */
export function orderOf(times: Float64Array): Uint32Array | undefined {
  for (let i = 1; i < times.length; i++) {
    if (times[i - 1] > times[i]) {
      return Uint32Array.from(times, (_, place) => place).sort((a, b) => times[a] - times[b]);
    }
  }
  return undefined;
}

export function arrange(values: Float64Array, order: ArrayLike<number>): Float64Array {
  return Float64Array.from(order, (i) => values[i]);
}
