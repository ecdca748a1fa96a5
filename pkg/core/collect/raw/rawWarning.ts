import { PromkeepError } from '../../model/errors';
import { type Uses } from '../../ports/archive';
import { type RawSource } from '../../ports/rawSeries';
import { believableFromMs } from './rawReading';

/** Why raw series cannot be collected from this source although some are to be; `undefined` where they can, or nobody knows. */
export async function rawWarning(
  archive: Uses<{ definitions: 'list' }>,
  source: Pick<RawSource, 'holdings'>,
  signal: AbortSignal
): Promise<string | undefined> {
  try {
    const definitions = await archive.definitions.list();
    if (definitions.some(({ raw, paused }) => raw && !paused)) {
      believableFromMs(await source.holdings({ signal }));
    }
    return undefined;
  } catch (error) {
    return error instanceof PromkeepError && error.code === 'SETTINGS_INVALID' ? error.message : undefined;
  }
}
