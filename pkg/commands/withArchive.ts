import { openArchive } from '../compose/openParts';
import { type ArchiveConfig } from '../config/config';
import { PromkeepError } from '../core/model/errors';
import { type Archive } from '../core/ports/archive';
import { quietLogger, readConfig } from './commandConfig';
import { CLOCK, type CommandHost } from './commandHost';

export interface ArchiveCommandOptions {
  config?: string;
}

/** The archive the configuration names. Throws `ARCHIVE_OFF` where it names none. */
export function archiveOf(host: CommandHost, options: ArchiveCommandOptions): ArchiveConfig {
  const config = readConfig(host, options.config);
  if (!config.archive) {
    throw new PromkeepError('ARCHIVE_OFF', 'There is no archive: set archive.url or PROMKEEP_DATABASE_URL.');
  }
  return config.archive;
}

/** Opens the configuration's archive for one command. Throws `ARCHIVE_OFF` where there is none. */
export async function withArchive(
  host: CommandHost,
  options: ArchiveCommandOptions,
  work: (archive: Archive, config: ArchiveConfig) => Promise<number>
): Promise<number> {
  const config = archiveOf(host, options);
  const archive = openArchive(config, { logger: quietLogger(host), clock: CLOCK });
  try {
    return await work(archive, config);
  } finally {
    await archive.close();
  }
}
