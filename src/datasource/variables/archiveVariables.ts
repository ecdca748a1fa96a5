import { type MetricFindValue, type TimeRange } from '@grafana/data';
import * as v from 'valibot';
import { fitting, texts } from '../../contract/lenient';
import { ARCHIVE_LABELS_RESOURCE, ARCHIVE_SERIES_RESOURCE } from '../../contract/resourcePaths';
import { say } from '../texts';

/** A variable's question about what is archived. */
export interface ArchiveVariable {
  resource: string;
  params: Record<string, string>;
}

/**
 * Reads `archive_label_values(recorded_query, label)`, `archive_label_names(recorded_query)` and `archive_series(recorded_query)`;
 * a filter such as `{job="node"}` may follow the name. `undefined` for all other variables, which are Prometheus' own. Throws
 * when it begins like one of these and cannot be read.
 */
export function parseArchiveVariable(query: string): ArchiveVariable | undefined {
  const form = /^archive_(label_values|label_names|series)\s*\(([^]*)\)$/.exec(query.trim());
  if (!form) {
    if (/^archive_\w+\s*\(/.test(query.trimStart())) {
      throw new Error(say('variables.archiveForm'));
    }
    return undefined;
  }
  const [, kind, inside] = form;
  const { name, match, label } = splitArguments(inside);
  if (!isPlain(name) || (kind === 'label_values' ? !isPlain(label) : label !== undefined)) {
    throw new Error(say('variables.archiveForm'));
  }
  return {
    resource: kind === 'series' ? ARCHIVE_SERIES_RESOURCE : ARCHIVE_LABELS_RESOURCE,
    params: { query: name, ...(match === undefined ? {} : { match }), ...(label === undefined ? {} : { label }) },
  };
}

/** `name{filter}, label`, of which filter and label may be absent; a filter may hold anything. */
function splitArguments(inside: string): { name?: string; match?: string; label?: string } {
  const open = inside.indexOf('{');
  const close = inside.lastIndexOf('}');
  const nameEnd = [open, inside.indexOf(','), inside.length].find((at) => at >= 0);
  const rest = inside.slice(open < 0 ? nameEnd : close + 1).trim();
  return rest !== '' && !rest.startsWith(',')
    ? {}
    : {
        name: inside.slice(0, nameEnd).trim(),
        ...(open < 0 ? {} : { match: inside.slice(open, close + 1) }),
        ...(rest === '' ? {} : { label: rest.slice(1).trim() }),
      };
}

function isPlain(text: string | undefined): text is string {
  return text !== undefined && /^[^{},()"]+$/.test(text);
}

/** With the range, so that a variable lists what its dashboard can show. */
export function archiveParams({ params }: ArchiveVariable, { from, to }: TimeRange): Record<string, string> {
  return { ...params, start: seconds(from.valueOf()), end: seconds(to.valueOf()) };
}

const STRINGS = fitting(v.string());
const LABELS = v.object({ labels: STRINGS, values: STRINGS, series: fitting(texts) });

/** The values of a variable; whatever is not in the expected shape is left out. */
export function parseArchiveValues(answer: unknown): MetricFindValue[] {
  const { labels, values, series } = v.parse(v.fallback(LABELS, { labels: [], values: [], series: [] }), answer);
  return [...series.map(seriesText), ...values, ...labels].map((text) => ({ text }));
}

function seriesText({ __name__: name = '', ...labels }: Readonly<Record<string, string>>): string {
  const rest = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return `${name}{${rest.join(', ')}}`;
}

function seconds(ms: number): string {
  return String(ms / 1_000);
}
