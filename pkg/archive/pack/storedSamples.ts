/** Samples of one series as they are stored, ascending in time. */
export interface StoredSamples {
  timesMs: Float64Array;
  values: Float64Array;
  /** Whether some of them lie in packed rows, which have to be taken apart before they can be changed. */
  packed: boolean;
}

export const NO_SAMPLES: StoredSamples = { timesMs: new Float64Array(0), values: new Float64Array(0), packed: false };

/** Merges pieces of one series; no time is in two of them. */
export function mergePieces(pieces: readonly StoredSamples[]): StoredSamples {
  if (pieces.length === 1) {
    return pieces[0];
  }
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
  // Pieces overlap where late samples lie beside a packed row.
  return inOrder({ timesMs, values, packed: pieces.some((piece) => piece.packed) });
}

/** An index gives samples in order of time; a plan that reads the table from front to back may not. */
export function inOrder(samples: StoredSamples): StoredSamples {
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

export function arrange(values: Float64Array, order: Uint32Array): Float64Array {
  return Float64Array.from(order, (i) => values[i]);
}
