import { type Clock, type MetricSource } from '../core/ports';

const FRESH_MS = 10 * 60_000;
const FRESH_UNKNOWN_MS = 60_000;

/** The source's version for the provenance, asked for at most every ten minutes (every minute while it is unknown). */
export function createSourceVersion(
  source: MetricSource,
  clock: Clock
): (signal: AbortSignal) => Promise<string | undefined> {
  let known: { version: string | undefined; atMs: number } | undefined;
  return async (signal) => {
    const freshMs = known?.version === undefined ? FRESH_UNKNOWN_MS : FRESH_MS;
    if (!known || Math.abs(clock.nowMs() - known.atMs) >= freshMs) {
      // A version is worth knowing, and never worth a failed collection.
      const build = await source.buildInfo({ signal }).catch(() => undefined);
      known = { version: build?.version ?? known?.version, atMs: clock.nowMs() };
    }
    return known.version;
  };
}
