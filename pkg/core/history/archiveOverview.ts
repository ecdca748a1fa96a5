import { type ArchiveGap, type ArchiveOverview, type RecordedOverview } from '../../../src/contract/archivePage';
import { type SummaryMetric } from '../../../src/contract/summary';
import { DATASOURCE_METRICS } from '../summary/summaryPresets';
import { countAllPoints, floorToGrid } from '../collect/collectGrid';
import { expectedMs, reportGaps, type GapReport } from './gapReport';
import { type Archive, type ArchiveStatus, type Uses } from '../ports/archive';
import { type Clock } from '../ports/clock';
import { type LedgerEntry } from '../ports/ledger';
import { withResults } from '../matching/matchDefinition';
import { retentionMs } from '../model/retention';

export interface OverviewDeps {
  archive: Pick<Archive, 'status'> & Uses<{ lease: 'current'; ledger: 'entries'; history: 'seriesLabels' }>;
  clock: Clock;
  /** Age at which a time is due. */
  settleMs: number;
  /** As `reportGaps`. */
  rawPieceMs?: number;
  /** Why raw series cannot be collected, if so. Never rejects, and does not take long. */
  rawWarning?(): Promise<string | undefined>;
  /** Holes older than this are not asked for again. */
  refillWindowMs: number;
  /** This program among the archivers of the source. */
  holder: string;
  /** Lend names to the recorded queries that have the same expression. */
  metrics: readonly SummaryMetric[];
}

/** Of one recorded query; the newest. */
const MOST_GAPS = 50;
/** Counting samples may take seconds: the number is kept for so many times as long as counting took. */
const TOTALS_TIMES = 20;
const TOTALS_AT_LEAST_MS = 5_000;
const SERIES_PATIENCE_MS = 5_000;
/** All charts of a page ask within this time. */
const LEDGER_FOR_MS = 4_000;

/** The archive as a person looks at it. What is asked for by many at once is read once. */
export class ArchiveOverviewReader {
  private totals: { untilMs: number; status: Promise<ArchiveStatus> } | undefined;
  private entries: { untilMs: number; ledger: Promise<LedgerEntry[]> } | undefined;
  /** Recorded queries that had a series at some time, by name and expression: that stays so. */
  private readonly withSeries = new Set<string>();

  constructor(private readonly deps: OverviewDeps) {}

  async read(): Promise<ArchiveOverview> {
    const [status, lease, ledger, warning] = await Promise.all([
      this.status(),
      this.deps.archive.lease.current(),
      this.ledger(),
      this.deps.rawWarning?.(),
    ]);
    const { samples, series, bytes } = status;
    const leads = lease.holder !== '' && lease.expiresInMs > 0;
    return {
      timeMs: this.deps.clock.nowMs(),
      samples,
      series,
      bytes,
      ...(leads ? { leader: { name: lease.holder, isThis: lease.holder === this.deps.holder } } : {}),
      ...(warning === undefined ? {} : { warning }),
      queries: await Promise.all(
        inOrderOf(this.deps.metrics, ledger).map(async (entry) => ({
          ...describeEntry(this.deps, entry),
          ...(await this.seriesOf(entry)),
        }))
      ),
    };
  }

  /** "Complete" says nothing where there never was anything to record. */
  private async seriesOf({ name, expression, covered }: LedgerEntry): Promise<{ hasSeries?: boolean }> {
    const key = JSON.stringify([name, expression]);
    if (covered.length === 0) {
      return {};
    }
    if (!this.withSeries.has(key)) {
      const range = { fromMs: covered[0].fromMs, toMs: covered[covered.length - 1].toMs };
      const signal = AbortSignal.timeout(SERIES_PATIENCE_MS);
      const labels = await this.deps.archive.history.seriesLabels({ name, range, limit: 1 }, signal);
      if (labels.length === 0) {
        return { hasSeries: false };
      }
      this.withSeries.add(key);
    }
    return { hasSeries: true };
  }

  /** Of what can be drawn. Rejects with what the database said; a failure is not remembered. */
  ledger(): Promise<LedgerEntry[]> {
    const nowMs = this.deps.clock.nowMs();
    if (this.entries === undefined || nowMs >= this.entries.untilMs) {
      const ledger = this.deps.archive.ledger.entries().then(withResults);
      this.entries = { untilMs: nowMs + LEDGER_FOR_MS, ledger };
      ledger.catch(() => (this.entries = undefined));
    }
    return this.entries.ledger;
  }

  private status(): Promise<ArchiveStatus> {
    const nowMs = this.deps.clock.nowMs();
    if (this.totals === undefined || nowMs >= this.totals.untilMs) {
      const totals = { untilMs: Infinity, status: this.deps.archive.status() };
      this.totals = totals;
      totals.status.then(
        () => {
          const doneMs = this.deps.clock.nowMs();
          totals.untilMs = doneMs + Math.max(TOTALS_AT_LEAST_MS, (doneMs - nowMs) * TOTALS_TIMES);
        },
        () => (this.totals = undefined)
      );
    }
    return this.totals.status;
  }
}

/** The metric a recorded query was made for, by its expression. */
export function metricOf(
  metrics: readonly SummaryMetric[],
  { name, expression }: Pick<LedgerEntry, 'name' | 'expression'>
): SummaryMetric | undefined {
  return metrics.find(({ key, expr }) => key === name && expr === expression);
}

/** What a recorded query is called: as the metric it records, also one of a preset that is not chosen. */
export function namesOf(
  metrics: readonly SummaryMetric[],
  entry: Pick<LedgerEntry, 'name' | 'expression'>
): Pick<RecordedOverview, 'name' | 'displayName' | 'metricKey'> {
  const { name, expression } = entry;
  const metric = metricOf(metrics, entry) ?? DATASOURCE_METRICS.find(({ expr }) => expr === expression);
  return metric ? { name, displayName: metric.displayName, metricKey: metric.key } : { name, displayName: name };
}

/** As the tiles, then what has none. */
function inOrderOf(metrics: readonly SummaryMetric[], ledger: readonly LedgerEntry[]): LedgerEntry[] {
  const place = (entry: LedgerEntry): number => {
    const metric = metricOf(metrics, entry);
    return metric ? metrics.indexOf(metric) : metrics.length;
  };
  return [...ledger].sort((a, b) => place(a) - place(b));
}

export function describeEntry(deps: OverviewDeps, entry: LedgerEntry): RecordedOverview {
  const { expression, stepMs, retention, paused, covered, gaps } = entry;
  const dueMs = floorToGrid(expectedMs(entry, deps.clock.nowMs() - deps.settleMs, deps.rawPieceMs), stepMs);
  const newestMs = covered.at(-1)?.toMs;
  const holes = holesOf(deps, entry);
  const answeredMs = Math.max(newestMs ?? 0, gaps.at(-1)?.toMs ?? 0);
  return {
    ...namesOf(deps.metrics, entry),
    expression,
    stepMs,
    retention,
    paused,
    ...(newestMs === undefined ? {} : { firstMs: covered[0].fromMs, newestMs }),
    lagMs: paused || answeredMs === 0 ? 0 : Math.max(0, dueMs - answeredMs),
    ...coverageOf(entry, reportOf(deps, entry)),
    gaps: holes.slice(0, MOST_GAPS),
    gapCount: holes.length,
  };
}

/** What the archive lacks of a recorded query and whether that may still change, newest first. */
export function holesOf(deps: OverviewDeps, entry: LedgerEntry): ArchiveGap[] {
  const keptMs = retentionMs(entry.retention) ?? Infinity;
  const oldestMs = deps.clock.nowMs() - Math.min(deps.refillWindowMs, keptMs);
  return reportOf(deps, entry)
    .missing.map(({ fromMs, toMs, reason, detail }) => ({
      fromMs,
      toMs,
      reason,
      ...(detail === undefined ? {} : { detail }),
      outlook: entry.paused ? ('paused' as const) : toMs < oldestMs ? ('too-old' as const) : ('retried' as const),
    }))
    .reverse();
}

function reportOf({ clock, settleMs, rawPieceMs }: OverviewDeps, entry: LedgerEntry): GapReport {
  return reportGaps(entry, clock.nowMs() - settleMs, rawPieceMs);
}

function coverageOf({ covered, stepMs }: LedgerEntry, { missing }: GapReport): { coverage?: number } {
  const has = countAllPoints(covered, stepMs);
  const lacks = missing.reduce((sum, { points }) => sum + points, 0);
  return has + lacks > 0 ? { coverage: has / (has + lacks) } : {};
}
