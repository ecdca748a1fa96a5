import { splitGrid } from '../../pkg/core/readback/seam';
import { BucketTally } from '../../pkg/core/readback/bucketTally';
import { PromkeepError } from '../../pkg/core/model/errors';
import { compileMatchers } from '../../pkg/core/matching/matchLabels';
import {
  type BucketRead,
  type GridRead,
  type GridSamples,
  type History,
  type RollupState,
} from '../../pkg/core/ports/history';
import { type TimeRange } from '../../pkg/core/model/timeRange';
import { servedTimes, splitBuckets } from '../../pkg/core/readback/rollupBuckets';
import { type Labels } from '../../pkg/core/model/series';
import { joinRanges, type LedgerRow, type MemoryLedger } from './memoryLedger';
import { type MemorySamples, type StoredSeries } from './memorySamples';

type Remembered = LedgerRow & { series: StoredSeries[] };

/** What is archived of recorded queries, in memory. */
export class MemoryHistory implements History {
  readonly reads: GridRead[] = [];
  readonly bucketReads: BucketRead[] = [];

  /** @param check throws what the archive would */
  constructor(
    private readonly ledger: Pick<MemoryLedger, 'rows'>,
    private readonly samples: Pick<MemorySamples, 'seriesOf'>,
    private readonly check: (signal: AbortSignal) => void
  ) {}

  async readGrid(read: GridRead, signal: AbortSignal): Promise<GridSamples | undefined> {
    this.check(signal);
    this.reads.push(read);
    const { query, grid, matchers } = read;
    const keeps = compileMatchers(matchers);
    const found = this.findSame(query);
    if (!found) {
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

  async rollups(query: GridRead['query'], range: TimeRange, signal: AbortSignal): Promise<RollupState | undefined> {
    this.check(signal);
    const found = this.findSame(query);
    if (!found) {
      return undefined;
    }
    const covered = joinRanges([...found.expired, ...found.covered], query.stepMs);
    const touched = found.expired.some(({ fromMs, toMs }) => fromMs <= range.toMs && toMs >= range.fromMs);
    return { covered, expired: [...found.expired], stored: touched ? found.stored : [] };
  }

  async readBuckets(read: BucketRead, signal: AbortSignal): Promise<GridSamples | undefined> {
    const { startMs, endMs } = read.grid;
    const state = await this.rollups(read.query, { fromMs: startMs - read.widthMs, toMs: endMs }, signal);
    this.bucketReads.push(read);
    const { query, grid, matchers, widthMs, aggregate } = read;
    const keeps = compileMatchers(matchers);
    const found = this.find(query.name);
    if (!state || !found) {
      return undefined;
    }
    const { inside } = splitBuckets(grid, servedTimes(state, widthMs), widthMs, query.stepMs);
    const isEnd = (timeMs: number): boolean =>
      (timeMs - grid.startMs) % grid.stepMs === 0 &&
      inside.some(({ fromMs, toMs }) => fromMs <= timeMs && timeMs <= toMs);
    const series = found.series
      .filter(({ labels }) => keeps(labels))
      .flatMap(({ labels, samples }) => {
        const entries = [...samples].sort(([a], [b]) => a - b);
        const tally = new BucketTally(widthMs);
        const timesMs = Float64Array.from(entries, ([timeMs]) => timeMs);
        tally.add([{ labels, timesMs, values: Float64Array.from(entries, ([, value]) => value) }]);
        return tally.series(aggregate, isEnd);
      });
    const gaps = found.gaps.filter(({ fromMs, toMs }) => fromMs <= grid.endMs && toMs > grid.startMs - widthMs);
    return { covered: inside, gaps, series };
  }

  async seriesLabels(
    { name, range, limit }: Parameters<History['seriesLabels']>[0],
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
      [...found.covered, ...found.expired].some(({ fromMs, toMs }) => fromMs <= timeMs && timeMs <= toMs);
    return found.series
      .filter(({ samples }) => [...samples.keys()].some(isWanted))
      .slice(0, limit)
      .map(({ labels }) => labels ?? {});
  }

  private find(name: string): Remembered | undefined {
    const row = this.ledger.rows.get(name);
    return row && !row.deleted ? { ...row, series: this.samples.seriesOf({ kind: 'recorded', name }) } : undefined;
  }

  private findSame({ name, expression, stepMs }: GridRead['query']): Remembered | undefined {
    const found = this.find(name);
    return found?.definition.expression === expression && found.definition.stepMs === stepMs ? found : undefined;
  }
}
