/** `null` never equals `null` here: a query's own rows are found by `coalesce(query_id, 0)`, as the index does. */
const OF = `coalesce(p.query_id, 0) = coalesce(of_query, 0) AND p.what = of_what`;

/** The gate itself: what asks whether something may be deleted now, notes what has to wait, and writes the audit. */
export const deletionGate = `
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
