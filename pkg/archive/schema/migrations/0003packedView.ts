/** 63 bits of MD5 over series and time, see 0001. */
const id = (seriesId: string, time: string): string =>
  `('x' || substr(md5(${seriesId} || ' ' || (extract(epoch FROM ${time}) * 1000000)::bigint), 1, 16))::bit(64)::bigint
         & 9223372036854775807`;

/** What a sample looks like from outside; `s` is where it lies. */
const arm = (time: string, value: string, fetch: string, partFrom: string, partTo: string, from: string): string => `
SELECT ${id('s.series_id', time)} AS id,
       r.short_name AS metric_name,
       ${value} AS metric_value,
       ${time} AS "timestamp",
       r.labels,
       q.source_text AS source,
       f.written_at AS created_at,
       o.org_id,
       o.name AS source_name,
       q.name AS query,
       ${partFrom} AS part_from,
       ${partTo} AS part_to
FROM ${from}
LEFT JOIN {schema}.promkeep_series r ON r.series_id = s.series_id
LEFT JOIN {schema}.promkeep_queries q ON q.query_id = r.query_id
LEFT JOIN {schema}.promkeep_sources o ON o.source_id = q.source_id
LEFT JOIN {schema}.promkeep_fetches f ON f.fetch_id = ${fetch}`;

const COLUMNS = 'id, metric_name, metric_value, "timestamp", labels, source, created_at, org_id, source_name, query';

/** `{schema}.metrics_data` and its triggers over recent and packed samples, and the range function. */
export const packedView = `
-- Each arm has its own joins, so that a condition on name or labels finds packed rows by their series.
CREATE VIEW {schema}.promkeep_metrics AS
${arm('s.time', 's.value', 's.fetch_id', 's.time', 's.time', '{schema}.promkeep_samples s')}
UNION ALL
${arm(
  'u.sample_time',
  'u.sample_value',
  'u.sample_fetch',
  's.from_time',
  's.to_time',
  `{schema}.promkeep_packed s
CROSS JOIN LATERAL {schema}.promkeep_unpack(s.from_time, s.step_us, s.offsets_us, s.sample_values, s.differences, s.fetch_ids, s.fetch_starts) u`
)};
COMMENT ON VIEW {schema}.promkeep_metrics IS 'metrics_data with the bounds of the stored row each sample lies in. Conditions on these bounds decide which packed rows are read at all, see metrics_between().';
COMMENT ON COLUMN {schema}.promkeep_metrics.id IS 'As in metrics_data.';
COMMENT ON COLUMN {schema}.promkeep_metrics.metric_name IS 'As in metrics_data.';
COMMENT ON COLUMN {schema}.promkeep_metrics.metric_value IS 'As in metrics_data.';
COMMENT ON COLUMN {schema}.promkeep_metrics."timestamp" IS 'As in metrics_data.';
COMMENT ON COLUMN {schema}.promkeep_metrics.labels IS 'As in metrics_data.';
COMMENT ON COLUMN {schema}.promkeep_metrics.source IS 'As in metrics_data.';
COMMENT ON COLUMN {schema}.promkeep_metrics.created_at IS 'As in metrics_data.';
COMMENT ON COLUMN {schema}.promkeep_metrics.org_id IS 'As in metrics_data.';
COMMENT ON COLUMN {schema}.promkeep_metrics.source_name IS 'As in metrics_data.';
COMMENT ON COLUMN {schema}.promkeep_metrics.query IS 'As in metrics_data.';
COMMENT ON COLUMN {schema}.promkeep_metrics.part_from IS 'Time of the first sample of the packed row; of an unpacked sample, its own.';
COMMENT ON COLUMN {schema}.promkeep_metrics.part_to IS 'Time of the last sample of the packed row; of an unpacked sample, its own.';

CREATE OR REPLACE VIEW {schema}.metrics_data AS SELECT ${COLUMNS} FROM {schema}.promkeep_metrics;
COMMENT ON COLUMN {schema}.metrics_data.created_at IS 'When this value was written; of a packed sample, when the last of the writes was that brought its period.';

-- A packed row is shorter than 28 days, so both bounds of part_from leave out partitions.
CREATE FUNCTION {schema}.metrics_between(from_time timestamptz, to_time timestamptz) RETURNS SETOF {schema}.metrics_data
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10000 AS $$
  SELECT ${COLUMNS} FROM {schema}.promkeep_metrics m
  WHERE m."timestamp" >= $1 AND m."timestamp" <= $2
    AND m.part_from <= $2 AND m.part_from > $1 - interval '672 hours' AND m.part_to >= $1
$$;
COMMENT ON FUNCTION {schema}.metrics_between(timestamptz, timestamptz) IS 'metrics_data between two times (both inclusive), reading only the packed rows that lie there. Further conditions are pushed into it.';

CREATE OR REPLACE FUNCTION {schema}.promkeep_put_row(row_in {schema}.metrics_data) RETURNS {schema}.metrics_data
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  row_out {schema}.metrics_data := row_in;
  print bytea := {schema}.promkeep_fingerprint(row_in.metric_name, row_in.labels);
  of_query bigint;
  of_series bigint;
  of_fetch bigint;
  old record;
BEGIN
  IF row_in.metric_name IS NULL OR row_in.timestamp IS NULL THEN
    RAISE EXCEPTION 'metrics_data: metric_name and timestamp must not be null' USING ERRCODE = 'not_null_violation';
  END IF;
  IF row_in.query IS NOT NULL OR row_in.org_id <> 1 OR row_in.source_name <> 'default' THEN
    RAISE EXCEPTION 'metrics_data: rows can be inserted only without query, org_id and source_name'
      USING ERRCODE = 'feature_not_supported';
  END IF;
  PERFORM {schema}.promkeep_ensure_partition(row_in.timestamp);
  of_query := {schema}.promkeep_inserted_query(row_in.source);
  -- Keeps packing away until the end of the transaction, yet not other sessions that insert.
  PERFORM 1 FROM {schema}.promkeep_queries q WHERE q.query_id = of_query FOR SHARE;
  LOOP
    SELECT r.series_id INTO of_series FROM {schema}.promkeep_series r
    WHERE r.query_id = of_query AND r.fingerprint = print;
    EXIT WHEN of_series IS NOT NULL;
    INSERT INTO {schema}.promkeep_series (query_id, fingerprint, metric_name, origin, labels)
    VALUES (of_query, print, row_in.metric_name, 'inserted', row_in.labels) ON CONFLICT DO NOTHING;
  END LOOP;
  row_out.org_id := 1;
  row_out.source_name := 'default';
  row_out.id := ${id('of_series', 'row_in.timestamp')};
  SELECT s.value, f.written_at, false AS packed INTO old FROM {schema}.promkeep_samples s
  LEFT JOIN {schema}.promkeep_fetches f ON f.fetch_id = s.fetch_id
  WHERE s.series_id = of_series AND s.time = row_in.timestamp;
  IF NOT FOUND THEN
    SELECT u.sample_value AS value, f.written_at, true AS packed INTO old FROM {schema}.promkeep_packed p
    CROSS JOIN LATERAL {schema}.promkeep_unpack(p.from_time, p.step_us, p.offsets_us, p.sample_values, p.differences, p.fetch_ids, p.fetch_starts) u
    LEFT JOIN {schema}.promkeep_fetches f ON f.fetch_id = u.sample_fetch
    WHERE p.series_id = of_series AND p.from_time <= row_in.timestamp
      AND p.from_time > row_in.timestamp - interval '672 hours' AND p.to_time >= row_in.timestamp
      AND u.sample_time = row_in.timestamp;
  END IF;
  IF FOUND THEN
    IF float8send(old.value) IS NOT DISTINCT FROM float8send(row_in.metric_value) THEN
      row_out.created_at := old.written_at;
      RETURN row_out;
    END IF;
    IF old.packed THEN
      PERFORM {schema}.promkeep_take_apart(ARRAY[of_series], row_in.timestamp, row_in.timestamp);
    END IF;
  END IF;
  -- All rows of a transaction share one fetch: now() is the transaction's start.
  row_out.created_at := coalesce(row_in.created_at, now());
  SELECT f.fetch_id INTO of_fetch FROM {schema}.promkeep_fetches f
  WHERE f.query_id = of_query AND f.fetched_at = row_out.created_at LIMIT 1;
  IF of_fetch IS NULL THEN
    INSERT INTO {schema}.promkeep_fetches (query_id, version, fetched_at, written_at)
    VALUES (of_query, 1, row_out.created_at, row_out.created_at) RETURNING fetch_id INTO of_fetch;
  END IF;
  INSERT INTO {schema}.promkeep_samples AS s (series_id, time, value, fetch_id)
  VALUES (of_series, row_in.timestamp, row_in.metric_value, of_fetch)
  ON CONFLICT (series_id, time) DO UPDATE SET value = excluded.value, fetch_id = excluded.fetch_id
  WHERE float8send(s.value) IS DISTINCT FROM float8send(excluded.value);
  RETURN row_out;
END
$$;

CREATE OR REPLACE FUNCTION {schema}.promkeep_remove_row(row_in {schema}.metrics_data) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  of_query bigint;
  of_series bigint;
BEGIN
  IF row_in.query IS NOT NULL THEN
    RAISE EXCEPTION 'metrics_data: this row was archived from Prometheus and cannot be changed here'
      USING ERRCODE = 'feature_not_supported', HINT = 'Only inserted rows (query IS NULL) can be updated and deleted.';
  END IF;
  SELECT q.query_id INTO of_query FROM {schema}.promkeep_queries q
  JOIN {schema}.promkeep_sources o ON o.source_id = q.source_id
  WHERE o.org_id = row_in.org_id AND o.name = row_in.source_name
    AND q.kind = 'inserted' AND q.source_text IS NOT DISTINCT FROM row_in.source
  FOR SHARE OF q;
  SELECT r.series_id INTO of_series FROM {schema}.promkeep_series r
  WHERE r.query_id = of_query AND r.fingerprint = {schema}.promkeep_fingerprint(row_in.metric_name, row_in.labels);
  PERFORM {schema}.promkeep_take_apart(ARRAY[of_series], row_in.timestamp, row_in.timestamp);
  DELETE FROM {schema}.promkeep_samples s WHERE s.series_id = of_series AND s.time = row_in.timestamp;
END
$$;
`;
