import { type RawReading } from '../core/collect/raw/rawReading';
import { asPromkeepError } from '../core/model/errors';
import { type Clock } from '../core/ports/clock';
import { type StoredDefinition } from '../core/ports/definitions';
import { type Logger } from '../core/ports/logger';
import { type RawStore } from '../core/ports/rawSeries';

export interface MetadataDeps {
  archive: { raw?: Pick<RawStore, 'writeMetadata'> };
  rawReading?: RawReading;
  monotonicClock: Clock;
  logger: Logger;
}

/** New metrics come with new versions of programs; the source forgets them with their last target. */
const EVERY_MS = 3_600_000;
const RETRY_MS = 300_000;

/**
 * Copies what the source knows of its metrics into the archive, every hour while raw series are kept.
 *
 * @returns to be called with the definitions again and again; it decides whether it is time
 */
export function openMetadata(
  { archive: { raw }, rawReading, monotonicClock, logger }: MetadataDeps,
  signal: AbortSignal
): (queries: ReadonlyArray<Pick<StoredDefinition, 'raw'>>) => void {
  let nextMs = -Infinity;
  const copy = async (
    source: RawReading['source'],
    store: NonNullable<MetadataDeps['archive']['raw']>
  ): Promise<void> => {
    try {
      await store.writeMetadata(await source.metadata({ signal }));
    } catch (error) {
      nextMs = monotonicClock.nowMs() + RETRY_MS;
      logger.debug('Metadata of metrics could not be copied.', { error: asPromkeepError(error).message });
    }
  };
  return (queries) => {
    const nowMs = monotonicClock.nowMs();
    if (raw && rawReading && nowMs >= nextMs && queries.some((query) => query.raw)) {
      nextMs = nowMs + EVERY_MS;
      void copy(rawReading.source, raw);
    }
  };
}
