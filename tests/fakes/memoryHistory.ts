import { splitGrid } from '../../pkg/core/archiveGrid';
import { PromkeepError } from '../../pkg/core/errors';
import { compileMatchers } from '../../pkg/core/matchLabels';
import { type Gap, type GridRead, type GridSamples, type RecordedHistory, type TimeRange } from '../../pkg/core/ports';
import { type Labels } from '../../pkg/core/series';

export interface RememberedQuery {
  expression: string;
  stepMs: number;
  covered: readonly TimeRange[];
  gaps: readonly Gap[];
  series: ReadonlyArray<{ labels: Labels | undefined; samples: ReadonlyMap<number, number> }>;
}

/** What is archived of recorded queries, in memory. */
export class MemoryHistory implements RecordedHistory {
  readonly reads: GridRead[] = [];

  /** @param check throws what the archive would */
  constructor(
    private readonly find: (name: string) => RememberedQuery | undefined,
    private readonly check: (signal: AbortSignal) => void = () => undefined
  ) {}

  async readGrid(read: GridRead, signal: AbortSignal): Promise<GridSamples | undefined> {
    this.check(signal);
    this.reads.push(read);
    const { query, grid, matchers } = read;
    const keeps = compileMatchers(matchers);
    const found = this.find(query.name);
    if (!found || found.expression !== query.expression || found.stepMs !== query.stepMs) {
      return undefined;
    }
    const { inside } = splitGrid(grid, found.covered);
    const isWanted = (timeMs: number): boolean =>
      (timeMs - grid.startMs) % grid.stepMs === 0 &&
      inside.some(({ fromMs, toMs }) => fromMs <= timeMs && timeMs <= toMs);
    const series = found.series
      .filter(({ labels }) => keeps(labels))
      .map(({ labels, samples }) => ({
        labels,
        entries: [...samples].filter(([timeMs]) => isWanted(timeMs)).sort(([a], [b]) => a - b),
      }))
      .filter(({ entries }) => entries.length > 0);
    return {
      covered: inside,
      gaps: found.gaps.filter(({ fromMs, toMs }) => fromMs <= grid.endMs && toMs >= grid.startMs),
      series: series.map(({ labels, entries }) => ({
        labels,
        timesMs: Float64Array.from(entries, ([timeMs]) => timeMs),
        values: Float64Array.from(entries, ([, value]) => value),
      })),
    };
  }

  async seriesLabels(
    { name, range, limit }: Parameters<RecordedHistory['seriesLabels']>[0],
    signal: AbortSignal
  ): Promise<Labels[]> {
    this.check(signal);
    const found = this.find(name);
    if (!found) {
      throw new PromkeepError('NOT_FOUND', `There is no recorded query ${name}.`);
    }
    const isWanted = (timeMs: number): boolean =>
      range.fromMs <= timeMs &&
      timeMs <= range.toMs &&
      found.covered.some(({ fromMs, toMs }) => fromMs <= timeMs && timeMs <= toMs);
    return found.series
      .filter(({ samples }) => [...samples.keys()].some(isWanted))
      .slice(0, limit)
      .map(({ labels }) => labels ?? {});
  }
}
