/**
 * Denser packed rows: decimals as integers, constant values once, and pglz, which on such arrays takes a fifth less than lz4
 * (docs/adr has the figures). Older rows stay as they are and are read as before.
 */
export const densePacking = `
ALTER TABLE {schema}.promkeep_packed ADD COLUMN divisor double precision;
COMMENT ON COLUMN {schema}.promkeep_packed.sample_values IS 'The values, in order of time; a single one where all are the same; see differences.';
COMMENT ON COLUMN {schema}.promkeep_packed.differences IS 'Whether sample_values holds the first value and then differences to the value before, each times divisor: done where that makes integers of at most 2^52, so that a running sum restores the values exactly.';
COMMENT ON COLUMN {schema}.promkeep_packed.divisor IS 'With differences: the power of ten by which the running sum is divided (values of two decimals: 100); null: 1; 0: the single value stands for all.';
DO $$
DECLARE
  relation regclass;
BEGIN
  FOR relation IN SELECT tree.relid FROM pg_partition_tree(format('%I.promkeep_packed', {schemaText})::regclass) AS tree LOOP
    EXECUTE format('ALTER TABLE %s ALTER COLUMN sample_values SET COMPRESSION pglz', relation);
  END LOOP;
END
$$;

-- No SET and no STRICT, so that PostgreSQL puts its body in place of the call.
CREATE FUNCTION {schema}.promkeep_unpack(from_time timestamptz, sample_count integer, step_us bigint, offsets_us bigint[],
  sample_values float8[], differences boolean, divisor float8, fetch_ids bigint[], fetch_starts integer[])
RETURNS TABLE (sample_time timestamptz, sample_value float8, sample_fetch bigint)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 5000 AS $$
  SELECT $1 + interval '1 microsecond' * coalesce(u.offset_us, (u.n - 1) * $3)::float8,
         u.value,
         CASE WHEN cardinality($8) = 1 THEN $8[1] ELSE $8[width_bucket(u.n::integer, $9)] END
  FROM (
    SELECT p.value, p.offset_us, p.n FROM unnest($5, $4) WITH ORDINALITY AS p(value, offset_us, n)
    WHERE NOT $6 AND coalesce($7, 1) <> 0
    UNION ALL
    SELECT sum(d.value) OVER (ORDER BY d.n ROWS UNBOUNDED PRECEDING) / coalesce($7, 1), d.offset_us, d.n
    FROM unnest($5, $4) WITH ORDINALITY AS d(value, offset_us, n) WHERE $6
    UNION ALL
    SELECT $5[1], NULL, c.n FROM generate_series(1, $2) AS c(n) WHERE coalesce($7, 1) = 0) u
$$;
COMMENT ON FUNCTION {schema}.promkeep_unpack(timestamptz, integer, bigint, bigint[], float8[], boolean, float8, bigint[], integer[]) IS 'The samples of one row of promkeep_packed, exactly as they were.';

CREATE OR REPLACE FUNCTION {schema}.promkeep_take_apart(series_ids bigint[], low timestamptz, high timestamptz) RETURNS bigint
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
  CROSS JOIN LATERAL {schema}.promkeep_unpack(gone.from_time, gone.sample_count, gone.step_us, gone.offsets_us, gone.sample_values,
    gone.differences, gone.divisor, gone.fetch_ids, gone.fetch_starts) u;
  GET DIAGNOSTICS moved = ROW_COUNT;
  RETURN moved;
END
$$;
`;
