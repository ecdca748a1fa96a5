-- Packed rows: reading them, turning them back into samples, and all samples as flat rows.

-- No SET and no STRICT, so that PostgreSQL puts its body in place of the call.
CREATE OR REPLACE FUNCTION promkeep_unpack(from_time timestamptz, sample_count integer, step_us bigint, offsets_us bigint[],
  sample_values float8[], differences boolean, divisor float8, fetch_ids bigint[], fetch_starts integer[])
RETURNS TABLE (sample_time timestamptz, sample_value float8, sample_fetch bigint)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 5000
BEGIN ATOMIC
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
    SELECT $5[1], NULL, c.n FROM generate_series(1, $2) AS c(n) WHERE coalesce($7, 1) = 0) u;
END;
COMMENT ON FUNCTION promkeep_unpack IS 'The samples of one row of promkeep_packed, exactly as they were.';

-- Where somebody has put a sample beside the packed row of its time by hand, that sample stays: taking the row apart would fail on
-- the key, and with it every repair of the series.
CREATE OR REPLACE FUNCTION promkeep_take_apart(series_ids bigint[], low timestamptz, high timestamptz) RETURNS bigint
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  moved bigint;
BEGIN
  PERFORM promkeep_ensure_partition(weeks.at) FROM (
    SELECT DISTINCT least(p.from_time + step.n * interval '168 hours', p.to_time) AS at
    FROM promkeep_packed p, generate_series(0, 4) AS step(n)
    WHERE p.series_id = ANY (series_ids) AND p.from_time <= high AND p.from_time > low - interval '672 hours'
      AND p.to_time >= low) weeks;
  WITH gone AS (
    DELETE FROM promkeep_packed p
    WHERE p.series_id = ANY (series_ids) AND p.from_time <= high AND p.from_time > low - interval '672 hours'
      AND p.to_time >= low
    RETURNING p.*)
  INSERT INTO promkeep_samples (series_id, time, value, fetch_id)
  SELECT gone.series_id, u.sample_time, u.sample_value, u.sample_fetch FROM gone
  CROSS JOIN LATERAL promkeep_unpack(gone.from_time, gone.sample_count, gone.step_us, gone.offsets_us, gone.sample_values,
    gone.differences, gone.divisor, gone.fetch_ids, gone.fetch_starts) u
  ON CONFLICT (series_id, time) DO NOTHING;
  GET DIAGNOSTICS moved = ROW_COUNT;
  RETURN moved;
END
$$;
COMMENT ON FUNCTION promkeep_take_apart IS 'Turns packed rows of these series that touch a range back into samples, so that they can be changed; packing packs them again. The caller holds the query''s lock.';
REVOKE ALL ON FUNCTION promkeep_take_apart FROM PUBLIC;

-- A view reads tables with its owner's rights, for whom policies do not hold; PostgreSQL 15 can be told otherwise, 14 cannot.
-- Functions in a view run with the caller's rights in both, and an SQL function is put in place of its call.
--
-- id: 63 bits of MD5 over series and time. It depends on nothing else, so it survives packing and restoring. It is not a
-- key: among n rows two share an id with a probability of about n^2 / 2^64 (0.05 % at 10^8 rows), and nothing inside
-- Promkeep looks rows up by it.
-- Outer joins let PostgreSQL leave out the tables a query does not ask for; with a condition on them it treats them as inner.
-- Each arm has its own joins, so that a condition on name or labels finds packed rows by their series.
CREATE OR REPLACE FUNCTION promkeep_result_rows() RETURNS SETOF promkeep_metric_row
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000000
BEGIN ATOMIC
  SELECT ('x' || substr(md5(s.series_id || ' ' || (extract(epoch FROM s.time) * 1000000)::bigint), 1, 16))::bit(64)::bigint
         & 9223372036854775807,
         r.short_name, s.value, s.time, r.labels, q.source_text, f.written_at, o.org_id, o.name, q.name, s.time, s.time
  FROM promkeep_samples s
  LEFT JOIN promkeep_series r ON r.series_id = s.series_id
  LEFT JOIN promkeep_queries q ON q.query_id = r.query_id
  LEFT JOIN promkeep_sources o ON o.source_id = q.source_id
  LEFT JOIN promkeep_fetches f ON f.fetch_id = s.fetch_id
  UNION ALL
  SELECT ('x' || substr(md5(s.series_id || ' ' || (extract(epoch FROM u.sample_time) * 1000000)::bigint), 1, 16))::bit(64)::bigint
         & 9223372036854775807,
         r.short_name, u.sample_value, u.sample_time, r.labels, q.source_text, f.written_at, o.org_id, o.name, q.name,
         s.from_time, s.to_time
  FROM promkeep_packed s
  CROSS JOIN LATERAL promkeep_unpack(s.from_time, s.sample_count, s.step_us, s.offsets_us, s.sample_values, s.differences,
    s.divisor, s.fetch_ids, s.fetch_starts) u
  LEFT JOIN promkeep_series r ON r.series_id = s.series_id
  LEFT JOIN promkeep_queries q ON q.query_id = r.query_id
  LEFT JOIN promkeep_sources o ON o.source_id = q.source_id
  LEFT JOIN promkeep_fetches f ON f.fetch_id = u.sample_fetch;
END;
COMMENT ON FUNCTION promkeep_result_rows IS 'Results of queries, and rows that were inserted, as rows of promkeep_metrics.';

CREATE OR REPLACE FUNCTION promkeep_rows() RETURNS SETOF promkeep_metric_row
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000000
BEGIN ATOMIC
  SELECT * FROM promkeep_result_rows() UNION ALL SELECT * FROM promkeep_raw_rows('-infinity', 'infinity');
END;
COMMENT ON FUNCTION promkeep_rows IS 'What promkeep_metrics shows, with the rights of the caller.';
