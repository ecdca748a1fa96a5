-- Partitions are made when the first row of their time is written. One maker at a time: an advisory lock could be held by any
-- role of the database, for ever, and nothing could be written from the next week on; promkeep_migrations is a table on which no
-- other role has a right. The order of locks is the same for all kinds.
-- current_schema() is Promkeep's own: the first on the path that these functions set.

-- Policies of a partitioned table hold for whoever reads that table. Nobody but the owner reads a partition itself.
CREATE OR REPLACE FUNCTION promkeep_secure_partition(partition regclass) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', partition);
END
$$;
COMMENT ON FUNCTION promkeep_secure_partition IS 'Closes a partition to everybody but its owner.';
REVOKE ALL ON FUNCTION promkeep_secure_partition FROM PUBLIC;

CREATE OR REPLACE FUNCTION promkeep_partition_is_there(partition text, parent text) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  present regclass := to_regclass(format('%I.%I', current_schema(), partition));
BEGIN
  IF present IS NULL THEN
    IF to_regtype(format('%I.%I', current_schema(), partition)) IS NULL THEN
      RETURN false;
    END IF;
    -- Something else has the name, or another session has made the partition between the two looks: taking a lock makes this
    -- session notice what others committed. This one waits for nobody.
    LOCK TABLE promkeep_migrations IN ACCESS SHARE MODE;
    present := to_regclass(format('%I.%I', current_schema(), partition));
  END IF;
  -- Both look into the catalog as it is now, whatever this transaction sees; a table that is no partition has no ancestors.
  IF (to_regclass(format('%I.%I', current_schema(), parent)) IN (SELECT a.relid FROM pg_partition_ancestors(present) AS a(relid)))
    IS NOT TRUE
  THEN
    RAISE EXCEPTION '%.% is in the way of a partition of %: it is something else; drop or rename it',
      quote_ident(current_schema()), quote_ident(partition), parent USING ERRCODE = 'duplicate_table';
  END IF;
  -- A commit becomes visible a moment before it tells other sessions to forget what they know of the parent table. Opening
  -- the partition waits for that moment to pass (its creator still holds the lock); an insert might not find it otherwise.
  PERFORM pg_relation_size(present);
  RETURN true;
END
$$;
COMMENT ON FUNCTION promkeep_partition_is_there IS 'Whether a partition is there; an error where something else has its name.';
REVOKE ALL ON FUNCTION promkeep_partition_is_there FROM PUBLIC;

CREATE OR REPLACE FUNCTION promkeep_make_partition(partition text, parent text, bounds text) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  -- The table lock, which ATTACH needs anyway, makes this session notice what others committed: without it, the answer "no
  -- such table" from before is still cached.
  EXECUTE format('LOCK TABLE %I IN SHARE UPDATE EXCLUSIVE MODE', parent);
  IF promkeep_partition_is_there(partition, parent) THEN
    RETURN;
  END IF;
  -- CREATE TABLE ... PARTITION OF would lock the whole archive against readers until commit, ATTACH does not.
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)%s', partition, parent,
    CASE WHEN bounds LIKE 'FOR VALUES IN%' THEN ' PARTITION BY RANGE (from_time)' ELSE '' END);
  PERFORM promkeep_secure_partition(quote_ident(partition)::regclass);
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I %s', parent, partition, bounds);
END
$$;
COMMENT ON FUNCTION promkeep_make_partition IS 'Makes a partition unless it is there.';
REVOKE ALL ON FUNCTION promkeep_make_partition FROM PUBLIC;

CREATE OR REPLACE FUNCTION promkeep_ensure_partition(at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  week timestamp;
  partition text;
BEGIN
  IF NOT isfinite(at) OR at < '0001-01-01 00:00:00+00' OR at >= '10000-01-01 00:00:00+00' THEN
    RAISE EXCEPTION 'time % is outside of the years 1 to 9999', at USING ERRCODE = 'datetime_field_overflow';
  END IF;
  week := date_trunc('week', at AT TIME ZONE 'UTC');
  partition := 'promkeep_samples_' || to_char(week, 'YYYYMMDD');
  IF NOT promkeep_partition_is_there(partition, 'promkeep_samples') THEN
    LOCK TABLE promkeep_migrations IN SHARE UPDATE EXCLUSIVE MODE;
    PERFORM promkeep_make_partition(partition, 'promkeep_samples', format('FOR VALUES FROM (%L) TO (%L)',
      week AT TIME ZONE 'UTC', (week + interval '7 days') AT TIME ZONE 'UTC'));
  END IF;
END
$$;
COMMENT ON FUNCTION promkeep_ensure_partition IS 'Makes the partition of promkeep_samples for this time unless it exists.';
REVOKE ALL ON FUNCTION promkeep_ensure_partition FROM PUBLIC;

CREATE OR REPLACE FUNCTION promkeep_ensure_packed_partition(class text, at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  of_class text := 'promkeep_packed_' || class;
  days integer := promkeep_partition_days(class);
  start_time timestamptz := promkeep_period_start(at, days * 86400000::bigint);
  partition text := of_class || '_' || to_char(start_time AT TIME ZONE 'UTC', 'YYYYMMDD');
BEGIN
  IF class <> promkeep_retention_class(class) THEN
    RAISE EXCEPTION 'there is no retention class %', class USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF NOT promkeep_partition_is_there(partition, of_class) THEN
    LOCK TABLE promkeep_migrations IN SHARE UPDATE EXCLUSIVE MODE;
    PERFORM promkeep_make_partition(of_class, 'promkeep_packed', format('FOR VALUES IN (%L)', class));
    PERFORM promkeep_make_partition(partition, of_class, format('FOR VALUES FROM (%L) TO (%L)',
      start_time, start_time + interval '24 hours' * days));
  END IF;
END
$$;
COMMENT ON FUNCTION promkeep_ensure_packed_partition IS 'Makes the partition of promkeep_packed for this class and time unless it exists.';
REVOKE ALL ON FUNCTION promkeep_ensure_packed_partition FROM PUBLIC;

CREATE OR REPLACE FUNCTION promkeep_ensure_chunk_partition(at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  week timestamp := date_trunc('week', at AT TIME ZONE 'UTC');
  partition text := 'promkeep_chunks_' || to_char(week, 'YYYYMMDD');
BEGIN
  IF NOT promkeep_partition_is_there(partition, 'promkeep_chunks') THEN
    LOCK TABLE promkeep_migrations IN SHARE UPDATE EXCLUSIVE MODE;
    PERFORM promkeep_make_partition(partition, 'promkeep_chunks', format('FOR VALUES FROM (%L) TO (%L)',
      week AT TIME ZONE 'UTC', (week + interval '7 days') AT TIME ZONE 'UTC'));
  END IF;
END
$$;
COMMENT ON FUNCTION promkeep_ensure_chunk_partition IS 'Makes the partition of promkeep_chunks for this time unless it exists.';
REVOKE ALL ON FUNCTION promkeep_ensure_chunk_partition FROM PUBLIC;

CREATE OR REPLACE FUNCTION promkeep_ensure_rollup_partition(width integer, at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  of_width text := 'promkeep_rollups_' || width;
  days integer := CASE width WHEN 300 THEN 28 ELSE 364 END;
  start_time timestamptz := promkeep_period_start(at, days * 86400000::bigint);
  partition text := of_width || '_' || to_char(start_time AT TIME ZONE 'UTC', 'YYYYMMDD');
BEGIN
  IF NOT promkeep_partition_is_there(partition, of_width) THEN
    LOCK TABLE promkeep_migrations IN SHARE UPDATE EXCLUSIVE MODE;
    PERFORM promkeep_make_partition(partition, of_width, format('FOR VALUES FROM (%L) TO (%L)',
      start_time, start_time + interval '24 hours' * days));
  END IF;
END
$$;
COMMENT ON FUNCTION promkeep_ensure_rollup_partition IS 'Makes the partition of promkeep_rollups for this width and time unless it exists.';
REVOKE ALL ON FUNCTION promkeep_ensure_rollup_partition FROM PUBLIC;

-- A week is a table, and every plan looks at all of them: a role with INSERT on metrics_data could make half a million with one
-- statement. The limit is for rows of one's own only, so that nobody can use it up for the archiver.
CREATE OR REPLACE FUNCTION promkeep_ensure_own_week(at timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  weeks_of_own_rows CONSTANT integer := 520;
  partition text := 'promkeep_samples_' || to_char(date_trunc('week', at AT TIME ZONE 'UTC'), 'YYYYMMDD');
BEGIN
  IF isfinite(at) AND to_regclass(format('%I.%I', current_schema(), partition)) IS NULL
    AND (SELECT count(*) FROM pg_inherits i WHERE i.inhparent = 'promkeep_samples'::regclass) >= weeks_of_own_rows
  THEN
    RAISE EXCEPTION 'metrics_data: % weeks have unpacked rows already; insert rows of more weeks after the next hourly upkeep',
      weeks_of_own_rows USING ERRCODE = 'program_limit_exceeded';
  END IF;
  PERFORM promkeep_ensure_partition(at);
END
$$;
COMMENT ON FUNCTION promkeep_ensure_own_week IS 'promkeep_ensure_partition() for rows of metrics_data: refuses to make ever more partitions.';
REVOKE ALL ON FUNCTION promkeep_ensure_own_week FROM PUBLIC;
