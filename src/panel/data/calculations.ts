export const CALCULATIONS = ['last', 'min', 'max', 'mean', 'median', 'p95', 'sum', 'rate'] as const;
export type Calculation = (typeof CALCULATIONS)[number];

/** A finite value and its place in the field. Gaps (null, NaN, infinities) are not samples. */
export interface Sample {
  value: number;
  index: number;
}

/** The finite values of a field, in order. */
export function finiteSamples(values: ArrayLike<unknown>): Sample[] {
  const samples: Sample[] = [];
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (typeof value === 'number' && Number.isFinite(value)) {
      samples.push({ value, index });
    }
  }
  return samples;
}

/**
 * One number from many. `rate` is the mean change per second and needs times.
 *
 * @param timesMs Unix milliseconds of the field's rows
 * @returns `undefined` without samples (Grafana's reducers give 0 for an empty sum, which would be a lie)
 */
export function calculate(
  calculation: Calculation,
  samples: readonly Sample[],
  timesMs?: ArrayLike<number>
): number | undefined {
  if (samples.length === 0) {
    return undefined;
  }
  switch (calculation) {
    case 'last':
      return samples[samples.length - 1].value;
    case 'min':
      return samples.reduce((least, { value }) => Math.min(least, value), Infinity);
    case 'max':
      return samples.reduce((most, { value }) => Math.max(most, value), -Infinity);
    case 'sum':
      return sumOf(samples);
    case 'mean':
      return sumOf(samples) / samples.length;
    case 'median':
      return quantile(samples, 0.5);
    case 'p95':
      return quantile(samples, 0.95);
    case 'rate':
      return rateOf(samples, timesMs);
  }
}

function rateOf(samples: readonly Sample[], timesMs: ArrayLike<number> | undefined): number | undefined {
  const [first, last] = [samples[0], samples[samples.length - 1]];
  const seconds = timesMs ? (timesMs[last.index] - timesMs[first.index]) / 1000 : 0;
  return seconds > 0 ? (last.value - first.value) / seconds : undefined;
}

function sumOf(samples: readonly Sample[]): number {
  return samples.reduce((sum, { value }) => sum + value, 0);
}

/** Linear interpolation between the two nearest ranks, as PromQL's `quantile_over_time`. */
function quantile(samples: readonly Sample[], share: number): number {
  const sorted = samples.map(({ value }) => value).sort((a, b) => a - b);
  const rank = share * (sorted.length - 1);
  const low = Math.floor(rank);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (rank - low);
}
