import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { readSql } from './readSql';
import { schemaScript } from './schemaScript';

/** Of the functions, triggers and views at each revision. A released one stays; the next change adds its own. */
const REVISIONS = [
  '690b57e73fe764244d39fd5c5d9ad2a11a01f88a6a250f570d8a28518d58aee2',
  '8d5b653f49a2cb99a33a578ec4a812d369bf2e75fe5b6e37a50a8f1fea61dceb',
];

const { migrations, routines, revision } = schemaScript();
const files = [...migrations.flatMap((migration) => migration.files), ...routines];
const all = files.map(({ sql }) => sql).join('\n');

describe('the schema', () => {
  it('has a revision of its own for each text of its functions and views (changed: add its hash, and raise it)', () => {
    const hash = createHash('sha256')
      .update(routines.map(({ sql }) => sql).join('\n'))
      .digest('hex');
    expect([revision, hash]).toEqual([REVISIONS.length, REVISIONS.at(-1)]);
  });

  it('is made of every file that lies here, in plain ASCII, for a database of any encoding', () => {
    const lying = readdirSync(__dirname, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.sql'));
    expect([...files.map(({ name }) => `${name}.sql`), 'adopt.sql'].sort()).toEqual(lying.sort());
    for (const name of lying) {
      expect(readSql(name)).toMatch(/^[\n\x20-\x7e]*$/);
      expect(readSql(name).split('\n').length).toBeLessThanOrEqual(300);
    }
  });

  it('describes every table and view', () => {
    const names = [...all.matchAll(/^CREATE (?:OR REPLACE )?(?:TABLE|VIEW) (\w+)/gm)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(20);
    for (const name of names) {
      expect(all).toMatch(new RegExp(`COMMENT ON (TABLE|VIEW) ${name} IS`));
    }
  });

  it('can make everything that is not numbered once more', () => {
    const made = [
      ...routines
        .map(({ sql }) => sql)
        .join('\n')
        .matchAll(/^CREATE .*/gm),
    ].map(([line]) => line);
    expect(made.length).toBeGreaterThan(40);
    expect(made.filter((line) => !line.startsWith('CREATE OR REPLACE '))).toEqual([]);
  });

  it('takes every function from PUBLIC, but for those a reader needs and those that change nothing', () => {
    const names = [...all.matchAll(/^CREATE OR REPLACE FUNCTION (\w+)/gm)].map(([, name]) => name);
    const open = names.filter((name) => !all.includes(`REVOKE ALL ON FUNCTION ${name} FROM PUBLIC;`));
    expect(open.sort()).toEqual([
      'metrics_between',
      'metrics_rollup',
      'promkeep_actor',
      'promkeep_bucket_bound',
      'promkeep_canonical_labels',
      'promkeep_choose_organisation',
      'promkeep_decode_histograms',
      'promkeep_decode_xor',
      'promkeep_deletes_more',
      'promkeep_find_chunks',
      'promkeep_fingerprint',
      'promkeep_float8',
      'promkeep_grace',
      'promkeep_histogram_buckets',
      'promkeep_kept_from',
      'promkeep_labels_of',
      'promkeep_ms_after',
      'promkeep_named_histograms',
      'promkeep_named_series',
      'promkeep_partition_days',
      'promkeep_period_ms',
      'promkeep_period_start',
      'promkeep_raw_buckets',
      'promkeep_raw_histograms',
      'promkeep_raw_rows',
      'promkeep_raw_samples',
      'promkeep_read_layout',
      'promkeep_read_number',
      'promkeep_result_rows',
      'promkeep_retention_class',
      'promkeep_retention_days',
      'promkeep_rollup_rows',
      'promkeep_rows',
      'promkeep_series_rollup',
      'promkeep_unpack',
      'promkeep_unroll',
      'promkeep_written_at',
    ]);
  });
});
