-- The views over a range of time, for anybody who may read them.

-- A packed row is shorter than 28 days, so both bounds of part_from leave out partitions.
CREATE OR REPLACE FUNCTION metrics_between(from_time timestamptz, to_time timestamptz) RETURNS SETOF metrics_data
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10000
BEGIN ATOMIC
  SELECT m.id, m.metric_name, m.metric_value, m."timestamp", m.labels, m.source, m.created_at, m.org_id, m.source_name, m.query
  FROM promkeep_result_rows() m
  WHERE m."timestamp" >= $1 AND m."timestamp" <= $2
    AND m.part_from <= $2 AND m.part_from > $1 - interval '672 hours' AND m.part_to >= $1
  UNION ALL
  SELECT m.id, m.metric_name, m.metric_value, m."timestamp", m.labels, m.source, m.created_at, m.org_id, m.source_name, m.query
  FROM promkeep_raw_rows($1, $2) m
  WHERE m."timestamp" >= $1 AND m."timestamp" <= $2;
END;
COMMENT ON FUNCTION metrics_between IS 'metrics_data between two times (both inclusive), reading only the packed rows and the chunks that lie there. Further conditions are pushed into it.';

CREATE OR REPLACE FUNCTION promkeep_histogram_buckets(from_time timestamptz, to_time timestamptz)
RETURNS TABLE (metric_name varchar(255), "timestamp" timestamptz, labels jsonb, org_id bigint, source_name text, query text,
  bucket_lower float8, bucket_upper float8, bucket_count float8)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10000
BEGIN ATOMIC
  SELECT r.metric_name, u.sample_time, n.labels, o.org_id, o.name, q.name, u.bucket_lower, u.bucket_upper, u.bucket_count
  FROM promkeep_chunks c
  JOIN promkeep_named_series() r ON r.series_id = c.series_id
  LEFT JOIN promkeep_queries q ON q.query_id = r.query_id
  LEFT JOIN promkeep_sources o ON o.source_id = q.source_id
  LEFT JOIN LATERAL (SELECT promkeep_labels_of(r.label_ids) AS labels HAVING true) n ON true
  CROSS JOIN LATERAL promkeep_raw_buckets(c.from_time, c.chunks, $1, $2) u
  WHERE c.from_time <= $2 AND c.from_time > $1 - interval '24 hours' AND c.to_time >= $1
    AND u.sample_time >= $1 AND u.sample_time <= $2;
END;
COMMENT ON FUNCTION promkeep_histogram_buckets IS 'Buckets of native histograms between two times (both inclusive), those that are not empty; each with its own count, not that of all below. Further conditions are pushed into it.';

CREATE OR REPLACE FUNCTION metrics_rollup(width interval, from_time timestamptz, to_time timestamptz) RETURNS SETOF metrics_5m
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
  SELECT * FROM promkeep_rollup_rows($1, $2, $3);
END;
COMMENT ON FUNCTION metrics_rollup IS 'Rollups of any width over the samples after from_time and up to to_time, reading only what lies there. Buckets at the ends are cut by the range unless it lies on their borders. Where samples have expired, only widths that are a multiple of stored buckets have anything.';
