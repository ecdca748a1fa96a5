import { findGaps } from '../../pkg/core/collect/collectGrid';
import { PromkeepError } from '../../pkg/core/model/errors';
import { type TimeRange } from '../../pkg/core/model/timeRange';
import { type Definition } from '../../pkg/core/ports/definitions';
import { type RollupState } from '../../pkg/core/ports/history';
import { type Coverage, type Gap, type Ledger, type LedgerEntry } from '../../pkg/core/ports/ledger';

/** What is known of one recorded query's current version. */
export interface LedgerRow {
  definition: Definition;
  /** Of earlier versions. */
  earlier: Definition[];
  paused: boolean;
  deleted: boolean;
  covered: TimeRange[];
  /** Of what was covered: its samples have expired, and rollups speak for them. */
  expired: TimeRange[];
  stored: RollupState['stored'];
  gaps: Gap[];
}

/** A ledger in memory. */
export class MemoryLedger implements Ledger {
  readonly rows = new Map<string, LedgerRow>();

  /** @param check throws what the archive would, also for an epoch that is outdated */
  constructor(private readonly check: (epoch?: number) => void = () => undefined) {}

  /** The gaps of the recorded queries, by name. */
  get gaps(): Map<string, Gap[]> {
    return new Map([...this.rows].map(([name, { gaps }]) => [name, gaps]));
  }

  /** What the definitions say from now on. */
  define(definition: Definition, paused = false): void {
    const known = this.rows.get(definition.name);
    if (!known) {
      this.rows.set(definition.name, { definition, earlier: [], paused, deleted: false, ...nothing() });
      return;
    }
    Object.assign(known, { paused, deleted: false });
    if (!isSame(known.definition, definition)) {
      known.earlier.push(known.definition);
      Object.assign(known, nothing());
    }
    known.definition = definition;
  }

  delete(name: string): void {
    this.rowOf(name).deleted = true;
  }

  /** Samples up to this time expire; stored rollups speak for them from then on. */
  expire(name: string, untilMs: number, stored: RollupState['stored']): void {
    const row = this.rowOf(name);
    const gone = row.covered.filter(({ fromMs }) => fromMs <= untilMs);
    row.expired.push(...gone.map(({ fromMs, toMs }) => ({ fromMs, toMs: Math.min(toMs, untilMs) })));
    row.covered = row.covered.flatMap(({ fromMs, toMs }) =>
      toMs > untilMs ? [{ fromMs: Math.max(fromMs, untilMs + row.definition.stepMs), toMs }] : []
    );
    row.stored = stored;
  }

  async coverage(name: string): Promise<TimeRange[]> {
    this.check();
    return [...(this.rows.get(name)?.covered ?? [])];
  }

  async entries(): Promise<LedgerEntry[]> {
    this.check();
    return this.list();
  }

  list(): LedgerEntry[] {
    return [...this.rows.values()]
      .filter(({ deleted }) => !deleted)
      .map(({ definition: { name, expression, stepMs, retention, raw }, paused, covered, gaps }) => ({
        ...{ name, expression, stepMs, retention, paused, ...(raw ? { raw } : {}) },
        covered: [...covered],
        gaps: [...gaps],
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async noteGap(name: string, gap: Gap, epoch?: number): Promise<void> {
    this.check(epoch);
    addGap(this.rowOf(name), gap);
  }

  async cover({ definition, covered, gaps, epoch }: Coverage): Promise<void> {
    this.check(epoch);
    const known = this.rows.get(definition.name);
    if (known?.deleted || known?.earlier.some((one) => isSame(one, definition))) {
      throw new PromkeepError('ARCHIVE_QUERY_CHANGED', `The recorded query ${definition.name} was changed.`);
    }
    if (known) {
      requireKind(known.definition, definition);
    }
    if (!known || !isSame(known.definition, definition)) {
      this.define(definition);
    }
    const row = this.rowOf(definition.name);
    row.covered = joinRanges([...row.covered, ...covered], definition.stepMs);
    row.gaps = row.gaps.flatMap((gap) => cutGap(gap, row.covered, definition.stepMs));
    gaps.forEach((gap) => addGap(row, gap));
  }

  private rowOf(name: string): LedgerRow {
    const row = this.rows.get(name);
    if (!row || row.deleted) {
      throw new PromkeepError('NOT_FOUND', `The archive knows no recorded query ${JSON.stringify(name)}`);
    }
    return row;
  }
}

/** A name is that of one kind of definition only. */
export function requireKind(known: Definition, definition: Definition): void {
  if ((known.raw ?? false) !== (definition.raw ?? false)) {
    throw new PromkeepError('CONFLICT', `${definition.name} is of the other kind already.`);
  }
}

function nothing(): Pick<LedgerRow, 'covered' | 'expired' | 'stored' | 'gaps'> {
  return { covered: [], expired: [], stored: [], gaps: [] };
}

function isSame(one: Definition, other: Definition): boolean {
  return one.expression === other.expression && one.stepMs === other.stepMs;
}

/** The newest reason wins; gaps of one reason that touch join. */
function addGap(row: LedgerRow, gap: Gap): void {
  const { stepMs } = row.definition;
  const added = cutGap(gap, row.covered, stepMs);
  const same = row.gaps.filter(({ reason }) => reason === gap.reason);
  const joined = joinRanges([...same, ...added], stepMs).map((range): Gap => {
    const isNew = added.some(({ fromMs, toMs }) => fromMs <= range.toMs && toMs >= range.fromMs);
    const old = same.find(({ fromMs, toMs }) => fromMs <= range.toMs && toMs >= range.fromMs);
    return { ...(isNew ? gap : (old ?? gap)), ...range };
  });
  const others = row.gaps.filter(({ reason }) => reason !== gap.reason).flatMap((one) => cutGap(one, added, stepMs));
  row.gaps = [...others, ...joined].sort((a, b) => a.fromMs - b.fromMs);
}

function cutGap(gap: Gap, ranges: readonly TimeRange[], stepMs: number): Gap[] {
  return findGaps(gap, ranges, stepMs).map((part) => ({ ...gap, ...part }));
}

/** Ranges of grid points: two are one when no grid point lies between them. */
export function joinRanges(ranges: readonly TimeRange[], stepMs: number): TimeRange[] {
  const joined: TimeRange[] = [];
  for (const { fromMs, toMs } of [...ranges].sort((a, b) => a.fromMs - b.fromMs)) {
    const last = joined.at(-1);
    if (last && fromMs <= last.toMs + stepMs) {
      last.toMs = Math.max(last.toMs, toMs);
    } else {
      joined.push({ fromMs, toMs });
    }
  }
  return joined;
}
