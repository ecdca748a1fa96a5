-- What is recorded, and by whom: the ledger of migrations, sources, queries and their versions, leases, settings.

CREATE TABLE promkeep_migrations (
  version integer PRIMARY KEY,
  name text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 0,
  texts jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE promkeep_migrations IS 'Ledger of schema migrations. A program that knows fewer versions than this table refuses to work.';
COMMENT ON COLUMN promkeep_migrations.version IS 'Number of the migration, ascending without holes.';
COMMENT ON COLUMN promkeep_migrations.name IS 'What the migration brought.';
COMMENT ON COLUMN promkeep_migrations.applied_at IS 'When it was committed, on the database''s clock.';
COMMENT ON COLUMN promkeep_migrations.revision IS 'Revision of the functions and views. A program that brings an older one leaves them as they are. Only the newest row counts.';
COMMENT ON COLUMN promkeep_migrations.texts IS 'Hash of each file that functions and views were made from.';

CREATE TABLE promkeep_sources (
  source_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  org_id bigint NOT NULL,
  name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (org_id, name)
);
COMMENT ON TABLE promkeep_sources IS 'Where samples come from: one row per organisation and source name. Two programs archive the same source exactly when they agree on both.';
COMMENT ON COLUMN promkeep_sources.source_id IS 'Key.';
COMMENT ON COLUMN promkeep_sources.org_id IS 'Grafana organisation; 1 for the stand-alone program unless configured otherwise.';
COMMENT ON COLUMN promkeep_sources.name IS 'Name of the source in the settings; default: default.';
COMMENT ON COLUMN promkeep_sources.created_at IS 'When the source was first seen.';

CREATE TABLE promkeep_queries (
  query_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source_id bigint NOT NULL REFERENCES promkeep_sources,
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
  packed_until timestamptz,
  packed_at timestamptz,
  revision bigint NOT NULL DEFAULT 1,
  created_by text,
  updated_by text,
  deleted_at timestamptz,
  delete_data boolean NOT NULL DEFAULT false,
  condensed_until timestamptz,
  UNIQUE (source_id, kind, identity),
  CHECK ((kind = 'inserted') = (name IS NULL)),
  CHECK ((kind = 'inserted') = (step_ms IS NULL))
);
COMMENT ON TABLE promkeep_queries IS 'What samples belong to: a recorded query (continuous history), a kept result (snapshots of a Grafana query), or rows inserted through metrics_data. Writers lock this row first, so writes of one query happen one after another.';
COMMENT ON COLUMN promkeep_queries.query_id IS 'Key.';
COMMENT ON COLUMN promkeep_queries.source_id IS 'The source it is asked of.';
COMMENT ON COLUMN promkeep_queries.kind IS 'recorded, kept or inserted.';
COMMENT ON COLUMN promkeep_queries.identity IS 'SHA-256 of what makes the query unique within source and kind: recorded: its name; kept: step, phase and expression; inserted: the text of the column source.';
COMMENT ON COLUMN promkeep_queries.name IS 'The column query of metrics_data. Recorded: the name; kept: the expression with its grid; inserted: null.';
COMMENT ON COLUMN promkeep_queries.source_text IS 'The column source of metrics_data: prometheus, or what was inserted.';
COMMENT ON COLUMN promkeep_queries.current_version IS 'Version (promkeep_query_versions) that is being recorded.';
COMMENT ON COLUMN promkeep_queries.step_ms IS 'Distance of grid times in milliseconds (of the current version); null for inserted rows.';
COMMENT ON COLUMN promkeep_queries.phase_ms IS 'Offset of the grid from the epoch in milliseconds; 0 for recorded queries.';
COMMENT ON COLUMN promkeep_queries.retention IS 'Retention class: 7d, 30d, 1y, forever and so on';
COMMENT ON COLUMN promkeep_queries.provisioned IS 'Defined by a config file, hence read-only elsewhere.';
COMMENT ON COLUMN promkeep_queries.paused_at IS 'Since when it is not recorded any more (its data stays); null while it is.';
COMMENT ON COLUMN promkeep_queries.created_at IS 'When the query was first seen.';
COMMENT ON COLUMN promkeep_queries.updated_at IS 'When its definition last changed.';
COMMENT ON COLUMN promkeep_queries.packed_until IS 'No packed row of this query reaches this time; null while there is none. Writers of younger times need not look for packed rows.';
COMMENT ON COLUMN promkeep_queries.packed_at IS 'When samples of this query were last packed.';
COMMENT ON COLUMN promkeep_queries.revision IS 'Grows by one with each change of the definition or its state; an edit names the one it was made from.';
COMMENT ON COLUMN promkeep_queries.created_by IS 'Login of the Grafana user who made it; null when a program did.';
COMMENT ON COLUMN promkeep_queries.updated_by IS 'Login of the Grafana user who changed it last; null when a program did.';
COMMENT ON COLUMN promkeep_queries.deleted_at IS 'When a recorded query was deleted. The row stays for a while, so that an archiver that has not heard of it cannot make it again.';
COMMENT ON COLUMN promkeep_queries.delete_data IS 'Whether its samples are deleted as well; done in batches, and the row goes when none is left.';
COMMENT ON COLUMN promkeep_queries.condensed_until IS 'Writes (promkeep_fetches) whose range ends before this time have been condensed; null before the first time.';

CREATE TABLE promkeep_query_versions (
  query_id bigint NOT NULL REFERENCES promkeep_queries ON DELETE CASCADE,
  version integer NOT NULL,
  expression text NOT NULL,
  step_ms bigint,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text,
  expected_series integer CHECK (expected_series >= 0),
  PRIMARY KEY (query_id, version)
);
COMMENT ON TABLE promkeep_query_versions IS 'Expressions of a query over time. Another expression or step starts a new version; samples keep the version they were fetched with (through promkeep_fetches).';
COMMENT ON COLUMN promkeep_query_versions.query_id IS 'The query.';
COMMENT ON COLUMN promkeep_query_versions.version IS 'Ascending from 1.';
COMMENT ON COLUMN promkeep_query_versions.expression IS 'PromQL; empty for inserted rows.';
COMMENT ON COLUMN promkeep_query_versions.step_ms IS 'Distance of grid times in milliseconds; null for inserted rows.';
COMMENT ON COLUMN promkeep_query_versions.created_at IS 'When this version began.';
COMMENT ON COLUMN promkeep_query_versions.created_by IS 'Login of the Grafana user who began this version; null when a program did.';
COMMENT ON COLUMN promkeep_query_versions.expected_series IS 'Series its result had when the version began; null when nobody asked.';

-- One row a source. The epoch is part of a key on purpose: writers hold the row FOR KEY SHARE, which lets a renewal (no key
-- changes) pass and makes a change of leader (the epoch changes) wait until they are done.
CREATE TABLE promkeep_leases (
  source_id bigint PRIMARY KEY REFERENCES promkeep_sources ON DELETE CASCADE,
  epoch bigint NOT NULL DEFAULT 0,
  holder text NOT NULL DEFAULT '',
  expires_at timestamptz NOT NULL DEFAULT '-infinity',
  taken_at timestamptz,
  provisions boolean NOT NULL DEFAULT true,
  UNIQUE (source_id, epoch)
);
COMMENT ON TABLE promkeep_leases IS 'Which archiver records a source now. Writers of recorded queries take this row FOR KEY SHARE with their epoch first, so one that was replaced cannot write.';
COMMENT ON COLUMN promkeep_leases.source_id IS 'The source.';
COMMENT ON COLUMN promkeep_leases.epoch IS 'Grows by one with each change of leader; 0 before the first.';
COMMENT ON COLUMN promkeep_leases.holder IS 'The archiver that leads: host, process and a random part; empty when nobody does.';
COMMENT ON COLUMN promkeep_leases.expires_at IS 'When others may take over, on the database''s clock.';
COMMENT ON COLUMN promkeep_leases.taken_at IS 'When the holder became leader.';
COMMENT ON COLUMN promkeep_leases.provisions IS 'Whether the holder makes the queries of a config file known. While one without a config file leads (the Grafana plugin), a waiting program with one does it.';

-- What all programs on one archive must agree on. Seen by the owner only: no policy lets anybody else read it.
CREATE TABLE promkeep_settings (
  name text PRIMARY KEY CONSTRAINT promkeep_settings_name_check CHECK (
    name IN ('five_minute_rollups', 'hourly_rollups') OR (name = 'deletion_grace' AND value ~ '^[1-9][0-9]{0,2}[dw]$')),
  value text NOT NULL CHECK (value ~ '^([1-9][0-9]{0,4}[dwy]|forever|none)$'),
  updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE promkeep_settings IS 'Settings of the archive as a whole. A program whose configuration names one writes it here; all programs, Grafana''s plugin among them, go by what stands here, and by the default where nothing does.';
COMMENT ON COLUMN promkeep_settings.name IS 'five_minute_rollups or hourly_rollups: how long stored rollups of that width are kept. deletion_grace: how long a deletion waits.';
COMMENT ON COLUMN promkeep_settings.value IS 'A retention class such as 90d, forever, or none to store none; for deletion_grace a number of days or weeks, such as 7d.';
COMMENT ON COLUMN promkeep_settings.updated_at IS 'When it was given this value.';
