import { type RecordingAmount, type RecordingAmounts } from '../../../src/contract/recordedQuery';
import { type StoredDefinition, type Definition } from '../ports/definitions';
import { amountOf, inWords, NOTHING, quotaExceeded, together } from '../manage/recordingQuota';

type Ranked = Pick<StoredDefinition, 'name' | 'provisioned' | 'createdAtMs' | 'stepMs'>;

/**
 * The limits of recorded queries while they are recorded: a query may return more than when it was made, and a limit may be
 * lowered. Who was first goes first, so that it is always the same ones that are left out; the queries of a config file are
 * the operator's own word: they come before all others, count, and are never refused.
 */
export class RecordingAllowance {
  private ranked: Ranked[] = [];
  private readonly returned = new Map<string, { series: number; perDay?: number }>();
  private elsewhere = NOTHING;

  constructor(private readonly limits: RecordingAmounts) {}

  /** @param queries those that are recorded now */
  define(queries: readonly Ranked[]): void {
    this.ranked = [...queries].sort(
      (a, b) =>
        Number(b.provisioned) - Number(a.provisioned) ||
        a.createdAtMs - b.createdAtMs ||
        (a.name < b.name ? -1 : Number(a.name > b.name))
    );
    const names = new Set(queries.map(({ name }) => name));
    [...this.returned.keys()].filter((name) => !names.has(name)).forEach((name) => this.returned.delete(name));
  }

  /** Notes what the other sources of the organisation take. */
  note({ source, organisation }: RecordingAmounts): void {
    this.elsewhere = {
      queries: organisation.queries - source.queries,
      series: organisation.series - source.series,
      samplesPerDay: organisation.samplesPerDay - source.samplesPerDay,
    };
  }

  /**
   * Throws `LIMIT_EXCEEDED` when an answer with so many series may not be written.
   *
   * @param perDay samples in a day; absent: one a series at each time of the grid
   */
  admit({ name }: Pick<Definition, 'name'>, series: number, perDay?: number): void {
    this.returned.set(name, { series, perDay });
    let taken = NOTHING;
    for (const query of this.ranked) {
      const would = together(taken, this.amountOf(query));
      const excess = query.provisioned ? undefined : this.excessOf(would);
      if (query.name === name) {
        if (excess) {
          throw quotaExceeded(excess.would, excess.limit);
        }
        return;
      }
      taken = excess ? taken : would;
    }
  }

  private amountOf({ name, stepMs }: Ranked): RecordingAmount {
    const { series, perDay } = this.returned.get(name) ?? { series: 0 };
    const amount = amountOf(series, stepMs);
    return perDay === undefined ? amount : { ...amount, samplesPerDay: perDay };
  }

  private excessOf(would: RecordingAmount): { would: string; limit: number } | undefined {
    const { source, organisation } = this.limits;
    for (const kind of ['queries', 'series', 'samplesPerDay'] as const) {
      const all = would[kind] + this.elsewhere[kind];
      if (would[kind] > source[kind]) {
        return { would: inWords(kind, would[kind], 'source'), limit: source[kind] };
      }
      if (all > organisation[kind]) {
        return { would: inWords(kind, all, 'organisation'), limit: organisation[kind] };
      }
    }
    return undefined;
  }
}
