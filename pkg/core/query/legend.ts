import { RE2JS } from 're2js';
import { compareCodePoints } from '../../../src/contract/standardRecord';
import { quoteGo } from '../model/goQuote';
import { type Labels } from '../model/series';

/** Gives the display name of a series; empty when the browser should find one itself. */
export type SeriesNamer = (labels: Labels | undefined) => string;

/**
 * Grafana's own pattern, read by the engine it is written for: JavaScript's takes time with the third power of the spaces
 * behind an open `{{`.
 */
const PLACEHOLDER = '\\{\\{\\s*(.+?)\\s*\\}\\}';
let placeholder: RE2JS | undefined;
/** Dashboards ask with the same few again and again; reading one takes 20 µs. */
const REMEMBERED = 100;
const known = new Map<string, readonly string[]>();
const AUTO = '__auto';

/**
 * Reads a legend once for all series of an answer [Q3.3].
 *
 * @param expr the expression as sent: the name of a result without any label
 */
export function seriesNamer(legendFormat: string, expr: string): SeriesNamer {
  const format = formatter(legendFormat);
  return (labels = {}) => {
    const name = format(labels);
    return name === '{}' ? expr : name;
  };
}

/** The series as PromQL selects it: `metric{a="x", b="y"}`, `metric`, or `{}`. */
export function metricText(labels: Labels): string {
  const { __name__: name = '', ...rest } = labels;
  const pairs = Object.entries(rest)
    .map(([key, value]) => `${key}=${quoteGo(value)}`)
    .sort(compareCodePoints);
  return pairs.length === 0 && name !== '' ? name : `${name}{${pairs.join(', ')}}`;
}

function formatter(legendFormat: string): (labels: Labels) => string {
  if (legendFormat === AUTO) {
    return (labels) => (Object.keys(labels).length > 0 ? '' : metricText(labels));
  }
  if (legendFormat === '') {
    return metricText;
  }
  const parts = partsOf(legendFormat);
  return (labels) =>
    parts.reduce((name, part, i) => name + (i % 2 === 0 ? part : Object.hasOwn(labels, part) ? labels[part] : ''));
}

function partsOf(legendFormat: string): readonly string[] {
  const parts = known.get(legendFormat) ?? splitLegend(legendFormat);
  if (known.size >= REMEMBERED) {
    known.clear();
  }
  known.set(legendFormat, parts);
  return parts;
}

/** Text, label, text, label, …, text. */
function splitLegend(legendFormat: string): string[] {
  if (!legendFormat.includes('{{')) {
    return [legendFormat];
  }
  const parts: string[] = [];
  let at = 0;
  placeholder ??= RE2JS.compile(PLACEHOLDER);
  for (const { 0: whole, 1: name, index = 0 } of placeholder.matchAll(legendFormat)) {
    parts.push(legendFormat.slice(at, index), name);
    at = index + whole.length;
  }
  return [...parts, legendFormat.slice(at)];
}
