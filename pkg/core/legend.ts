import { compareCodePoints } from '../../src/contract/standardRecord';
import { quoteGo } from './goQuote';
import { type Labels } from './series';

const PLACEHOLDER = /\{\{\s*(.+?)\s*\}\}/g;
const AUTO = '__auto';

/**
 * The display name of a series [Q3.3]; empty when the browser should find one itself (`__auto`).
 *
 * @param expr the expression as sent: the name of a result without any label
 */
export function seriesName(labels: Labels | undefined, legendFormat: string, expr: string): string {
  const name = formatName(labels ?? {}, legendFormat);
  return name === '{}' ? expr : name;
}

/** The series as PromQL selects it: `metric{a="x", b="y"}`, `metric`, or `{}`. */
export function metricText(labels: Labels): string {
  const { __name__: name = '', ...rest } = labels;
  const pairs = Object.entries(rest)
    .map(([key, value]) => `${key}=${quoteGo(value)}`)
    .sort(compareCodePoints);
  return pairs.length === 0 && name !== '' ? name : `${name}{${pairs.join(', ')}}`;
}

function formatName(labels: Labels, legendFormat: string): string {
  if (legendFormat === AUTO) {
    return Object.keys(labels).length > 0 ? '' : metricText(labels);
  }
  if (legendFormat === '') {
    return metricText(labels);
  }
  return legendFormat.replace(PLACEHOLDER, (_, name: string) => (Object.hasOwn(labels, name) ? labels[name] : ''));
}
