-- Raw series: copies of what the source holds, in Prometheus' own chunks (docs/adr/0032).

-- Its result gets a column; made again with all functions.
DROP FUNCTION IF EXISTS promkeep_open_write(bigint, text, bigint, text, bytea, bytea[]);

ALTER TABLE promkeep_queries ADD COLUMN raw boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN promkeep_queries.raw IS 'A recorded query that keeps raw series: its expression is series selectors, one a line, its samples lie in promkeep_chunks, and a time of its coverage stands for the step that begins there.';

-- It gives a column more now.
DROP FUNCTION IF EXISTS promkeep_open_write;

COMMENT ON COLUMN promkeep_queries.packed_until IS 'No packed row of this query reaches this time; null while there is none. Writers of younger times need not look for packed rows. Of raw series: days before it have one row a series.';

ALTER TABLE promkeep_fetches ADD COLUMN series bigint;
COMMENT ON COLUMN promkeep_fetches.series IS 'Of raw series: how many the answer had. Otherwise null.';

CREATE TABLE promkeep_labels (
  label_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source_id bigint NOT NULL REFERENCES promkeep_sources ON DELETE CASCADE,
  name text COLLATE "C" NOT NULL,
  value text COLLATE "C" NOT NULL,
  digest uuid NOT NULL GENERATED ALWAYS AS (md5(value)::uuid) STORED,
  metric_name varchar(255) GENERATED ALWAYS AS (
    CASE WHEN name <> '__name__' THEN NULL WHEN length(value) <= 255 THEN value
         ELSE left(value, 238) || '~' || left(md5(value), 16) END) STORED,
  UNIQUE (source_id, name, digest)
);
CREATE INDEX promkeep_labels_metric_name ON promkeep_labels (metric_name) WHERE metric_name IS NOT NULL;
COMMENT ON TABLE promkeep_labels IS 'Labels of raw series, each once a source. Only grows, but for what nothing refers to any more.';
COMMENT ON COLUMN promkeep_labels.label_id IS 'Key, in promkeep_raw_series.label_ids.';
COMMENT ON COLUMN promkeep_labels.source_id IS 'The source.';
COMMENT ON COLUMN promkeep_labels.name IS 'Name; __name__ for the metric name.';
COMMENT ON COLUMN promkeep_labels.value IS 'Value.';
COMMENT ON COLUMN promkeep_labels.digest IS 'MD5 of the value, which may be too long for an index.';
COMMENT ON COLUMN promkeep_labels.metric_name IS 'Of a metric name: as metrics_data shows it, over 255 characters cut, ending in ~ and a hash of the whole. Of other labels null.';

CREATE TABLE promkeep_raw_series (
  series_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  query_id bigint NOT NULL REFERENCES promkeep_queries ON DELETE CASCADE,
  fingerprint uuid NOT NULL,
  label_ids integer[] NOT NULL,
  name_id integer,
  UNIQUE (query_id, fingerprint)
);
CREATE INDEX promkeep_raw_series_labels ON promkeep_raw_series USING gin (label_ids);
CREATE INDEX promkeep_raw_series_name ON promkeep_raw_series (name_id);
COMMENT ON TABLE promkeep_raw_series IS 'Raw series: one row per query and labels.';
COMMENT ON COLUMN promkeep_raw_series.series_id IS 'Key.';
COMMENT ON COLUMN promkeep_raw_series.query_id IS 'The recorded query that keeps it.';
COMMENT ON COLUMN promkeep_raw_series.fingerprint IS 'First 16 bytes of the SHA-256 of all labels: name, zero byte, value, zero byte, by the bytes of the names.';
COMMENT ON COLUMN promkeep_raw_series.label_ids IS 'Its labels (promkeep_labels), by the bytes of their names.';
COMMENT ON COLUMN promkeep_raw_series.name_id IS 'That of them which is the metric name; null for a series without one. A trigger finds it where the writer does not name it.';

-- A type, since what a function returns as a table forgets how long a text may be: the cast back would hide the index.
CREATE TYPE promkeep_named_series_row AS (
  series_id bigint,
  query_id bigint,
  label_ids integer[],
  metric_name varchar(255),
  suffix text
);
COMMENT ON TYPE promkeep_named_series_row IS 'A raw series and what metrics_data calls it.';

-- Partitions are weeks that begin on Monday, UTC, by from_time.
CREATE TABLE promkeep_chunks (
  series_id bigint NOT NULL,
  from_time timestamptz NOT NULL,
  to_time timestamptz NOT NULL,
  sample_count integer NOT NULL,
  chunks bytea COMPRESSION pglz NOT NULL,
  PRIMARY KEY (series_id, from_time)
) PARTITION BY RANGE (from_time);
-- pglz is everywhere, and takes a twentieth less than lz4 (docs/adr/0032).
COMMENT ON TABLE promkeep_chunks IS 'Samples of raw series, as Prometheus'' chunks. Rows of a series do not overlap; none crosses midnight, UTC. Once a day is closed it is one row a series.';
COMMENT ON COLUMN promkeep_chunks.series_id IS 'The series (promkeep_raw_series).';
COMMENT ON COLUMN promkeep_chunks.from_time IS 'Time of the first sample.';
COMMENT ON COLUMN promkeep_chunks.to_time IS 'Time of the last sample; less than a day after the first.';
COMMENT ON COLUMN promkeep_chunks.sample_count IS 'Number of samples, stale markers among them.';
COMMENT ON COLUMN promkeep_chunks.chunks IS 'One chunk after the other, in order of time, none overlapping the next. Each: encoding (one byte; 1 XOR, 2 histogram, 3 float histogram); milliseconds from the last sample before (the first chunk: from from_time) to its first; milliseconds from its first to its last; its length in bytes; its bytes. These three numbers are unsigned varints, seven bits a byte, low ones first.';

CREATE TABLE promkeep_metadata (
  source_id bigint NOT NULL REFERENCES promkeep_sources ON DELETE CASCADE,
  metric text COLLATE "C" NOT NULL,
  type text NOT NULL,
  help text NOT NULL,
  unit text NOT NULL,
  digest uuid NOT NULL GENERATED ALWAYS AS (md5(type || chr(10) || unit || chr(10) || help)::uuid) STORED,
  first_seen timestamptz NOT NULL DEFAULT now(),
  last_seen timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (source_id, metric, digest)
);
COMMENT ON TABLE promkeep_metadata IS 'What a source said of its metrics. It knows that only as long as a target exposes them, so what it does not name any more stays.';
COMMENT ON COLUMN promkeep_metadata.source_id IS 'The source.';
COMMENT ON COLUMN promkeep_metadata.metric IS 'Name of the metric.';
COMMENT ON COLUMN promkeep_metadata.type IS 'counter, gauge, histogram, summary and so on.';
COMMENT ON COLUMN promkeep_metadata.help IS 'What it is, in words of whoever exposes it.';
COMMENT ON COLUMN promkeep_metadata.unit IS 'Its unit; mostly empty.';
COMMENT ON COLUMN promkeep_metadata.digest IS 'MD5 of type, unit and help, which may be too long for an index.';
COMMENT ON COLUMN promkeep_metadata.first_seen IS 'When the source was first heard to say so.';
COMMENT ON COLUMN promkeep_metadata.last_seen IS 'When it was last heard to say so; up to an hour old.';

CREATE POLICY own_organisations ON promkeep_metadata FOR SELECT USING (source_id IN (SELECT p.source_id FROM promkeep_sources p));
CREATE POLICY own_organisations ON promkeep_labels FOR SELECT USING (source_id IN (SELECT p.source_id FROM promkeep_sources p));
CREATE POLICY own_organisations ON promkeep_raw_series FOR SELECT USING (query_id IN (SELECT p.query_id FROM promkeep_queries p));
CREATE POLICY own_organisations ON promkeep_chunks FOR SELECT USING (series_id IN (SELECT p.series_id FROM promkeep_raw_series p));
ALTER TABLE promkeep_metadata ENABLE ROW LEVEL SECURITY;
ALTER TABLE promkeep_labels ENABLE ROW LEVEL SECURITY;
ALTER TABLE promkeep_raw_series ENABLE ROW LEVEL SECURITY;
ALTER TABLE promkeep_chunks ENABLE ROW LEVEL SECURITY;
