import { mergeSamples } from '../../core/model/mergeSamples';
import { type Samples } from '../../core/model/series';

/** Samples of one series as they are stored, ascending in time. */
export interface StoredSamples extends Samples {
  /** Whether some of them lie in packed rows, which have to be taken apart before they can be changed. */
  packed: boolean;
}

export const NO_SAMPLES: StoredSamples = { timesMs: new Float64Array(0), values: new Float64Array(0), packed: false };

/** Merges pieces of one series; no time is in two of them, unless somebody put a sample beside its packed row. */
export function mergePieces(pieces: readonly StoredSamples[]): StoredSamples {
  return pieces.length === 1 ? pieces[0] : { ...mergeSamples(pieces), packed: pieces.some((piece) => piece.packed) };
}
