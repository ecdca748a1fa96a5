import { type PendingDeletion } from '../../core/ports/upkeep';
import { actAs, readPending } from '../definitions/pendingDeletions';
import { ROLLUP_RETENTION, type RollupRetention } from '../upkeep/rollupWidths';
import { type UpkeepRun } from '../upkeep/upkeepRun';

/** What a configuration says; what it leaves out stays as the archive has it. */
export type ArchiveWishes = Partial<RollupRetention> & {
  /** How long deletions wait, `7d` or `2w`. */
  deletionGrace?: string;
};

const NAMES: Readonly<Record<keyof ArchiveWishes, string>> = {
  fiveMinutes: 'five_minute_rollups',
  hours: 'hourly_rollups',
  deletionGrace: 'deletion_grace',
};

/**
 * Makes a configuration's wishes those of the archive: from then on every program goes by them. A shorter time for rollups waits
 * for its date, like every other deletion.
 *
 * @returns what waits of these wishes
 */
export async function storeArchiveWishes(run: UpkeepRun, wishes: ArchiveWishes): Promise<PendingDeletion[]> {
  const named = (['deletionGrace', 'fiveMinutes', 'hours'] as const).filter((key) => wishes[key] !== undefined);
  if (named.length === 0) {
    return [];
  }
  return run.batch(async (tx) => {
    await actAs(tx, 'config');
    await tx.run(
      `INSERT INTO promkeep_settings AS s (name, value) SELECT * FROM unnest($1::text[], $2::text[])
       ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = now() WHERE s.value <> excluded.value`,
      [named.map((key) => NAMES[key]), named.map((key) => wishes[key])]
    );
    const waiting = await readPending(tx, undefined);
    return waiting.filter(({ what }) => named.some((key) => NAMES[key] === what));
  });
}

/** How long rollups of this archive are kept, for all programs on it. */
export async function readRollupRetention(run: UpkeepRun): Promise<RollupRetention> {
  const rows = await run.rows('SELECT name, value FROM promkeep_settings');
  const read = (key: keyof RollupRetention): string => {
    const value = rows.find(({ name }) => name === NAMES[key])?.value;
    return typeof value === 'string' ? value : ROLLUP_RETENTION[key];
  };
  return { fiveMinutes: read('fiveMinutes'), hours: read('hours') };
}
