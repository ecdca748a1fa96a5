/** Second schema: packed rows for closed periods, and what packing, unpacking and expiry need. */
export const packedTables = `
ALTER TABLE {schema}.promkeep_queries ADD COLUMN packed_until timestamptz, ADD COLUMN packed_at timestamptz;
COMMENT ON COLUMN {schema}.promkeep_queries.packed_until IS 'No packed row of this query reaches this time; null while there is none. Writers of younger times need not look for packed rows.';
COMMENT ON COLUMN {schema}.promkeep_queries.packed_at IS 'When samples of this query were last packed.';

CREATE FUNCTION {schema}.promkeep_retention_days(class text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN class ~ '^[1-9][0-9]{0,4}[dwy]$'
    THEN left(class, -1)::integer * CASE right(class, 1) WHEN 'd' THEN 1 WHEN 'w' THEN 7 ELSE 366 END END
$$;
COMMENT ON FUNCTION {schema}.promkeep_retention_days(text) IS 'Days of a retention class (30d, 8w, 1y); null for forever and for anything that cannot be read, which is kept.';

CREATE FUNCTION {schema}.promkeep_retention_class(class text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN {schema}.promkeep_retention_days(class) IS NULL THEN 'forever' ELSE class END
$$;
COMMENT ON FUNCTION {schema}.promkeep_retention_class(text) IS 'The class under which packed rows are stored: what cannot be read counts as forever.';

-- Every width is a divisor of the next and all begin on a Monday, so a packed row never crosses the border of its partition.
CREATE FUNCTION {schema}.promkeep_partition_days(class text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN {schema}.promkeep_retention_days(class) <= 60 THEN 7 ELSE 28 END
$$;
COMMENT ON FUNCTION {schema}.promkeep_partition_days(text) IS 'Days in one partition of packed rows: a week up to 60 days of retention, four weeks above.';

CREATE FUNCTION {schema}.promkeep_period_ms(step_ms bigint, class text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN step_ms < 5000 THEN 21600000
              WHEN step_ms IS NULL OR step_ms <= 60000 THEN 86400000
              WHEN step_ms <= 600000 OR {schema}.promkeep_partition_days(class) = 7 THEN 604800000
              ELSE 2419200000 END
$$;
COMMENT ON FUNCTION {schema}.promkeep_period_ms(bigint, text) IS 'Milliseconds in one packed period: 6 h below 5 s a step, a day up to 1 min, a week up to 10 min, else four weeks.';

CREATE FUNCTION {schema}.promkeep_period_start(at timestamptz, period_ms bigint) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT timestamptz '1970-01-05 00:00:00+00' + interval '1 microsecond' * (
    floor((extract(epoch FROM at) * 1000 - 345600000) / period_ms) * period_ms * 1000)::float8
$$;
COMMENT ON FUNCTION {schema}.promkeep_period_start(timestamptz, bigint) IS 'Start of the packed period a time lies in. Periods are counted from Monday, 1970-01-05, UTC.';

CREATE TABLE {schema}.promkeep_packed (
  retention text NOT NULL,
  series_id bigint NOT NULL,
  from_time timestamptz NOT NULL,
  to_time timestamptz NOT NULL,
  sample_count integer NOT NULL,
  step_us bigint,
  offsets_us bigint[],
  sample_values double precision[] NOT NULL,
  differences boolean NOT NULL,
  fetch_ids bigint[] NOT NULL,
  fetch_starts integer[] NOT NULL,
  PRIMARY KEY (series_id, from_time, retention)
) PARTITION BY LIST (retention);
COMMENT ON TABLE {schema}.promkeep_packed IS 'Samples of closed periods, one row per series and period (a few where the grid has holes), partitioned by retention class and time. A time of a series is either here or in promkeep_samples, never in both.';
COMMENT ON COLUMN {schema}.promkeep_packed.retention IS 'Retention class.';
COMMENT ON COLUMN {schema}.promkeep_packed.series_id IS 'The series (promkeep_series).';
COMMENT ON COLUMN {schema}.promkeep_packed.from_time IS 'Time of the first sample.';
COMMENT ON COLUMN {schema}.promkeep_packed.to_time IS 'Time of the last sample; less than 28 days after the first.';
COMMENT ON COLUMN {schema}.promkeep_packed.sample_count IS 'Number of samples.';
COMMENT ON COLUMN {schema}.promkeep_packed.step_us IS 'Distance between samples in microseconds where it is always the same; else null.';
COMMENT ON COLUMN {schema}.promkeep_packed.offsets_us IS 'Where the distance differs: microseconds from from_time to each sample; else null.';
COMMENT ON COLUMN {schema}.promkeep_packed.sample_values IS 'The values, in order of time; see differences.';
COMMENT ON COLUMN {schema}.promkeep_packed.differences IS 'Whether sample_values holds the first value and then differences to the value before: done where all are integers of at most 2^52, so that a running sum restores them exactly.';
COMMENT ON COLUMN {schema}.promkeep_packed.fetch_ids IS 'The writes (promkeep_fetches) the samples came with, one for each run of samples; alike ones are one, named by the newest.';
COMMENT ON COLUMN {schema}.promkeep_packed.fetch_starts IS 'Number (from 1) of the first sample of each of these runs.';

-- pglz is everywhere, lz4 only where the server was built with it; partitions inherit the choice.
DO $$
BEGIN
  ALTER TABLE {schema}.promkeep_packed ALTER COLUMN sample_values SET COMPRESSION lz4;
  ALTER TABLE {schema}.promkeep_packed ALTER COLUMN offsets_us SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
  NULL;
END
$$;

-- No SET and no STRICT, so that PostgreSQL puts its body in place of the call.
CREATE FUNCTION {schema}.promkeep_unpack(from_time timestamptz, step_us bigint, offsets_us bigint[], sample_values float8[],
  differences boolean, fetch_ids bigint[], fetch_starts integer[])
RETURNS TABLE (sample_time timestamptz, sample_value float8, sample_fetch bigint)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 5000 AS $$
  SELECT $1 + interval '1 microsecond' * coalesce(u.offset_us, (u.n - 1) * $2)::float8,
         u.value,
         CASE WHEN cardinality($6) = 1 THEN $6[1] ELSE $6[width_bucket(u.n::integer, $7)] END
  FROM (
    SELECT p.value, p.offset_us, p.n FROM unnest($4, $3) WITH ORDINALITY AS p(value, offset_us, n) WHERE NOT $5
    UNION ALL
    SELECT sum(d.value) OVER (ORDER BY d.n ROWS UNBOUNDED PRECEDING), d.offset_us, d.n
    FROM unnest($4, $3) WITH ORDINALITY AS d(value, offset_us, n) WHERE $5) u
$$;
COMMENT ON FUNCTION {schema}.promkeep_unpack(timestamptz, bigint, bigint[], float8[], boolean, bigint[], integer[]) IS 'The samples of one row of promkeep_packed, exactly as they were.';

CREATE FUNCTION {schema}.promkeep_ensure_packed_partition(class text, at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  of_class text := 'promkeep_packed_' || class;
  start_time timestamptz := {schema}.promkeep_period_start(at, {schema}.promkeep_partition_days(class) * 86400000::bigint);
  partition text := of_class || '_' || to_char(start_time AT TIME ZONE 'UTC', 'YYYYMMDD');
  present regclass := to_regclass(format('%I.%I', {schemaText}, partition));
BEGIN
  IF class <> {schema}.promkeep_retention_class(class) THEN
    RAISE EXCEPTION 'there is no retention class %', class USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- What is said in promkeep_ensure_partition() holds here.
  IF present IS NOT NULL THEN
    PERFORM pg_relation_size(present);
    RETURN;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('promkeep partition'), hashtext({schemaText}));
  LOCK TABLE {schema}.promkeep_packed IN SHARE UPDATE EXCLUSIVE MODE;
  IF to_regclass(format('%I.%I', {schemaText}, of_class)) IS NULL THEN
    EXECUTE format('CREATE TABLE %I.%I (LIKE %I.promkeep_packed INCLUDING ALL) PARTITION BY RANGE (from_time)',
      {schemaText}, of_class, {schemaText});
    EXECUTE format('ALTER TABLE %I.promkeep_packed ATTACH PARTITION %I.%I FOR VALUES IN (%L)',
      {schemaText}, {schemaText}, of_class, class);
  END IF;
  EXECUTE format('LOCK TABLE %I.%I IN SHARE UPDATE EXCLUSIVE MODE', {schemaText}, of_class);
  IF to_regclass(format('%I.%I', {schemaText}, partition)) IS NOT NULL THEN
    RETURN;
  END IF;
  EXECUTE format('CREATE TABLE %I.%I (LIKE %I.%I INCLUDING ALL)', {schemaText}, partition, {schemaText}, of_class);
  EXECUTE format('ALTER TABLE %I.%I ATTACH PARTITION %I.%I FOR VALUES FROM (%L) TO (%L)',
    {schemaText}, of_class, {schemaText}, partition, start_time,
    start_time + interval '24 hours' * {schema}.promkeep_partition_days(class));
END
$$;
COMMENT ON FUNCTION {schema}.promkeep_ensure_packed_partition(text, timestamptz) IS 'Makes the partition of promkeep_packed for this class and time unless it exists.';
REVOKE ALL ON FUNCTION {schema}.promkeep_ensure_packed_partition(text, timestamptz) FROM PUBLIC;

CREATE FUNCTION {schema}.promkeep_take_apart(series_ids bigint[], low timestamptz, high timestamptz) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  moved bigint;
BEGIN
  PERFORM {schema}.promkeep_ensure_partition(weeks.at) FROM (
    SELECT DISTINCT least(p.from_time + step.n * interval '168 hours', p.to_time) AS at
    FROM {schema}.promkeep_packed p, generate_series(0, 4) AS step(n)
    WHERE p.series_id = ANY (series_ids) AND p.from_time <= high AND p.from_time > low - interval '672 hours'
      AND p.to_time >= low) weeks;
  WITH gone AS (
    DELETE FROM {schema}.promkeep_packed p
    WHERE p.series_id = ANY (series_ids) AND p.from_time <= high AND p.from_time > low - interval '672 hours'
      AND p.to_time >= low
    RETURNING p.*)
  INSERT INTO {schema}.promkeep_samples (series_id, time, value, fetch_id)
  SELECT gone.series_id, u.sample_time, u.sample_value, u.sample_fetch FROM gone
  CROSS JOIN LATERAL {schema}.promkeep_unpack(gone.from_time, gone.step_us, gone.offsets_us, gone.sample_values, gone.differences,
    gone.fetch_ids, gone.fetch_starts) u;
  GET DIAGNOSTICS moved = ROW_COUNT;
  RETURN moved;
END
$$;
COMMENT ON FUNCTION {schema}.promkeep_take_apart(bigint[], timestamptz, timestamptz) IS 'Turns packed rows of these series that touch a range back into samples, so that they can be changed; packing packs them again. The caller holds the query''s lock.';
REVOKE ALL ON FUNCTION {schema}.promkeep_take_apart(bigint[], timestamptz, timestamptz) FROM PUBLIC;
`;
