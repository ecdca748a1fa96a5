import { type LabelMatcher } from '../core/model/labelMatcher';

/**
 * An expression without what does not matter for its meaning: spaces, comments, the spelling of numbers, durations and
 * strings, the order of matchers and of labels in lists, parentheses around a single term or a whole argument.
 */
export type Expression =
  | { type: 'number'; value: number }
  | { type: 'string'; value: string }
  | { type: 'selector'; matchers: LabelMatcher[] }
  | { type: 'call'; name: string; args: Expression[] }
  | { type: 'aggregation'; operator: string; grouping: LabelList; args: Expression[] }
  | BinaryExpression
  /** A sign, a range, a subquery, `offset`, `@`, parentheses that count: what leaves the labels alone. */
  | { type: 'wrapped'; by: string; arg: Expression };

export interface BinaryExpression {
  type: 'binary';
  operator: string;
  bool: boolean;
  /** Which labels must agree: `by` for `on`, `without` for `ignoring`. */
  matching: LabelList;
  /** `group_left` or `group_right` with its labels; empty when there is none. */
  group: string;
  /** `fill` and its kin as written; empty when there is none. */
  fill: string;
  left: Expression;
  right: Expression;
}

/** `by` with exactly these labels, or `without`: all but these. Sorted, each once. */
export interface LabelList {
  kind: 'by' | 'without';
  labels: string[];
}
