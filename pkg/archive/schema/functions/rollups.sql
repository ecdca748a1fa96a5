-- Rollups: stored ones, and those computed from samples.

-- unnest() of several arrays fills the shorter ones up with nulls. No SET and no STRICT, see promkeep_unpack().
CREATE OR REPLACE FUNCTION promkeep_unroll(width_s integer, period_start timestamptz, first_bucket integer, bucket_count integer,
  bucket_numbers smallint[], sample_counts integer[], differences boolean, last_values float8[], min_values float8[],
  max_values float8[], sum_values float8[])
RETURNS TABLE (bucket timestamptz, min_value float8, max_value float8, sum_value float8, sample_count bigint, last_value float8)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
  SELECT $2 + interval '1 second' * ($1 * b.number)::float8,
         CASE WHEN $7 THEN b.last - coalesce(b.min, 0) ELSE coalesce(b.min, b.last) END,
         CASE WHEN $7 THEN b.last + coalesce(b.max, 0) ELSE coalesce(b.max, b.last) END,
         CASE WHEN $7 THEN b.last * b.count + coalesce(b.sum, 0) WHEN b.sum IS NULL THEN b.last * b.count ELSE b.sum END,
         b.count::bigint, b.last
  FROM (
    SELECT coalesce(a.number, $3 + a.n - 1) AS number, coalesce(a.count, $6[1]) AS count, a.min, a.max, a.sum,
           CASE WHEN $7 THEN sum(CASE WHEN $7 THEN coalesce(a.last, 0) END) OVER (ORDER BY a.n ROWS UNBOUNDED PRECEDING)
                ELSE coalesce(a.last, $8[1]) END AS last
    FROM ROWS FROM (generate_series(1, $4), unnest($5), unnest($6), unnest($8), unnest($9), unnest($10), unnest($11))
      AS a(n, number, count, last, min, max, sum)) b;
END;
COMMENT ON FUNCTION promkeep_unroll IS 'The buckets of one row of promkeep_rollups, exactly as they were computed.';

-- Two arms: what is stored and valid, and what is computed from samples, which is everything else. The state chosen is that of
-- the widest stored buckets of which the wanted width is a multiple.
-- A bucket is (end - width, end]: a sample on the border belongs to the bucket that ends there, as Prometheus' ranges do.
-- Values above 1e300 are summed as infinite: a sum that overflows is an error in PostgreSQL.
CREATE OR REPLACE FUNCTION promkeep_series_rollup(of_query bigint, of_series bigint, width interval, from_time timestamptz,
  to_time timestamptz)
RETURNS TABLE (bucket timestamptz, min_value float8, max_value float8, sum_value float8, sample_count bigint, last_value float8)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
  SELECT date_bin($3, b."time" - interval '1 microsecond', '1970-01-01 00:00:00+00') + $3, min(b.min_value), max(b.max_value),
         sum(b.sum_value ORDER BY b."time"), sum(b.sample_count)::bigint, (array_agg(b.last_value ORDER BY b."time"))[count(*)]
  FROM (SELECT 1) one
  LEFT JOIN LATERAL (
    SELECT c.width_s, c.stored_until, c.stale, c.working FROM promkeep_rollup_state c
    WHERE c.query_id = $1 AND extract(epoch FROM $3)::bigint % c.width_s = 0 ORDER BY c.width_s DESC LIMIT 1) t ON true
  CROSS JOIN LATERAL (
    SELECT u.bucket AS "time", u.min_value, u.max_value, u.sum_value, u.sample_count, u.last_value
    FROM promkeep_rollups p
    CROSS JOIN LATERAL promkeep_unroll(p.width_s, p.period_start, p.first_bucket, p.bucket_count, p.bucket_numbers,
      p.sample_counts, p.differences, p.last_values, p.min_values, p.max_values, p.sum_values) u
    WHERE p.series_id = $2 AND p.width_s = t.width_s AND p.period_start < $5 AND p.period_start > $4 - interval '672 hours'
      AND u.bucket - interval '1 second' * p.width_s >= $4 AND u.bucket <= $5
      AND u.bucket <= t.stored_until AND NOT t.stale @> u.bucket AND NOT t.working @> u.bucket
    UNION ALL
    SELECT s.time, s.value, s.value,
           CASE WHEN abs(s.value) > 1e300 THEN s.value * 'Infinity'::float8 ELSE s.value END, 1, s.value
    FROM promkeep_samples s
    WHERE s.series_id = $2 AND s.time > $4 AND s.time <= $5 AND s.value IS NOT NULL
      AND (t.stored_until IS NULL OR s.time > t.stored_until OR t.stale @> s.time OR t.working @> s.time)
    UNION ALL
    SELECT u.sample_time, u.sample_value, u.sample_value,
           CASE WHEN abs(u.sample_value) > 1e300 THEN u.sample_value * 'Infinity'::float8 ELSE u.sample_value END,
           1, u.sample_value
    FROM promkeep_packed s
    CROSS JOIN LATERAL promkeep_unpack(s.from_time, s.sample_count, s.step_us, s.offsets_us, s.sample_values, s.differences,
      s.divisor, s.fetch_ids, s.fetch_starts) u
    WHERE s.series_id = $2 AND s.from_time <= $5 AND s.from_time > $4 - interval '672 hours' AND s.to_time > $4
      AND (t.stored_until IS NULL OR s.to_time > t.stored_until
           OR t.stale && tstzrange(s.from_time, s.to_time, '[]') OR t.working && tstzrange(s.from_time, s.to_time, '[]'))
      AND u.sample_time > $4 AND u.sample_time <= $5 AND u.sample_value IS NOT NULL
      AND (t.stored_until IS NULL OR u.sample_time > t.stored_until OR t.stale @> u.sample_time
           OR t.working @> u.sample_time)) b
  GROUP BY 1;
END;
COMMENT ON FUNCTION promkeep_series_rollup IS 'Rollups of one series, stored or computed, over the samples after from_time and up to to_time. Stored buckets count where they lie in the range as a whole.';

CREATE OR REPLACE FUNCTION promkeep_rollup_rows(width interval, from_time timestamptz, to_time timestamptz)
RETURNS SETOF promkeep_rollup_row
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100000
BEGIN ATOMIC
  SELECT b.bucket, r.short_name, r.labels, q.source_text, o.org_id, o.name, q.name, b.min_value, b.max_value, b.sum_value,
         b.sample_count, b.last_value
  FROM promkeep_series r
  JOIN promkeep_queries q ON q.query_id = r.query_id
  JOIN promkeep_sources o ON o.source_id = q.source_id
  CROSS JOIN LATERAL promkeep_series_rollup(q.query_id, r.series_id, $1, $2, $3) b;
END;
COMMENT ON FUNCTION promkeep_rollup_rows IS 'What metrics_5m and metrics_1h show, with the rights of the caller.';

-- Whole hours around the write, so that buckets of both widths lie in them as a whole.
CREATE OR REPLACE FUNCTION promkeep_note_stale() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE promkeep_rollup_state t
  SET stale = t.stale + tstzmultirange(tstzrange(
        date_bin(interval '1 hour', lower(NEW.fetched_range) - interval '1 microsecond', '1970-01-01 00:00:00+00'),
        date_bin(interval '1 hour', upper(NEW.fetched_range) - interval '1 microsecond', '1970-01-01 00:00:00+00')
          + interval '1 hour', '(]')) * tstzmultirange(tstzrange(t.raw_from, t.stored_until, '(]')),
      updated_at = now()
  WHERE t.query_id = NEW.query_id AND t.stored_until >= lower(NEW.fetched_range);
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION promkeep_note_stale IS 'Trigger of promkeep_fetches: a write before stored_until makes the rollups of its hours stale. The writer holds the query''s lock.';
REVOKE ALL ON FUNCTION promkeep_note_stale FROM PUBLIC;
CREATE OR REPLACE TRIGGER promkeep_note_stale AFTER INSERT ON promkeep_fetches
FOR EACH ROW WHEN (NEW.fetched_range IS NOT NULL) EXECUTE FUNCTION promkeep_note_stale();
