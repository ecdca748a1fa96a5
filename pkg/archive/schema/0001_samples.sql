-- Series, writes (fetches), and samples: recent ones a row each, closed periods packed.

CREATE TABLE promkeep_series (
  series_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  query_id bigint NOT NULL REFERENCES promkeep_queries ON DELETE CASCADE,
  fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
  metric_name text NOT NULL,
  short_name varchar(255) NOT NULL GENERATED ALWAYS AS (
    CASE WHEN length(metric_name) <= 255 THEN metric_name
         ELSE left(metric_name, 238) || '~' || left(md5(metric_name), 16) END) STORED,
  origin text NOT NULL CHECK (origin IN ('named', 'nameless', 'scalar', 'inserted')),
  labels jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (query_id, fingerprint)
);
CREATE INDEX promkeep_series_short_name ON promkeep_series (short_name);
CREATE INDEX promkeep_series_labels ON promkeep_series USING gin (labels jsonb_path_ops);
COMMENT ON TABLE promkeep_series IS 'One row per query, metric name and labels.';
COMMENT ON COLUMN promkeep_series.series_id IS 'Key.';
COMMENT ON COLUMN promkeep_series.query_id IS 'The query whose result it is.';
COMMENT ON COLUMN promkeep_series.fingerprint IS 'SHA-256 of the metric name, a zero byte and the canonical labels, see promkeep_fingerprint().';
COMMENT ON COLUMN promkeep_series.metric_name IS 'In full length; the query''s name for results without __name__.';
COMMENT ON COLUMN promkeep_series.short_name IS 'The metric name as metrics_data shows it: over 255 characters it is cut and ends in ~ and a hash of the whole.';
COMMENT ON COLUMN promkeep_series.origin IS 'How the result came: named (with __name__), nameless, scalar (no labels at all), or inserted. Reading back restores it.';
COMMENT ON COLUMN promkeep_series.labels IS 'Labels without __name__; null only for inserted rows.';
COMMENT ON COLUMN promkeep_series.created_at IS 'When the series was first seen.';

CREATE TABLE promkeep_fetches (
  fetch_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  query_id bigint NOT NULL REFERENCES promkeep_queries ON DELETE CASCADE,
  version integer NOT NULL,
  fetched_range tstzrange,
  fetched_at timestamptz NOT NULL,
  written_at timestamptz NOT NULL DEFAULT now(),
  expression text,
  prometheus_version text,
  warnings text[] NOT NULL DEFAULT '{}',
  inserted bigint NOT NULL DEFAULT 0,
  unchanged bigint NOT NULL DEFAULT 0,
  revised bigint NOT NULL DEFAULT 0,
  withdrawn bigint NOT NULL DEFAULT 0,
  refused bigint NOT NULL DEFAULT 0
);
CREATE INDEX promkeep_fetches_query ON promkeep_fetches (query_id, fetched_at);
CREATE INDEX promkeep_fetches_newest ON promkeep_fetches (query_id, upper(fetched_range));
COMMENT ON TABLE promkeep_fetches IS 'Provenance: one row per write that changed samples. A write that changes nothing leaves no row. Once the samples are packed, alike writes of a day become one row, the newest, with the range and the counts of all; rows expire with the data.';
COMMENT ON COLUMN promkeep_fetches.fetch_id IS 'Key.';
COMMENT ON COLUMN promkeep_fetches.query_id IS 'The query that was fetched.';
COMMENT ON COLUMN promkeep_fetches.version IS 'Its version, which gives the expression.';
COMMENT ON COLUMN promkeep_fetches.fetched_range IS 'The range that was replaced, both ends inclusive; of condensed writes, the ranges of all from the first to the last; null for inserted rows.';
COMMENT ON COLUMN promkeep_fetches.fetched_at IS 'When Prometheus answered, on the writer''s clock.';
COMMENT ON COLUMN promkeep_fetches.written_at IS 'The column created_at of metrics_data: when the write began, on the database''s clock.';
COMMENT ON COLUMN promkeep_fetches.expression IS 'As sent to Prometheus, where it differs from the version''s expression.';
COMMENT ON COLUMN promkeep_fetches.prometheus_version IS 'What the server said of itself.';
COMMENT ON COLUMN promkeep_fetches.warnings IS 'Warnings of the answer.';
COMMENT ON COLUMN promkeep_fetches.inserted IS 'Samples that were new.';
COMMENT ON COLUMN promkeep_fetches.unchanged IS 'Samples that were there already with this value.';
COMMENT ON COLUMN promkeep_fetches.revised IS 'Samples whose value changed.';
COMMENT ON COLUMN promkeep_fetches.withdrawn IS 'Samples the new answer no longer had.';
COMMENT ON COLUMN promkeep_fetches.refused IS 'Series that could not be stored.';

-- No foreign keys here: a check per sample would halve the write rate, and series and fetches are inserted by the same
-- transaction. Partitions are weeks that begin on Monday, UTC; promkeep_ensure_partition() makes them.
CREATE TABLE promkeep_samples (
  series_id bigint NOT NULL,
  time timestamptz NOT NULL,
  value double precision,
  fetch_id bigint NOT NULL,
  PRIMARY KEY (series_id, time)
) PARTITION BY RANGE (time);
CREATE INDEX promkeep_samples_time ON promkeep_samples USING brin (time) WITH (pages_per_range = 16, autosummarize = on);
COMMENT ON TABLE promkeep_samples IS 'Samples, one row per series and time, partitioned by week.';
COMMENT ON COLUMN promkeep_samples.series_id IS 'The series (promkeep_series).';
COMMENT ON COLUMN promkeep_samples.time IS 'Time of the sample.';
COMMENT ON COLUMN promkeep_samples.value IS 'Value; NaN, infinities and -0 are kept. Null only for inserted rows.';
COMMENT ON COLUMN promkeep_samples.fetch_id IS 'The write that brought this value (promkeep_fetches).';

CREATE TABLE promkeep_packed (
  retention text NOT NULL,
  series_id bigint NOT NULL,
  from_time timestamptz NOT NULL,
  to_time timestamptz NOT NULL,
  sample_count integer NOT NULL,
  step_us bigint,
  offsets_us bigint[],
  sample_values double precision[] COMPRESSION pglz NOT NULL,
  differences boolean NOT NULL,
  fetch_ids bigint[] NOT NULL,
  fetch_starts integer[] NOT NULL,
  divisor double precision,
  PRIMARY KEY (series_id, from_time, retention)
) PARTITION BY LIST (retention);
COMMENT ON TABLE promkeep_packed IS 'Samples of closed periods, one row per series and period (a few where the grid has holes), partitioned by retention class and time. A time of a series is either here or in promkeep_samples, never in both.';
COMMENT ON COLUMN promkeep_packed.retention IS 'Retention class.';
COMMENT ON COLUMN promkeep_packed.series_id IS 'The series (promkeep_series).';
COMMENT ON COLUMN promkeep_packed.from_time IS 'Time of the first sample.';
COMMENT ON COLUMN promkeep_packed.to_time IS 'Time of the last sample; less than 28 days after the first.';
COMMENT ON COLUMN promkeep_packed.sample_count IS 'Number of samples.';
COMMENT ON COLUMN promkeep_packed.step_us IS 'Distance between samples in microseconds where it is always the same; else null.';
COMMENT ON COLUMN promkeep_packed.offsets_us IS 'Where the distance differs: microseconds from from_time to each sample; else null.';
COMMENT ON COLUMN promkeep_packed.sample_values IS 'The values, in order of time; a single one where all are the same; see differences.';
COMMENT ON COLUMN promkeep_packed.differences IS 'Whether sample_values holds the first value and then differences to the value before, each times divisor: done where that makes integers of at most 2^52, so that a running sum restores the values exactly.';
COMMENT ON COLUMN promkeep_packed.fetch_ids IS 'The writes (promkeep_fetches) the samples came with, one for each run of samples; alike ones are one, named by the newest.';
COMMENT ON COLUMN promkeep_packed.fetch_starts IS 'Number (from 1) of the first sample of each of these runs.';
COMMENT ON COLUMN promkeep_packed.divisor IS 'With differences: the power of ten by which the running sum is divided (values of two decimals: 100); null: 1; 0: the single value stands for all.';

-- pglz is everywhere, and on sample_values takes a fifth less than lz4 (docs/adr/0012); lz4 is only where the server was built with
-- it. Partitions inherit the choice.
DO $$
BEGIN
  ALTER TABLE promkeep_packed ALTER COLUMN offsets_us SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
  NULL;
END
$$;

CREATE TYPE promkeep_metric_row AS (
  id bigint,
  metric_name varchar(255),
  metric_value double precision,
  "timestamp" timestamptz,
  labels jsonb,
  source varchar(100),
  created_at timestamptz,
  org_id bigint,
  source_name text,
  query text,
  part_from timestamptz,
  part_to timestamptz
);
COMMENT ON TYPE promkeep_metric_row IS 'A row of promkeep_metrics.';
