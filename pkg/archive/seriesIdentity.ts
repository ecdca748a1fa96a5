import { createHash } from 'node:crypto';
import { canonicalLabels, splitMetricName } from '../../src/contract/standardRecord';
import { type Labels, type Series } from '../core/series';

/** How a result was named; reading back restores it. */
export type SeriesOrigin = 'named' | 'nameless' | 'scalar';

/** A series that can be stored. */
export interface StorableSeries {
  metricName: string;
  origin: SeriesOrigin;
  /** Canonical JSON. */
  labels: string;
  /** SHA-256 in hex. */
  fingerprint: string;
  series: Series;
}

export interface RefusedSeries {
  labels: Labels | undefined;
  reason: string;
}

/** With the flag `u`, paired surrogates are one character and do not match. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Years 1 to 9999: what `timestamptz` and ISO-8601 with four digits share. */
export const FIRST_TIME_MS = Date.parse('0001-01-01T00:00:00Z');
export const LAST_TIME_MS = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * Names every series and sorts out those PostgreSQL could not hold, or that would become one with another. Prometheus treats
 * an empty label as absent, so empty labels are left out.
 *
 * @param queryName name of results without `__name__`
 */
export function identifySeries(
  all: readonly Series[],
  queryName: string,
  range: { fromMs: number; toMs: number }
): { accepted: StorableSeries[]; refused: RefusedSeries[] } {
  const accepted = new Map<string, StorableSeries>();
  const refused: RefusedSeries[] = [];
  for (const series of all) {
    const reason = findTextFault(series.labels ?? {}, queryName) ?? findSampleFault(series, range);
    if (reason !== undefined) {
      refused.push({ labels: series.labels, reason });
      continue;
    }
    const storable = nameSeries(series, queryName);
    if (accepted.has(storable.fingerprint)) {
      refused.push({
        labels: series.labels,
        reason: `another series of this result is already stored as ${storable.metricName} with the same labels`,
      });
    } else {
      accepted.set(storable.fingerprint, storable);
    }
  }
  return { accepted: [...accepted.values()], refused };
}

function nameSeries(series: Series, queryName: string): StorableSeries {
  const { metricName, labels } = splitMetricName(series.labels, queryName);
  const present = Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''));
  const json = canonicalLabels(present);
  const origin = series.labels === undefined ? 'scalar' : series.labels.__name__ ? 'named' : 'nameless';
  return { metricName, origin, labels: json, fingerprint: fingerprintOf(metricName, json), series };
}

/** The same as `promkeep_fingerprint()` in the database. No text there holds a zero byte, so the separator is unambiguous. */
export function fingerprintOf(metricName: string, canonicalJson: string): string {
  return createHash('sha256').update(metricName).update('\0').update(canonicalJson).digest('hex');
}

/** Labels of a stored series as Prometheus gave them. */
export function restoreLabels(
  metricName: string,
  origin: string,
  labels: Readonly<Record<string, string>>
): Labels | undefined {
  if (origin === 'scalar') {
    return undefined;
  }
  return origin === 'named' ? { __name__: metricName, ...labels } : labels;
}

/** `pg` parses jsonb; whatever is not a flat object of texts was put there by hand. */
export function parseLabels(value: unknown): Record<string, string> {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return Object.fromEntries(
    entries.map(([name, text]) => [name, typeof text === 'string' ? text : JSON.stringify(text)])
  );
}

function findTextFault(labels: Labels, queryName: string): string | undefined {
  for (const [name, value] of Object.entries(labels)) {
    for (const text of [name, value]) {
      if (text.includes('\0')) {
        return `label ${JSON.stringify(name)} holds a NUL character, which PostgreSQL cannot store`;
      }
      if (LONE_SURROGATE.test(text)) {
        return `label ${JSON.stringify(name)} holds half a surrogate pair, which is not a character`;
      }
    }
  }
  const named = labels.__name__ || queryName;
  return named === '' ? 'it has no metric name, and its query has no name either' : undefined;
}

function findSampleFault({ timesMs, histograms }: Series, range: { fromMs: number; toMs: number }): string | undefined {
  if (histograms !== undefined && histograms.timesMs.length > 0) {
    return 'it holds native histograms, which cannot be stored without loss yet';
  }
  const first = Math.max(range.fromMs, FIRST_TIME_MS);
  const last = Math.min(range.toMs, LAST_TIME_MS);
  for (let i = 0; i < timesMs.length; i++) {
    if (!(timesMs[i] >= first && timesMs[i] <= last)) {
      return `its sample at ${timesMs[i]} ms lies outside of the fetched range or of the years 1 to 9999`;
    }
    if (i > 0 && timesMs[i] <= timesMs[i - 1]) {
      return `its times do not ascend at ${timesMs[i]} ms`;
    }
  }
  return undefined;
}
