import { type HistorySeries } from '../../contract/archivePage';
import { type ChartScale } from './chartScale';

/** Without a point for so many buckets a line ends: nobody knows what was between. */
const BREAK_AFTER_BUCKETS = 1.6;

export interface SeriesPaths {
  line: string;
  /** Values without a neighbour: a line of no length, to be drawn thick with round caps. */
  dots: string;
  /** Between the lowest and the highest value of each bucket; empty when there is one sample a bucket. */
  band: string;
}

/** SVG path data of one series. A gap interrupts both; a value between two gaps is a dot, drawn by the line's round caps. */
export function seriesPaths(series: HistorySeries, scale: ChartScale, bucketMs: number): SeriesPaths {
  const runs = runsOf(series, bucketMs);
  const point = (i: number, value: number | null | undefined): string =>
    `${scale.x(series.timesMs[i] + bucketMiddle(series, bucketMs)).toFixed(1)} ${scale.y(value ?? 0).toFixed(1)}`;
  const line = runs.map((run) => {
    const points = run.map((i) => point(i, series.values[i]));
    return `M${points.join('L')}${points.length === 1 ? 'h0' : ''}`;
  });
  const dots = runs.filter(({ length }) => length === 1).map(([i]) => `M${point(i, series.values[i])}h0`);
  const { min, max } = series;
  const band =
    min && max
      ? runs
          .filter((run) => run.length > 1)
          .map((run) => {
            const upper = run.map((i) => point(i, max[i]));
            const lower = [...run].reverse().map((i) => point(i, min[i]));
            return `M${upper.join('L')}L${lower.join('L')}Z`;
          })
      : [];
  return { line: line.join(''), dots: dots.join(''), band: band.join('') };
}

/** Buckets begin at their time; what they tell lies around their middle. */
export function bucketMiddle({ min }: HistorySeries, bucketMs: number): number {
  return min ? bucketMs / 2 : 0;
}

/** Positions of values that follow each other without a gap. */
function runsOf({ timesMs, values }: HistorySeries, bucketMs: number): number[][] {
  const runs: number[][] = [];
  let lastMs = -Infinity;
  for (let i = 0; i < timesMs.length; i++) {
    if (values[i] === null) {
      lastMs = -Infinity;
      continue;
    }
    if (timesMs[i] - lastMs > bucketMs * BREAK_AFTER_BUCKETS) {
      runs.push([]);
    }
    runs[runs.length - 1].push(i);
    lastMs = timesMs[i];
  }
  return runs;
}
