import { PromkeepError } from '../../core/model/errors';
import { type RawHistory, type RawStore } from '../../core/ports/rawSeries';

/** Stands here until the store is written (helper h14-store). */
export function createRawArchive(): RawStore & RawHistory {
  const missing = (): never => {
    throw new PromkeepError('INTERNAL', 'Raw series are not there yet.');
  };
  return {
    writeRaw: missing,
    writeMetadata: missing,
    kept: missing,
    select: missing,
    seriesLabels: missing,
    labelNames: missing,
    labelValues: missing,
    metadata: missing,
  };
}
