import { type QueryIdentity, type RangeWrite } from '../../pkg/core/ports/sampleStore';
import { type Labels, type Series } from '../../pkg/core/model/series';
import { T0 } from './archiveServers';

export const STEP = 15_000;
export const CPU: QueryIdentity = { kind: 'recorded', name: 'cpu' };

/** A write of `series` over the range they span from `T0`; times are on the grid. */
export function writing(series: Series[], overrides: Partial<RangeWrite> = {}): RangeWrite {
  const lastMs = series.reduce((last, { timesMs }) => Math.max(last, timesMs.at(-1) ?? T0), T0);
  const query = overrides.query ?? CPU;
  return {
    query,
    range: { fromMs: T0, toMs: lastMs },
    series,
    queryName: query.kind === 'recorded' ? query.name : query.expression,
    retention: '1y',
    provenance: { expression: 'up', stepMs: STEP, fetchedAtMs: T0, prometheusVersion: '2.53.0', warnings: [] },
    covered: [],
    gaps: [],
    ...overrides,
  };
}

export function gridSeries(labels: Labels | undefined, values: number[], fromMs = T0): Series {
  return {
    labels,
    timesMs: Float64Array.from(values, (_, i) => fromMs + i * STEP),
    values: Float64Array.from(values),
  };
}

/** Many series with distinct labels. */
export function manySeries(count: number, points: number, value: (series: number, point: number) => number): Series[] {
  return Array.from({ length: count }, (_, n) =>
    gridSeries(
      { __name__: 'm', n: String(n) },
      Array.from({ length: points }, (_unused, i) => value(n, i))
    )
  );
}
