/** An expression of the proof that PromQL gives the same from the archive. */
export interface PromqlCase {
  query: string;
  /** Only in these versions of Prometheus (major ones). */
  since?: 3;
  until?: 2;
  /** Needs native histograms in remote read, which 2.42 cannot read. */
  native?: boolean;
}

/** Cases of these queries. */
export const all = (...queries: string[]): PromqlCase[] => queries.map((query) => ({ query }));
export const COUNTER = 'made_requests_total';
export const GAUGE = 'made_celsius';

export const since3 = (...queries: string[]): PromqlCase[] => queries.map((query) => ({ query, since: 3 }));
export const until2 = (...queries: string[]): PromqlCase[] => queries.map((query) => ({ query, until: 2 }));
/** Each of the first put into each of the others in place of `%`. */
export const each = (values: readonly string[], ...patterns: string[]): PromqlCase[] =>
  patterns.flatMap((pattern) => values.map((value) => ({ query: pattern.replaceAll('%', value) })));
