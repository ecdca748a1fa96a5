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

/** `null` never equals `null` here: a query's own rows are found by `coalesce(query_id, 0)`, as the index does. */
const OF = `coalesce(p.query_id, 0) = coalesce(of_query, 0) AND p.what = of_what`;

const gate = `
CREATE FUNCTION {schema}.promkeep_note_audit(of_query bigint, actor text, action text, what text, before text, wanted text,
  effective_at timestamptz, about_samples bigint) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO {schema}.promkeep_audit (source_id, org_id, query, actor, action, what, before, wanted, effective_at, about_samples)
  SELECT o.source_id, o.org_id, coalesce(q.name, q.source_text), $2, $3, $4, $5, $6, $7, $8
  FROM (SELECT 1) one
  LEFT JOIN {schema}.promkeep_queries q ON q.query_id = $1
  LEFT JOIN {schema}.promkeep_sources o ON o.source_id = q.source_id
$$;
COMMENT ON FUNCTION {schema}.promkeep_note_audit(bigint, text, text, text, text, text, timestamptz, bigint) IS 'Writes a line of promkeep_audit.';
REVOKE ALL ON FUNCTION {schema}.promkeep_note_audit(bigint, text, text, text, text, text, timestamptz, bigint) FROM PUBLIC;

CREATE FUNCTION {schema}.promkeep_take_back(of_query bigint, of_what text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known {schema}.promkeep_pending;
BEGIN
  DELETE FROM {schema}.promkeep_pending p WHERE ${OF} RETURNING p.* INTO known;
  IF known.pending_id IS NULL THEN
    RETURN false;
  END IF;
  PERFORM {schema}.promkeep_note_audit(of_query, {schema}.promkeep_actor(), 'taken back', of_what, NULL::text, known.wanted,
    known.effective_at, known.about_samples);
  RETURN true;
END
$$;
COMMENT ON FUNCTION {schema}.promkeep_take_back(bigint, text) IS 'Ends the waiting of a deletion; false when there is none.';
REVOKE ALL ON FUNCTION {schema}.promkeep_take_back(bigint, text) FROM PUBLIC;

CREATE FUNCTION {schema}.promkeep_may_delete(of_query bigint, of_what text, present text, asked text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known {schema}.promkeep_pending;
  due boolean;
  from_when timestamptz;
  cut timestamptz;
  samples bigint;
  first_time timestamptz;
BEGIN
  SELECT p.* INTO known FROM {schema}.promkeep_pending p WHERE ${OF} FOR UPDATE;
  due := coalesce(known.wanted = asked AND known.effective_at <= now(), false);
  IF due OR current_setting('promkeep.grace', true) = 'waived' THEN
    DELETE FROM {schema}.promkeep_pending p WHERE p.pending_id = known.pending_id;
    PERFORM {schema}.promkeep_note_audit(of_query, CASE WHEN due THEN known.asked_by ELSE {schema}.promkeep_actor() END,
      CASE WHEN due THEN 'carried out' ELSE 'at once' END, of_what, present, asked, now(), known.about_samples);
    RETURN true;
  END IF;
  -- Where there is nothing, nothing can be lost.
  IF of_query IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {schema}.promkeep_series r WHERE r.query_id = of_query)
    OR of_query IS NULL AND NOT EXISTS (SELECT 1 FROM {schema}.promkeep_rollup_state t
      WHERE t.width_s = CASE of_what WHEN 'five_minute_rollups' THEN 300 ELSE 3600 END) THEN
    DELETE FROM {schema}.promkeep_pending p WHERE p.pending_id = known.pending_id;
    RETURN true;
  END IF;
  IF known.wanted = asked THEN
    RETURN false;
  END IF;
  -- Who asks for less than what waits already need not wait longer.
  from_when := CASE WHEN known.pending_id IS NULL OR {schema}.promkeep_deletes_more(asked, known.wanted)
    THEN now() + {schema}.promkeep_grace() ELSE known.effective_at END;
  IF of_query IS NOT NULL THEN
    cut := CASE WHEN of_what = 'data' THEN 'infinity' ELSE {schema}.promkeep_kept_from(asked, now()) END;
    -- Of a write that reaches beyond the cut, its share before it.
    SELECT coalesce(sum((f.inserted - f.withdrawn) * CASE WHEN upper(f.fetched_range) <= cut OR f.fetched_range IS NULL THEN 1
        ELSE extract(epoch FROM cut - lower(f.fetched_range)) / extract(epoch FROM upper(f.fetched_range) - lower(f.fetched_range)) END), 0),
      min(lower(f.fetched_range)) INTO samples, first_time
    FROM {schema}.promkeep_fetches f
    WHERE f.query_id = of_query AND (of_what = 'data'
      OR lower(f.fetched_range) < cut AND upper(f.fetched_range) >= {schema}.promkeep_kept_from(present, now()));
  END IF;
  INSERT INTO {schema}.promkeep_pending AS p (what, query_id, wanted, asked_by, effective_at, about_samples, oldest)
  VALUES (of_what, of_query, asked, {schema}.promkeep_actor(), from_when, samples, first_time)
  ON CONFLICT (coalesce(query_id, 0), what) DO UPDATE SET wanted = excluded.wanted, asked_by = excluded.asked_by, asked_at = now(),
    effective_at = excluded.effective_at, about_samples = excluded.about_samples, oldest = excluded.oldest;
  PERFORM {schema}.promkeep_note_audit(of_query, {schema}.promkeep_actor(), 'asked', of_what, present, asked, from_when, samples);
  RETURN false;
END
$$;
COMMENT ON FUNCTION {schema}.promkeep_may_delete(bigint, text, text, text) IS 'Whether what deletes (a shorter retention, the data of a query) may hold from now on: its date has come, promkeep.grace is set to waived in this transaction, or there is nothing to delete. Otherwise it is noted in promkeep_pending.';
REVOKE ALL ON FUNCTION {schema}.promkeep_may_delete(bigint, text, text, text) FROM PUBLIC;

CREATE FUNCTION {schema}.promkeep_hold_back_retention() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT {schema}.promkeep_deletes_more(NEW.retention, OLD.retention) THEN
    PERFORM {schema}.promkeep_take_back(OLD.query_id, 'retention');
  ELSIF NOT {schema}.promkeep_may_delete(OLD.query_id, 'retention', OLD.retention, NEW.retention) THEN
    NEW.retention := OLD.retention;
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION {schema}.promkeep_hold_back_retention() IS 'Trigger of promkeep_queries: a shorter retention waits for its date. Any other one, also the one in force, ends the waiting.';
REVOKE ALL ON FUNCTION {schema}.promkeep_hold_back_retention() FROM PUBLIC;
CREATE TRIGGER promkeep_hold_back_retention BEFORE UPDATE OF retention ON {schema}.promkeep_queries
FOR EACH ROW EXECUTE FUNCTION {schema}.promkeep_hold_back_retention();

CREATE FUNCTION {schema}.promkeep_hold_back_data() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL THEN
    PERFORM {schema}.promkeep_take_back(OLD.query_id, 'data');
  END IF;
  IF NEW.delete_data AND NOT OLD.delete_data THEN
    NEW.delete_data := {schema}.promkeep_may_delete(OLD.query_id, 'data', OLD.retention, 'deleted');
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION {schema}.promkeep_hold_back_data() IS 'Trigger of promkeep_queries: the deletion of data waits for its date. A query that is used again ends the waiting.';
REVOKE ALL ON FUNCTION {schema}.promkeep_hold_back_data() FROM PUBLIC;
CREATE TRIGGER promkeep_hold_back_data BEFORE UPDATE OF delete_data, deleted_at ON {schema}.promkeep_queries
FOR EACH ROW EXECUTE FUNCTION {schema}.promkeep_hold_back_data();

CREATE FUNCTION {schema}.promkeep_hold_back_setting() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  of_name text;
  present text;
  asked text;
BEGIN
  IF TG_OP = 'DELETE' THEN
    of_name := OLD.name;
  ELSE
    of_name := NEW.name;
  END IF;
  present := CASE of_name WHEN 'five_minute_rollups' THEN '1y' WHEN 'hourly_rollups' THEN 'forever' ELSE '7d' END;
  asked := present;
  IF TG_OP <> 'INSERT' THEN
    present := OLD.value;
  -- INSERT ... ON CONFLICT comes here before it finds the row, and then once more as an UPDATE.
  ELSIF EXISTS (SELECT 1 FROM {schema}.promkeep_settings s WHERE s.name = of_name) THEN
    RETURN NEW;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    asked := NEW.value;
  END IF;
  IF of_name = 'deletion_grace' THEN
    IF asked <> present THEN
      PERFORM {schema}.promkeep_note_audit(NULL::bigint, {schema}.promkeep_actor(), 'at once', of_name, present, asked, now(), NULL::bigint);
    END IF;
  ELSIF NOT {schema}.promkeep_deletes_more(asked, present) THEN
    PERFORM {schema}.promkeep_take_back(NULL::bigint, of_name);
  ELSIF NOT {schema}.promkeep_may_delete(NULL::bigint, of_name, present, asked) THEN
    IF TG_OP = 'DELETE' THEN
      RETURN NULL;
    END IF;
    NEW.value := present;
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION {schema}.promkeep_hold_back_setting() IS 'Trigger of promkeep_settings: a shorter time for stored rollups waits for its date, as promkeep_hold_back_retention() does it for queries. Another grace time holds at once, for what is asked from then on.';
REVOKE ALL ON FUNCTION {schema}.promkeep_hold_back_setting() FROM PUBLIC;
CREATE TRIGGER promkeep_hold_back_setting BEFORE INSERT OR UPDATE OR DELETE ON {schema}.promkeep_settings
FOR EACH ROW EXECUTE FUNCTION {schema}.promkeep_hold_back_setting();
`;

export const deletions = tables + durations + gate;
