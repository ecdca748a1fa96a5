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

type Calculate = (samples: readonly Sample[], timesMs?: ArrayLike<number>) => number | undefined;

const CALCULATE: Readonly<Record<Calculation, Calculate>> = {
  last: (samples) => samples[samples.length - 1].value,
  min: (samples) => samples.reduce((least, { value }) => Math.min(least, value), Infinity),
  max: (samples) => samples.reduce((most, { value }) => Math.max(most, value), -Infinity),
  mean: meanOf,
  median: (samples) => quantile(samples, 0.5),
  p95: (samples) => quantile(samples, 0.95),
  sum: sumOf,
  rate: rateOf,
};

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
  return samples.length === 0 ? undefined : CALCULATE[calculation](samples, timesMs);
}

/** Lowest and highest value; infinities without samples. */
export function rangeOf(samples: readonly Sample[]): { min: number; max: number } {
  let [min, max] = [Infinity, -Infinity];
  for (const { value } of samples) {
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  return { min, max };
}

export function meanOf(samples: readonly Sample[]): number {
  return sumOf(samples) / samples.length;
}

function sumOf(samples: readonly Sample[]): number {
  return samples.reduce((sum, { value }) => sum + value, 0);
}

function rateOf(samples: readonly Sample[], timesMs: ArrayLike<number> | undefined): number | undefined {
  const [first, last] = [samples[0], samples[samples.length - 1]];
  const seconds = timesMs ? (timesMs[last.index] - timesMs[first.index]) / 1000 : 0;
  return seconds > 0 ? (last.value - first.value) / seconds : undefined;
}

/** Linear interpolation between the two nearest ranks, as PromQL's `quantile_over_time`. */
function quantile(samples: readonly Sample[], share: number): number {
  const sorted = samples.map(({ value }) => value).sort((a, b) => a - b);
  const rank = share * (sorted.length - 1);
  const low = Math.floor(rank);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (rank - low);
}
