import { type Database } from './database';
import { ROLLUP_RETENTION, type RollupRetention } from './rollupWidths';

/** What a configuration says; what it leaves out stays as the archive has it. */
export type RollupWishes = Partial<RollupRetention>;

const NAMES: Readonly<Record<keyof RollupRetention, string>> = {
  fiveMinutes: 'five_minute_rollups',
  hours: 'hourly_rollups',
};

/** Makes a configuration's wishes those of the archive: from then on every program goes by them. */
export async function storeRollupWishes(
  database: Database,
  schema: string,
  wishes: RollupWishes,
  signal: AbortSignal
): Promise<void> {
  const named = (['fiveMinutes', 'hours'] as const).filter((key) => wishes[key] !== undefined);
  if (named.length === 0) {
    return;
  }
  await database.transaction(
    (tx) =>
      tx.run(
        `INSERT INTO ${schema}.promkeep_settings AS s (name, value) SELECT * FROM unnest($1::text[], $2::text[])
         ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = now() WHERE s.value <> excluded.value`,
        [named.map((key) => NAMES[key]), named.map((key) => wishes[key])]
      ),
    { signal }
  );
}

/** How long rollups of this archive are kept, for all programs on it. */
export async function readRollupRetention(
  database: Database,
  schema: string,
  signal: AbortSignal
): Promise<RollupRetention> {
  const rows = await database.transaction((tx) => tx.rows(`SELECT name, value FROM ${schema}.promkeep_settings`), {
    signal,
    readOnly: true,
  });
  const read = (key: keyof RollupRetention): string => {
    const value = rows.find(({ name }) => name === NAMES[key])?.value;
    return typeof value === 'string' ? value : ROLLUP_RETENTION[key];
  };
  return { fiveMinutes: read('fiveMinutes'), hours: read('hours') };
}
