import { compareCodePoints } from '../../../src/contract/standardRecord';
import { type Field, type Frame } from './frame';
import { executedMeta, type QueryContext } from '../query/queryMeta';
import { type ExemplarSeries } from '../model/series';

type Exemplar = ExemplarSeries['exemplars'][number];

/**
 * The exemplars of all series as one frame [Q3.4], thinned per step so that a panel is not covered with dots unless
 * all of them are asked for; no frame when there are none.
 */
export function exemplarFrames(
  series: readonly ExemplarSeries[],
  context: QueryContext & { allExemplars?: boolean }
): Frame[] {
  const all = series.flatMap(flatten);
  if (all.length === 0) {
    return [];
  }
  const columns = [...new Set(all.flatMap(({ labels }) => Object.keys(labels)))].sort(compareCodePoints);
  const kept = context.allExemplars ? byTime(all) : sampleExemplars(all, context.stepMs);
  const fields: Field[] = [
    { name: 'Time', type: 'time', values: Float64Array.from(kept, ({ timeMs }) => timeMs) },
    { name: 'Value', type: 'number', values: Float64Array.from(kept, ({ value }) => value) },
    ...columns.map((name): Field => ({ name, type: 'string', values: kept.map(({ labels }) => labels[name] ?? '') })),
  ];
  return [{ name: 'exemplar', fields, meta: executedMeta(context, { resultType: 'exemplar' }) }];
}

/**
 * Keeps, per step, the highest value and each further one that lies more than two standard deviations below the last kept.
 * Grafana's rule; times ascend in the result.
 */
export function sampleExemplars<T extends { timeMs: number; value: number }>(all: readonly T[], stepMs: number): T[] {
  const apart = 2 * standardDeviation(all.map(({ value }) => value));
  const buckets = Map.groupBy(all, ({ timeMs }) => Math.floor(timeMs / stepMs));
  return byTime([...buckets.values()].flatMap((members) => thinOut(members, apart)));
}

function byTime<T extends { timeMs: number }>(exemplars: readonly T[]): T[] {
  return [...exemplars].sort((a, b) => a.timeMs - b.timeMs);
}

function thinOut<T extends { value: number }>(members: readonly T[], apart: number): T[] {
  const [first, ...rest] = [...members].sort((a, b) => b.value - a.value);
  const kept = [first];
  for (const member of rest) {
    if (apart > 0 && kept[kept.length - 1].value - member.value > apart) {
      kept.push(member);
    }
  }
  return kept;
}

/** Sample standard deviation (n - 1), by Welford's method; 0 for fewer than two values. */
function standardDeviation(values: readonly number[]): number {
  let mean = 0;
  let squares = 0;
  values.forEach((value, i) => {
    const delta = value - mean;
    mean += delta / (i + 1);
    squares += delta * (value - mean);
  });
  return values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1));
}

/** The series' labels, overridden by the exemplar's own. */
function flatten({ labels, exemplars }: ExemplarSeries): Exemplar[] {
  return exemplars.map((exemplar) => ({ ...exemplar, labels: { ...labels, ...exemplar.labels } }));
}
