import { createArchive } from '../archive/archive';
import { type ArchiveSettings, parseArchiveSettings } from '../archive/connect/archiveSettings';
import { type KeepPolicy } from '../core/collect/keepResult';
import { refusingArchive, type VisibleArchive } from '../core/datasource/refusingArchive';
import { asPromkeepError } from '../core/model/errors';
import { type Archive } from '../core/ports/archive';
import { type Clock } from '../core/ports/clock';
import { type DatasourceSettings } from '../core/ports/datasource';
import { type Logger } from '../core/ports/logger';

export interface OpenedArchive {
  /** As queries and routes see it: where it cannot be used, whatever is asked fails with the reason. */
  shown: VisibleArchive;
  /** The same, where it can be used. */
  usable?: Archive;
  /** Absent where they cannot be read. */
  settings?: ArchiveSettings;
}

/**
 * `undefined`: it is off. An archive that cannot be used must not stop the queries: keeping fails with the reason, and
 * *Save & test* shows it.
 */
export function openDatasourceArchive(
  settings: DatasourceSettings,
  { logger, clock }: { logger: Logger; clock: Clock }
): OpenedArchive | undefined {
  let parsed: ArchiveSettings | undefined;
  try {
    parsed = parseArchiveSettings(settings);
    if (!parsed) {
      return undefined;
    }
    const { connection, source } = parsed;
    const usable = createArchive({ connection, source, logger, clock });
    return { shown: usable, usable, settings: parsed };
  } catch (error) {
    return { shown: refusingArchive(asPromkeepError(error)), settings: parsed };
  }
}

/** Where the archive cannot be used, its own error is the answer, not a limit. */
export function keepPolicyOf({ usable, settings }: OpenedArchive, forwardsCredentials: boolean): KeepPolicy {
  const { allowed, ...limits } =
    usable && settings ? settings.keep : { allowed: true, retention: '', maxRowsPerDay: Infinity, maxSeries: Infinity };
  return { ...limits, allowKeep: allowed, forwardsCredentials };
}
