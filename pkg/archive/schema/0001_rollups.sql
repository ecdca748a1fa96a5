-- Rollups that are stored before samples expire.

CREATE TABLE promkeep_rollups (
  width_s integer NOT NULL,
  series_id bigint NOT NULL,
  period_start timestamptz NOT NULL,
  first_bucket integer NOT NULL,
  bucket_count integer NOT NULL,
  bucket_numbers smallint[] NOT NULL,
  sample_counts integer[] NOT NULL,
  differences boolean NOT NULL,
  last_values double precision[] NOT NULL,
  min_values double precision[] NOT NULL,
  max_values double precision[] NOT NULL,
  sum_values double precision[] NOT NULL,
  PRIMARY KEY (series_id, period_start, width_s)
) PARTITION BY LIST (width_s);
COMMENT ON TABLE promkeep_rollups IS 'Stored rollups of recorded queries whose samples expire, one row per series and period: a week of 5-minute buckets, four weeks of hours. promkeep_unroll() reads a row; promkeep_rollup_state says which buckets count.';
COMMENT ON COLUMN promkeep_rollups.width_s IS 'Seconds in a bucket: 300 or 3600.';
COMMENT ON COLUMN promkeep_rollups.series_id IS 'The series (promkeep_series).';
COMMENT ON COLUMN promkeep_rollups.period_start IS 'Start of the period. Bucket n ends n widths after it.';
COMMENT ON COLUMN promkeep_rollups.first_bucket IS 'Number of the first bucket.';
COMMENT ON COLUMN promkeep_rollups.bucket_count IS 'Number of buckets with samples.';
COMMENT ON COLUMN promkeep_rollups.bucket_numbers IS 'Their numbers; empty where they follow one another without a hole.';
COMMENT ON COLUMN promkeep_rollups.sample_counts IS 'Samples in each bucket; one number where all have as many.';
COMMENT ON COLUMN promkeep_rollups.differences IS 'Whether the values are stored as differences: done where all are integers of at most 2^52, which sums restore exactly.';
COMMENT ON COLUMN promkeep_rollups.last_values IS 'Last value of each bucket; one where all are the same. With differences: the first one, then what was added from bucket to bucket.';
COMMENT ON COLUMN promkeep_rollups.min_values IS 'Smallest values; empty where they are the last ones. With differences: last minus smallest.';
COMMENT ON COLUMN promkeep_rollups.max_values IS 'Largest values; empty where they are the last ones. With differences: largest minus last.';
COMMENT ON COLUMN promkeep_rollups.sum_values IS 'Sums; empty where they are the last value times the count. With differences: the sum minus the last value times the count.';

DO $$
BEGIN
  ALTER TABLE promkeep_rollups
    ALTER COLUMN bucket_numbers SET COMPRESSION lz4,
    ALTER COLUMN sample_counts SET COMPRESSION lz4,
    ALTER COLUMN last_values SET COMPRESSION lz4,
    ALTER COLUMN min_values SET COMPRESSION lz4,
    ALTER COLUMN max_values SET COMPRESSION lz4,
    ALTER COLUMN sum_values SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
  NULL;
END
$$;

CREATE TABLE promkeep_rollups_300 (LIKE promkeep_rollups INCLUDING ALL) PARTITION BY RANGE (period_start);
CREATE TABLE promkeep_rollups_3600 (LIKE promkeep_rollups INCLUDING ALL) PARTITION BY RANGE (period_start);
COMMENT ON TABLE promkeep_rollups_300 IS 'Buckets of 5 minutes, in partitions of 28 days.';
COMMENT ON TABLE promkeep_rollups_3600 IS 'Buckets of an hour, in partitions of 364 days.';
ALTER TABLE promkeep_rollups ATTACH PARTITION promkeep_rollups_300 FOR VALUES IN (300);
ALTER TABLE promkeep_rollups ATTACH PARTITION promkeep_rollups_3600 FOR VALUES IN (3600);

CREATE TABLE promkeep_rollup_state (
  query_id bigint NOT NULL REFERENCES promkeep_queries ON DELETE CASCADE,
  width_s integer NOT NULL,
  stored_until timestamptz NOT NULL,
  raw_from timestamptz NOT NULL DEFAULT '-infinity',
  stale tstzmultirange NOT NULL DEFAULT '{}',
  working tstzmultirange NOT NULL DEFAULT '{}',
  run bigint NOT NULL DEFAULT 0,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (query_id, width_s)
);
COMMENT ON TABLE promkeep_rollup_state IS 'Which buckets of a recorded query are taken from promkeep_rollups: those that end at or before stored_until and lie neither in stale nor in working. All others are computed from samples.';
COMMENT ON COLUMN promkeep_rollup_state.query_id IS 'The recorded query.';
COMMENT ON COLUMN promkeep_rollup_state.width_s IS 'Seconds in a bucket.';
COMMENT ON COLUMN promkeep_rollup_state.stored_until IS 'Buckets up to here are stored.';
COMMENT ON COLUMN promkeep_rollup_state.raw_from IS 'Samples before this time may have expired: stored buckets that end here or before never change again.';
COMMENT ON COLUMN promkeep_rollup_state.stale IS 'Whole hours in which samples changed after they were stored.';
COMMENT ON COLUMN promkeep_rollup_state.working IS 'Whole hours that are being computed.';
COMMENT ON COLUMN promkeep_rollup_state.run IS 'Grows with each run; one that was overtaken by another does not say of anything that it is done.';
COMMENT ON COLUMN promkeep_rollup_state.updated_at IS 'When this row last changed.';

CREATE TYPE promkeep_rollup_row AS (
  "timestamp" timestamptz,
  metric_name varchar(255),
  labels jsonb,
  source varchar(100),
  org_id bigint,
  source_name text,
  query text,
  min_value double precision,
  max_value double precision,
  sum_value double precision,
  sample_count bigint,
  last_value double precision
);
COMMENT ON TYPE promkeep_rollup_row IS 'A row of metrics_5m and metrics_1h.';
