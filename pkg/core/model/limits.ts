import { DURATION_LENGTH } from '../../../src/contract/duration';
import { PromkeepError } from './errors';

/**
 * How long a text from outside may be before anything looks at it. They are far beyond what people write and what Grafana makes
 * of their variables (1,000 pods of 60 characters are an expression of 60,000), and keep every loop over such a text short:
 * docs/adr/0019 has the times at the limits.
 */
export const LIMITS = {
  /** PromQL that goes on to Prometheus as it is. */
  expressionLength: 1_000_000,
  /** PromQL that is parsed here: with filters, read from the archive, recorded, asked for suggestions. */
  parsedExpressionLength: 65_536,
  /** Every series repeats what stands in it. */
  legendLength: 1_000,
  /** A duration such as `1h30m`. */
  durationLength: DURATION_LENGTH,
  /** Of a label, a metric or a recorded query. */
  nameLength: 1_000,
  /** What a filter or a matcher compares a label with. */
  labelValueLength: 65_536,
  /** A regular expression, other than a plain list of values (`a|b|c`), which may be as long as a value. */
  patternLength: 10_000,
  /** Of a list in a query: filters, their values, labels to group by, metrics of a summary, queries to suggest labels for. */
  listEntries: 2_000,
  /** Of a request. Reading them takes the square of their number. */
  parameters: 10_000,
} as const;

/** Gives the text back, or throws `LIMIT_EXCEEDED`. @param what begins the message: `A legend` */
export function atMost(text: string, length: number, what: string): string {
  if (text.length > length) {
    throw new PromkeepError('LIMIT_EXCEEDED', `${what} has at most ${length} characters, not ${text.length}.`);
  }
  return text;
}

/** The same for the number of things. @param what completes the message: `filters in a query` */
export function noMoreThan<T>(items: readonly T[], count: number, what: string): readonly T[] {
  if (items.length > count) {
    throw new PromkeepError('LIMIT_EXCEEDED', `There may be at most ${count} ${what}, not ${items.length}.`);
  }
  return items;
}
