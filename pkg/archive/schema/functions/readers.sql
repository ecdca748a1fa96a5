-- Who may read what. Policies (0001_readers.sql) decide about rows; the rights are those of PostgreSQL.

CREATE OR REPLACE FUNCTION promkeep_readable() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT ARRAY[
    'promkeep_readers', 'promkeep_pending', 'promkeep_audit', 'promkeep_upkeep_failures', 'promkeep_sources', 'promkeep_queries',
    'promkeep_leases', 'promkeep_query_versions', 'promkeep_coverage', 'promkeep_gaps', 'promkeep_fetches', 'promkeep_series',
    'promkeep_rollup_state', 'promkeep_samples', 'promkeep_packed', 'promkeep_rollups', 'promkeep_labels', 'promkeep_raw_series',
    'promkeep_chunks', 'promkeep_metadata', 'promkeep_metrics', 'metrics_data', 'metrics_5m', 'metrics_1h'
  ];
END;
COMMENT ON FUNCTION promkeep_readable IS 'Tables and views that promkeep_grant_reader() lets a role read.';
REVOKE ALL ON FUNCTION promkeep_readable FROM PUBLIC;

CREATE OR REPLACE FUNCTION promkeep_grant_reader(role_name name, org_id bigint DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  object text;
BEGIN
  DELETE FROM promkeep_readers m
  WHERE m.role_name = $1 AND m.org_id IS NOT DISTINCT FROM $2;
  INSERT INTO promkeep_readers (role_name, org_id) VALUES ($1, $2);
  IF $1 <> 'public' AND NOT has_schema_privilege($1, current_schema(), 'USAGE') THEN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), $1);
  END IF;
  FOREACH object IN ARRAY promkeep_readable() LOOP
    EXECUTE format('GRANT SELECT ON %I TO %I', object, $1);
  END LOOP;
END
$$;
COMMENT ON FUNCTION promkeep_grant_reader IS 'Lets a role read everything of one organisation, or of all without one. Call it once for each organisation the role may see.';
REVOKE ALL ON FUNCTION promkeep_grant_reader FROM PUBLIC;

CREATE OR REPLACE FUNCTION promkeep_revoke_reader(role_name name) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  object text;
BEGIN
  DELETE FROM promkeep_readers m WHERE m.role_name = $1;
  FOREACH object IN ARRAY promkeep_readable() LOOP
    EXECUTE format('REVOKE ALL ON %I FROM %I', object, $1);
  END LOOP;
END
$$;
COMMENT ON FUNCTION promkeep_revoke_reader IS 'Takes back what promkeep_grant_reader() gave, for all organisations.';
REVOKE ALL ON FUNCTION promkeep_revoke_reader FROM PUBLIC;
