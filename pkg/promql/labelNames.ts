import { type LabelMatcher } from '../core/model/labelMatcher';
import { quoteGo } from '../core/model/goQuote';

export const METRIC_NAME = '__name__';

/** A metric's name that may stand before braces; others must be quoted, which Prometheus knows since version 3. */
export function isPlainMetricName(name: string): boolean {
  return /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name) && !isNumber(name);
}

function isPlainLabelName(name: string): boolean {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name);
}

export function printMatcher({ name, operator, value }: LabelMatcher): string {
  return `${isPlainLabelName(name) ? name : quote(name)}${operator}${quote(value)}`;
}

/** A label in the list after `by`: outside of braces `inf` and `nan` are numbers. */
export function printGroupingLabel(name: string): string {
  return isPlainLabelName(name) && !isNumber(name) ? name : quote(name);
}

/** A string literal. Prometheus holds a plain U+FFFD in a string for broken UTF-8, and takes the same character escaped. */
export function quote(text: string): string {
  return quoteGo(text).replaceAll('\ufffd', '\\ufffd');
}

function isNumber(name: string): boolean {
  return /^(inf|nan)$/i.test(name);
}
