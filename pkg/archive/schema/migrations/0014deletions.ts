import { boundBodies } from './0013ownNames';
import { deletionGate } from './0014deletionGate';

/**
 * Whatever leads to deletion waits for its date, and is written down. In the database, so that no way leads past it: not the
 * resources, not a config file, not a name that is used again, not an UPDATE by hand. See docs/adr/0020.
 */
const tables = `
CREATE TABLE {schema}.promkeep_pending (
  pending_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  what text NOT NULL CHECK (what IN ('retention', 'data', 'five_minute_rollups', 'hourly_rollups')),
  query_id bigint REFERENCES {schema}.promkeep_queries ON DELETE CASCADE,
  wanted text NOT NULL,
  asked_by text NOT NULL,
  asked_at timestamptz NOT NULL DEFAULT now(),
  effective_at timestamptz NOT NULL,
  about_samples bigint,
  oldest timestamptz,
  CHECK ((query_id IS NOT NULL) = (what IN ('retention', 'data')))
);
CREATE UNIQUE INDEX promkeep_pending_once ON {schema}.promkeep_pending (coalesce(query_id, 0), what);
COMMENT ON TABLE {schema}.promkeep_pending IS 'Deletions that were asked for and wait for their date. Until then what was in force before holds, and whoever may ask for one may take it back.';
COMMENT ON COLUMN {schema}.promkeep_pending.pending_id IS 'Key.';
COMMENT ON COLUMN {schema}.promkeep_pending.what IS 'retention: a shorter one of a query; data: everything of a deleted query; five_minute_rollups, hourly_rollups: a shorter time for stored rollups of the archive.';
COMMENT ON COLUMN {schema}.promkeep_pending.query_id IS 'The query; null for rollups, which are the whole archive''s.';
COMMENT ON COLUMN {schema}.promkeep_pending.wanted IS 'The retention that was asked for; deleted for data.';
COMMENT ON COLUMN {schema}.promkeep_pending.asked_by IS 'Who asked: grafana:<login>, config (a configuration file), command (the promkeep program), or role:<database role>.';
COMMENT ON COLUMN {schema}.promkeep_pending.asked_at IS 'When.';
COMMENT ON COLUMN {schema}.promkeep_pending.effective_at IS 'From when on it holds, on the database''s clock; the next upkeep carries it out.';
COMMENT ON COLUMN {schema}.promkeep_pending.about_samples IS 'How many samples it would have deleted when it was asked for, as far as their provenance tells; null for rollups.';
COMMENT ON COLUMN {schema}.promkeep_pending.oldest IS 'Begin of the oldest write among them; null when there is none.';

CREATE TABLE {schema}.promkeep_audit (
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
COMMENT ON TABLE {schema}.promkeep_audit IS 'Who asked for a deletion, took it back, or had it done at once, and when it was carried out. Only grows; nobody but the owner of the tables can write it.';
COMMENT ON COLUMN {schema}.promkeep_audit.audit_id IS 'Key.';
COMMENT ON COLUMN {schema}.promkeep_audit.noted_at IS 'When, on the database''s clock.';
COMMENT ON COLUMN {schema}.promkeep_audit.source_id IS 'The source of the query; null for settings of the whole archive.';
COMMENT ON COLUMN {schema}.promkeep_audit.org_id IS 'Its organisation.';
COMMENT ON COLUMN {schema}.promkeep_audit.query IS 'Name of the query.';
COMMENT ON COLUMN {schema}.promkeep_audit.actor IS 'Who; as promkeep_pending.asked_by. Of what was carried out: who had asked for it.';
COMMENT ON COLUMN {schema}.promkeep_audit.action IS 'asked: it waits until effective_at; taken back; at once: without waiting, as an Admin, the command line or the owner may; carried out: its date had come.';
COMMENT ON COLUMN {schema}.promkeep_audit.what IS 'As promkeep_pending.what, or deletion_grace.';
COMMENT ON COLUMN {schema}.promkeep_audit.before IS 'What was in force.';
COMMENT ON COLUMN {schema}.promkeep_audit.wanted IS 'What was asked for.';
COMMENT ON COLUMN {schema}.promkeep_audit.effective_at IS 'From when on it was to hold.';
COMMENT ON COLUMN {schema}.promkeep_audit.about_samples IS 'As promkeep_pending.about_samples.';

CREATE TABLE {schema}.promkeep_upkeep_failures (
  query_id bigint NOT NULL REFERENCES {schema}.promkeep_queries ON DELETE CASCADE,
  task text NOT NULL,
  code text NOT NULL,
  message text NOT NULL,
  runs integer NOT NULL DEFAULT 1,
  first_at timestamptz NOT NULL DEFAULT now(),
  last_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (query_id, task)
);
COMMENT ON TABLE {schema}.promkeep_upkeep_failures IS 'Queries for which a task of the upkeep failed when it ran last; the others were served.';
COMMENT ON COLUMN {schema}.promkeep_upkeep_failures.query_id IS 'The query.';
COMMENT ON COLUMN {schema}.promkeep_upkeep_failures.task IS 'pack, rollup, expire or remove deleted.';
COMMENT ON COLUMN {schema}.promkeep_upkeep_failures.code IS 'Error code, see docs/errors.md.';
COMMENT ON COLUMN {schema}.promkeep_upkeep_failures.message IS 'The last error.';
COMMENT ON COLUMN {schema}.promkeep_upkeep_failures.runs IS 'How many runs failed one after the other.';
COMMENT ON COLUMN {schema}.promkeep_upkeep_failures.first_at IS 'When the first of them did.';
COMMENT ON COLUMN {schema}.promkeep_upkeep_failures.last_at IS 'When the last one did.';

ALTER TABLE {schema}.promkeep_pending ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_organisations ON {schema}.promkeep_pending FOR SELECT USING (query_id IN (SELECT p.query_id FROM {schema}.promkeep_queries p));
ALTER TABLE {schema}.promkeep_audit ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_organisations ON {schema}.promkeep_audit FOR SELECT USING (source_id IN (SELECT p.source_id FROM {schema}.promkeep_sources p));
ALTER TABLE {schema}.promkeep_upkeep_failures ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_organisations ON {schema}.promkeep_upkeep_failures FOR SELECT USING (query_id IN (SELECT p.query_id FROM {schema}.promkeep_queries p));

ALTER TABLE {schema}.promkeep_settings DROP CONSTRAINT promkeep_settings_name_check;
ALTER TABLE {schema}.promkeep_settings ADD CONSTRAINT promkeep_settings_name_check
  CHECK (name IN ('five_minute_rollups', 'hourly_rollups') OR (name = 'deletion_grace' AND value ~ '^[1-9][0-9]{0,2}[dw]$'));
COMMENT ON COLUMN {schema}.promkeep_settings.name IS 'five_minute_rollups or hourly_rollups: how long stored rollups of that width are kept. deletion_grace: how long a deletion waits.';
COMMENT ON COLUMN {schema}.promkeep_settings.value IS 'A retention class such as 90d, forever, or none to store none; for deletion_grace a number of days or weeks, such as 7d.';
`;

const durations = `
CREATE OR REPLACE FUNCTION {schema}.promkeep_retention_days(class text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN class ~ '^[1-9][0-9]{0,4}[dwy]$'
    THEN nullif(least(left(class, -1)::integer * CASE right(class, 1) WHEN 'd' THEN 1 WHEN 'w' THEN 7 ELSE 366 END, 36601), 36601) END
$$;
COMMENT ON FUNCTION {schema}.promkeep_retention_days(text) IS 'Days of a retention class (30d, 8w, 1y); null for forever, for more than 36,600 days (100 years), and for anything that cannot be read: all of these are kept.';

CREATE FUNCTION {schema}.promkeep_kept_from(class text, at timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT coalesce($2 - interval '24 hours' * {schema}.promkeep_retention_days($1), '-infinity'::timestamptz)
$$;
COMMENT ON FUNCTION {schema}.promkeep_kept_from(text, timestamptz) IS 'Samples before this time may go at that time; -infinity where all are kept, and never null, which least() and greatest() would pass over.';

CREATE FUNCTION {schema}.promkeep_deletes_more(wanted text, present text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE $1 WHEN 'none' THEN 0 ELSE coalesce({schema}.promkeep_retention_days($1), 2147483647) END
       < CASE $2 WHEN 'none' THEN 0 ELSE coalesce({schema}.promkeep_retention_days($2), 2147483647) END
$$;
COMMENT ON FUNCTION {schema}.promkeep_deletes_more(text, text) IS 'Whether the first retention is shorter than the second one; none is the shortest.';

CREATE FUNCTION {schema}.promkeep_actor() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(nullif(current_setting('promkeep.actor', true), ''), 'role:' || session_user)
$$;
COMMENT ON FUNCTION {schema}.promkeep_actor() IS 'Who is at work: promkeep.actor, which Promkeep sets in its transactions, else the database role.';

CREATE FUNCTION {schema}.promkeep_grace() RETURNS interval
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT interval '24 hours' * coalesce(
    (SELECT {schema}.promkeep_retention_days(s.value) FROM {schema}.promkeep_settings s WHERE s.name = 'deletion_grace'), 7)
$$;
COMMENT ON FUNCTION {schema}.promkeep_grace() IS 'How long a deletion waits; 7 days unless promkeep_settings says otherwise.';
`;

const NEW_TABLES = ['promkeep_pending', 'promkeep_audit', 'promkeep_upkeep_failures'];

/** Who reads an organisation's data reads what waits for it, who decided, and what failed: also who was given that before. */
const readers = `
DO $do$
DECLARE
  one name;
  object name;
BEGIN
  FOREACH one IN ARRAY ARRAY['promkeep_grant_reader', 'promkeep_revoke_reader'] LOOP
    EXECUTE replace(pg_get_functiondef(format('%I.%I', {schemaText}, one)::regproc), '''promkeep_readers''',
      '''promkeep_readers'', ${NEW_TABLES.map((table) => `''${table}''`).join(', ')}');
  END LOOP;
  FOR one IN SELECT DISTINCT m.role_name FROM {schema}.promkeep_readers m
    WHERE m.role_name = 'public' OR to_regrole(quote_ident(m.role_name)) IS NOT NULL LOOP
    FOREACH object IN ARRAY ARRAY[${NEW_TABLES.map((table) => `'${table}'`).join(', ')}] LOOP
      EXECUTE format('GRANT SELECT ON %I.%I TO %I', {schemaText}, object, one);
    END LOOP;
  END LOOP;
END
$do$;
`;

export const deletions = tables + durations + deletionGate + readers + boundBodies;
