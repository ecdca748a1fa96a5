import { asPromkeepError, PromkeepError } from '../core/model/errors';
import { type Archive, type Uses } from '../core/ports/archive';
import { type LeaseRequest, type LeaseState } from '../core/ports/lease';
import { type Logger } from '../core/ports/logger';
import { type Definition } from '../core/ports/definitions';
import { type RecorderEvents } from '../core/ports/recorderEvents';
import { retryDelayMs } from './backoff';
import { type Sleep } from './waiting';

/** A leader renews three times as often as it has to. */
export type LeaseTerms = Omit<LeaseRequest, 'provisions'>;

export interface LeadershipDeps {
  archive: Pick<Archive, 'migrate' | 'lease'> & Uses<{ definitions: 'list' | 'provision' }>;
  /** Those of a config file, made known by whoever leads; absent: this program has no config file. */
  queries?: readonly Definition[];
  lease: LeaseTerms;
  logger: Logger;
  metrics: RecorderEvents;
  sleep: Sleep;
}

export const LEASE_MS = 15_000;

export function renewEveryMs({ durationMs }: LeaseTerms): number {
  return durationMs / 3;
}

/**
 * Migrates, waits for the lease and makes the config file's queries known; tries until it succeeds, since the archive may come
 * later. Only the leader makes queries known: a candidate with another configuration must not interfere. But a leader without
 * a config file (the Grafana plugin) has none to interfere with, and would else keep an edited file from taking effect.
 *
 * @returns `undefined` when stopped before
 */
export async function takeLease(deps: LeadershipDeps, signal: AbortSignal): Promise<LeaseState | undefined> {
  const { archive, lease: terms, logger, metrics } = deps;
  const tell = createTeller(logger);
  let failures = 0;
  let migrated = false;
  let provisionedFor: number | undefined;
  while (!signal.aborted) {
    try {
      if (!migrated) {
        await archive.migrate();
        migrated = true;
      }
      const lease = await archive.lease.hold({ ...terms, provisions: deps.queries !== undefined });
      if (lease.holder === terms.holder) {
        await provision(deps, lease);
        const queries = (await archive.definitions.list()).filter(({ paused }) => !paused).length;
        logger.info('The archive is ready; recording.', { queries, epoch: lease.epoch });
        return lease;
      }
      if (lease.provisions === false && provisionedFor !== lease.epoch) {
        await provision(deps, lease);
        provisionedFor = lease.epoch;
      }
      failures = 0;
      metrics.led(false, lease.epoch);
      tell('info', 'Another archiver records; this one waits.', { holder: lease.holder, epoch: lease.epoch });
      await deps.sleep(Math.max(50, Math.min(renewEveryMs(terms), lease.expiresInMs)), signal);
    } catch (error) {
      if (error instanceof PromkeepError && error.code === 'ARCHIVE_NOT_LEADER') {
        continue;
      }
      const { code, message } = asPromkeepError(error);
      failures++;
      tell('error', 'The archive is not available; recording waits.', { code, error: message });
      await deps.sleep(retryDelayMs(failures, Math.random()), signal);
    }
  }
  return undefined;
}

/** Under the epoch of whoever leads; when that has changed meanwhile, the next turn of the loop finds out. */
async function provision({ archive, queries }: LeadershipDeps, lease: LeaseState): Promise<void> {
  if (queries !== undefined) {
    await archive.definitions.provision(queries, lease.epoch);
  }
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
