/** `(end - width, end]`: a sample on the border belongs to the bucket that ends there, as Prometheus' ranges do. */
const bucketEnd = (width: string, time: string): string =>
  `date_bin(${width}, ${time} - interval '1 microsecond', '1970-01-01 00:00:00+00') + ${width}`;

/** Whole hours around a range of samples, so that buckets of both widths lie in them as a whole. */
const hoursOf = (range: string): string =>
  `tstzmultirange(tstzrange(${bucketEnd(`interval '1 hour'`, `lower(${range})`)} - interval '1 hour',
       ${bucketEnd(`interval '1 hour'`, `upper(${range})`)}, '(]'))`;

const tables = `
CREATE TABLE {schema}.promkeep_rollups (
  width_s integer NOT NULL,
  series_id bigint NOT NULL,
  period_start timestamptz NOT NULL,
  first_bucket integer NOT NULL,
  bucket_count integer NOT NULL,
  bucket_numbers smallint[] NOT NULL,
  sample_counts integer[] NOT NULL,
  differences boolean NOT NULL,
  last_values double precision[] NOT NULL,
  min_values double precision[] NOT NULL,
  max_values double precision[] NOT NULL,
  sum_values double precision[] NOT NULL,
  PRIMARY KEY (series_id, period_start, width_s)
) PARTITION BY LIST (width_s);
COMMENT ON TABLE {schema}.promkeep_rollups IS 'Stored rollups of recorded queries whose samples expire, one row per series and period: a week of 5-minute buckets, four weeks of hours. promkeep_unroll() reads a row; promkeep_rollup_state says which buckets count.';
COMMENT ON COLUMN {schema}.promkeep_rollups.width_s IS 'Seconds in a bucket: 300 or 3600.';
COMMENT ON COLUMN {schema}.promkeep_rollups.series_id IS 'The series (promkeep_series).';
COMMENT ON COLUMN {schema}.promkeep_rollups.period_start IS 'Start of the period. Bucket n ends n widths after it.';
COMMENT ON COLUMN {schema}.promkeep_rollups.first_bucket IS 'Number of the first bucket.';
COMMENT ON COLUMN {schema}.promkeep_rollups.bucket_count IS 'Number of buckets with samples.';
COMMENT ON COLUMN {schema}.promkeep_rollups.bucket_numbers IS 'Their numbers; empty where they follow one another without a hole.';
COMMENT ON COLUMN {schema}.promkeep_rollups.sample_counts IS 'Samples in each bucket; one number where all have as many.';
COMMENT ON COLUMN {schema}.promkeep_rollups.differences IS 'Whether the values are stored as differences: done where all are integers of at most 2^52, which sums restore exactly.';
COMMENT ON COLUMN {schema}.promkeep_rollups.last_values IS 'Last value of each bucket; one where all are the same. With differences: the first one, then what was added from bucket to bucket.';
COMMENT ON COLUMN {schema}.promkeep_rollups.min_values IS 'Smallest values; empty where they are the last ones. With differences: last minus smallest.';
COMMENT ON COLUMN {schema}.promkeep_rollups.max_values IS 'Largest values; empty where they are the last ones. With differences: largest minus last.';
COMMENT ON COLUMN {schema}.promkeep_rollups.sum_values IS 'Sums; empty where they are the last value times the count. With differences: the sum minus the last value times the count.';
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['last_values', 'min_values', 'max_values', 'sum_values', 'sample_counts', 'bucket_numbers'] LOOP
    EXECUTE format('ALTER TABLE %I.promkeep_rollups ALTER COLUMN %I SET COMPRESSION lz4', {schemaText}, name);
  END LOOP;
EXCEPTION WHEN feature_not_supported THEN
  NULL;
END
$$;
CREATE TABLE {schema}.promkeep_rollups_300 (LIKE {schema}.promkeep_rollups INCLUDING ALL) PARTITION BY RANGE (period_start);
COMMENT ON TABLE {schema}.promkeep_rollups_300 IS 'Buckets of 5 minutes, in partitions of 28 days.';
CREATE TABLE {schema}.promkeep_rollups_3600 (LIKE {schema}.promkeep_rollups INCLUDING ALL) PARTITION BY RANGE (period_start);
COMMENT ON TABLE {schema}.promkeep_rollups_3600 IS 'Buckets of an hour, in partitions of 364 days.';
ALTER TABLE {schema}.promkeep_rollups ATTACH PARTITION {schema}.promkeep_rollups_300 FOR VALUES IN (300);
ALTER TABLE {schema}.promkeep_rollups ATTACH PARTITION {schema}.promkeep_rollups_3600 FOR VALUES IN (3600);

CREATE TABLE {schema}.promkeep_rollup_state (
  query_id bigint NOT NULL REFERENCES {schema}.promkeep_queries ON DELETE CASCADE,
  width_s integer NOT NULL,
  stored_until timestamptz NOT NULL,
  raw_from timestamptz NOT NULL DEFAULT '-infinity',
  stale tstzmultirange NOT NULL DEFAULT '{}',
  working tstzmultirange NOT NULL DEFAULT '{}',
  run bigint NOT NULL DEFAULT 0,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (query_id, width_s)
);
COMMENT ON TABLE {schema}.promkeep_rollup_state IS 'Which buckets of a recorded query are taken from promkeep_rollups: those that end at or before stored_until and lie neither in stale nor in working. All others are computed from samples.';
COMMENT ON COLUMN {schema}.promkeep_rollup_state.query_id IS 'The recorded query.';
COMMENT ON COLUMN {schema}.promkeep_rollup_state.width_s IS 'Seconds in a bucket.';
COMMENT ON COLUMN {schema}.promkeep_rollup_state.stored_until IS 'Buckets up to here are stored.';
COMMENT ON COLUMN {schema}.promkeep_rollup_state.raw_from IS 'Samples before this time may have expired: stored buckets that end here or before never change again.';
COMMENT ON COLUMN {schema}.promkeep_rollup_state.stale IS 'Whole hours in which samples changed after they were stored.';
COMMENT ON COLUMN {schema}.promkeep_rollup_state.working IS 'Whole hours that are being computed.';
COMMENT ON COLUMN {schema}.promkeep_rollup_state.run IS 'Grows with each run; one that was overtaken by another does not say of anything that it is done.';
COMMENT ON COLUMN {schema}.promkeep_rollup_state.updated_at IS 'When this row last changed.';

CREATE FUNCTION {schema}.promkeep_note_stale() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE {schema}.promkeep_rollup_state t
  SET stale = t.stale + ${hoursOf('NEW.fetched_range')} * tstzmultirange(tstzrange(t.raw_from, t.stored_until, '(]')), updated_at = now()
  WHERE t.query_id = NEW.query_id AND t.stored_until >= lower(NEW.fetched_range);
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION {schema}.promkeep_note_stale() IS 'Trigger of promkeep_fetches: a write before stored_until makes the rollups of its hours stale. The writer holds the query''s lock.';
REVOKE ALL ON FUNCTION {schema}.promkeep_note_stale() FROM PUBLIC;
CREATE TRIGGER promkeep_note_stale AFTER INSERT ON {schema}.promkeep_fetches
FOR EACH ROW WHEN (NEW.fetched_range IS NOT NULL) EXECUTE FUNCTION {schema}.promkeep_note_stale();
`;

/** Larger ones are summed as infinite: a sum that overflows is an error in PostgreSQL. */
const summable = (value: string): string =>
  `CASE WHEN abs(${value}) > 1e300 THEN ${value} * 'Infinity'::float8 ELSE ${value} END`;

const functions = `
CREATE FUNCTION {schema}.promkeep_ensure_rollup_partition(width integer, at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  of_width text := 'promkeep_rollups_' || width;
  days integer := CASE width WHEN 300 THEN 28 ELSE 364 END;
  start_time timestamptz := {schema}.promkeep_period_start(at, days * 86400000::bigint);
  partition text := of_width || '_' || to_char(start_time AT TIME ZONE 'UTC', 'YYYYMMDD');
  present regclass := to_regclass(format('%I.%I', {schemaText}, partition));
BEGIN
  -- What is said in promkeep_ensure_partition() holds here.
  IF present IS NOT NULL THEN
    PERFORM pg_relation_size(present);
    RETURN;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('promkeep partition'), hashtext({schemaText}));
  EXECUTE format('LOCK TABLE %I.%I IN SHARE UPDATE EXCLUSIVE MODE', {schemaText}, of_width);
  IF to_regclass(format('%I.%I', {schemaText}, partition)) IS NOT NULL THEN
    RETURN;
  END IF;
  EXECUTE format('CREATE TABLE %I.%I (LIKE %I.%I INCLUDING ALL)', {schemaText}, partition, {schemaText}, of_width);
  EXECUTE format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY', {schemaText}, partition);
  EXECUTE format('ALTER TABLE %I.%I ATTACH PARTITION %I.%I FOR VALUES FROM (%L) TO (%L)',
    {schemaText}, of_width, {schemaText}, partition, start_time, start_time + interval '24 hours' * days);
END
$$;
COMMENT ON FUNCTION {schema}.promkeep_ensure_rollup_partition(integer, timestamptz) IS 'Makes the partition of promkeep_rollups for this width and time unless it exists.';
REVOKE ALL ON FUNCTION {schema}.promkeep_ensure_rollup_partition(integer, timestamptz) FROM PUBLIC;

-- unnest() of several arrays fills the shorter ones up with nulls. No SET and no STRICT, see promkeep_unpack().
CREATE FUNCTION {schema}.promkeep_unroll(width_s integer, period_start timestamptz, first_bucket integer, bucket_count integer,
  bucket_numbers smallint[], sample_counts integer[], differences boolean, last_values float8[], min_values float8[],
  max_values float8[], sum_values float8[])
RETURNS TABLE (bucket timestamptz, min_value float8, max_value float8, sum_value float8, sample_count bigint, last_value float8)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000 AS $$
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
      AS a(n, number, count, last, min, max, sum)) b
$$;
COMMENT ON FUNCTION {schema}.promkeep_unroll(integer, timestamptz, integer, integer, smallint[], integer[], boolean, float8[], float8[], float8[], float8[]) IS 'The buckets of one row of promkeep_rollups, exactly as they were computed.';

-- Two arms: what is stored and valid, and what is computed from samples, which is everything else. The state chosen is that of
-- the widest stored buckets of which the wanted width is a multiple.
CREATE FUNCTION {schema}.promkeep_series_rollup(of_query bigint, of_series bigint, width interval, from_time timestamptz, to_time timestamptz)
RETURNS TABLE (bucket timestamptz, min_value float8, max_value float8, sum_value float8, sample_count bigint, last_value float8)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000 AS $$
  SELECT ${bucketEnd('$3', 'b."time"')}, min(b.min_value), max(b.max_value), sum(b.sum_value ORDER BY b."time"), sum(b.sample_count)::bigint,
         (array_agg(b.last_value ORDER BY b."time"))[count(*)]
  FROM (SELECT 1) one
  LEFT JOIN LATERAL (
    SELECT c.width_s, c.stored_until, c.stale, c.working FROM {schema}.promkeep_rollup_state c
    WHERE c.query_id = $1 AND extract(epoch FROM $3)::bigint % c.width_s = 0 ORDER BY c.width_s DESC LIMIT 1) t ON true
  CROSS JOIN LATERAL (
    SELECT u.bucket AS "time", u.min_value, u.max_value, u.sum_value, u.sample_count, u.last_value
    FROM {schema}.promkeep_rollups p
    CROSS JOIN LATERAL {schema}.promkeep_unroll(p.width_s, p.period_start, p.first_bucket, p.bucket_count, p.bucket_numbers,
      p.sample_counts, p.differences, p.last_values, p.min_values, p.max_values, p.sum_values) u
    WHERE p.series_id = $2 AND p.width_s = t.width_s AND p.period_start < $5 AND p.period_start > $4 - interval '672 hours'
      AND u.bucket - interval '1 second' * p.width_s >= $4 AND u.bucket <= $5
      AND u.bucket <= t.stored_until AND NOT t.stale @> u.bucket AND NOT t.working @> u.bucket
    UNION ALL
    SELECT s.time, s.value, s.value, ${summable('s.value')}, 1, s.value
    FROM {schema}.promkeep_samples s
    WHERE s.series_id = $2 AND s.time > $4 AND s.time <= $5 AND s.value IS NOT NULL
      AND (t.stored_until IS NULL OR s.time > t.stored_until OR t.stale @> s.time OR t.working @> s.time)
    UNION ALL
    SELECT u.sample_time, u.sample_value, u.sample_value, ${summable('u.sample_value')}, 1, u.sample_value
    FROM {schema}.promkeep_packed s
    CROSS JOIN LATERAL {schema}.promkeep_unpack(s.from_time, s.sample_count, s.step_us, s.offsets_us, s.sample_values, s.differences, s.divisor, s.fetch_ids, s.fetch_starts) u
    WHERE s.series_id = $2 AND s.from_time <= $5 AND s.from_time > $4 - interval '672 hours' AND s.to_time > $4
      AND (t.stored_until IS NULL OR s.to_time > t.stored_until
           OR t.stale && tstzrange(s.from_time, s.to_time, '[]') OR t.working && tstzrange(s.from_time, s.to_time, '[]'))
      AND u.sample_time > $4 AND u.sample_time <= $5 AND u.sample_value IS NOT NULL
      AND (t.stored_until IS NULL OR u.sample_time > t.stored_until OR t.stale @> u.sample_time OR t.working @> u.sample_time)) b
  GROUP BY 1
$$;
COMMENT ON FUNCTION {schema}.promkeep_series_rollup(bigint, bigint, interval, timestamptz, timestamptz) IS 'Rollups of one series, stored or computed, over the samples after from_time and up to to_time. Stored buckets count where they lie in the range as a whole.';
`;

const COLUMNS = `r.short_name, r.labels, q.source_text, o.org_id, o.name, q.name, b.min_value, b.max_value, b.sum_value, b.sample_count, b.last_value`;
const TABLES = `{schema}.promkeep_series r
JOIN {schema}.promkeep_queries q ON q.query_id = r.query_id
JOIN {schema}.promkeep_sources o ON o.source_id = q.source_id`;

const view = (name: string, width: string, text: string): string => `
CREATE OR REPLACE VIEW {schema}.${name} AS
SELECT b.bucket AS "timestamp", r.short_name AS metric_name, r.labels, q.source_text AS source, o.org_id, o.name AS source_name,
       q.name AS query, b.min_value, b.max_value, b.sum_value, b.sample_count, b.last_value
FROM ${TABLES}
CROSS JOIN LATERAL {schema}.promkeep_series_rollup(q.query_id, r.series_id, interval '${width}', '-infinity', 'infinity') b;
COMMENT ON VIEW {schema}.${name} IS 'min, max, sum, count and last of every series per ${text}: stored ones where they are stored, the others computed when read.';
`;

/** Rollups that are stored before samples expire, and the views and functions over stored and computed ones. */
export const storedRollups = `${tables}${functions}${view('metrics_5m', '5 minutes', '5 minutes')}${view('metrics_1h', '1 hour', 'hour')}
CREATE OR REPLACE FUNCTION {schema}.metrics_rollup(width interval, from_time timestamptz, to_time timestamptz)
RETURNS SETOF {schema}.metrics_5m
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000 AS $$
  SELECT b.bucket, ${COLUMNS}
  FROM ${TABLES}
  CROSS JOIN LATERAL {schema}.promkeep_series_rollup(q.query_id, r.series_id, $1, $2, $3) b
$$;
COMMENT ON FUNCTION {schema}.metrics_rollup(interval, timestamptz, timestamptz) IS 'Rollups of any width over the samples after from_time and up to to_time, reading only what lies there. Buckets at the ends are cut by the range unless it lies on their borders. Where samples have expired, only widths that are a multiple of stored buckets have anything.';
`;
