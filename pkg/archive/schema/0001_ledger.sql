-- What is known and what is missing (coverage, gaps), what waits to be deleted, who decided, and what the upkeep could not do.

CREATE TABLE promkeep_coverage (
  query_id bigint NOT NULL,
  version integer NOT NULL,
  covered tstzmultirange NOT NULL DEFAULT '{}',
  updated_at timestamptz NOT NULL DEFAULT now(),
  expired tstzmultirange NOT NULL DEFAULT '{}',
  PRIMARY KEY (query_id, version),
  FOREIGN KEY (query_id, version) REFERENCES promkeep_query_versions ON DELETE CASCADE
);
COMMENT ON TABLE promkeep_coverage IS 'What the archive knows of a recorded query: the grid times in these ranges were answered by a source that held data then.';
COMMENT ON COLUMN promkeep_coverage.query_id IS 'The recorded query.';
COMMENT ON COLUMN promkeep_coverage.version IS 'Its version.';
COMMENT ON COLUMN promkeep_coverage.covered IS 'Each range begins at a covered grid time and ends one step after the last one (exclusive), so that neighbours join.';
COMMENT ON COLUMN promkeep_coverage.updated_at IS 'When it last grew or shrank.';
COMMENT ON COLUMN promkeep_coverage.expired IS 'What was covered when its samples expired and its rollups were stored. May overlap covered, by an hour or where somebody filled it in again.';

CREATE TABLE promkeep_gaps (
  gap_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  query_id bigint NOT NULL,
  version integer NOT NULL,
  missing tstzrange NOT NULL,
  reason text NOT NULL,
  detail text,
  first_noted timestamptz NOT NULL DEFAULT now(),
  last_tried timestamptz NOT NULL DEFAULT now(),
  tries integer NOT NULL DEFAULT 1,
  FOREIGN KEY (query_id, version) REFERENCES promkeep_query_versions ON DELETE CASCADE
);
CREATE INDEX promkeep_gaps_query ON promkeep_gaps (query_id, version);
COMMENT ON TABLE promkeep_gaps IS 'Why ranges are not covered. Gaps of one query never overlap each other or its coverage.';
COMMENT ON COLUMN promkeep_gaps.gap_id IS 'Key.';
COMMENT ON COLUMN promkeep_gaps.query_id IS 'The recorded query.';
COMMENT ON COLUMN promkeep_gaps.version IS 'Its version.';
COMMENT ON COLUMN promkeep_gaps.missing IS 'From the first missing grid time to one step after the last (exclusive).';
COMMENT ON COLUMN promkeep_gaps.reason IS 'source-down, query-failed, partial-answer, source-had-no-data, source-lost-it or archive-down.';
COMMENT ON COLUMN promkeep_gaps.detail IS 'More about it, for people.';
COMMENT ON COLUMN promkeep_gaps.first_noted IS 'When it was first noted.';
COMMENT ON COLUMN promkeep_gaps.last_tried IS 'When it was last noted.';
COMMENT ON COLUMN promkeep_gaps.tries IS 'How often it was noted.';

CREATE TABLE promkeep_pending (
  pending_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  what text NOT NULL CHECK (what IN ('retention', 'data', 'five_minute_rollups', 'hourly_rollups')),
  query_id bigint REFERENCES promkeep_queries ON DELETE CASCADE,
  wanted text NOT NULL,
  asked_by text NOT NULL,
  asked_at timestamptz NOT NULL DEFAULT now(),
  effective_at timestamptz NOT NULL,
  about_samples bigint,
  oldest timestamptz,
  CHECK ((query_id IS NOT NULL) = (what IN ('retention', 'data')))
);
CREATE UNIQUE INDEX promkeep_pending_once ON promkeep_pending (coalesce(query_id, 0), what);
COMMENT ON TABLE promkeep_pending IS 'Deletions that were asked for and wait for their date. Until then what was in force before holds, and whoever may ask for one may take it back.';
COMMENT ON COLUMN promkeep_pending.pending_id IS 'Key.';
COMMENT ON COLUMN promkeep_pending.what IS 'retention: a shorter one of a query; data: everything of a deleted query; five_minute_rollups, hourly_rollups: a shorter time for stored rollups of the archive.';
COMMENT ON COLUMN promkeep_pending.query_id IS 'The query; null for rollups, which are the whole archive''s.';
COMMENT ON COLUMN promkeep_pending.wanted IS 'The retention that was asked for; deleted for data.';
COMMENT ON COLUMN promkeep_pending.asked_by IS 'Who asked: grafana:<login>, config (a configuration file), command (the promkeep program), or role:<database role>.';
COMMENT ON COLUMN promkeep_pending.asked_at IS 'When.';
COMMENT ON COLUMN promkeep_pending.effective_at IS 'From when on it holds, on the database''s clock; the next upkeep carries it out.';
COMMENT ON COLUMN promkeep_pending.about_samples IS 'How many samples it would have deleted when it was asked for, as far as their provenance tells; null for rollups.';
COMMENT ON COLUMN promkeep_pending.oldest IS 'Begin of the oldest write among them; null when there is none.';

CREATE TABLE promkeep_audit (
  audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  noted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  source_id bigint,
  org_id bigint,
  query text,
  actor text NOT NULL,
  action text NOT NULL CHECK (action IN ('asked', 'taken back', 'at once', 'carried out')),
  what text NOT NULL,
  before text,
  wanted text,
  effective_at timestamptz,
  about_samples bigint
);
COMMENT ON TABLE promkeep_audit IS 'Who asked for a deletion, took it back, or had it done at once, and when it was carried out. Only grows; nobody but the owner of the tables can write it.';
COMMENT ON COLUMN promkeep_audit.audit_id IS 'Key.';
COMMENT ON COLUMN promkeep_audit.noted_at IS 'When, on the database''s clock.';
COMMENT ON COLUMN promkeep_audit.source_id IS 'The source of the query; null for settings of the whole archive.';
COMMENT ON COLUMN promkeep_audit.org_id IS 'Its organisation.';
COMMENT ON COLUMN promkeep_audit.query IS 'Name of the query.';
COMMENT ON COLUMN promkeep_audit.actor IS 'Who; as promkeep_pending.asked_by. Of what was carried out: who had asked for it.';
COMMENT ON COLUMN promkeep_audit.action IS 'asked: it waits until effective_at; taken back; at once: without waiting, as an Admin, the command line or the owner may; carried out: its date had come.';
COMMENT ON COLUMN promkeep_audit.what IS 'As promkeep_pending.what, or deletion_grace.';
COMMENT ON COLUMN promkeep_audit.before IS 'What was in force.';
COMMENT ON COLUMN promkeep_audit.wanted IS 'What was asked for.';
COMMENT ON COLUMN promkeep_audit.effective_at IS 'From when on it was to hold.';
COMMENT ON COLUMN promkeep_audit.about_samples IS 'As promkeep_pending.about_samples.';

CREATE TABLE promkeep_upkeep_failures (
  query_id bigint NOT NULL REFERENCES promkeep_queries ON DELETE CASCADE,
  task text NOT NULL,
  code text NOT NULL,
  message text NOT NULL,
  runs integer NOT NULL DEFAULT 1,
  first_at timestamptz NOT NULL DEFAULT now(),
  last_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (query_id, task)
);
COMMENT ON TABLE promkeep_upkeep_failures IS 'Queries for which a task of the upkeep failed when it ran last; the others were served.';
COMMENT ON COLUMN promkeep_upkeep_failures.query_id IS 'The query.';
COMMENT ON COLUMN promkeep_upkeep_failures.task IS 'pack, rollup, expire or remove deleted.';
COMMENT ON COLUMN promkeep_upkeep_failures.code IS 'Error code, see docs/errors.md.';
COMMENT ON COLUMN promkeep_upkeep_failures.message IS 'The last error.';
COMMENT ON COLUMN promkeep_upkeep_failures.runs IS 'How many runs failed one after the other.';
COMMENT ON COLUMN promkeep_upkeep_failures.first_at IS 'When the first of them did.';
COMMENT ON COLUMN promkeep_upkeep_failures.last_at IS 'When the last one did.';
