/**
 * First schema: sources, queries and their versions, series, samples, fetches, coverage, gaps, and the view `metrics_data`.
 * `{schema}` is replaced by the quoted schema, `{schemaText}` by its name as a string literal.
 */
export const archiveTables = `
CREATE TABLE {schema}.promkeep_migrations (
  version integer PRIMARY KEY,
  name text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE {schema}.promkeep_migrations IS 'Ledger of schema migrations. A program that knows fewer versions than this table refuses to work.';
COMMENT ON COLUMN {schema}.promkeep_migrations.version IS 'Number of the migration, ascending without holes.';
COMMENT ON COLUMN {schema}.promkeep_migrations.name IS 'What the migration brought.';
COMMENT ON COLUMN {schema}.promkeep_migrations.applied_at IS 'When it was committed, on the database''s clock.';

CREATE TABLE {schema}.promkeep_sources (
  source_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  org_id bigint NOT NULL,
  name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (org_id, name)
);
COMMENT ON TABLE {schema}.promkeep_sources IS 'Where samples come from: one row per organisation and source name. Two programs archive the same source exactly when they agree on both.';
COMMENT ON COLUMN {schema}.promkeep_sources.source_id IS 'Key.';
COMMENT ON COLUMN {schema}.promkeep_sources.org_id IS 'Grafana organisation; 1 for the stand-alone program unless configured otherwise.';
COMMENT ON COLUMN {schema}.promkeep_sources.name IS 'Name of the source in the settings; default: default.';
COMMENT ON COLUMN {schema}.promkeep_sources.created_at IS 'When the source was first seen.';

CREATE TABLE {schema}.promkeep_queries (
  query_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source_id bigint NOT NULL REFERENCES {schema}.promkeep_sources,
  kind text NOT NULL CHECK (kind IN ('recorded', 'kept', 'inserted')),
  identity bytea NOT NULL CHECK (length(identity) = 32),
  name text,
  source_text varchar(100),
  current_version integer NOT NULL DEFAULT 1,
  step_ms bigint,
  phase_ms bigint,
  retention text NOT NULL,
  provisioned boolean NOT NULL DEFAULT false,
  paused_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (source_id, kind, identity),
  CHECK ((kind = 'inserted') = (name IS NULL)),
  CHECK ((kind = 'inserted') = (step_ms IS NULL))
);
COMMENT ON TABLE {schema}.promkeep_queries IS 'What samples belong to: a recorded query (continuous history), a kept result (snapshots of a Grafana query), or rows inserted through metrics_data. Writers lock this row first, so writes of one query happen one after another.';
COMMENT ON COLUMN {schema}.promkeep_queries.query_id IS 'Key.';
COMMENT ON COLUMN {schema}.promkeep_queries.source_id IS 'The source it is asked of.';
COMMENT ON COLUMN {schema}.promkeep_queries.kind IS 'recorded, kept or inserted.';
COMMENT ON COLUMN {schema}.promkeep_queries.identity IS 'SHA-256 of what makes the query unique within source and kind: recorded: its name; kept: step, phase and expression; inserted: the text of the column source.';
COMMENT ON COLUMN {schema}.promkeep_queries.name IS 'The column query of metrics_data. Recorded: the name; kept: the expression with its grid; inserted: null.';
COMMENT ON COLUMN {schema}.promkeep_queries.source_text IS 'The column source of metrics_data: prometheus, or what was inserted.';
COMMENT ON COLUMN {schema}.promkeep_queries.current_version IS 'Version (promkeep_query_versions) that is being recorded.';
COMMENT ON COLUMN {schema}.promkeep_queries.step_ms IS 'Distance of grid times in milliseconds (of the current version); null for inserted rows.';
COMMENT ON COLUMN {schema}.promkeep_queries.phase_ms IS 'Offset of the grid from the epoch in milliseconds; 0 for recorded queries.';
COMMENT ON COLUMN {schema}.promkeep_queries.retention IS 'Retention class: 7d, 30d, 1y, forever and so on';
COMMENT ON COLUMN {schema}.promkeep_queries.provisioned IS 'Defined by a config file, hence read-only elsewhere.';
COMMENT ON COLUMN {schema}.promkeep_queries.paused_at IS 'Since when it is not recorded any more (its data stays); null while it is.';
COMMENT ON COLUMN {schema}.promkeep_queries.created_at IS 'When the query was first seen.';
COMMENT ON COLUMN {schema}.promkeep_queries.updated_at IS 'When its definition last changed.';

CREATE TABLE {schema}.promkeep_query_versions (
  query_id bigint NOT NULL REFERENCES {schema}.promkeep_queries ON DELETE CASCADE,
  version integer NOT NULL,
  expression text NOT NULL,
  step_ms bigint,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (query_id, version)
);
COMMENT ON TABLE {schema}.promkeep_query_versions IS 'Expressions of a query over time. Another expression or step starts a new version; samples keep the version they were fetched with (through promkeep_fetches).';
COMMENT ON COLUMN {schema}.promkeep_query_versions.query_id IS 'The query.';
COMMENT ON COLUMN {schema}.promkeep_query_versions.version IS 'Ascending from 1.';
COMMENT ON COLUMN {schema}.promkeep_query_versions.expression IS 'PromQL; empty for inserted rows.';
COMMENT ON COLUMN {schema}.promkeep_query_versions.step_ms IS 'Distance of grid times in milliseconds; null for inserted rows.';
COMMENT ON COLUMN {schema}.promkeep_query_versions.created_at IS 'When this version began.';

CREATE TABLE {schema}.promkeep_series (
  series_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  query_id bigint NOT NULL REFERENCES {schema}.promkeep_queries ON DELETE CASCADE,
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
CREATE INDEX promkeep_series_short_name ON {schema}.promkeep_series (short_name);
CREATE INDEX promkeep_series_labels ON {schema}.promkeep_series USING gin (labels jsonb_path_ops);
COMMENT ON TABLE {schema}.promkeep_series IS 'One row per query, metric name and labels.';
COMMENT ON COLUMN {schema}.promkeep_series.series_id IS 'Key.';
COMMENT ON COLUMN {schema}.promkeep_series.query_id IS 'The query whose result it is.';
COMMENT ON COLUMN {schema}.promkeep_series.fingerprint IS 'SHA-256 of the metric name, a zero byte and the canonical labels, see promkeep_fingerprint().';
COMMENT ON COLUMN {schema}.promkeep_series.metric_name IS 'In full length; the query''s name for results without __name__.';
COMMENT ON COLUMN {schema}.promkeep_series.short_name IS 'The metric name as metrics_data shows it: over 255 characters it is cut and ends in ~ and a hash of the whole.';
COMMENT ON COLUMN {schema}.promkeep_series.origin IS 'How the result came: named (with __name__), nameless, scalar (no labels at all), or inserted. Reading back restores it.';
COMMENT ON COLUMN {schema}.promkeep_series.labels IS 'Labels without __name__; null only for inserted rows.';
COMMENT ON COLUMN {schema}.promkeep_series.created_at IS 'When the series was first seen.';

CREATE TABLE {schema}.promkeep_fetches (
  fetch_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  query_id bigint NOT NULL REFERENCES {schema}.promkeep_queries ON DELETE CASCADE,
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
CREATE INDEX promkeep_fetches_query ON {schema}.promkeep_fetches (query_id, fetched_at);
COMMENT ON TABLE {schema}.promkeep_fetches IS 'Provenance: one row per write that changed samples. A write that changes nothing leaves no row.';
COMMENT ON COLUMN {schema}.promkeep_fetches.fetch_id IS 'Key.';
COMMENT ON COLUMN {schema}.promkeep_fetches.query_id IS 'The query that was fetched.';
COMMENT ON COLUMN {schema}.promkeep_fetches.version IS 'Its version, which gives the expression.';
COMMENT ON COLUMN {schema}.promkeep_fetches.fetched_range IS 'The range that was replaced, both ends inclusive; null for inserted rows.';
COMMENT ON COLUMN {schema}.promkeep_fetches.fetched_at IS 'When Prometheus answered, on the writer''s clock.';
COMMENT ON COLUMN {schema}.promkeep_fetches.written_at IS 'The column created_at of metrics_data: when the write began, on the database''s clock.';
COMMENT ON COLUMN {schema}.promkeep_fetches.expression IS 'As sent to Prometheus, where it differs from the version''s expression.';
COMMENT ON COLUMN {schema}.promkeep_fetches.prometheus_version IS 'What the server said of itself.';
COMMENT ON COLUMN {schema}.promkeep_fetches.warnings IS 'Warnings of the answer.';
COMMENT ON COLUMN {schema}.promkeep_fetches.inserted IS 'Samples that were new.';
COMMENT ON COLUMN {schema}.promkeep_fetches.unchanged IS 'Samples that were there already with this value.';
COMMENT ON COLUMN {schema}.promkeep_fetches.revised IS 'Samples whose value changed.';
COMMENT ON COLUMN {schema}.promkeep_fetches.withdrawn IS 'Samples the new answer no longer had.';
COMMENT ON COLUMN {schema}.promkeep_fetches.refused IS 'Series that could not be stored.';

-- No foreign keys here: a check per sample would halve the write rate, and series and fetches are inserted by the same
-- transaction. Partitions are weeks that begin on Monday, UTC; promkeep_ensure_partition() makes them.
CREATE TABLE {schema}.promkeep_samples (
  series_id bigint NOT NULL,
  time timestamptz NOT NULL,
  value double precision,
  fetch_id bigint NOT NULL,
  PRIMARY KEY (series_id, time)
) PARTITION BY RANGE (time);
CREATE INDEX promkeep_samples_time ON {schema}.promkeep_samples USING brin (time) WITH (pages_per_range = 16, autosummarize = on);
COMMENT ON TABLE {schema}.promkeep_samples IS 'Samples, one row per series and time, partitioned by week.';
COMMENT ON COLUMN {schema}.promkeep_samples.series_id IS 'The series (promkeep_series).';
COMMENT ON COLUMN {schema}.promkeep_samples.time IS 'Time of the sample.';
COMMENT ON COLUMN {schema}.promkeep_samples.value IS 'Value; NaN, infinities and -0 are kept. Null only for inserted rows.';
COMMENT ON COLUMN {schema}.promkeep_samples.fetch_id IS 'The write that brought this value (promkeep_fetches).';

CREATE TABLE {schema}.promkeep_coverage (
  query_id bigint NOT NULL,
  version integer NOT NULL,
  covered tstzmultirange NOT NULL DEFAULT '{}',
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (query_id, version),
  FOREIGN KEY (query_id, version) REFERENCES {schema}.promkeep_query_versions ON DELETE CASCADE
);
COMMENT ON TABLE {schema}.promkeep_coverage IS 'What the archive knows of a recorded query: the grid times in these ranges were answered by a source that held data then.';
COMMENT ON COLUMN {schema}.promkeep_coverage.query_id IS 'The recorded query.';
COMMENT ON COLUMN {schema}.promkeep_coverage.version IS 'Its version.';
COMMENT ON COLUMN {schema}.promkeep_coverage.covered IS 'Each range begins at a covered grid time and ends one step after the last one (exclusive), so that neighbours join.';
COMMENT ON COLUMN {schema}.promkeep_coverage.updated_at IS 'When it last grew or shrank.';

CREATE TABLE {schema}.promkeep_gaps (
  gap_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  query_id bigint NOT NULL,
  version integer NOT NULL,
  missing tstzrange NOT NULL,
  reason text NOT NULL,
  detail text,
  first_noted timestamptz NOT NULL DEFAULT now(),
  last_tried timestamptz NOT NULL DEFAULT now(),
  tries integer NOT NULL DEFAULT 1,
  FOREIGN KEY (query_id, version) REFERENCES {schema}.promkeep_query_versions ON DELETE CASCADE
);
CREATE INDEX promkeep_gaps_query ON {schema}.promkeep_gaps (query_id, version);
COMMENT ON TABLE {schema}.promkeep_gaps IS 'Why ranges are not covered. Gaps of one query never overlap each other or its coverage.';
COMMENT ON COLUMN {schema}.promkeep_gaps.gap_id IS 'Key.';
COMMENT ON COLUMN {schema}.promkeep_gaps.query_id IS 'The recorded query.';
COMMENT ON COLUMN {schema}.promkeep_gaps.version IS 'Its version.';
COMMENT ON COLUMN {schema}.promkeep_gaps.missing IS 'From the first missing grid time to one step after the last (exclusive).';
COMMENT ON COLUMN {schema}.promkeep_gaps.reason IS 'source-down, query-failed, partial-answer, source-had-no-data, source-lost-it or archive-down.';
COMMENT ON COLUMN {schema}.promkeep_gaps.detail IS 'More about it, for people.';
COMMENT ON COLUMN {schema}.promkeep_gaps.first_noted IS 'When it was first noted.';
COMMENT ON COLUMN {schema}.promkeep_gaps.last_tried IS 'When it was last noted.';
COMMENT ON COLUMN {schema}.promkeep_gaps.tries IS 'How often it was noted.';
`;
