-- Rows of one's own: INSERT, UPDATE and DELETE on the view metrics_data.

-- Runs with the caller's rights, unlike promkeep_metrics_data_write: there current_user is the owner. Triggers of one table fire in
-- the order of their names, and each is given the row the one before returned.
-- A caller without USAGE on the schema has none of it on the path, and what is found under its names may be temporary tables of his
-- own: the schema is named once, which is an error then.
CREATE OR REPLACE FUNCTION promkeep_choose_organisation() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  allowed bigint[];
BEGIN
  IF row_security_active(format('%I.promkeep_sources', TG_TABLE_SCHEMA)::regclass) THEN
    SELECT CASE WHEN count(*) FILTER (WHERE m.org_id IS NULL) = 0 THEN array_agg(m.org_id ORDER BY m.org_id) END INTO allowed
    FROM promkeep_own_organisations m;
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
COMMENT ON FUNCTION promkeep_choose_organisation IS 'INSTEAD OF trigger of metrics_data: a role that is limited to an organisation writes rows of that organisation.';
CREATE OR REPLACE TRIGGER promkeep_choose_organisation INSTEAD OF INSERT OR UPDATE ON metrics_data
FOR EACH ROW EXECUTE FUNCTION promkeep_choose_organisation();

CREATE OR REPLACE FUNCTION promkeep_inserted_query(of_org bigint, source_text varchar) RETURNS bigint
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  print bytea := sha256(convert_to(coalesce('=' || source_text, ''), 'UTF8'));
  found_id bigint;
BEGIN
  LOOP
    SELECT q.query_id INTO found_id FROM promkeep_queries q
    JOIN promkeep_sources o ON o.source_id = q.source_id
    WHERE o.org_id = of_org AND o.name = 'default' AND q.kind = 'inserted' AND q.identity = print;
    IF found_id IS NOT NULL THEN
      RETURN found_id;
    END IF;
    INSERT INTO promkeep_sources (org_id, name) VALUES (of_org, 'default') ON CONFLICT DO NOTHING;
    WITH made AS (
      INSERT INTO promkeep_queries (source_id, kind, identity, source_text, retention)
      SELECT o.source_id, 'inserted', print, promkeep_inserted_query.source_text, 'forever'
      FROM promkeep_sources o WHERE o.org_id = of_org AND o.name = 'default'
      ON CONFLICT DO NOTHING RETURNING query_id)
    INSERT INTO promkeep_query_versions (query_id, version, expression) SELECT made.query_id, 1, '' FROM made;
  END LOOP;
END
$$;
COMMENT ON FUNCTION promkeep_inserted_query IS 'Finds or makes the query that rows inserted with this source belong to.';
REVOKE ALL ON FUNCTION promkeep_inserted_query FROM PUBLIC;

CREATE OR REPLACE FUNCTION promkeep_put_row(row_in metrics_data) RETURNS metrics_data
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  row_out metrics_data := row_in;
  print bytea := promkeep_fingerprint(row_in.metric_name, row_in.labels);
  of_query bigint;
  of_series bigint;
  of_fetch bigint;
  old record;
BEGIN
  IF row_in.metric_name IS NULL OR row_in.timestamp IS NULL THEN
    RAISE EXCEPTION 'metrics_data: metric_name and timestamp must not be null' USING ERRCODE = 'not_null_violation';
  END IF;
  IF row_in.query IS NOT NULL OR row_in.source_name <> 'default' THEN
    RAISE EXCEPTION 'metrics_data: rows can be inserted only without query, org_id and source_name'
      USING ERRCODE = 'feature_not_supported';
  END IF;
  PERFORM promkeep_ensure_own_week(row_in.timestamp);
  of_query := promkeep_inserted_query(coalesce(row_in.org_id, 1), row_in.source);
  -- Keeps packing away until the end of the transaction, yet not other sessions that insert.
  PERFORM 1 FROM promkeep_queries q WHERE q.query_id = of_query FOR SHARE;
  LOOP
    SELECT r.series_id INTO of_series FROM promkeep_series r
    WHERE r.query_id = of_query AND r.fingerprint = print;
    EXIT WHEN of_series IS NOT NULL;
    INSERT INTO promkeep_series (query_id, fingerprint, metric_name, origin, labels)
    VALUES (of_query, print, row_in.metric_name, 'inserted', row_in.labels) ON CONFLICT DO NOTHING;
  END LOOP;
  row_out.org_id := coalesce(row_in.org_id, 1);
  row_out.source_name := 'default';
  row_out.id := ('x' || substr(md5(of_series || ' ' || (extract(epoch FROM row_in.timestamp) * 1000000)::bigint), 1, 16))
    ::bit(64)::bigint & 9223372036854775807;
  SELECT s.value, f.written_at, false AS packed INTO old FROM promkeep_samples s
  LEFT JOIN promkeep_fetches f ON f.fetch_id = s.fetch_id
  WHERE s.series_id = of_series AND s.time = row_in.timestamp;
  IF NOT FOUND THEN
    SELECT u.sample_value AS value, f.written_at, true AS packed INTO old FROM promkeep_packed p
    CROSS JOIN LATERAL promkeep_unpack(p.from_time, p.sample_count, p.step_us, p.offsets_us, p.sample_values, p.differences,
      p.divisor, p.fetch_ids, p.fetch_starts) u
    LEFT JOIN promkeep_fetches f ON f.fetch_id = u.sample_fetch
    WHERE p.series_id = of_series AND p.from_time <= row_in.timestamp
      AND p.from_time > row_in.timestamp - interval '672 hours' AND p.to_time >= row_in.timestamp
      AND u.sample_time = row_in.timestamp;
  END IF;
  IF FOUND THEN
    IF float8send(old.value) IS NOT DISTINCT FROM float8send(row_in.metric_value) THEN
      row_out.created_at := old.written_at;
      RETURN row_out;
    END IF;
    IF old.packed THEN
      PERFORM promkeep_take_apart(ARRAY[of_series], row_in.timestamp, row_in.timestamp);
    END IF;
  END IF;
  -- All rows of a transaction share one fetch: now() is the transaction's start.
  row_out.created_at := coalesce(row_in.created_at, now());
  SELECT f.fetch_id INTO of_fetch FROM promkeep_fetches f
  WHERE f.query_id = of_query AND f.fetched_at = row_out.created_at LIMIT 1;
  IF of_fetch IS NULL THEN
    INSERT INTO promkeep_fetches (query_id, version, fetched_at, written_at)
    VALUES (of_query, 1, row_out.created_at, row_out.created_at) RETURNING fetch_id INTO of_fetch;
  END IF;
  INSERT INTO promkeep_samples AS s (series_id, time, value, fetch_id)
  VALUES (of_series, row_in.timestamp, row_in.metric_value, of_fetch)
  ON CONFLICT (series_id, time) DO UPDATE SET value = excluded.value, fetch_id = excluded.fetch_id
  WHERE float8send(s.value) IS DISTINCT FROM float8send(excluded.value);
  RETURN row_out;
END
$$;
COMMENT ON FUNCTION promkeep_put_row IS 'Stores one inserted row; storing it again changes nothing, another value for the same time replaces the old one.';
REVOKE ALL ON FUNCTION promkeep_put_row FROM PUBLIC;

CREATE OR REPLACE FUNCTION promkeep_remove_row(row_in metrics_data) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  of_query bigint;
  of_series bigint;
BEGIN
  IF row_in.query IS NOT NULL THEN
    RAISE EXCEPTION 'metrics_data: this row was archived from Prometheus and cannot be changed here'
      USING ERRCODE = 'feature_not_supported', HINT = 'Only inserted rows (query IS NULL) can be updated and deleted.';
  END IF;
  SELECT q.query_id INTO of_query FROM promkeep_queries q
  JOIN promkeep_sources o ON o.source_id = q.source_id
  WHERE o.org_id = row_in.org_id AND o.name = row_in.source_name
    AND q.kind = 'inserted' AND q.source_text IS NOT DISTINCT FROM row_in.source
  FOR SHARE OF q;
  SELECT r.series_id INTO of_series FROM promkeep_series r
  WHERE r.query_id = of_query AND r.fingerprint = promkeep_fingerprint(row_in.metric_name, row_in.labels);
  PERFORM promkeep_take_apart(ARRAY[of_series], row_in.timestamp, row_in.timestamp);
  DELETE FROM promkeep_samples s WHERE s.series_id = of_series AND s.time = row_in.timestamp;
END
$$;
COMMENT ON FUNCTION promkeep_remove_row IS 'Removes one inserted row.';
REVOKE ALL ON FUNCTION promkeep_remove_row FROM PUBLIC;

-- Runs with the owner's rights: whoever was granted INSERT on the view needs no right on the tables behind it. Triggers
-- fire without EXECUTE, which is therefore taken from everybody.
CREATE OR REPLACE FUNCTION promkeep_metrics_data_write() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  IF TG_OP IN ('UPDATE', 'DELETE') THEN
    PERFORM promkeep_remove_row(OLD);
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  NEW := promkeep_put_row(NEW);
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION promkeep_metrics_data_write IS 'INSTEAD OF trigger of metrics_data.';
REVOKE ALL ON FUNCTION promkeep_metrics_data_write FROM PUBLIC;
CREATE OR REPLACE TRIGGER promkeep_metrics_data_write INSTEAD OF INSERT OR UPDATE OR DELETE ON metrics_data
FOR EACH ROW EXECUTE FUNCTION promkeep_metrics_data_write();
