/** First schema, second half: functions, the view `metrics_data` and the triggers that make it writable. */
export const metricsDataView = `
CREATE FUNCTION {schema}.promkeep_canonical_labels(labels jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN jsonb_typeof(labels) = 'object' THEN
    '{' || coalesce((SELECT string_agg(to_json(key)::text || ':' || value::text, ',' ORDER BY key COLLATE "C")
                     FROM jsonb_each(labels)), '') || '}'
    ELSE labels::text END
$$;
COMMENT ON FUNCTION {schema}.promkeep_canonical_labels(jsonb) IS 'Labels as canonical JSON: keys in code point order, no white space.';

CREATE FUNCTION {schema}.promkeep_fingerprint(metric_name text, labels jsonb) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT sha256(convert_to(metric_name, 'UTF8') || '\\x00'::bytea
                || convert_to(coalesce({schema}.promkeep_canonical_labels(labels), ''), 'UTF8'))
$$;
COMMENT ON FUNCTION {schema}.promkeep_fingerprint(text, jsonb) IS 'Identity of a series within its query. Writers compute the same outside of the database.';

CREATE FUNCTION {schema}.promkeep_ensure_partition(at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  week timestamp;
  partition text;
  present regclass;
BEGIN
  IF NOT isfinite(at) OR at < '0001-01-01 00:00:00+00' OR at >= '10000-01-01 00:00:00+00' THEN
    RAISE EXCEPTION 'time % is outside of the years 1 to 9999', at USING ERRCODE = 'datetime_field_overflow';
  END IF;
  week := date_trunc('week', at AT TIME ZONE 'UTC');
  partition := 'promkeep_samples_' || to_char(week, 'YYYYMMDD');
  present := to_regclass(format('%I.%I', {schemaText}, partition));
  IF present IS NOT NULL THEN
    -- A commit becomes visible a moment before it tells other sessions to forget what they know of the parent table. Opening
    -- the partition waits for that moment to pass (its creator still holds the lock); an insert might not find it otherwise.
    PERFORM pg_relation_size(present);
    RETURN;
  END IF;
  -- One creator at a time; whoever waited finds the table there. Taking the table lock (which ATTACH needs anyway) makes this
  -- session notice what others committed: without it, the answer "no such table" from above is still cached.
  PERFORM pg_advisory_xact_lock(hashtext('promkeep partition'), hashtext({schemaText}));
  LOCK TABLE {schema}.promkeep_samples IN SHARE UPDATE EXCLUSIVE MODE;
  IF to_regclass(format('%I.%I', {schemaText}, partition)) IS NOT NULL THEN
    RETURN;
  END IF;
  -- CREATE TABLE ... PARTITION OF would lock the whole archive against readers until commit, ATTACH does not.
  EXECUTE format('CREATE TABLE %I.%I (LIKE %I.promkeep_samples INCLUDING ALL)', {schemaText}, partition, {schemaText});
  EXECUTE format('ALTER TABLE %I.promkeep_samples ATTACH PARTITION %I.%I FOR VALUES FROM (%L) TO (%L)',
    {schemaText}, {schemaText}, partition, week AT TIME ZONE 'UTC', (week + interval '7 days') AT TIME ZONE 'UTC');
END
$$;
COMMENT ON FUNCTION {schema}.promkeep_ensure_partition(timestamptz) IS 'Makes the partition of promkeep_samples for this time unless it exists.';
REVOKE ALL ON FUNCTION {schema}.promkeep_ensure_partition(timestamptz) FROM PUBLIC;

-- id: 63 bits of MD5 over series and time. It depends on nothing else, so it survives packing and restoring. It is not a
-- key: among n rows two share an id with a probability of about n^2 / 2^64 (0.05 % at 10^8 rows), and nothing inside
-- Promkeep looks rows up by it.
-- Outer joins let PostgreSQL leave out the tables a query does not ask for; with a condition on them it treats them as inner.
CREATE VIEW {schema}.metrics_data AS
SELECT ('x' || substr(md5(s.series_id || ' ' || (extract(epoch FROM s.time) * 1000000)::bigint), 1, 16))::bit(64)::bigint
         & 9223372036854775807 AS id,
       r.short_name AS metric_name,
       s.value AS metric_value,
       s.time AS "timestamp",
       r.labels,
       q.source_text AS source,
       f.written_at AS created_at,
       o.org_id,
       o.name AS source_name,
       q.name AS query
FROM {schema}.promkeep_samples s
LEFT JOIN {schema}.promkeep_series r ON r.series_id = s.series_id
LEFT JOIN {schema}.promkeep_queries q ON q.query_id = r.query_id
LEFT JOIN {schema}.promkeep_sources o ON o.source_id = q.source_id
LEFT JOIN {schema}.promkeep_fetches f ON f.fetch_id = s.fetch_id;
COMMENT ON VIEW {schema}.metrics_data IS 'Every sample as a flat row. Rows are unique by (org_id, source_name, query, source, metric_name, labels, timestamp), apart from metric names over 255 characters. INSERT stores rows of your own; inserting a row again changes nothing.';
COMMENT ON COLUMN {schema}.metrics_data.id IS 'Derived from series and time: positive, stable, practically unique, not a key.';
COMMENT ON COLUMN {schema}.metrics_data.metric_name IS 'Metric name; the query''s name for results without one; over 255 characters cut, ending in ~ and a hash.';
COMMENT ON COLUMN {schema}.metrics_data.metric_value IS 'Value; may be NaN or infinite.';
COMMENT ON COLUMN {schema}.metrics_data."timestamp" IS 'Time of the sample. A literal without zone is read in the session''s zone.';
COMMENT ON COLUMN {schema}.metrics_data.labels IS 'Labels without __name__.';
COMMENT ON COLUMN {schema}.metrics_data.source IS 'prometheus, or what was inserted.';
COMMENT ON COLUMN {schema}.metrics_data.created_at IS 'When this value was written.';
COMMENT ON COLUMN {schema}.metrics_data.org_id IS 'Grafana organisation of the source.';
COMMENT ON COLUMN {schema}.metrics_data.source_name IS 'Name of the source.';
COMMENT ON COLUMN {schema}.metrics_data.query IS 'Name of the recorded query, or the kept expression with its grid; null for inserted rows.';

CREATE FUNCTION {schema}.promkeep_inserted_query(source_text varchar) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  print bytea := sha256(convert_to(coalesce('=' || source_text, ''), 'UTF8'));
  found_id bigint;
BEGIN
  LOOP
    SELECT q.query_id INTO found_id FROM {schema}.promkeep_queries q
    JOIN {schema}.promkeep_sources o ON o.source_id = q.source_id
    WHERE o.org_id = 1 AND o.name = 'default' AND q.kind = 'inserted' AND q.identity = print;
    IF found_id IS NOT NULL THEN
      RETURN found_id;
    END IF;
    INSERT INTO {schema}.promkeep_sources (org_id, name) VALUES (1, 'default') ON CONFLICT DO NOTHING;
    WITH made AS (
      INSERT INTO {schema}.promkeep_queries (source_id, kind, identity, source_text, retention)
      SELECT o.source_id, 'inserted', print, promkeep_inserted_query.source_text, 'forever'
      FROM {schema}.promkeep_sources o WHERE o.org_id = 1 AND o.name = 'default'
      ON CONFLICT DO NOTHING RETURNING query_id)
    INSERT INTO {schema}.promkeep_query_versions (query_id, version, expression) SELECT made.query_id, 1, '' FROM made;
  END LOOP;
END
$$;
COMMENT ON FUNCTION {schema}.promkeep_inserted_query(varchar) IS 'Finds or makes the query that rows inserted with this source belong to.';
REVOKE ALL ON FUNCTION {schema}.promkeep_inserted_query(varchar) FROM PUBLIC;

CREATE FUNCTION {schema}.promkeep_put_row(row_in {schema}.metrics_data) RETURNS {schema}.metrics_data
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  row_out {schema}.metrics_data := row_in;
  print bytea := {schema}.promkeep_fingerprint(row_in.metric_name, row_in.labels);
  of_query bigint;
  of_series bigint;
  of_fetch bigint;
  old record;
BEGIN
  IF row_in.metric_name IS NULL OR row_in.timestamp IS NULL THEN
    RAISE EXCEPTION 'metrics_data: metric_name and timestamp must not be null' USING ERRCODE = 'not_null_violation';
  END IF;
  IF row_in.query IS NOT NULL OR row_in.org_id <> 1 OR row_in.source_name <> 'default' THEN
    RAISE EXCEPTION 'metrics_data: rows can be inserted only without query, org_id and source_name'
      USING ERRCODE = 'feature_not_supported';
  END IF;
  PERFORM {schema}.promkeep_ensure_partition(row_in.timestamp);
  of_query := {schema}.promkeep_inserted_query(row_in.source);
  LOOP
    SELECT r.series_id INTO of_series FROM {schema}.promkeep_series r
    WHERE r.query_id = of_query AND r.fingerprint = print;
    EXIT WHEN of_series IS NOT NULL;
    INSERT INTO {schema}.promkeep_series (query_id, fingerprint, metric_name, origin, labels)
    VALUES (of_query, print, row_in.metric_name, 'inserted', row_in.labels) ON CONFLICT DO NOTHING;
  END LOOP;
  row_out.org_id := 1;
  row_out.source_name := 'default';
  row_out.id := ('x' || substr(md5(of_series || ' ' || (extract(epoch FROM row_in.timestamp) * 1000000)::bigint), 1, 16))::bit(64)::bigint
    & 9223372036854775807;
  SELECT s.value, f.written_at INTO old FROM {schema}.promkeep_samples s
  LEFT JOIN {schema}.promkeep_fetches f ON f.fetch_id = s.fetch_id
  WHERE s.series_id = of_series AND s.time = row_in.timestamp;
  IF FOUND AND float8send(old.value) IS NOT DISTINCT FROM float8send(row_in.metric_value) THEN
    row_out.created_at := old.written_at;
    RETURN row_out;
  END IF;
  -- All rows of a transaction share one fetch: now() is the transaction's start.
  row_out.created_at := coalesce(row_in.created_at, now());
  SELECT f.fetch_id INTO of_fetch FROM {schema}.promkeep_fetches f
  WHERE f.query_id = of_query AND f.fetched_at = row_out.created_at LIMIT 1;
  IF of_fetch IS NULL THEN
    INSERT INTO {schema}.promkeep_fetches (query_id, version, fetched_at, written_at)
    VALUES (of_query, 1, row_out.created_at, row_out.created_at) RETURNING fetch_id INTO of_fetch;
  END IF;
  INSERT INTO {schema}.promkeep_samples AS s (series_id, time, value, fetch_id)
  VALUES (of_series, row_in.timestamp, row_in.metric_value, of_fetch)
  ON CONFLICT (series_id, time) DO UPDATE SET value = excluded.value, fetch_id = excluded.fetch_id
  WHERE float8send(s.value) IS DISTINCT FROM float8send(excluded.value);
  RETURN row_out;
END
$$;
COMMENT ON FUNCTION {schema}.promkeep_put_row({schema}.metrics_data) IS 'Stores one inserted row; storing it again changes nothing, another value for the same time replaces the old one.';
REVOKE ALL ON FUNCTION {schema}.promkeep_put_row({schema}.metrics_data) FROM PUBLIC;

CREATE FUNCTION {schema}.promkeep_remove_row(row_in {schema}.metrics_data) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF row_in.query IS NOT NULL THEN
    RAISE EXCEPTION 'metrics_data: this row was archived from Prometheus and cannot be changed here'
      USING ERRCODE = 'feature_not_supported', HINT = 'Only inserted rows (query IS NULL) can be updated and deleted.';
  END IF;
  DELETE FROM {schema}.promkeep_samples s
  USING {schema}.promkeep_series r, {schema}.promkeep_queries q, {schema}.promkeep_sources o
  WHERE o.org_id = row_in.org_id AND o.name = row_in.source_name
    AND q.source_id = o.source_id AND q.kind = 'inserted' AND q.source_text IS NOT DISTINCT FROM row_in.source
    AND r.query_id = q.query_id AND r.fingerprint = {schema}.promkeep_fingerprint(row_in.metric_name, row_in.labels)
    AND s.series_id = r.series_id AND s.time = row_in.timestamp;
END
$$;
COMMENT ON FUNCTION {schema}.promkeep_remove_row({schema}.metrics_data) IS 'Removes one inserted row.';
REVOKE ALL ON FUNCTION {schema}.promkeep_remove_row({schema}.metrics_data) FROM PUBLIC;

-- Runs with the owner's rights: whoever was granted INSERT on the view needs no right on the tables behind it. Triggers
-- fire without EXECUTE, which is therefore taken from everybody.
CREATE FUNCTION {schema}.promkeep_metrics_data_write() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP IN ('UPDATE', 'DELETE') THEN
    PERFORM {schema}.promkeep_remove_row(OLD);
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  NEW := {schema}.promkeep_put_row(NEW);
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION {schema}.promkeep_metrics_data_write() IS 'INSTEAD OF trigger of metrics_data.';
REVOKE ALL ON FUNCTION {schema}.promkeep_metrics_data_write() FROM PUBLIC;

CREATE TRIGGER promkeep_metrics_data_write INSTEAD OF INSERT OR UPDATE OR DELETE ON {schema}.metrics_data
FOR EACH ROW EXECUTE FUNCTION {schema}.promkeep_metrics_data_write();
`;
