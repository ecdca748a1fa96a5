/**
 * A time of a series is in a packed row or beside it, never in both, unless somebody has put it there by hand. Then taking the
 * row apart failed on the key, and with it packing and every repair of that series. Now the sample beside the row stays.
 */
export const takingApart = `
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
    gone.differences, gone.divisor, gone.fetch_ids, gone.fetch_starts) u
  ON CONFLICT (series_id, time) DO NOTHING;
  GET DIAGNOSTICS moved = ROW_COUNT;
  RETURN moved;
END
$$;
`;
