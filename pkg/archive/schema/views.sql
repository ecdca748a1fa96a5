-- Views are replaced, never dropped: rights that were given on them, and triggers, stay. PostgreSQL lets columns be added at the end;
-- anything else takes a numbered migration.

-- A view is read with its owner's rights, but current_user in it is who reads it, inside of a trigger as well. Without the barrier a
-- function of the reader could be asked about other rows; without DISTINCT it could be written to, with its owner's rights.
CREATE OR REPLACE VIEW promkeep_own_organisations WITH (security_barrier) AS
SELECT DISTINCT m.org_id FROM promkeep_readers m
WHERE m.role_name = 'public' OR pg_has_role(to_regrole(quote_ident(m.role_name)), 'USAGE');
COMMENT ON VIEW promkeep_own_organisations IS 'The organisations whoever reads this was given by promkeep_grant_reader(), and nobody else''s; null: all of them.';
COMMENT ON COLUMN promkeep_own_organisations.org_id IS 'The organisation; null: all of them.';
GRANT SELECT ON promkeep_own_organisations TO PUBLIC;

CREATE OR REPLACE VIEW promkeep_metrics AS
SELECT m.id, m.metric_name, m.metric_value, m."timestamp", m.labels, m.source, m.created_at, m.org_id, m.source_name, m.query,
       m.part_from, m.part_to
FROM promkeep_rows() m;
COMMENT ON VIEW promkeep_metrics IS 'metrics_data with the bounds of the stored row each sample lies in. Conditions on these bounds decide which packed rows are read at all, see metrics_between().';
COMMENT ON COLUMN promkeep_metrics.id IS 'As in metrics_data.';
COMMENT ON COLUMN promkeep_metrics.metric_name IS 'As in metrics_data.';
COMMENT ON COLUMN promkeep_metrics.metric_value IS 'As in metrics_data.';
COMMENT ON COLUMN promkeep_metrics."timestamp" IS 'As in metrics_data.';
COMMENT ON COLUMN promkeep_metrics.labels IS 'As in metrics_data.';
COMMENT ON COLUMN promkeep_metrics.source IS 'As in metrics_data.';
COMMENT ON COLUMN promkeep_metrics.created_at IS 'As in metrics_data.';
COMMENT ON COLUMN promkeep_metrics.org_id IS 'As in metrics_data.';
COMMENT ON COLUMN promkeep_metrics.source_name IS 'As in metrics_data.';
COMMENT ON COLUMN promkeep_metrics.query IS 'As in metrics_data.';
COMMENT ON COLUMN promkeep_metrics.part_from IS 'Time of the first sample of the packed row; of an unpacked sample, its own.';
COMMENT ON COLUMN promkeep_metrics.part_to IS 'Time of the last sample of the packed row; of an unpacked sample, its own.';

CREATE OR REPLACE VIEW metrics_data AS
SELECT id, metric_name, metric_value, "timestamp", labels, source, created_at, org_id, source_name, query
FROM promkeep_metrics;
COMMENT ON VIEW metrics_data IS 'Every sample as a flat row. Rows are unique by (org_id, source_name, query, source, metric_name, labels, timestamp), apart from metric names over 255 characters. INSERT stores rows of your own; inserting a row again changes nothing.';
COMMENT ON COLUMN metrics_data.id IS 'Derived from series and time: positive, stable, practically unique, not a key.';
COMMENT ON COLUMN metrics_data.metric_name IS 'Metric name; the query''s name for results without one; over 255 characters cut, ending in ~ and a hash.';
COMMENT ON COLUMN metrics_data.metric_value IS 'Value; may be NaN or infinite.';
COMMENT ON COLUMN metrics_data."timestamp" IS 'Time of the sample. A literal without zone is read in the session''s zone.';
COMMENT ON COLUMN metrics_data.labels IS 'Labels without __name__.';
COMMENT ON COLUMN metrics_data.source IS 'prometheus, or what was inserted.';
COMMENT ON COLUMN metrics_data.org_id IS 'Grafana organisation of the source.';
COMMENT ON COLUMN metrics_data.source_name IS 'Name of the source.';
COMMENT ON COLUMN metrics_data.query IS 'Name of the recorded query, or the kept expression with its grid; null for inserted rows.';
COMMENT ON COLUMN metrics_data.created_at IS 'When this value was written; of a packed sample, when the last of the writes was that brought its period.';

CREATE OR REPLACE VIEW metrics_5m AS
SELECT m."timestamp", m.metric_name, m.labels, m.source, m.org_id, m.source_name, m.query, m.min_value, m.max_value, m.sum_value,
       m.sample_count, m.last_value
FROM promkeep_rollup_rows(interval '5 minutes', '-infinity', 'infinity') m;
COMMENT ON VIEW metrics_5m IS 'min, max, sum, count and last of every series per 5 minutes: stored ones where they are stored, the others computed when read.';
COMMENT ON COLUMN metrics_5m."timestamp" IS 'End of the bucket, which belongs to it; its start does not.';
COMMENT ON COLUMN metrics_5m.metric_name IS 'As in metrics_data.';
COMMENT ON COLUMN metrics_5m.labels IS 'As in metrics_data.';
COMMENT ON COLUMN metrics_5m.source IS 'As in metrics_data.';
COMMENT ON COLUMN metrics_5m.org_id IS 'As in metrics_data.';
COMMENT ON COLUMN metrics_5m.source_name IS 'As in metrics_data.';
COMMENT ON COLUMN metrics_5m.query IS 'As in metrics_data.';
COMMENT ON COLUMN metrics_5m.min_value IS 'Smallest value; NaN only where there is nothing else.';
COMMENT ON COLUMN metrics_5m.max_value IS 'Largest value; NaN where there is one, since PostgreSQL sorts it above all numbers.';
COMMENT ON COLUMN metrics_5m.sum_value IS 'Sum.';
COMMENT ON COLUMN metrics_5m.sample_count IS 'Number of samples that are not null.';
COMMENT ON COLUMN metrics_5m.last_value IS 'Value of the last sample.';

CREATE OR REPLACE VIEW metrics_1h AS
SELECT m."timestamp", m.metric_name, m.labels, m.source, m.org_id, m.source_name, m.query, m.min_value, m.max_value, m.sum_value,
       m.sample_count, m.last_value
FROM promkeep_rollup_rows(interval '1 hour', '-infinity', 'infinity') m;
COMMENT ON VIEW metrics_1h IS 'min, max, sum, count and last of every series per hour: stored ones where they are stored, the others computed when read.';
COMMENT ON COLUMN metrics_1h."timestamp" IS 'End of the bucket, which belongs to it; its start does not.';
COMMENT ON COLUMN metrics_1h.metric_name IS 'As in metrics_data.';
COMMENT ON COLUMN metrics_1h.labels IS 'As in metrics_data.';
COMMENT ON COLUMN metrics_1h.source IS 'As in metrics_data.';
COMMENT ON COLUMN metrics_1h.org_id IS 'As in metrics_data.';
COMMENT ON COLUMN metrics_1h.source_name IS 'As in metrics_data.';
COMMENT ON COLUMN metrics_1h.query IS 'As in metrics_data.';
COMMENT ON COLUMN metrics_1h.min_value IS 'Smallest value; NaN only where there is nothing else.';
COMMENT ON COLUMN metrics_1h.max_value IS 'Largest value; NaN where there is one, since PostgreSQL sorts it above all numbers.';
COMMENT ON COLUMN metrics_1h.sum_value IS 'Sum.';
COMMENT ON COLUMN metrics_1h.sample_count IS 'Number of samples that are not null.';
COMMENT ON COLUMN metrics_1h.last_value IS 'Value of the last sample.';
