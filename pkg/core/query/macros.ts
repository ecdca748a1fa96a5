import { NS_PER_MS } from '../../../src/contract/duration';
import { formatGoDuration } from '../model/goDuration';
import { type TimeRange } from '../model/timeRange';
import { formatExact, isIntervalVariable, isRateIntervalVariable, rateInterval, rateIntervalOf, wholeMs } from './step';

export interface MacroInput {
  stepMs: number;
  /** As asked, not aligned. */
  range: TimeRange;
  /** Min step as saved: a duration, an interval variable, or empty. */
  interval: string;
  /** The datasource's `timeInterval`; may be empty. */
  scrapeInterval: string;
  /** The interval Grafana computed for the request, which is not the step. */
  requestIntervalMs: number;
}

/**
 * Replaces `$__interval`, `$__range`, `$__rate_interval`, their `_ms` and `_s` forms and the same in braces [Q1.5].
 * Plain text replacement, without word boundaries. Throws `QUERY_INVALID` when an interval that is needed cannot be read.
 */
export function expandMacros(expr: string, input: MacroInput): string {
  if (!expr.includes('$')) {
    return expr;
  }
  const rangeMs = input.range.toMs - input.range.fromMs;
  const rangeSeconds = Math.sign(rangeMs) * Math.round(Math.abs(rangeMs) / 1_000);
  const macros: Array<[name: string, value: () => string]> = [
    ['__interval_ms', () => String(input.stepMs)],
    ['__interval', () => formatExact(input.stepMs)],
    ['__range_ms', () => String(rangeMs)],
    ['__range_s', () => String(rangeSeconds)],
    ['__range', () => `${rangeSeconds}s`],
    ['__rate_interval_ms', () => String(rateIntervalMs(input))],
    ['__rate_interval', () => formatRateInterval(rateIntervalMs(input))],
  ];
  return macros.reduce((text, [name, value]) => replaceMacro(text, name, value), expr);
}

function replaceMacro(text: string, name: string, value: () => string): string {
  const forms = [`$${name}`, `\${${name}}`].filter((form) => text.includes(form));
  return forms.reduce((result, form) => result.replaceAll(form, value), text);
}

/** The window for `rate()`: at least four scrapes long. */
function rateIntervalMs({ interval, stepMs, scrapeInterval, requestIntervalMs }: MacroInput): number {
  if (isRateIntervalVariable(interval)) {
    return stepMs;
  }
  const requestNs = BigInt(Math.trunc(requestIntervalMs)) * NS_PER_MS;
  const ns = isIntervalVariable(interval)
    ? rateIntervalOf(requestNs, BigInt(stepMs) * NS_PER_MS)
    : rateInterval(requestNs, interval === '' ? scrapeInterval : interval);
  return wholeMs(ns);
}

/** Go's text, except where PromQL does not read it: it knows no fractions (`1.5s`), so these are in milliseconds. */
function formatRateInterval(ms: number): string {
  return ms % 1_000 === 0 ? formatGoDuration(BigInt(ms) * NS_PER_MS) : `${ms}ms`;
}
