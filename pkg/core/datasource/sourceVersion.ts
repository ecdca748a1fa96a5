import { type Clock } from '../ports/clock';
import { type MetricSource } from '../ports/metricSource';

const MAX_AGE_MS = 600_000;

/** The source's version for provenance, asked at most once in ten minutes; `undefined` when it does not say. */
export type SourceVersion = (signal: AbortSignal) => Promise<string | undefined>;

export function rememberVersion(source: MetricSource, clock: Clock): SourceVersion {
  let known: { version: string | undefined; askedMs: number } | undefined;
  return async (signal) => {
    const nowMs = clock.nowMs();
    if (known === undefined || nowMs - known.askedMs > MAX_AGE_MS) {
      try {
        known = { version: (await source.buildInfo({ signal }))?.version, askedMs: nowMs };
      } catch {
        // A server without build info is still a source; provenance then lacks the version. Asked again next time.
        return undefined;
      }
    }
    return known.version;
  };
}
