import { type CallOptions } from '../../ports/metricSource';
import { type RawSource } from '../../ports/rawSeries';

/**
 * From which time on a source answers queries out of what it holds itself. What an archive that keeps raw series gave it before that
 * time proves nothing: there the probe could find our copy of `up`, and a query nothing. `-Infinity`: it reads from nobody, or does not
 * tell.
 *
 * @param keepsRaw whether the archive keeps raw series, which a source may read
 */
export function ownTimes(
  source: Pick<RawSource, 'holdings'>,
  keepsRaw: () => boolean | Promise<boolean>
): (call: CallOptions) => Promise<number> {
  return async (call) => {
    if (!(await keepsRaw())) {
      return -Infinity;
    }
    const { readsOthers, lowestMs = -Infinity } = await source.holdings(call);
    return readsOthers === 'no' ? -Infinity : lowestMs;
  };
}
