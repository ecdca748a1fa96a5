-- The views over a range of time, for anybody who may read them.

-- A packed row is shorter than 28 days, so both bounds of part_from leave out partitions.
CREATE OR REPLACE FUNCTION metrics_between(from_time timestamptz, to_time timestamptz) RETURNS SETOF metrics_data
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10000
BEGIN ATOMIC
  SELECT m.id, m.metric_name, m.metric_value, m."timestamp", m.labels, m.source, m.created_at, m.org_id, m.source_name, m.query
  FROM promkeep_metrics m
  WHERE m."timestamp" >= $1 AND m."timestamp" <= $2
    AND m.part_from <= $2 AND m.part_from > $1 - interval '672 hours' AND m.part_to >= $1;
END;
COMMENT ON FUNCTION metrics_between IS 'metrics_data between two times (both inclusive), reading only the packed rows that lie there. Further conditions are pushed into it.';

CREATE OR REPLACE FUNCTION metrics_rollup(width interval, from_time timestamptz, to_time timestamptz) RETURNS SETOF metrics_5m
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
  SELECT b.bucket, r.short_name, r.labels, q.source_text, o.org_id, o.name, q.name, b.min_value, b.max_value, b.sum_value,
         b.sample_count, b.last_value
  FROM promkeep_series r
  JOIN promkeep_queries q ON q.query_id = r.query_id
  JOIN promkeep_sources o ON o.source_id = q.source_id
  CROSS JOIN LATERAL promkeep_series_rollup(q.query_id, r.series_id, $1, $2, $3) b;
END;
COMMENT ON FUNCTION metrics_rollup IS 'Rollups of any width over the samples after from_time and up to to_time, reading only what lies there. Buckets at the ends are cut by the range unless it lies on their borders. Where samples have expired, only widths that are a multiple of stored buckets have anything.';
