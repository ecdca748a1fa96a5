import { checkMatchers } from '../../core/matching/matchLabels';
import { noMoreThan } from '../../core/model/limits';
import { type Label, type RawSeries } from '../../core/model/rawSeries';
import { type TimeRange } from '../../core/model/timeRange';
import { type RawHistory, type RawSelect } from '../../core/ports/rawSeries';
import { type ReadQuery } from '../../remote/messages/readRequest';
import { type Gate } from '../gate';
import { type ExternalLabels } from './externalLabels';

/** What the answer to one query of a request consists of. */
export interface PlannedRead {
  select: RawSelect;
  labelsOnly: boolean;
  accepts(labels: readonly Label[]): boolean;
}

/** A query comes from one selector of an expression; readers send one a request. */
const MOST_QUERIES = 100;

/** Years 1 to 9999: what PostgreSQL and dates of JavaScript can both say. Readers mean "all" by the ends of 64 bits. */
const EARLIEST_MS = -62_135_596_800_000;
const LATEST_MS = 253_402_300_799_999;

/** Throws `QUERY_INVALID` and `LIMIT_EXCEEDED` for what is wrong with any of them. */
export function planReads(queries: readonly ReadQuery[], external: ExternalLabels, maxSeries: number): PlannedRead[] {
  return noMoreThan(queries, MOST_QUERIES, 'queries in a request').map((query) => {
    checkMatchers(query.matchers);
    const { selector, accepts } = external.split(query.matchers);
    return {
      select: { selector, range: rangeOf(query), maxSeries },
      labelsOnly: query.hints?.func === 'series',
      accepts,
    };
  });
}

/** Hints take the place of the query's own bounds, as in Prometheus; hints that name none leave them, which Prometheus does not. */
function rangeOf({ startMs, endMs, hints }: ReadQuery): TimeRange {
  const [fromMs, toMs] =
    hints && (hints.startMs !== 0 || hints.endMs !== 0) ? [hints.startMs, hints.endMs] : [startMs, endMs];
  return clampRange({ fromMs, toMs });
}

export function clampRange({ fromMs, toMs }: TimeRange): TimeRange {
  const clamp = (timeMs: number): number => Math.min(LATEST_MS, Math.max(EARLIEST_MS, timeMs));
  return { fromMs: clamp(fromMs), toMs: clamp(toMs) };
}

/** The series of one query, in the order of their labels. */
export function seriesOf(read: PlannedRead, parts: ReadParts, signal: AbortSignal): AsyncIterable<RawSeries> {
  return parts.external.addToAll(accepted(read, parts, signal));
}

export interface ReadParts {
  history: RawHistory;
  external: ExternalLabels;
  /** For lists of series, which lie in memory as a whole. */
  lists: Gate;
}

async function* accepted(
  { select, labelsOnly, accepts }: PlannedRead,
  { history, lists }: ReadParts,
  signal: AbortSignal
): AsyncGenerator<RawSeries> {
  if (select.range.fromMs > select.range.toMs) {
    return;
  }
  if (labelsOnly) {
    const leave = await lists.enter(signal);
    try {
      const all = await history.seriesLabels(select, signal);
      yield* all.filter(accepts).map((labels) => ({ labels, chunks: [] }));
    } finally {
      leave();
    }
    return;
  }
  for await (const series of history.select(select, signal)) {
    if (accepts(series.labels)) {
      yield series;
    }
  }
}
