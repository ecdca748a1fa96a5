-- Raw series as rows of metrics_data.

-- By the key, however small the table is: it is looked into for each series.
CREATE OR REPLACE FUNCTION promkeep_name_raw_series() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT SET enable_seqscan = off AS $$
BEGIN
  SELECT l.label_id INTO NEW.name_id FROM promkeep_labels l WHERE l.label_id = ANY (NEW.label_ids) AND l.name = '__name__';
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION promkeep_name_raw_series IS 'Trigger of promkeep_raw_series: finds the metric name among the labels.';
REVOKE ALL ON FUNCTION promkeep_name_raw_series FROM PUBLIC;
CREATE OR REPLACE TRIGGER promkeep_name_raw_series BEFORE INSERT ON promkeep_raw_series
FOR EACH ROW WHEN (NEW.name_id IS NULL) EXECUTE FUNCTION promkeep_name_raw_series();

-- Two arms, so that a condition on the name finds series by an index.
CREATE OR REPLACE FUNCTION promkeep_named_series() RETURNS SETOF promkeep_named_series_row
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100000
BEGIN ATOMIC
  SELECT r.series_id, r.query_id, r.label_ids, m.metric_name, ''
  FROM promkeep_raw_series r
  JOIN promkeep_labels m ON m.label_id = r.name_id
  UNION ALL
  SELECT r.series_id, r.query_id, r.label_ids, left(q.name, 255)::varchar(255), ''
  FROM promkeep_raw_series r
  JOIN promkeep_queries q ON q.query_id = r.query_id
  WHERE r.name_id IS NULL;
END;
COMMENT ON FUNCTION promkeep_named_series IS 'Raw series and their metric names; the query''s name for those without one.';

CREATE OR REPLACE FUNCTION promkeep_named_histograms() RETURNS SETOF promkeep_named_series_row
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100000
BEGIN ATOMIC
  SELECT r.series_id, r.query_id, r.label_ids, (m.metric_name || k.suffix)::varchar(255), k.suffix
  FROM promkeep_labels m
  CROSS JOIN (VALUES ('_count'), ('_sum')) AS k(suffix)
  JOIN promkeep_raw_series r ON r.name_id = m.label_id
  WHERE m.metric_name IS NOT NULL
  UNION ALL
  SELECT r.series_id, r.query_id, r.label_ids, (left(q.name, 255) || k.suffix)::varchar(255), k.suffix
  FROM promkeep_raw_series r
  CROSS JOIN (VALUES ('_count'), ('_sum')) AS k(suffix)
  JOIN promkeep_queries q ON q.query_id = r.query_id
  WHERE r.name_id IS NULL;
END;
COMMENT ON FUNCTION promkeep_named_histograms IS 'What raw series are called where they hold native histograms: each twice, for count and sum.';

CREATE OR REPLACE FUNCTION promkeep_labels_of(label_ids integer[]) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000 SET search_path FROM CURRENT SET enable_seqscan = off AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_object_agg(l.name, l.value), '{}') FROM promkeep_labels l
    WHERE l.label_id = ANY (label_ids) AND l.name <> '__name__');
END
$$;
COMMENT ON FUNCTION promkeep_labels_of IS 'Labels of a raw series, without its name.';

CREATE OR REPLACE FUNCTION promkeep_written_at(of_query bigint, from_time timestamptz, to_time timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000 SET search_path FROM CURRENT SET enable_seqscan = off AS $$
BEGIN
  RETURN (SELECT max(f.written_at) FROM promkeep_fetches f
    WHERE f.query_id = of_query AND upper(f.fetched_range) > from_time - interval '1 minute' AND lower(f.fetched_range) <= to_time);
END
$$;
COMMENT ON FUNCTION promkeep_written_at IS 'When the newest of the writes was that touch a row of a raw series.';

-- HAVING makes a query of one row that PostgreSQL neither computes once for each sample nor at all where nobody asks for it. The CASE
-- makes the decoder wait for the series: samples would be put into a hash table otherwise, all of them. It does not for histograms: in
-- most rows there are none, which is found sooner than the series.
CREATE OR REPLACE FUNCTION promkeep_raw_rows(low timestamptz, high timestamptz) RETURNS SETOF promkeep_metric_row
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000000
BEGIN ATOMIC
  SELECT ('x' || substr(md5('raw ' || c.series_id || ' ' || (extract(epoch FROM u.sample_time) * 1000000)::bigint), 1, 16))
           ::bit(64)::bigint & 9223372036854775807,
         r.metric_name, u.sample_value, u.sample_time, n.labels, q.source_text, f.written_at, o.org_id, o.name, q.name, c.from_time,
         c.to_time
  FROM promkeep_chunks c
  JOIN promkeep_named_series() r ON r.series_id = c.series_id
  LEFT JOIN promkeep_queries q ON q.query_id = r.query_id
  LEFT JOIN promkeep_sources o ON o.source_id = q.source_id
  LEFT JOIN LATERAL (SELECT promkeep_labels_of(r.label_ids) AS labels HAVING true) n ON true
  LEFT JOIN LATERAL (SELECT promkeep_written_at(r.query_id, c.from_time, c.to_time) AS written_at HAVING true) f ON true
  CROSS JOIN LATERAL promkeep_raw_samples(c.from_time, CASE WHEN r.series_id = c.series_id THEN c.chunks END, $1, $2) u
  WHERE c.from_time <= $2 AND c.from_time > $1 - interval '24 hours' AND c.to_time >= $1
  UNION ALL
  SELECT ('x' || substr(md5('raw' || r.suffix || ' ' || c.series_id || ' '
           || (extract(epoch FROM u.sample_time) * 1000000)::bigint), 1, 16))::bit(64)::bigint & 9223372036854775807,
         r.metric_name, CASE r.suffix WHEN '_sum' THEN u.sample_sum ELSE u.sample_count END,
         u.sample_time, n.labels, q.source_text, f.written_at, o.org_id, o.name, q.name, c.from_time, c.to_time
  FROM promkeep_chunks c
  JOIN promkeep_named_histograms() r ON r.series_id = c.series_id
  LEFT JOIN promkeep_queries q ON q.query_id = r.query_id
  LEFT JOIN promkeep_sources o ON o.source_id = q.source_id
  LEFT JOIN LATERAL (SELECT promkeep_labels_of(r.label_ids) AS labels HAVING true) n ON true
  LEFT JOIN LATERAL (SELECT promkeep_written_at(r.query_id, c.from_time, c.to_time) AS written_at HAVING true) f ON true
  CROSS JOIN LATERAL promkeep_raw_histograms(c.from_time, c.chunks, $1, $2) u
  WHERE c.from_time <= $2 AND c.from_time > $1 - interval '24 hours' AND c.to_time >= $1;
END;
COMMENT ON FUNCTION promkeep_raw_rows IS 'Raw series as rows of promkeep_metrics; of chunks that touch the range. Native histograms are two series, <name>_count and <name>_sum.';
