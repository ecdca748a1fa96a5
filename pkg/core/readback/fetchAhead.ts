import { type CallOptions, type MetricSource, type RangeQuery } from '../ports/metricSource';
import { type TimeRange } from '../model/timeRange';
import { type QueryResult } from '../model/series';

/** Answers that were asked for before they are wanted. */
export interface FetchAhead {
  /** As the source; once a range has been answered, the following one is asked for already. */
  source: Pick<MetricSource, 'queryRange'>;
  /** Forgets what was asked for ahead. */
  drop(): void;
}

interface Pending {
  query: RangeQuery;
  answer: Promise<QueryResult>;
  abort: AbortController;
}

/**
 * While one piece is written, the source works on the next. One answer an expression is held at most; one that turns out not to
 * be wanted is aborted.
 *
 * @param following the range that will be wanted after this one; `undefined`: none
 */
export function fetchAhead(
  source: Pick<MetricSource, 'queryRange'>,
  following: (range: TimeRange) => TimeRange | undefined,
  signal: AbortSignal
): FetchAhead {
  const pending = new Map<string, Pending>();
  const forget = (expr: string): void => {
    pending.get(expr)?.abort.abort();
    pending.delete(expr);
  };
  const startAhead = ({ startMs, endMs, ...rest }: RangeQuery): void => {
    const next = following({ fromMs: startMs, toMs: endMs });
    if (next === undefined || signal.aborted) {
      return;
    }
    const query = { ...rest, startMs: next.fromMs, endMs: next.toMs };
    const abort = new AbortController();
    const answer = source.queryRange(query, { signal: AbortSignal.any([signal, abort.signal]) });
    // Told to whoever asks for it; until then nobody listens.
    answer.catch(() => undefined);
    pending.set(rest.expr, { query, answer, abort });
  };
  const queryRange = async (query: RangeQuery, options: CallOptions): Promise<QueryResult> => {
    const early = pending.get(query.expr);
    const wanted =
      early?.query.startMs === query.startMs &&
      early.query.endMs === query.endMs &&
      early.query.stepMs === query.stepMs;
    if (early && wanted) {
      pending.delete(query.expr);
    } else {
      forget(query.expr);
    }
    const result = await (early && wanted ? early.answer : source.queryRange(query, options));
    startAhead(query);
    return result;
  };
  return {
    source: { queryRange },
    drop: () => [...pending.keys()].forEach(forget),
  };
}
