/**
 * SQL functions run with the caller's rights and search path, so an operator or function that another role made in a schema on
 * that path was found by name. `SET search_path` would help, but PostgreSQL does not put such a function in place of its call,
 * and plans depend on that. A body that is parsed when it is made (PostgreSQL 14) finds everything once, here, where only
 * `pg_catalog` is on the path. Ends every migration that makes or replaces such functions.
 */
export const boundBodies = `
DO $do$
DECLARE
  one record;
BEGIN
  FOR one IN
    SELECT p.oid, p.prosrc FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
    WHERE p.pronamespace = (SELECT n.oid FROM pg_namespace n WHERE n.nspname = {schemaText}) AND l.lanname = 'sql'
      AND p.prosqlbody IS NULL AND array_to_string(p.proconfig, ' ') !~ 'search_path' IS NOT FALSE AND (p.proname LIKE 'promkeep\\_%' OR p.proname IN ('metrics_between', 'metrics_rollup'))
  LOOP
    EXECUTE split_part(pg_get_functiondef(one.oid), E'\\nAS $function$', 1) || E'\\nBEGIN ATOMIC\\n' || one.prosrc || E';\\nEND';
  END LOOP;
END
$do$;
`;

/**
 * The function answered for any role, with the owner's rights. A view is read with its owner's rights too, but `current_user` in
 * it is who reads it, inside of a trigger as well. Without the barrier a function of the reader could be asked about other rows; without DISTINCT
 * it could be written to, with its owner's rights.
 */
const ownOrganisations = `
CREATE VIEW {schema}.promkeep_own_organisations WITH (security_barrier) AS
SELECT DISTINCT m.org_id FROM {schema}.promkeep_readers m
WHERE m.role_name = 'public' OR pg_has_role(to_regrole(quote_ident(m.role_name)), 'USAGE');
COMMENT ON VIEW {schema}.promkeep_own_organisations IS 'The organisations whoever reads this was given by promkeep_grant_reader(), and nobody else''s; null: all of them.';
COMMENT ON COLUMN {schema}.promkeep_own_organisations.org_id IS 'The organisation; null: all of them.';
GRANT SELECT ON {schema}.promkeep_own_organisations TO PUBLIC;

CREATE OR REPLACE FUNCTION {schema}.promkeep_choose_organisation() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  allowed bigint[];
BEGIN
  IF row_security_active(format('%I.promkeep_sources', {schemaText})::regclass) THEN
    SELECT CASE WHEN count(*) FILTER (WHERE m.org_id IS NULL) = 0 THEN array_agg(m.org_id ORDER BY m.org_id) END INTO allowed
    FROM {schema}.promkeep_own_organisations m;
  END IF;
  IF allowed IS NULL THEN
    NEW.org_id := coalesce(NEW.org_id, 1);
    IF NEW.org_id <> 1 AND (TG_OP = 'INSERT' OR NEW.org_id <> OLD.org_id) THEN
      RAISE EXCEPTION 'metrics_data: rows can be inserted only without query, org_id and source_name'
        USING ERRCODE = 'feature_not_supported';
    END IF;
  ELSIF NEW.org_id IS NULL AND cardinality(allowed) = 1 THEN
    NEW.org_id := allowed[1];
  ELSIF NEW.org_id IS NULL OR NEW.org_id <> ALL (allowed) THEN
    RAISE EXCEPTION 'metrics_data: role % may write rows of the organisations % only', current_user, allowed
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END
$$;
DROP FUNCTION {schema}.promkeep_organisations_of(name);
`;

/**
 * One maker of partitions at a time. An advisory lock can be held by any role of the database, for ever, and nothing could be
 * written from the next week on; this table is one no other role has a right on. The order of locks is the same for all kinds.
 */
const claim = `
CREATE FUNCTION {schema}.promkeep_partition_is_there(partition text, parent text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  present regclass := to_regclass(format('%I.%I', {schemaText}, partition));
BEGIN
  IF present IS NULL AND to_regtype(format('%I.%I', {schemaText}, partition)) IS NULL THEN
    RETURN false;
  END IF;
  -- Both look into the catalog as it is now, whatever this transaction sees; a table that is no partition has no ancestors.
  IF (to_regclass(format('%I.%I', {schemaText}, parent)) IN (SELECT a.relid FROM pg_partition_ancestors(present) AS a(relid))) IS NOT TRUE THEN
    RAISE EXCEPTION '%.% is in the way of a partition of %: it is something else; drop or rename it', quote_ident({schemaText}),
      quote_ident(partition), parent USING ERRCODE = 'duplicate_table';
  END IF;
  -- A commit becomes visible a moment before it tells other sessions to forget what they know of the parent table. Opening
  -- the partition waits for that moment to pass (its creator still holds the lock); an insert might not find it otherwise.
  PERFORM pg_relation_size(present);
  RETURN true;
END
$$;
COMMENT ON FUNCTION {schema}.promkeep_partition_is_there(text, text) IS 'Whether a partition is there; an error where something else has its name.';
REVOKE ALL ON FUNCTION {schema}.promkeep_partition_is_there(text, text) FROM PUBLIC;

CREATE FUNCTION {schema}.promkeep_make_partition(partition text, parent text, bounds text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- The table lock, which ATTACH needs anyway, makes this session notice what others committed: without it, the answer "no
  -- such table" from before is still cached.
  EXECUTE format('LOCK TABLE %I.%I IN SHARE UPDATE EXCLUSIVE MODE', {schemaText}, parent);
  IF {schema}.promkeep_partition_is_there(partition, parent) THEN
    RETURN;
  END IF;
  -- CREATE TABLE ... PARTITION OF would lock the whole archive against readers until commit, ATTACH does not.
  EXECUTE format('CREATE TABLE %I.%I (LIKE %I.%I INCLUDING ALL)%s', {schemaText}, partition, {schemaText}, parent,
    CASE WHEN bounds LIKE 'FOR VALUES IN%' THEN ' PARTITION BY RANGE (from_time)' ELSE '' END);
  PERFORM {schema}.promkeep_secure_partition(format('%I.%I', {schemaText}, partition)::regclass);
  EXECUTE format('ALTER TABLE %I.%I ATTACH PARTITION %I.%I %s', {schemaText}, parent, {schemaText}, partition, bounds);
END
$$;
COMMENT ON FUNCTION {schema}.promkeep_make_partition(text, text, text) IS 'Makes a partition unless it is there.';
REVOKE ALL ON FUNCTION {schema}.promkeep_make_partition(text, text, text) FROM PUBLIC;
`;

const LOCK = 'LOCK TABLE {schema}.promkeep_migrations IN SHARE UPDATE EXCLUSIVE MODE';

const partitions = `
CREATE OR REPLACE FUNCTION {schema}.promkeep_ensure_partition(at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  week timestamp;
  partition text;
BEGIN
  IF NOT isfinite(at) OR at < '0001-01-01 00:00:00+00' OR at >= '10000-01-01 00:00:00+00' THEN
    RAISE EXCEPTION 'time % is outside of the years 1 to 9999', at USING ERRCODE = 'datetime_field_overflow';
  END IF;
  week := date_trunc('week', at AT TIME ZONE 'UTC');
  partition := 'promkeep_samples_' || to_char(week, 'YYYYMMDD');
  IF NOT {schema}.promkeep_partition_is_there(partition, 'promkeep_samples') THEN
    ${LOCK};
    PERFORM {schema}.promkeep_make_partition(partition, 'promkeep_samples', format('FOR VALUES FROM (%L) TO (%L)',
      week AT TIME ZONE 'UTC', (week + interval '7 days') AT TIME ZONE 'UTC'));
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION {schema}.promkeep_ensure_packed_partition(class text, at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  of_class text := 'promkeep_packed_' || class;
  days integer := {schema}.promkeep_partition_days(class);
  start_time timestamptz := {schema}.promkeep_period_start(at, days * 86400000::bigint);
  partition text := of_class || '_' || to_char(start_time AT TIME ZONE 'UTC', 'YYYYMMDD');
BEGIN
  IF class <> {schema}.promkeep_retention_class(class) THEN
    RAISE EXCEPTION 'there is no retention class %', class USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF NOT {schema}.promkeep_partition_is_there(partition, of_class) THEN
    ${LOCK};
    PERFORM {schema}.promkeep_make_partition(of_class, 'promkeep_packed', format('FOR VALUES IN (%L)', class));
    PERFORM {schema}.promkeep_make_partition(partition, of_class, format('FOR VALUES FROM (%L) TO (%L)',
      start_time, start_time + interval '24 hours' * days));
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION {schema}.promkeep_ensure_rollup_partition(width integer, at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  of_width text := 'promkeep_rollups_' || width;
  days integer := CASE width WHEN 300 THEN 28 ELSE 364 END;
  start_time timestamptz := {schema}.promkeep_period_start(at, days * 86400000::bigint);
  partition text := of_width || '_' || to_char(start_time AT TIME ZONE 'UTC', 'YYYYMMDD');
BEGIN
  IF NOT {schema}.promkeep_partition_is_there(partition, of_width) THEN
    ${LOCK};
    PERFORM {schema}.promkeep_make_partition(partition, of_width, format('FOR VALUES FROM (%L) TO (%L)',
      start_time, start_time + interval '24 hours' * days));
  END IF;
END
$$;
`;

/**
 * A week is a table, and every plan looks at all of them: a role with INSERT on `metrics_data` could make half a million with
 * one statement. The limit is for rows of one's own only, so that nobody can use it up for the archiver.
 */
const WEEKS_OF_OWN_ROWS = 520;
const ownWeeks = `
CREATE FUNCTION {schema}.promkeep_ensure_own_week(at timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF isfinite(at) AND to_regclass(format('%I.%I', {schemaText}, 'promkeep_samples_' || to_char(date_trunc('week', at AT TIME ZONE 'UTC'), 'YYYYMMDD'))) IS NULL
    AND (SELECT count(*) FROM pg_inherits i WHERE i.inhparent = format('%I.promkeep_samples', {schemaText})::regclass) >= ${WEEKS_OF_OWN_ROWS}
  THEN
    RAISE EXCEPTION 'metrics_data: % weeks have unpacked rows already; insert rows of more weeks after the next hourly upkeep',
      ${WEEKS_OF_OWN_ROWS} USING ERRCODE = 'program_limit_exceeded';
  END IF;
  PERFORM {schema}.promkeep_ensure_partition(at);
END
$$;
COMMENT ON FUNCTION {schema}.promkeep_ensure_own_week(timestamptz) IS 'promkeep_ensure_partition() for rows of metrics_data: refuses to make ever more partitions.';
REVOKE ALL ON FUNCTION {schema}.promkeep_ensure_own_week(timestamptz) FROM PUBLIC;
DO $do$
BEGIN
  EXECUTE replace(pg_get_functiondef(format('%I.promkeep_put_row', {schemaText})::regproc),
    '.promkeep_ensure_partition(row_in.timestamp)', '.promkeep_ensure_own_week(row_in.timestamp)');
END
$do$;
`;

/** Nothing is found under a name that somebody else could have given to something of theirs. */
export const ownNames = boundBodies + ownOrganisations + claim + partitions + ownWeeks;
