-- What a write asks and does in two calls instead of nine statements. Each statement inside of a function sees what was committed
-- before it began, as separate statements would: what is read behind the query's lock is what its last holder left.
-- A session keeps the plans of these statements. One that was made while a table was empty would read it from end to end ever after
-- (measured: 55 ms a write instead of 4), hence enable_seqscan.

CREATE OR REPLACE FUNCTION promkeep_canonical_labels(labels jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN jsonb_typeof(labels) = 'object' THEN
    '{' || coalesce((SELECT string_agg(to_json(key)::text || ':' || value::text, ',' ORDER BY key COLLATE "C")
                     FROM jsonb_each(labels)), '') || '}'
    ELSE labels::text END;
END;
COMMENT ON FUNCTION promkeep_canonical_labels IS 'Labels as canonical JSON: keys in code point order, no white space.';

CREATE OR REPLACE FUNCTION promkeep_fingerprint(metric_name text, labels jsonb) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT sha256(convert_to(metric_name, 'UTF8') || '\x00'::bytea
                || convert_to(coalesce(promkeep_canonical_labels(labels), ''), 'UTF8'));
END;
COMMENT ON FUNCTION promkeep_fingerprint IS 'Identity of a series within its query. Writers compute the same outside of the database.';

CREATE OR REPLACE FUNCTION promkeep_open_write(in_org bigint, in_source text, in_epoch bigint, in_kind text, in_identity bytea,
  in_prints bytea[], OUT leads boolean, OUT query_id bigint, OUT version integer, OUT expression text, OUT step_ms bigint, OUT raw boolean,
  OUT retention text, OUT provisioned boolean, OUT paused boolean, OUT deleted boolean, OUT packed_until_ms bigint,
  OUT newest_ms bigint, OUT period_ms bigint, OUT packed_class text, OUT series bytea)
LANGUAGE plpgsql SET search_path FROM CURRENT SET enable_seqscan = off AS $$
DECLARE
  of_source bigint;
BEGIN
  leads := true;
  SELECT o.source_id INTO of_source FROM promkeep_sources o WHERE o.org_id = in_org AND o.name = in_source;
  IF in_epoch IS NOT NULL THEN
    PERFORM 1 FROM promkeep_leases l WHERE l.source_id = of_source AND l.epoch = in_epoch FOR KEY SHARE;
    leads := FOUND;
    IF NOT leads THEN
      RETURN;
    END IF;
  END IF;
  SELECT q.query_id, q.current_version, q.raw, q.retention, q.provisioned, q.paused_at IS NOT NULL, q.deleted_at IS NOT NULL,
         ceil(extract(epoch FROM q.packed_until) * 1000)::bigint, promkeep_period_ms(q.step_ms, q.retention),
         promkeep_retention_class(q.retention)
  INTO query_id, version, raw, retention, provisioned, paused, deleted, packed_until_ms, period_ms, packed_class
  FROM promkeep_queries q
  WHERE q.source_id = of_source AND q.kind = in_kind AND q.identity = in_identity
  FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  SELECT v.expression, v.step_ms INTO expression, step_ms FROM promkeep_query_versions v
  WHERE v.query_id = promkeep_open_write.query_id AND v.version = promkeep_open_write.version;
  SELECT ceil(extract(epoch FROM max(upper(f.fetched_range))) * 1000)::bigint INTO newest_ms
  FROM promkeep_fetches f WHERE f.query_id = promkeep_open_write.query_id;
  -- Planned anew each time: how many are asked for decides how they are best found.
  EXECUTE $find$
    SELECT string_agg(r.fingerprint || int8send(r.series_id) || CASE r.origin WHEN 'named' THEN '\x01'::bytea
             WHEN 'nameless' THEN '\x02' WHEN 'scalar' THEN '\x03' ELSE '\x00' END, '')
    FROM promkeep_series r WHERE r.query_id = $1 AND r.fingerprint = ANY ($2)$find$
  INTO series USING query_id, in_prints;
END
$$;
COMMENT ON FUNCTION promkeep_open_write IS 'Begins a write: takes the lease (with its epoch) and the query''s lock, and says what the writer has to know: the version that is recorded, the end of the newest range ever written, and of every series it has of those asked for: fingerprint (32 bytes), id (8 bytes) and origin (1 byte: 1 named, 2 nameless, 3 scalar).';
REVOKE ALL ON FUNCTION promkeep_open_write FROM PUBLIC;

CREATE OR REPLACE FUNCTION promkeep_cover(in_query bigint, in_version integer, in_covered tstzmultirange) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT SET enable_seqscan = off AS $$
BEGIN
  INSERT INTO promkeep_coverage AS c (query_id, version, covered) VALUES (in_query, in_version, in_covered)
  ON CONFLICT (query_id, version) DO UPDATE SET covered = c.covered + excluded.covered, updated_at = now()
  WHERE NOT c.covered @> excluded.covered;
  UPDATE promkeep_coverage c SET covered = c.covered - in_covered, updated_at = now()
  WHERE c.query_id = in_query AND c.version <> in_version AND c.covered && in_covered;
  WITH hit AS (
    DELETE FROM promkeep_gaps g
    WHERE g.query_id = in_query AND g.version = in_version AND g.missing && in_covered
    RETURNING g.*)
  INSERT INTO promkeep_gaps (query_id, version, missing, reason, detail, first_noted, last_tried, tries)
  SELECT hit.query_id, hit.version, part, hit.reason, hit.detail, hit.first_noted, hit.last_tried, hit.tries
  FROM hit, unnest(tstzmultirange(hit.missing) - in_covered) AS part;
END
$$;
COMMENT ON FUNCTION promkeep_cover IS 'Adds to the coverage of a version; other versions lose what was written over, gaps what was filled. The caller holds the query''s lock.';
REVOKE ALL ON FUNCTION promkeep_cover FROM PUBLIC;

CREATE OR REPLACE FUNCTION promkeep_add_fetch(in_query bigint, in_version integer, in_from timestamptz, in_to timestamptz,
  in_fetched_at timestamptz, in_expression text, in_prometheus_version text, in_warnings text[], in_counts bigint[],
  in_covered tstzmultirange, in_series bigint[], in_times timestamptz[], in_values double precision[],
  OUT fetch_id bigint, OUT transaction_id text)
LANGUAGE plpgsql SET search_path FROM CURRENT SET enable_seqscan = off AS $$
BEGIN
  INSERT INTO promkeep_fetches AS f (query_id, version, fetched_range, fetched_at, expression, prometheus_version,
    warnings, inserted, unchanged, revised, withdrawn, refused)
  VALUES (in_query, in_version, tstzrange(in_from, in_to, '[]'), in_fetched_at, in_expression, in_prometheus_version,
    in_warnings, in_counts[1], in_counts[2], in_counts[3], in_counts[4], in_counts[5])
  RETURNING f.fetch_id, pg_current_xact_id()::text INTO fetch_id, transaction_id;
  INSERT INTO promkeep_samples (series_id, time, value, fetch_id)
  SELECT n.series_id, n.time, n.value, promkeep_add_fetch.fetch_id
  FROM unnest(in_series, in_times, in_values) AS n(series_id, time, value);
  IF NOT isempty(in_covered) THEN
    PERFORM promkeep_cover(in_query, in_version, in_covered);
  END IF;
END
$$;
COMMENT ON FUNCTION promkeep_add_fetch IS 'Notes a write that changes samples (in_counts: inserted, unchanged, revised, withdrawn, refused), inserts the first of its new samples and adds to the coverage. The caller holds the query''s lock.';
REVOKE ALL ON FUNCTION promkeep_add_fetch FROM PUBLIC;
