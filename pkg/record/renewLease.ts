import { asPromkeepError } from '../core/model/errors';
import { type LeaseState } from '../core/ports/lease';
import { renewEveryMs, type LeadershipDeps } from './takeLease';

/**
 * Renews the lease until the signal aborts or the lease turns out to be another's. An archive that cannot be reached changes
 * nothing: whoever cannot renew cannot write either, and the epoch decides when it is back.
 */
export async function renewLease(
  { archive, lease: terms, logger, sleep }: LeadershipDeps,
  { epoch }: LeaseState,
  onLost: () => void,
  signal: AbortSignal
): Promise<void> {
  for (;;) {
    await sleep(renewEveryMs(terms), signal);
    if (signal.aborted) {
      return;
    }
    try {
      const lease = await archive.lease.hold(terms);
      if (lease.holder !== terms.holder || lease.epoch !== epoch) {
        onLost();
        return;
      }
    } catch (error) {
      const { code, message } = asPromkeepError(error);
      logger.debug('The lease could not be renewed.', { code, error: message });
    }
  }
}
