import { createHash } from 'node:crypto';
import { canonicalLabels, splitMetricName } from '../../../src/contract/standardRecord';
import { type Row } from '../connect/database';
import { type Labels, type Series } from '../../core/model/series';
import { type WriteOutcome } from '../../core/ports/sampleStore';

/** How a result was named; reading back restores it. */
export type SeriesOrigin = 'named' | 'nameless' | 'scalar';

/** What a series is called and told apart by; follows from its labels and its query's name alone. */
export interface SeriesIdentity {
  metricName: string;
  origin: SeriesOrigin;
  /** Canonical JSON. */
  labels: string;
  /** SHA-256 in hex. */
  fingerprint: string;
  /** The same as bytes. */
  print: Buffer;
}

/** A series that can be stored. */
export interface StorableSeries extends SeriesIdentity {
  series: Series;
}

export const FINGERPRINT_BYTES = 32;

export type RefusedSeries = WriteOutcome['refused'][number];

/** With the flag `u`, paired surrogates are one character and do not match. */
export const LONE_SURROGATE = /\p{Surrogate}/u;

/** Years 1 to 9999: what `timestamptz` and ISO-8601 with four digits share. */
export const FIRST_TIME_MS = Date.parse('0001-01-01T00:00:00Z');
export const LAST_TIME_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** Some 150,000 series; with 5 labels each they took 100 MB. */
const REMEMBERED_CHARACTERS = 32_000_000;

/**
 * Identities by labels as they came. A live write names the same series each time, and checking and hashing their labels took
 * a fifth of it. Nothing here can grow stale: an identity follows from its key.
 */
export class IdentityMemory {
  private known = new Map<string, SeriesIdentity>();
  private characters = 0;

  constructor(private readonly limit = REMEMBERED_CHARACTERS) {}

  /** @returns the identity, or what is wrong with the labels */
  identify(labels: Labels | undefined, queryName: string): SeriesIdentity | string {
    // JSON holds no line break, so that the last one parts the two.
    const key = `${labels?.__name__ ? '' : queryName}\n${labels === undefined ? '' : JSON.stringify(labels)}`;
    const found = this.known.get(key);
    if (found !== undefined) {
      return found;
    }
    const fault = findTextFault(labels ?? {}, queryName);
    if (fault !== undefined) {
      return fault;
    }
    const identity = nameSeries(labels, queryName);
    this.remember(key, identity);
    return identity;
  }

  /** Forgets everything once it is full: what is still in use comes back with the next write. */
  private remember(key: string, identity: SeriesIdentity): void {
    const characters = key.length + identity.labels.length + identity.metricName.length;
    if (this.characters + characters > this.limit) {
      this.known = new Map();
      this.characters = 0;
    }
    if (characters <= this.limit) {
      this.known.set(key, identity);
      this.characters += characters;
    }
  }
}

/**
 * Names every series and sorts out those PostgreSQL could not hold, or that would become one with another. Prometheus treats
 * an empty label as absent, so empty labels are left out.
 *
 * @param queryName name of results without `__name__`
 */
export function identifySeries(
  all: readonly Series[],
  queryName: string,
  range: { fromMs: number; toMs: number },
  memory: IdentityMemory
): { accepted: StorableSeries[]; refused: RefusedSeries[] } {
  const accepted = new Map<string, StorableSeries>();
  const refused: RefusedSeries[] = [];
  for (const series of all) {
    const identity = memory.identify(series.labels, queryName);
    const fault = typeof identity === 'string' ? identity : findSampleFault(series, range);
    if (typeof identity === 'string' || fault !== undefined) {
      refused.push({ labels: series.labels, reason: fault ?? '' });
    } else if (accepted.has(identity.fingerprint)) {
      refused.push({
        labels: series.labels,
        reason: `another series of this result is already stored as ${identity.metricName} with the same labels`,
      });
    } else {
      const { metricName, origin, labels, fingerprint, print } = identity;
      // Named one by one, in a third of the time a spread takes: a live write may have ten thousand of these.
      accepted.set(fingerprint, { metricName, origin, labels, fingerprint, print, series });
    }
  }
  return { accepted: [...accepted.values()], refused };
}

function nameSeries(given: Labels | undefined, queryName: string): SeriesIdentity {
  const { metricName, labels } = splitMetricName(given, queryName);
  const present = Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''));
  const json = canonicalLabels(present);
  const origin = given === undefined ? 'scalar' : given.__name__ ? 'named' : 'nameless';
  const fingerprint = fingerprintOf(metricName, json);
  return { metricName, origin, labels: json, fingerprint, print: Buffer.from(fingerprint, 'hex') };
}

/** The same as `promkeep_fingerprint()` in the database. No text there holds a zero byte, so the separator is unambiguous. */
export function fingerprintOf(metricName: string, canonicalJson: string): string {
  return createHash('sha256').update(metricName).update('\0').update(canonicalJson).digest('hex');
}

/** Labels of a stored series (`metric_name`, `origin`, `labels`) as Prometheus gave them. */
export function restoreLabels(row: Row): Labels | undefined {
  if (row.origin === 'scalar') {
    return undefined;
  }
  const labels = parseLabels(row.labels);
  return row.origin === 'named' ? { __name__: String(row.metric_name), ...labels } : labels;
}

/** `pg` parses jsonb; whatever is not a flat object of texts was put there by hand. */
function parseLabels(value: unknown): Record<string, string> {
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
    return 'it holds native histograms, which only raw series keep';
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
