import { asPromkeepError } from '../core/errors';
import { type Archive, type Lease, type Logger, type RecordedQuery } from '../core/ports';
import { type ArchiverMetrics } from './archiverMetrics';
import { retryDelayMs } from './backoff';
import { fenceArchive } from '../core/fencedArchive';
import { type Sleep } from './waiting';

export interface LeaseTerms {
  /** Names this run of this program; see `LeaseRequest`. */
  holder: string;
  /** How long a leader that is silent stays leader; it renews three times as often. */
  durationMs: number;
}

export interface LeadershipDeps {
  archive: Archive;
  queries: readonly RecordedQuery[];
  lease: LeaseTerms;
  logger: Logger;
  metrics: ArchiverMetrics;
  sleep: Sleep;
}

export interface Election {
  lease: Lease;
  /** Start of the oldest gap by query. */
  earliestGaps: ReadonlyMap<string, number>;
}

export const LEASE_MS = 15_000;

export function renewEveryMs({ durationMs }: LeaseTerms): number {
  return durationMs / 3;
}

/**
 * Migrates, waits for the lease, makes the queries known and reads where each began; tries until it succeeds, since the
 * archive may come later. Only the leader makes queries known: a candidate with another configuration must not interfere.
 *
 * @returns `undefined` when stopped before
 */
export async function becomeLeader(deps: LeadershipDeps, signal: AbortSignal): Promise<Election | undefined> {
  const { archive, lease: terms, logger, metrics } = deps;
  const tell = createTeller(logger);
  let failures = 0;
  let migrated = false;
  while (!signal.aborted) {
    try {
      if (!migrated) {
        await archive.migrate();
        migrated = true;
      }
      const lease = await archive.holdLease(terms);
      if (lease.holder === terms.holder) {
        const earliestGaps = await prepare(deps, lease);
        logger.info('The archive is ready; recording.', { queries: deps.queries.length, epoch: lease.epoch });
        return { lease, earliestGaps };
      }
      failures = 0;
      metrics.led(false, lease.epoch);
      tell('info', 'Another archiver records; this one waits.', { holder: lease.holder, epoch: lease.epoch });
      await deps.sleep(Math.max(50, Math.min(renewEveryMs(terms), lease.expiresInMs)), signal);
    } catch (error) {
      const { code, message } = asPromkeepError(error);
      failures++;
      tell('error', 'The archive is not available; recording waits.', { code, error: message });
      await deps.sleep(retryDelayMs(failures, Math.random()), signal);
    }
  }
  return undefined;
}

async function prepare({ archive, queries }: LeadershipDeps, lease: Lease): Promise<Map<string, number>> {
  await fenceArchive(archive, lease.epoch).provision(queries);
  const known = (await archive.ledger()).filter(({ gaps }) => gaps.length > 0);
  return new Map(known.map(({ name, gaps }) => [name, Math.min(...gaps.map(({ fromMs }) => fromMs))]));
}

type Tell = (level: 'info' | 'error', message: string, attributes: Record<string, string | number>) => void;

/** Says what changes: an archive that is away for a day, or a leader that lives for a year, must not fill the log. */
function createTeller(logger: Logger): Tell {
  let told: string | undefined;
  return (level, message, attributes) => {
    const text = JSON.stringify([message, attributes]);
    logger[text === told ? 'debug' : level](message, attributes);
    told = text;
  };
}
