-- Whatever leads to deletion waits for its date, and is written down. In the database, so that no way leads past it: not the
-- resources, not a config file, not a name that is used again, not an UPDATE by hand. See docs/adr/0020.
-- null never equals null here: a query's own rows are found by coalesce(query_id, 0), as the index does.

CREATE OR REPLACE FUNCTION promkeep_actor() RETURNS text
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
  SELECT coalesce(nullif(current_setting('promkeep.actor', true), ''), 'role:' || session_user)
$$;
COMMENT ON FUNCTION promkeep_actor IS 'Who is at work: promkeep.actor, which Promkeep sets in its transactions, else the database role.';

CREATE OR REPLACE FUNCTION promkeep_grace() RETURNS interval
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
  SELECT interval '24 hours' * coalesce(
    (SELECT promkeep_retention_days(s.value) FROM promkeep_settings s WHERE s.name = 'deletion_grace'), 7)
$$;
COMMENT ON FUNCTION promkeep_grace IS 'How long a deletion waits; 7 days unless promkeep_settings says otherwise.';

CREATE OR REPLACE FUNCTION promkeep_note_audit(of_query bigint, actor text, action text, what text, before text, wanted text,
  effective_at timestamptz, about_samples bigint) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT AS $$
  INSERT INTO promkeep_audit (source_id, org_id, query, actor, action, what, before, wanted, effective_at, about_samples)
  SELECT o.source_id, o.org_id, coalesce(q.name, q.source_text), $2, $3, $4, $5, $6, $7, $8
  FROM (SELECT 1) one
  LEFT JOIN promkeep_queries q ON q.query_id = $1
  LEFT JOIN promkeep_sources o ON o.source_id = q.source_id
$$;
COMMENT ON FUNCTION promkeep_note_audit IS 'Writes a line of promkeep_audit.';
REVOKE ALL ON FUNCTION promkeep_note_audit FROM PUBLIC;

CREATE OR REPLACE FUNCTION promkeep_take_back(of_query bigint, of_what text) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  known promkeep_pending;
BEGIN
  DELETE FROM promkeep_pending p WHERE coalesce(p.query_id, 0) = coalesce(of_query, 0) AND p.what = of_what
  RETURNING p.* INTO known;
  IF known.pending_id IS NULL THEN
    RETURN false;
  END IF;
  PERFORM promkeep_note_audit(of_query, promkeep_actor(), 'taken back', of_what, NULL::text, known.wanted,
    known.effective_at, known.about_samples);
  RETURN true;
END
$$;
COMMENT ON FUNCTION promkeep_take_back IS 'Ends the waiting of a deletion; false when there is none.';
REVOKE ALL ON FUNCTION promkeep_take_back FROM PUBLIC;

CREATE OR REPLACE FUNCTION promkeep_may_delete(of_query bigint, of_what text, present text, asked text) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  known promkeep_pending;
  due boolean;
  from_when timestamptz;
  cut timestamptz;
  samples bigint;
  first_time timestamptz;
BEGIN
  SELECT p.* INTO known FROM promkeep_pending p
  WHERE coalesce(p.query_id, 0) = coalesce(of_query, 0) AND p.what = of_what FOR UPDATE;
  due := coalesce(known.wanted = asked AND known.effective_at <= now(), false);
  IF due OR current_setting('promkeep.grace', true) = 'waived' THEN
    DELETE FROM promkeep_pending p WHERE p.pending_id = known.pending_id;
    PERFORM promkeep_note_audit(of_query, CASE WHEN due THEN known.asked_by ELSE promkeep_actor() END,
      CASE WHEN due THEN 'carried out' ELSE 'at once' END, of_what, present, asked, now(), known.about_samples);
    RETURN true;
  END IF;
  -- Where there is nothing, nothing can be lost.
  IF of_query IS NOT NULL AND NOT EXISTS (SELECT 1 FROM promkeep_series r WHERE r.query_id = of_query)
      AND NOT EXISTS (SELECT 1 FROM promkeep_raw_series r WHERE r.query_id = of_query)
    OR of_query IS NULL AND NOT EXISTS (SELECT 1 FROM promkeep_rollup_state t
      WHERE t.width_s = CASE of_what WHEN 'five_minute_rollups' THEN 300 ELSE 3600 END) THEN
    DELETE FROM promkeep_pending p WHERE p.pending_id = known.pending_id;
    RETURN true;
  END IF;
  IF known.wanted = asked THEN
    RETURN false;
  END IF;
  -- Who asks for less than what waits already need not wait longer.
  from_when := CASE WHEN known.pending_id IS NULL OR promkeep_deletes_more(asked, known.wanted)
    THEN now() + promkeep_grace() ELSE known.effective_at END;
  IF of_query IS NOT NULL THEN
    cut := CASE WHEN of_what = 'data' THEN 'infinity' ELSE promkeep_kept_from(asked, now()) END;
    -- Of a write that reaches beyond the cut, its share before it.
    SELECT coalesce(sum((f.inserted - f.withdrawn) * CASE WHEN upper(f.fetched_range) <= cut OR f.fetched_range IS NULL THEN 1
        ELSE extract(epoch FROM cut - lower(f.fetched_range))
          / extract(epoch FROM upper(f.fetched_range) - lower(f.fetched_range)) END), 0),
      min(lower(f.fetched_range)) INTO samples, first_time
    FROM promkeep_fetches f
    WHERE f.query_id = of_query AND (of_what = 'data'
      OR lower(f.fetched_range) < cut AND upper(f.fetched_range) >= promkeep_kept_from(present, now()));
  END IF;
  INSERT INTO promkeep_pending AS p (what, query_id, wanted, asked_by, effective_at, about_samples, oldest)
  VALUES (of_what, of_query, asked, promkeep_actor(), from_when, samples, first_time)
  ON CONFLICT (coalesce(query_id, 0), what) DO UPDATE SET wanted = excluded.wanted, asked_by = excluded.asked_by, asked_at = now(),
    effective_at = excluded.effective_at, about_samples = excluded.about_samples, oldest = excluded.oldest;
  PERFORM promkeep_note_audit(of_query, promkeep_actor(), 'asked', of_what, present, asked, from_when, samples);
  RETURN false;
END
$$;
COMMENT ON FUNCTION promkeep_may_delete IS 'Whether what deletes (a shorter retention, the data of a query) may hold from now on: its date has come, promkeep.grace is set to waived in this transaction, or there is nothing to delete. Otherwise it is noted in promkeep_pending.';
REVOKE ALL ON FUNCTION promkeep_may_delete FROM PUBLIC;

CREATE OR REPLACE FUNCTION promkeep_hold_back_retention() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF NOT promkeep_deletes_more(NEW.retention, OLD.retention) THEN
    PERFORM promkeep_take_back(OLD.query_id, 'retention');
  ELSIF NOT promkeep_may_delete(OLD.query_id, 'retention', OLD.retention, NEW.retention) THEN
    NEW.retention := OLD.retention;
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION promkeep_hold_back_retention IS 'Trigger of promkeep_queries: a shorter retention waits for its date. Any other one, also the one in force, ends the waiting.';
REVOKE ALL ON FUNCTION promkeep_hold_back_retention FROM PUBLIC;
CREATE OR REPLACE TRIGGER promkeep_hold_back_retention BEFORE UPDATE OF retention ON promkeep_queries
FOR EACH ROW EXECUTE FUNCTION promkeep_hold_back_retention();

CREATE OR REPLACE FUNCTION promkeep_hold_back_data() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL THEN
    PERFORM promkeep_take_back(OLD.query_id, 'data');
  END IF;
  IF NEW.delete_data AND NOT OLD.delete_data THEN
    NEW.delete_data := promkeep_may_delete(OLD.query_id, 'data', OLD.retention, 'deleted');
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION promkeep_hold_back_data IS 'Trigger of promkeep_queries: the deletion of data waits for its date. A query that is used again ends the waiting.';
REVOKE ALL ON FUNCTION promkeep_hold_back_data FROM PUBLIC;
CREATE OR REPLACE TRIGGER promkeep_hold_back_data BEFORE UPDATE OF delete_data, deleted_at ON promkeep_queries
FOR EACH ROW EXECUTE FUNCTION promkeep_hold_back_data();

CREATE OR REPLACE FUNCTION promkeep_hold_back_setting() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
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
  ELSIF EXISTS (SELECT 1 FROM promkeep_settings s WHERE s.name = of_name) THEN
    RETURN NEW;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    asked := NEW.value;
  END IF;
  IF of_name = 'deletion_grace' THEN
    IF asked <> present THEN
      PERFORM promkeep_note_audit(NULL::bigint, promkeep_actor(), 'at once', of_name, present, asked, now(),
        NULL::bigint);
    END IF;
  ELSIF NOT promkeep_deletes_more(asked, present) THEN
    PERFORM promkeep_take_back(NULL::bigint, of_name);
  ELSIF NOT promkeep_may_delete(NULL::bigint, of_name, present, asked) THEN
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
COMMENT ON FUNCTION promkeep_hold_back_setting IS 'Trigger of promkeep_settings: a shorter time for stored rollups waits for its date, as promkeep_hold_back_retention() does it for queries. Another grace time holds at once, for what is asked from then on.';
REVOKE ALL ON FUNCTION promkeep_hold_back_setting FROM PUBLIC;
CREATE OR REPLACE TRIGGER promkeep_hold_back_setting BEFORE INSERT OR UPDATE OR DELETE ON promkeep_settings
FOR EACH ROW EXECUTE FUNCTION promkeep_hold_back_setting();
