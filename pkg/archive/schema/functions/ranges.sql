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
  SELECT * FROM promkeep_rollup_rows($1, $2, $3);
END;
COMMENT ON FUNCTION metrics_rollup IS 'Rollups of any width over the samples after from_time and up to to_time, reading only what lies there. Buckets at the ends are cut by the range unless it lies on their borders. Where samples have expired, only widths that are a multiple of stored buckets have anything.';
