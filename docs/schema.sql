-- The archive's schema, dumped from a freshly migrated PostgreSQL 15 by scripts/dumpSchema.ts.
-- For reading only: Promkeep makes it by the files in pkg/archive/schema. A test fails when the two drift apart.
-- Partitions of promkeep_samples are made as samples arrive.


CREATE TYPE promkeep.promkeep_metric_row AS (
	id bigint,
	metric_name character varying(255),
	metric_value double precision,
	"timestamp" timestamp with time zone,
	labels jsonb,
	source character varying(100),
	created_at timestamp with time zone,
	org_id bigint,
	source_name text,
	query text,
	part_from timestamp with time zone,
	part_to timestamp with time zone
);

COMMENT ON TYPE promkeep.promkeep_metric_row IS 'A row of promkeep_metrics.';

CREATE TYPE promkeep.promkeep_named_series_row AS (
	series_id bigint,
	query_id bigint,
	label_ids integer[],
	metric_name character varying(255),
	suffix text
);

COMMENT ON TYPE promkeep.promkeep_named_series_row IS 'A raw series and what metrics_data calls it.';

CREATE TYPE promkeep.promkeep_rollup_row AS (
	"timestamp" timestamp with time zone,
	metric_name character varying(255),
	labels jsonb,
	source character varying(100),
	org_id bigint,
	source_name text,
	query text,
	min_value double precision,
	max_value double precision,
	sum_value double precision,
	sample_count bigint,
	last_value double precision
);

COMMENT ON TYPE promkeep.promkeep_rollup_row IS 'A row of metrics_5m and metrics_1h.';

CREATE FUNCTION promkeep.promkeep_decode_histograms(chunks bytea, low_ms bigint, high_ms bigint, with_buckets boolean) RETURNS TABLE(offset_ms bigint, sample_count double precision, sample_sum double precision, bucket_lowers double precision[], bucket_uppers double precision[], bucket_counts double precision[])
    LANGUAGE plpgsql IMMUTABLE COST 1000 ROWS 50 PARALLEL SAFE
    SET search_path TO 'promkeep', 'pg_temp'
    AS $$
DECLARE
  stale CONSTANT bigint := 9218868437227405314;
  sizes CONSTANT integer[] := '{0,3,6,9,12,18,25,56,64}';
  encoding integer;
  chunk_start bigint;
  chunk bytea;
  bits varbit;
  place integer;
  buckets integer;
  positive_buckets integer;
  first_ms bigint;
  is_float boolean;
  last_values bigint[];
  deltas bigint[];
  widths integer[];
  low_zeros integer[];
  peek integer;
  ones integer;
  size integer;
  number bigint;
BEGIN
  FOR encoding, chunk_start, chunk IN
    SELECT f.encoding, f.start_ms, f.chunk FROM promkeep_find_chunks(chunks, '{2,3}', low_ms, high_ms) f
  LOOP
    bits := ('x' || encode(chunk, 'hex') || '0000000000000000')::varbit;
    CONTINUE WHEN substring(bits, 1, 16)::integer = 0;
    SELECT l.place, l.buckets, l.positive_buckets, l.lower_bounds, l.upper_bounds
    INTO place, buckets, positive_buckets, bucket_lowers, bucket_uppers FROM promkeep_read_layout(bits, 25) l;
    is_float := encoding = 3;
    last_values := array_fill(NULL::bigint, ARRAY[buckets + 4]);
    deltas := array_fill(0::bigint, ARRAY[buckets + 4]);
    widths := array_fill(64, ARRAY[buckets + 4]);
    low_zeros := array_fill(0, ARRAY[buckets + 4]);
    first_ms := NULL;
    FOR nth IN 1..substring(bits, 1, 16)::integer LOOP
      FOR field IN 1..buckets + 4 LOOP
        IF field = 4 OR is_float AND field > 1 THEN
          IF last_values[field] IS NULL THEN
            last_values[field] := substring(bits, place, 64)::bigint;
            place := place + 64;
          ELSE
            peek := substring(bits, place, 13)::integer;
            IF peek < 4096 THEN
              place := place + 1;
            ELSE
              IF peek < 6144 THEN
                place := place + 2;
              ELSE
                widths[field] := CASE peek & 63 WHEN 0 THEN 64 ELSE peek & 63 END;
                low_zeros[field] := 64 - widths[field] - (peek >> 6 & 31);
                place := place + 13;
              END IF;
              last_values[field] := last_values[field] # (substring(bits, place, widths[field])::bigint << low_zeros[field]);
              place := place + widths[field];
            END IF;
          END IF;
          EXIT WHEN field = 4 AND last_values[4] = stale;
        ELSE
          peek := substring(bits, place, 8)::integer;
          IF peek < 128 THEN
            number := 0;
            place := place + 1;
          ELSE
            ones := CASE WHEN peek < 192 THEN 1 WHEN peek < 224 THEN 2 WHEN peek < 240 THEN 3 WHEN peek < 248 THEN 4
              WHEN peek < 252 THEN 5 WHEN peek < 254 THEN 6 WHEN peek < 255 THEN 7 ELSE 8 END;
            size := sizes[ones + 1];
            place := place + least(ones + 1, 8);
            number := substring(bits, place, size)::bigint;
            place := place + size;
            -- The first total and the first count of the zero bucket have no sign.
            IF size < 64 AND number > 1::bigint << size - 1 AND NOT (field IN (2, 3) AND last_values[field] IS NULL) THEN
              number := number - (1::bigint << size);
            END IF;
          END IF;
          IF last_values[field] IS NULL THEN
            last_values[field] := number;
          ELSE
            deltas[field] := deltas[field] + number;
            last_values[field] := last_values[field] + deltas[field];
          END IF;
        END IF;
      END LOOP;
      IF place > length(bits) - 63 THEN
        RAISE EXCEPTION 'a histogram chunk is damaged' USING ERRCODE = 'data_corrupted';
      END IF;
      first_ms := coalesce(first_ms, last_values[1]);
      CONTINUE WHEN last_values[4] = stale;
      offset_ms := chunk_start + last_values[1] - first_ms;
      sample_count := CASE WHEN is_float THEN promkeep_float8(last_values[2]) ELSE last_values[2] END;
      sample_sum := promkeep_float8(last_values[4]);
      IF with_buckets THEN
        bucket_counts := ARRAY[CASE WHEN is_float THEN promkeep_float8(last_values[3]) ELSE last_values[3] END];
        number := 0;
        FOR field IN 5..buckets + 4 LOOP
          IF is_float THEN
            bucket_counts := bucket_counts || promkeep_float8(last_values[field]);
          ELSE
            number := CASE field WHEN positive_buckets + 5 THEN 0 ELSE number END + last_values[field];
            bucket_counts := bucket_counts || number::float8;
          END IF;
        END LOOP;
      END IF;
      RETURN NEXT;
    END LOOP;
  END LOOP;
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_decode_histograms(chunks bytea, low_ms bigint, high_ms bigint, with_buckets boolean) IS 'Native histograms of chunks as promkeep_chunks holds them: milliseconds after from_time, count, sum; bounds of the buckets, and with_buckets their counts. Stale ones are left out.';

CREATE FUNCTION promkeep.promkeep_decode_xor(chunks bytea, low_ms bigint, high_ms bigint) RETURNS TABLE(offset_ms bigint, sample_value double precision)
    LANGUAGE plpgsql IMMUTABLE COST 1000 ROWS 200 PARALLEL SAFE
    SET search_path TO 'promkeep', 'pg_temp'
    AS $$
DECLARE
  fraction_mask CONSTANT bigint := 4503599627370495;
  stale CONSTANT bigint := 9218868437227405314;
  octet integer;
  shift integer;
  number bigint;
  chunk_start bigint;
  chunk bytea;
  bits varbit;
  place integer;
  remaining integer;
  is_first boolean;
  is_second boolean;
  peek bigint;
  control integer;
  width integer;
  low_zeros integer;
  value_bits bigint := 0;
  next_bits bigint;
  step_ms bigint := -1;
  next_step bigint;
  alike integer := 0;
  run integer;
  upper_bits integer;
  known_upper integer := 4096;
  hidden bigint;
  power_of_two float8;
BEGIN
  offset_ms := 0;
  sample_value := 0;
  FOR chunk_start, chunk IN SELECT f.start_ms, f.chunk FROM promkeep_find_chunks(chunks, '{1}', low_ms, high_ms) f LOOP
    bits := ('x' || encode(chunk, 'hex') || '0000000000000000')::varbit;
    remaining := substring(bits, 1, 16)::integer;
    place := 17;
    is_first := true;
    WHILE remaining > 0 LOOP
      peek := substring(bits, place, 32)::bigint;
      IF is_first THEN
        -- The first time is known: passed over.
        WHILE peek > 2147483647 LOOP
          place := place + 8;
          peek := substring(bits, place, 32)::bigint;
        END LOOP;
        next_step := chunk_start - offset_ms - alike * step_ms;
        next_bits := substring(bits, place + 8, 64)::bigint;
        place := place + 72;
        low_zeros := 0;
        width := 64;
        is_first := false;
        is_second := true;
        remaining := remaining - 1;
        IF next_step = step_ms AND next_bits = value_bits THEN
          alike := alike + 1;
          CONTINUE;
        END IF;
      ELSE
        IF is_second THEN
          is_second := false;
          next_step := 0;
          shift := 0;
          LOOP
            octet := substring(bits, place, 8)::integer;
            next_step := next_step | ((octet & 127)::bigint << shift);
            place := place + 8;
            EXIT WHEN octet < 128;
            shift := shift + 7;
          END LOOP;
          control := substring(bits, place, 13)::integer;
          IF control < 4096 AND next_step = step_ms THEN
            alike := alike + 1;
            place := place + 1;
            remaining := remaining - 1;
            CONTINUE;
          END IF;
        ELSIF peek < 1073741824 THEN
          IF peek < 1048576 THEN
            run := position(B'1' IN substring(bits, place, 2 * remaining));
            run := CASE run WHEN 0 THEN remaining ELSE (run - 1) / 2 END;
          ELSE
            run := 1;
          END IF;
          alike := alike + run;
          place := place + 2 * run;
          remaining := remaining - run;
          CONTINUE;
        ELSIF peek < 2147483648 THEN
          next_step := step_ms;
          control := peek >> 18 & 8191;
          place := place + 1;
        ELSE
          IF peek < 3221225472 THEN
            number := peek >> 16 & 16383;
            next_step := step_ms + number - CASE WHEN number > 8192 THEN 16384 ELSE 0 END;
            place := place + 16;
          ELSIF peek < 3758096384 THEN
            number := peek >> 12 & 131071;
            next_step := step_ms + number - CASE WHEN number > 65536 THEN 131072 ELSE 0 END;
            place := place + 20;
          ELSIF peek < 4026531840 THEN
            number := peek >> 8 & 1048575;
            next_step := step_ms + number - CASE WHEN number > 524288 THEN 1048576 ELSE 0 END;
            place := place + 24;
          ELSE
            next_step := step_ms + substring(bits, place + 4, 64)::bigint;
            place := place + 68;
          END IF;
          control := substring(bits, place, 13)::integer;
        END IF;
        remaining := remaining - 1;
        IF control < 4096 THEN
          place := place + 1;
        ELSE
          IF control < 6144 THEN
            place := place + 2;
          ELSE
            width := control & 63;
            IF width = 0 THEN
              width := 64;
            END IF;
            low_zeros := 64 - width - (control >> 6 & 31);
            place := place + 13;
            EXIT WHEN low_zeros < 0;
          END IF;
          next_bits := value_bits # (substring(bits, place, width)::bigint << low_zeros);
          place := place + width;
        END IF;
      END IF;

      IF alike > 0 THEN
        IF value_bits = stale THEN
          offset_ms := offset_ms + alike * step_ms;
        ELSIF alike < 8 THEN
          FOR n IN 1..alike LOOP
            offset_ms := offset_ms + step_ms;
            RETURN NEXT;
          END LOOP;
        ELSE
          RETURN QUERY SELECT offset_ms + step_ms * generate_series(1, alike), sample_value;
          offset_ms := offset_ms + alike * step_ms;
        END IF;
        alike := 0;
      END IF;
      step_ms := next_step;
      offset_ms := offset_ms + next_step;
      IF next_bits <> value_bits THEN
        value_bits := next_bits;
        upper_bits := next_bits >> 52;
        IF upper_bits <> known_upper THEN
          known_upper := upper_bits;
          run := upper_bits & 2047;
          hidden := 4503599627370496;
          IF run = 2047 THEN
            known_upper := 4096;
            power_of_two := CASE next_bits & fraction_mask WHEN 0 THEN 'Infinity'::float8 ELSE 'NaN'::float8 END;
          ELSE
            IF run = 0 THEN
              hidden := 0;
              run := 1;
            END IF;
            power_of_two := power(2::float8, (run - 1075) / 2) * power(2::float8, run - 1075 - (run - 1075) / 2);
          END IF;
          IF upper_bits < 0 AND power_of_two <> 'NaN' THEN
            power_of_two := - power_of_two;
          END IF;
        END IF;
        sample_value := (next_bits & fraction_mask | hidden)::float8 * power_of_two;
      END IF;
      IF value_bits <> stale THEN
        RETURN NEXT;
      END IF;
    END LOOP;
    IF low_zeros < 0 OR place > length(bits) - 63 THEN
      RAISE EXCEPTION 'a chunk is damaged' USING ERRCODE = 'data_corrupted';
    END IF;
  END LOOP;
  IF alike > 0 AND value_bits <> stale THEN
    RETURN QUERY SELECT offset_ms + step_ms * generate_series(1, alike), sample_value;
  END IF;
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_decode_xor(chunks bytea, low_ms bigint, high_ms bigint) IS 'Float samples of chunks as promkeep_chunks holds them: milliseconds after from_time, value. Stale markers are left out.';

CREATE FUNCTION promkeep.promkeep_labels_of(label_ids integer[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE COST 1000 PARALLEL SAFE
    SET search_path TO 'promkeep', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_object_agg(l.name, l.value), '{}') FROM promkeep_labels l
    WHERE l.label_id = ANY (label_ids) AND l.name <> '__name__');
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_labels_of(label_ids integer[]) IS 'Labels of a raw series, without its name.';

CREATE FUNCTION promkeep.promkeep_ms_after(from_time timestamp with time zone, at timestamp with time zone) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN (at < (from_time - '1 day'::interval)) THEN ('-86400000'::integer)::bigint
             WHEN (at > (from_time + '1 day'::interval)) THEN (86400000)::bigint
             ELSE (floor((EXTRACT(epoch FROM (at - from_time)) * (1000)::numeric)))::bigint
         END AS floor;
END;

COMMENT ON FUNCTION promkeep.promkeep_ms_after(from_time timestamp with time zone, at timestamp with time zone) IS 'Whole milliseconds from one time to another, at most a day.';

CREATE TABLE promkeep.promkeep_labels (
    label_id integer NOT NULL,
    source_id bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    value text NOT NULL COLLATE pg_catalog."C",
    digest uuid GENERATED ALWAYS AS ((md5(value))::uuid) STORED NOT NULL,
    metric_name character varying(255) GENERATED ALWAYS AS (
CASE
    WHEN (name <> '__name__'::text) THEN NULL::text
    WHEN (length(value) <= 255) THEN value
    ELSE (("left"(value, 238) || '~'::text) || "left"(md5(value), 16))
END) STORED
);

COMMENT ON TABLE promkeep.promkeep_labels IS 'Labels of raw series, each once a source. Only grows, but for what nothing refers to any more.';

COMMENT ON COLUMN promkeep.promkeep_labels.label_id IS 'Key, in promkeep_raw_series.label_ids.';

COMMENT ON COLUMN promkeep.promkeep_labels.source_id IS 'The source.';

COMMENT ON COLUMN promkeep.promkeep_labels.name IS 'Name; __name__ for the metric name.';

COMMENT ON COLUMN promkeep.promkeep_labels.value IS 'Value.';

COMMENT ON COLUMN promkeep.promkeep_labels.digest IS 'MD5 of the value, which may be too long for an index.';

COMMENT ON COLUMN promkeep.promkeep_labels.metric_name IS 'Of a metric name: as metrics_data shows it, over 255 characters cut, ending in ~ and a hash of the whole. Of other labels null.';

CREATE TABLE promkeep.promkeep_queries (
    query_id bigint NOT NULL,
    source_id bigint NOT NULL,
    kind text NOT NULL,
    identity bytea NOT NULL,
    name text,
    source_text character varying(100),
    current_version integer DEFAULT 1 NOT NULL,
    step_ms bigint,
    phase_ms bigint,
    retention text NOT NULL,
    provisioned boolean DEFAULT false NOT NULL,
    paused_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    packed_until timestamp with time zone,
    packed_at timestamp with time zone,
    revision bigint DEFAULT 1 NOT NULL,
    created_by text,
    updated_by text,
    deleted_at timestamp with time zone,
    delete_data boolean DEFAULT false NOT NULL,
    condensed_until timestamp with time zone,
    raw boolean DEFAULT false NOT NULL,
    CONSTRAINT promkeep_queries_check CHECK (((kind = 'inserted'::text) = (name IS NULL))),
    CONSTRAINT promkeep_queries_check1 CHECK (((kind = 'inserted'::text) = (step_ms IS NULL))),
    CONSTRAINT promkeep_queries_identity_check CHECK ((length(identity) = 32)),
    CONSTRAINT promkeep_queries_kind_check CHECK ((kind = ANY (ARRAY['recorded'::text, 'kept'::text, 'inserted'::text])))
);

COMMENT ON TABLE promkeep.promkeep_queries IS 'What samples belong to: a recorded query (continuous history), a kept result (snapshots of a Grafana query), or rows inserted through metrics_data. Writers lock this row first, so writes of one query happen one after another.';

COMMENT ON COLUMN promkeep.promkeep_queries.query_id IS 'Key.';

COMMENT ON COLUMN promkeep.promkeep_queries.source_id IS 'The source it is asked of.';

COMMENT ON COLUMN promkeep.promkeep_queries.kind IS 'recorded, kept or inserted.';

COMMENT ON COLUMN promkeep.promkeep_queries.identity IS 'SHA-256 of what makes the query unique within source and kind: recorded: its name; kept: step, phase and expression; inserted: the text of the column source.';

COMMENT ON COLUMN promkeep.promkeep_queries.name IS 'The column query of metrics_data. Recorded: the name; kept: the expression with its grid; inserted: null.';

COMMENT ON COLUMN promkeep.promkeep_queries.source_text IS 'The column source of metrics_data: prometheus, or what was inserted.';

COMMENT ON COLUMN promkeep.promkeep_queries.current_version IS 'Version (promkeep_query_versions) that is being recorded.';

COMMENT ON COLUMN promkeep.promkeep_queries.step_ms IS 'Distance of grid times in milliseconds (of the current version); null for inserted rows.';

COMMENT ON COLUMN promkeep.promkeep_queries.phase_ms IS 'Offset of the grid from the epoch in milliseconds; 0 for recorded queries.';

COMMENT ON COLUMN promkeep.promkeep_queries.retention IS 'Retention class: 7d, 30d, 1y, forever and so on';

COMMENT ON COLUMN promkeep.promkeep_queries.provisioned IS 'Defined by a config file, hence read-only elsewhere.';

COMMENT ON COLUMN promkeep.promkeep_queries.paused_at IS 'Since when it is not recorded any more (its data stays); null while it is.';

COMMENT ON COLUMN promkeep.promkeep_queries.created_at IS 'When the query was first seen.';

COMMENT ON COLUMN promkeep.promkeep_queries.updated_at IS 'When its definition last changed.';

COMMENT ON COLUMN promkeep.promkeep_queries.packed_until IS 'No packed row of this query reaches this time; null while there is none. Writers of younger times need not look for packed rows. Of raw series: days before it have one row a series.';

COMMENT ON COLUMN promkeep.promkeep_queries.packed_at IS 'When samples of this query were last packed.';

COMMENT ON COLUMN promkeep.promkeep_queries.revision IS 'Grows by one with each change of the definition or its state; an edit names the one it was made from.';

COMMENT ON COLUMN promkeep.promkeep_queries.created_by IS 'Login of the Grafana user who made it; null when a program did.';

COMMENT ON COLUMN promkeep.promkeep_queries.updated_by IS 'Login of the Grafana user who changed it last; null when a program did.';

COMMENT ON COLUMN promkeep.promkeep_queries.deleted_at IS 'When a recorded query was deleted. The row stays for a while, so that an archiver that has not heard of it cannot make it again.';

COMMENT ON COLUMN promkeep.promkeep_queries.delete_data IS 'Whether its samples are deleted as well; done in batches, and the row goes when none is left.';

COMMENT ON COLUMN promkeep.promkeep_queries.condensed_until IS 'Writes (promkeep_fetches) whose range ends before this time have been condensed; null before the first time.';

COMMENT ON COLUMN promkeep.promkeep_queries.raw IS 'A recorded query that keeps raw series: its expression is series selectors, one a line, its samples lie in promkeep_chunks, and a time of its coverage stands for the step that begins there.';

CREATE TABLE promkeep.promkeep_raw_series (
    series_id bigint NOT NULL,
    query_id bigint NOT NULL,
    fingerprint uuid NOT NULL,
    label_ids integer[] NOT NULL,
    name_id integer
);

COMMENT ON TABLE promkeep.promkeep_raw_series IS 'Raw series: one row per query and labels.';

COMMENT ON COLUMN promkeep.promkeep_raw_series.series_id IS 'Key.';

COMMENT ON COLUMN promkeep.promkeep_raw_series.query_id IS 'The recorded query that keeps it.';

COMMENT ON COLUMN promkeep.promkeep_raw_series.fingerprint IS 'First 16 bytes of the SHA-256 of all labels: name, zero byte, value, zero byte, by the bytes of the names.';

COMMENT ON COLUMN promkeep.promkeep_raw_series.label_ids IS 'Its labels (promkeep_labels), by the bytes of their names.';

COMMENT ON COLUMN promkeep.promkeep_raw_series.name_id IS 'That of them which is the metric name; null for a series without one. A trigger finds it where the writer does not name it.';

CREATE FUNCTION promkeep.promkeep_named_histograms() RETURNS SETOF promkeep.promkeep_named_series_row
    LANGUAGE sql STABLE ROWS 100000 PARALLEL SAFE
    BEGIN ATOMIC
 SELECT r.series_id,
     r.query_id,
     r.label_ids,
     (((m.metric_name)::text || k.suffix))::character varying(255) AS "varchar",
     k.suffix
    FROM ((promkeep.promkeep_labels m
      CROSS JOIN ( VALUES ('_count'::text), ('_sum'::text)) k(suffix))
      JOIN promkeep.promkeep_raw_series r ON ((r.name_id = m.label_id)))
   WHERE (m.metric_name IS NOT NULL)
 UNION ALL
  SELECT r.series_id,
     r.query_id,
     r.label_ids,
     (("left"(q.name, 255) || k.suffix))::character varying(255) AS "varchar",
     k.suffix
    FROM ((promkeep.promkeep_raw_series r
      CROSS JOIN ( VALUES ('_count'::text), ('_sum'::text)) k(suffix))
      JOIN promkeep.promkeep_queries q ON ((q.query_id = r.query_id)))
   WHERE (r.name_id IS NULL);
END;

COMMENT ON FUNCTION promkeep.promkeep_named_histograms() IS 'What raw series are called where they hold native histograms: each twice, for count and sum.';

CREATE FUNCTION promkeep.promkeep_named_series() RETURNS SETOF promkeep.promkeep_named_series_row
    LANGUAGE sql STABLE ROWS 100000 PARALLEL SAFE
    BEGIN ATOMIC
 SELECT r.series_id,
     r.query_id,
     r.label_ids,
     m.metric_name,
     ''::text
    FROM (promkeep.promkeep_raw_series r
      JOIN promkeep.promkeep_labels m ON ((m.label_id = r.name_id)))
 UNION ALL
  SELECT r.series_id,
     r.query_id,
     r.label_ids,
     ("left"(q.name, 255))::character varying(255) AS "left",
     ''::text
    FROM (promkeep.promkeep_raw_series r
      JOIN promkeep.promkeep_queries q ON ((q.query_id = r.query_id)))
   WHERE (r.name_id IS NULL);
END;

COMMENT ON FUNCTION promkeep.promkeep_named_series() IS 'Raw series and their metric names; the query''s name for those without one.';

CREATE FUNCTION promkeep.promkeep_raw_histograms(from_time timestamp with time zone, chunks bytea, low timestamp with time zone DEFAULT '-infinity'::timestamp with time zone, high timestamp with time zone DEFAULT 'infinity'::timestamp with time zone) RETURNS TABLE(sample_time timestamp with time zone, sample_count double precision, sample_sum double precision)
    LANGUAGE sql STABLE ROWS 50 PARALLEL SAFE
    BEGIN ATOMIC
 SELECT (promkeep_raw_histograms.from_time + ('00:00:00.001'::interval * (d.offset_ms)::double precision)),
     d.sample_count,
     d.sample_sum
    FROM promkeep.promkeep_decode_histograms(promkeep_raw_histograms.chunks, promkeep.promkeep_ms_after(promkeep_raw_histograms.from_time, promkeep_raw_histograms.low), promkeep.promkeep_ms_after(promkeep_raw_histograms.from_time, promkeep_raw_histograms.high), false) d(offset_ms, sample_count, sample_sum, bucket_lowers, bucket_uppers, bucket_counts);
END;

COMMENT ON FUNCTION promkeep.promkeep_raw_histograms(from_time timestamp with time zone, chunks bytea, low timestamp with time zone, high timestamp with time zone) IS 'Count and sum of the native histograms of a row of promkeep_chunks; as promkeep_raw_samples().';

CREATE FUNCTION promkeep.promkeep_raw_samples(from_time timestamp with time zone, chunks bytea, low timestamp with time zone DEFAULT '-infinity'::timestamp with time zone, high timestamp with time zone DEFAULT 'infinity'::timestamp with time zone) RETURNS TABLE(sample_time timestamp with time zone, sample_value double precision)
    LANGUAGE sql STABLE ROWS 200 PARALLEL SAFE
    BEGIN ATOMIC
 SELECT (promkeep_raw_samples.from_time + ('00:00:00.001'::interval * (d.offset_ms)::double precision)),
     d.sample_value
    FROM promkeep.promkeep_decode_xor(promkeep_raw_samples.chunks, promkeep.promkeep_ms_after(promkeep_raw_samples.from_time, promkeep_raw_samples.low), promkeep.promkeep_ms_after(promkeep_raw_samples.from_time, promkeep_raw_samples.high)) d(offset_ms, sample_value);
END;

COMMENT ON FUNCTION promkeep.promkeep_raw_samples(from_time timestamp with time zone, chunks bytea, low timestamp with time zone, high timestamp with time zone) IS 'Float samples of a row of promkeep_chunks; stale markers are none. Chunks that lie outside of low and high are not decoded; of those that touch them all samples come.';

CREATE FUNCTION promkeep.promkeep_written_at(of_query bigint, from_time timestamp with time zone, to_time timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE COST 1000 PARALLEL SAFE
    SET search_path TO 'promkeep', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
BEGIN
  RETURN (SELECT max(f.written_at) FROM promkeep_fetches f
    WHERE f.query_id = of_query AND upper(f.fetched_range) > from_time - interval '1 minute' AND lower(f.fetched_range) <= to_time);
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_written_at(of_query bigint, from_time timestamp with time zone, to_time timestamp with time zone) IS 'When the newest of the writes was that touch a row of a raw series.';

CREATE TABLE promkeep.promkeep_chunks (
    series_id bigint NOT NULL,
    from_time timestamp with time zone NOT NULL,
    to_time timestamp with time zone NOT NULL,
    sample_count integer NOT NULL,
    chunks bytea NOT NULL
)
PARTITION BY RANGE (from_time);
ALTER TABLE ONLY promkeep.promkeep_chunks ALTER COLUMN chunks SET COMPRESSION pglz;

COMMENT ON TABLE promkeep.promkeep_chunks IS 'Samples of raw series, as Prometheus'' chunks. Rows of a series do not overlap; none crosses midnight, UTC. Once a day is closed it is one row a series.';

COMMENT ON COLUMN promkeep.promkeep_chunks.series_id IS 'The series (promkeep_raw_series).';

COMMENT ON COLUMN promkeep.promkeep_chunks.from_time IS 'Time of the first sample.';

COMMENT ON COLUMN promkeep.promkeep_chunks.to_time IS 'Time of the last sample; less than a day after the first.';

COMMENT ON COLUMN promkeep.promkeep_chunks.sample_count IS 'Number of samples, stale markers among them.';

COMMENT ON COLUMN promkeep.promkeep_chunks.chunks IS 'One chunk after the other, in order of time, none overlapping the next. Each: encoding (one byte; 1 XOR, 2 histogram, 3 float histogram); milliseconds from the last sample before (the first chunk: from from_time) to its first; milliseconds from its first to its last; its length in bytes; its bytes. These three numbers are unsigned varints, seven bits a byte, low ones first.';

CREATE TABLE promkeep.promkeep_sources (
    source_id bigint NOT NULL,
    org_id bigint NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE promkeep.promkeep_sources IS 'Where samples come from: one row per organisation and source name. Two programs archive the same source exactly when they agree on both.';

COMMENT ON COLUMN promkeep.promkeep_sources.source_id IS 'Key.';

COMMENT ON COLUMN promkeep.promkeep_sources.org_id IS 'Grafana organisation; 1 for the stand-alone program unless configured otherwise.';

COMMENT ON COLUMN promkeep.promkeep_sources.name IS 'Name of the source in the settings; default: default.';

COMMENT ON COLUMN promkeep.promkeep_sources.created_at IS 'When the source was first seen.';

CREATE FUNCTION promkeep.promkeep_raw_rows(low timestamp with time zone, high timestamp with time zone) RETURNS SETOF promkeep.promkeep_metric_row
    LANGUAGE sql STABLE ROWS 1e+06 PARALLEL SAFE
    BEGIN ATOMIC
 SELECT (((('x'::text || substr(md5(((('raw '::text || c.series_id) || ' '::text) || ((EXTRACT(epoch FROM u.sample_time) * (1000000)::numeric))::bigint)), 1, 16)))::bit(64))::bigint & '9223372036854775807'::bigint),
     r.metric_name,
     u.sample_value,
     u.sample_time,
     n.labels,
     q.source_text,
     f.written_at,
     o.org_id,
     o.name,
     q.name,
     c.from_time,
     c.to_time
    FROM ((((((promkeep.promkeep_chunks c
      JOIN promkeep.promkeep_named_series() r(series_id, query_id, label_ids, metric_name, suffix) ON ((r.series_id = c.series_id)))
      LEFT JOIN promkeep.promkeep_queries q ON ((q.query_id = r.query_id)))
      LEFT JOIN promkeep.promkeep_sources o ON ((o.source_id = q.source_id)))
      LEFT JOIN LATERAL ( SELECT promkeep.promkeep_labels_of(r.label_ids) AS labels
          HAVING true) n ON (true))
      LEFT JOIN LATERAL ( SELECT promkeep.promkeep_written_at(r.query_id, c.from_time, c.to_time) AS written_at
          HAVING true) f ON (true))
      CROSS JOIN LATERAL promkeep.promkeep_raw_samples(c.from_time,
         CASE
             WHEN (r.series_id = c.series_id) THEN c.chunks
             ELSE NULL::bytea
         END, promkeep_raw_rows.low, promkeep_raw_rows.high) u(sample_time, sample_value))
   WHERE ((c.from_time <= promkeep_raw_rows.high) AND (c.from_time > (promkeep_raw_rows.low - '24:00:00'::interval)) AND (c.to_time >= promkeep_raw_rows.low))
 UNION ALL
  SELECT (((('x'::text || substr(md5(((((('raw'::text || r.suffix) || ' '::text) || c.series_id) || ' '::text) || ((EXTRACT(epoch FROM u.sample_time) * (1000000)::numeric))::bigint)), 1, 16)))::bit(64))::bigint & '9223372036854775807'::bigint),
     r.metric_name,
         CASE r.suffix
             WHEN '_sum'::text THEN u.sample_sum
             ELSE u.sample_count
         END AS sample_count,
     u.sample_time,
     n.labels,
     q.source_text,
     f.written_at,
     o.org_id,
     o.name,
     q.name,
     c.from_time,
     c.to_time
    FROM ((((((promkeep.promkeep_chunks c
      JOIN promkeep.promkeep_named_histograms() r(series_id, query_id, label_ids, metric_name, suffix) ON ((r.series_id = c.series_id)))
      LEFT JOIN promkeep.promkeep_queries q ON ((q.query_id = r.query_id)))
      LEFT JOIN promkeep.promkeep_sources o ON ((o.source_id = q.source_id)))
      LEFT JOIN LATERAL ( SELECT promkeep.promkeep_labels_of(r.label_ids) AS labels
          HAVING true) n ON (true))
      LEFT JOIN LATERAL ( SELECT promkeep.promkeep_written_at(r.query_id, c.from_time, c.to_time) AS written_at
          HAVING true) f ON (true))
      CROSS JOIN LATERAL promkeep.promkeep_raw_histograms(c.from_time, c.chunks, promkeep_raw_rows.low, promkeep_raw_rows.high) u(sample_time, sample_count, sample_sum))
   WHERE ((c.from_time <= promkeep_raw_rows.high) AND (c.from_time > (promkeep_raw_rows.low - '24:00:00'::interval)) AND (c.to_time >= promkeep_raw_rows.low));
END;

COMMENT ON FUNCTION promkeep.promkeep_raw_rows(low timestamp with time zone, high timestamp with time zone) IS 'Raw series as rows of promkeep_metrics; of chunks that touch the range. Native histograms are two series, <name>_count and <name>_sum.';

CREATE FUNCTION promkeep.promkeep_unpack(from_time timestamp with time zone, sample_count integer, step_us bigint, offsets_us bigint[], sample_values double precision[], differences boolean, divisor double precision, fetch_ids bigint[], fetch_starts integer[]) RETURNS TABLE(sample_time timestamp with time zone, sample_value double precision, sample_fetch bigint)
    LANGUAGE sql STABLE ROWS 5000 PARALLEL SAFE
    BEGIN ATOMIC
 SELECT (promkeep_unpack.from_time + ('00:00:00.000001'::interval * (COALESCE(u.offset_us, ((u.n - 1) * promkeep_unpack.step_us)))::double precision)),
     u.value,
         CASE
             WHEN (cardinality(promkeep_unpack.fetch_ids) = 1) THEN (promkeep_unpack.fetch_ids)[1]
             ELSE (promkeep_unpack.fetch_ids)[width_bucket((u.n)::integer, promkeep_unpack.fetch_starts)]
         END AS "case"
    FROM ( SELECT p.value,
             p.offset_us,
             p.n
            FROM UNNEST(promkeep_unpack.sample_values, promkeep_unpack.offsets_us) WITH ORDINALITY p(value, offset_us, n)
           WHERE ((NOT promkeep_unpack.differences) AND (COALESCE(promkeep_unpack.divisor, (1)::double precision) <> (0)::double precision))
         UNION ALL
          SELECT (sum(d.value) OVER (ORDER BY d.n ROWS UNBOUNDED PRECEDING) / COALESCE(promkeep_unpack.divisor, (1)::double precision)),
             d.offset_us,
             d.n
            FROM UNNEST(promkeep_unpack.sample_values, promkeep_unpack.offsets_us) WITH ORDINALITY d(value, offset_us, n)
           WHERE promkeep_unpack.differences
         UNION ALL
          SELECT (promkeep_unpack.sample_values)[1],
             NULL::bigint,
             c.n
            FROM generate_series(1, promkeep_unpack.sample_count) c(n)
           WHERE (COALESCE(promkeep_unpack.divisor, (1)::double precision) = (0)::double precision)) u;
END;

COMMENT ON FUNCTION promkeep.promkeep_unpack(from_time timestamp with time zone, sample_count integer, step_us bigint, offsets_us bigint[], sample_values double precision[], differences boolean, divisor double precision, fetch_ids bigint[], fetch_starts integer[]) IS 'The samples of one row of promkeep_packed, exactly as they were.';

CREATE TABLE promkeep.promkeep_fetches (
    fetch_id bigint NOT NULL,
    query_id bigint NOT NULL,
    version integer NOT NULL,
    fetched_range tstzrange,
    fetched_at timestamp with time zone NOT NULL,
    written_at timestamp with time zone DEFAULT now() NOT NULL,
    expression text,
    prometheus_version text,
    warnings text[] DEFAULT '{}'::text[] NOT NULL,
    inserted bigint DEFAULT 0 NOT NULL,
    unchanged bigint DEFAULT 0 NOT NULL,
    revised bigint DEFAULT 0 NOT NULL,
    withdrawn bigint DEFAULT 0 NOT NULL,
    refused bigint DEFAULT 0 NOT NULL,
    series bigint
);

COMMENT ON TABLE promkeep.promkeep_fetches IS 'Provenance: one row per write that changed samples. A write that changes nothing leaves no row. Once the samples are packed, alike writes of a day become one row, the newest, with the range and the counts of all; rows expire with the data.';

COMMENT ON COLUMN promkeep.promkeep_fetches.fetch_id IS 'Key.';

COMMENT ON COLUMN promkeep.promkeep_fetches.query_id IS 'The query that was fetched.';

COMMENT ON COLUMN promkeep.promkeep_fetches.version IS 'Its version, which gives the expression.';

COMMENT ON COLUMN promkeep.promkeep_fetches.fetched_range IS 'The range that was replaced, both ends inclusive; of condensed writes, the ranges of all from the first to the last; null for inserted rows.';

COMMENT ON COLUMN promkeep.promkeep_fetches.fetched_at IS 'When Prometheus answered, on the writer''s clock.';

COMMENT ON COLUMN promkeep.promkeep_fetches.written_at IS 'The column created_at of metrics_data: when the write began, on the database''s clock.';

COMMENT ON COLUMN promkeep.promkeep_fetches.expression IS 'As sent to Prometheus, where it differs from the version''s expression.';

COMMENT ON COLUMN promkeep.promkeep_fetches.prometheus_version IS 'What the server said of itself.';

COMMENT ON COLUMN promkeep.promkeep_fetches.warnings IS 'Warnings of the answer.';

COMMENT ON COLUMN promkeep.promkeep_fetches.inserted IS 'Samples that were new.';

COMMENT ON COLUMN promkeep.promkeep_fetches.unchanged IS 'Samples that were there already with this value.';

COMMENT ON COLUMN promkeep.promkeep_fetches.revised IS 'Samples whose value changed.';

COMMENT ON COLUMN promkeep.promkeep_fetches.withdrawn IS 'Samples the new answer no longer had.';

COMMENT ON COLUMN promkeep.promkeep_fetches.refused IS 'Series that could not be stored.';

COMMENT ON COLUMN promkeep.promkeep_fetches.series IS 'Of raw series: how many the answer had. Otherwise null.';

CREATE TABLE promkeep.promkeep_packed (
    retention text NOT NULL,
    series_id bigint NOT NULL,
    from_time timestamp with time zone NOT NULL,
    to_time timestamp with time zone NOT NULL,
    sample_count integer NOT NULL,
    step_us bigint,
    offsets_us bigint[],
    sample_values double precision[] NOT NULL,
    differences boolean NOT NULL,
    fetch_ids bigint[] NOT NULL,
    fetch_starts integer[] NOT NULL,
    divisor double precision
)
PARTITION BY LIST (retention);
ALTER TABLE ONLY promkeep.promkeep_packed ALTER COLUMN offsets_us SET COMPRESSION lz4;
ALTER TABLE ONLY promkeep.promkeep_packed ALTER COLUMN sample_values SET COMPRESSION pglz;

COMMENT ON TABLE promkeep.promkeep_packed IS 'Samples of closed periods, one row per series and period (a few where the grid has holes), partitioned by retention class and time. A time of a series is either here or in promkeep_samples, never in both.';

COMMENT ON COLUMN promkeep.promkeep_packed.retention IS 'Retention class.';

COMMENT ON COLUMN promkeep.promkeep_packed.series_id IS 'The series (promkeep_series).';

COMMENT ON COLUMN promkeep.promkeep_packed.from_time IS 'Time of the first sample.';

COMMENT ON COLUMN promkeep.promkeep_packed.to_time IS 'Time of the last sample; less than 28 days after the first.';

COMMENT ON COLUMN promkeep.promkeep_packed.sample_count IS 'Number of samples.';

COMMENT ON COLUMN promkeep.promkeep_packed.step_us IS 'Distance between samples in microseconds where it is always the same; else null.';

COMMENT ON COLUMN promkeep.promkeep_packed.offsets_us IS 'Where the distance differs: microseconds from from_time to each sample; else null.';

COMMENT ON COLUMN promkeep.promkeep_packed.sample_values IS 'The values, in order of time; a single one where all are the same; see differences.';

COMMENT ON COLUMN promkeep.promkeep_packed.differences IS 'Whether sample_values holds the first value and then differences to the value before, each times divisor: done where that makes integers of at most 2^52, so that a running sum restores the values exactly.';

COMMENT ON COLUMN promkeep.promkeep_packed.fetch_ids IS 'The writes (promkeep_fetches) the samples came with, one for each run of samples; alike ones are one, named by the newest.';

COMMENT ON COLUMN promkeep.promkeep_packed.fetch_starts IS 'Number (from 1) of the first sample of each of these runs.';

COMMENT ON COLUMN promkeep.promkeep_packed.divisor IS 'With differences: the power of ten by which the running sum is divided (values of two decimals: 100); null: 1; 0: the single value stands for all.';

CREATE TABLE promkeep.promkeep_samples (
    series_id bigint NOT NULL,
    "time" timestamp with time zone NOT NULL,
    value double precision,
    fetch_id bigint NOT NULL
)
PARTITION BY RANGE ("time");

COMMENT ON TABLE promkeep.promkeep_samples IS 'Samples, one row per series and time, partitioned by week.';

COMMENT ON COLUMN promkeep.promkeep_samples.series_id IS 'The series (promkeep_series).';

COMMENT ON COLUMN promkeep.promkeep_samples."time" IS 'Time of the sample.';

COMMENT ON COLUMN promkeep.promkeep_samples.value IS 'Value; NaN, infinities and -0 are kept. Null only for inserted rows.';

COMMENT ON COLUMN promkeep.promkeep_samples.fetch_id IS 'The write that brought this value (promkeep_fetches).';

CREATE TABLE promkeep.promkeep_series (
    series_id bigint NOT NULL,
    query_id bigint NOT NULL,
    fingerprint bytea NOT NULL,
    metric_name text NOT NULL,
    short_name character varying(255) GENERATED ALWAYS AS (
CASE
    WHEN (length(metric_name) <= 255) THEN metric_name
    ELSE (("left"(metric_name, 238) || '~'::text) || "left"(md5(metric_name), 16))
END) STORED NOT NULL,
    origin text NOT NULL,
    labels jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT promkeep_series_fingerprint_check CHECK ((length(fingerprint) = 32)),
    CONSTRAINT promkeep_series_origin_check CHECK ((origin = ANY (ARRAY['named'::text, 'nameless'::text, 'scalar'::text, 'inserted'::text])))
);

COMMENT ON TABLE promkeep.promkeep_series IS 'One row per query, metric name and labels.';

COMMENT ON COLUMN promkeep.promkeep_series.series_id IS 'Key.';

COMMENT ON COLUMN promkeep.promkeep_series.query_id IS 'The query whose result it is.';

COMMENT ON COLUMN promkeep.promkeep_series.fingerprint IS 'SHA-256 of the metric name, a zero byte and the canonical labels, see promkeep_fingerprint().';

COMMENT ON COLUMN promkeep.promkeep_series.metric_name IS 'In full length; the query''s name for results without __name__.';

COMMENT ON COLUMN promkeep.promkeep_series.short_name IS 'The metric name as metrics_data shows it: over 255 characters it is cut and ends in ~ and a hash of the whole.';

COMMENT ON COLUMN promkeep.promkeep_series.origin IS 'How the result came: named (with __name__), nameless, scalar (no labels at all), or inserted. Reading back restores it.';

COMMENT ON COLUMN promkeep.promkeep_series.labels IS 'Labels without __name__; null only for inserted rows.';

COMMENT ON COLUMN promkeep.promkeep_series.created_at IS 'When the series was first seen.';

CREATE FUNCTION promkeep.promkeep_result_rows() RETURNS SETOF promkeep.promkeep_metric_row
    LANGUAGE sql STABLE ROWS 1e+06 PARALLEL SAFE
    BEGIN ATOMIC
 SELECT (((('x'::text || substr(md5(((s.series_id || ' '::text) || ((EXTRACT(epoch FROM s."time") * (1000000)::numeric))::bigint)), 1, 16)))::bit(64))::bigint & '9223372036854775807'::bigint),
     r.short_name,
     s.value,
     s."time",
     r.labels,
     q.source_text,
     f.written_at,
     o.org_id,
     o.name,
     q.name,
     s."time",
     s."time"
    FROM ((((promkeep.promkeep_samples s
      LEFT JOIN promkeep.promkeep_series r ON ((r.series_id = s.series_id)))
      LEFT JOIN promkeep.promkeep_queries q ON ((q.query_id = r.query_id)))
      LEFT JOIN promkeep.promkeep_sources o ON ((o.source_id = q.source_id)))
      LEFT JOIN promkeep.promkeep_fetches f ON ((f.fetch_id = s.fetch_id)))
 UNION ALL
  SELECT (((('x'::text || substr(md5(((s.series_id || ' '::text) || ((EXTRACT(epoch FROM u.sample_time) * (1000000)::numeric))::bigint)), 1, 16)))::bit(64))::bigint & '9223372036854775807'::bigint),
     r.short_name,
     u.sample_value,
     u.sample_time,
     r.labels,
     q.source_text,
     f.written_at,
     o.org_id,
     o.name,
     q.name,
     s.from_time,
     s.to_time
    FROM (((((promkeep.promkeep_packed s
      CROSS JOIN LATERAL promkeep.promkeep_unpack(s.from_time, s.sample_count, s.step_us, s.offsets_us, s.sample_values, s.differences, s.divisor, s.fetch_ids, s.fetch_starts) u(sample_time, sample_value, sample_fetch))
      LEFT JOIN promkeep.promkeep_series r ON ((r.series_id = s.series_id)))
      LEFT JOIN promkeep.promkeep_queries q ON ((q.query_id = r.query_id)))
      LEFT JOIN promkeep.promkeep_sources o ON ((o.source_id = q.source_id)))
      LEFT JOIN promkeep.promkeep_fetches f ON ((f.fetch_id = u.sample_fetch)));
END;

COMMENT ON FUNCTION promkeep.promkeep_result_rows() IS 'Results of queries, and rows that were inserted, as rows of promkeep_metrics.';

CREATE FUNCTION promkeep.promkeep_rows() RETURNS SETOF promkeep.promkeep_metric_row
    LANGUAGE sql STABLE ROWS 1e+06 PARALLEL SAFE
    BEGIN ATOMIC
 SELECT promkeep_result_rows.id,
     promkeep_result_rows.metric_name,
     promkeep_result_rows.metric_value,
     promkeep_result_rows."timestamp",
     promkeep_result_rows.labels,
     promkeep_result_rows.source,
     promkeep_result_rows.created_at,
     promkeep_result_rows.org_id,
     promkeep_result_rows.source_name,
     promkeep_result_rows.query,
     promkeep_result_rows.part_from,
     promkeep_result_rows.part_to
    FROM promkeep.promkeep_result_rows() promkeep_result_rows(id, metric_name, metric_value, "timestamp", labels, source, created_at, org_id, source_name, query, part_from, part_to)
 UNION ALL
  SELECT promkeep_raw_rows.id,
     promkeep_raw_rows.metric_name,
     promkeep_raw_rows.metric_value,
     promkeep_raw_rows."timestamp",
     promkeep_raw_rows.labels,
     promkeep_raw_rows.source,
     promkeep_raw_rows.created_at,
     promkeep_raw_rows.org_id,
     promkeep_raw_rows.source_name,
     promkeep_raw_rows.query,
     promkeep_raw_rows.part_from,
     promkeep_raw_rows.part_to
    FROM promkeep.promkeep_raw_rows('-infinity'::timestamp with time zone, 'infinity'::timestamp with time zone) promkeep_raw_rows(id, metric_name, metric_value, "timestamp", labels, source, created_at, org_id, source_name, query, part_from, part_to);
END;

COMMENT ON FUNCTION promkeep.promkeep_rows() IS 'What promkeep_metrics shows, with the rights of the caller.';

CREATE VIEW promkeep.promkeep_metrics AS
 SELECT m.id,
    m.metric_name,
    m.metric_value,
    m."timestamp",
    m.labels,
    m.source,
    m.created_at,
    m.org_id,
    m.source_name,
    m.query,
    m.part_from,
    m.part_to
   FROM promkeep.promkeep_rows() m(id, metric_name, metric_value, "timestamp", labels, source, created_at, org_id, source_name, query, part_from, part_to);

COMMENT ON VIEW promkeep.promkeep_metrics IS 'metrics_data with the bounds of the stored row each sample lies in. Conditions on these bounds decide which packed rows are read at all, see metrics_between().';

COMMENT ON COLUMN promkeep.promkeep_metrics.id IS 'As in metrics_data.';

COMMENT ON COLUMN promkeep.promkeep_metrics.metric_name IS 'As in metrics_data.';

COMMENT ON COLUMN promkeep.promkeep_metrics.metric_value IS 'As in metrics_data.';

COMMENT ON COLUMN promkeep.promkeep_metrics."timestamp" IS 'As in metrics_data.';

COMMENT ON COLUMN promkeep.promkeep_metrics.labels IS 'As in metrics_data.';

COMMENT ON COLUMN promkeep.promkeep_metrics.source IS 'As in metrics_data.';

COMMENT ON COLUMN promkeep.promkeep_metrics.created_at IS 'As in metrics_data.';

COMMENT ON COLUMN promkeep.promkeep_metrics.org_id IS 'As in metrics_data.';

COMMENT ON COLUMN promkeep.promkeep_metrics.source_name IS 'As in metrics_data.';

COMMENT ON COLUMN promkeep.promkeep_metrics.query IS 'As in metrics_data.';

COMMENT ON COLUMN promkeep.promkeep_metrics.part_from IS 'Time of the first sample of the packed row; of an unpacked sample, its own.';

COMMENT ON COLUMN promkeep.promkeep_metrics.part_to IS 'Time of the last sample of the packed row; of an unpacked sample, its own.';

CREATE VIEW promkeep.metrics_data AS
 SELECT promkeep_metrics.id,
    promkeep_metrics.metric_name,
    promkeep_metrics.metric_value,
    promkeep_metrics."timestamp",
    promkeep_metrics.labels,
    promkeep_metrics.source,
    promkeep_metrics.created_at,
    promkeep_metrics.org_id,
    promkeep_metrics.source_name,
    promkeep_metrics.query
   FROM promkeep.promkeep_metrics;

COMMENT ON VIEW promkeep.metrics_data IS 'Every sample as a flat row. Rows are unique by (org_id, source_name, query, source, metric_name, labels, timestamp), apart from metric names over 255 characters. INSERT stores rows of your own; inserting a row again changes nothing.';

COMMENT ON COLUMN promkeep.metrics_data.id IS 'Derived from series and time: positive, stable, practically unique, not a key.';

COMMENT ON COLUMN promkeep.metrics_data.metric_name IS 'Metric name; the query''s name for results without one; over 255 characters cut, ending in ~ and a hash.';

COMMENT ON COLUMN promkeep.metrics_data.metric_value IS 'Value; may be NaN or infinite.';

COMMENT ON COLUMN promkeep.metrics_data."timestamp" IS 'Time of the sample. A literal without zone is read in the session''s zone.';

COMMENT ON COLUMN promkeep.metrics_data.labels IS 'Labels without __name__.';

COMMENT ON COLUMN promkeep.metrics_data.source IS 'prometheus, or what was inserted.';

COMMENT ON COLUMN promkeep.metrics_data.created_at IS 'When this value was written; of a packed sample, when the last of the writes was that brought its period.';

COMMENT ON COLUMN promkeep.metrics_data.org_id IS 'Grafana organisation of the source.';

COMMENT ON COLUMN promkeep.metrics_data.source_name IS 'Name of the source.';

COMMENT ON COLUMN promkeep.metrics_data.query IS 'Name of the recorded query, or the kept expression with its grid; null for inserted rows.';

CREATE FUNCTION promkeep.metrics_between(from_time timestamp with time zone, to_time timestamp with time zone) RETURNS SETOF promkeep.metrics_data
    LANGUAGE sql STABLE ROWS 10000 PARALLEL SAFE
    BEGIN ATOMIC
 SELECT m.id,
     m.metric_name,
     m.metric_value,
     m."timestamp",
     m.labels,
     m.source,
     m.created_at,
     m.org_id,
     m.source_name,
     m.query
    FROM promkeep.promkeep_result_rows() m(id, metric_name, metric_value, "timestamp", labels, source, created_at, org_id, source_name, query, part_from, part_to)
   WHERE ((m."timestamp" >= metrics_between.from_time) AND (m."timestamp" <= metrics_between.to_time) AND (m.part_from <= metrics_between.to_time) AND (m.part_from > (metrics_between.from_time - '672:00:00'::interval)) AND (m.part_to >= metrics_between.from_time))
 UNION ALL
  SELECT m.id,
     m.metric_name,
     m.metric_value,
     m."timestamp",
     m.labels,
     m.source,
     m.created_at,
     m.org_id,
     m.source_name,
     m.query
    FROM promkeep.promkeep_raw_rows(metrics_between.from_time, metrics_between.to_time) m(id, metric_name, metric_value, "timestamp", labels, source, created_at, org_id, source_name, query, part_from, part_to)
   WHERE ((m."timestamp" >= metrics_between.from_time) AND (m."timestamp" <= metrics_between.to_time));
END;

COMMENT ON FUNCTION promkeep.metrics_between(from_time timestamp with time zone, to_time timestamp with time zone) IS 'metrics_data between two times (both inclusive), reading only the packed rows and the chunks that lie there. Further conditions are pushed into it.';

CREATE FUNCTION promkeep.promkeep_unroll(width_s integer, period_start timestamp with time zone, first_bucket integer, bucket_count integer, bucket_numbers smallint[], sample_counts integer[], differences boolean, last_values double precision[], min_values double precision[], max_values double precision[], sum_values double precision[]) RETURNS TABLE(bucket timestamp with time zone, min_value double precision, max_value double precision, sum_value double precision, sample_count bigint, last_value double precision)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT (promkeep_unroll.period_start + ('00:00:01'::interval * ((promkeep_unroll.width_s * b.number))::double precision)),
         CASE
             WHEN promkeep_unroll.differences THEN (b.last - COALESCE(b.min, (0)::double precision))
             ELSE COALESCE(b.min, b.last)
         END AS "coalesce",
         CASE
             WHEN promkeep_unroll.differences THEN (b.last + COALESCE(b.max, (0)::double precision))
             ELSE COALESCE(b.max, b.last)
         END AS "coalesce",
         CASE
             WHEN promkeep_unroll.differences THEN ((b.last * (b.count)::double precision) + COALESCE(b.sum, (0)::double precision))
             WHEN (b.sum IS NULL) THEN (b.last * (b.count)::double precision)
             ELSE b.sum
         END AS sum,
     (b.count)::bigint AS count,
     b.last
    FROM ( SELECT COALESCE((a.number)::integer, ((promkeep_unroll.first_bucket + a.n) - 1)) AS number,
             COALESCE(a.count, (promkeep_unroll.sample_counts)[1]) AS count,
             a.min,
             a.max,
             a.sum,
                 CASE
                     WHEN promkeep_unroll.differences THEN sum(
                     CASE
                         WHEN promkeep_unroll.differences THEN COALESCE(a.last, (0)::double precision)
                         ELSE NULL::double precision
                     END) OVER (ORDER BY a.n ROWS UNBOUNDED PRECEDING)
                     ELSE COALESCE(a.last, (promkeep_unroll.last_values)[1])
                 END AS last
            FROM ROWS FROM(generate_series(1, promkeep_unroll.bucket_count), unnest(promkeep_unroll.bucket_numbers), unnest(promkeep_unroll.sample_counts), unnest(promkeep_unroll.last_values), unnest(promkeep_unroll.min_values), unnest(promkeep_unroll.max_values), unnest(promkeep_unroll.sum_values)) a(n, number, count, last, min, max, sum)) b;
END;

COMMENT ON FUNCTION promkeep.promkeep_unroll(width_s integer, period_start timestamp with time zone, first_bucket integer, bucket_count integer, bucket_numbers smallint[], sample_counts integer[], differences boolean, last_values double precision[], min_values double precision[], max_values double precision[], sum_values double precision[]) IS 'The buckets of one row of promkeep_rollups, exactly as they were computed.';

CREATE TABLE promkeep.promkeep_rollup_state (
    query_id bigint NOT NULL,
    width_s integer NOT NULL,
    stored_until timestamp with time zone NOT NULL,
    raw_from timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    stale tstzmultirange DEFAULT '{}'::tstzmultirange NOT NULL,
    working tstzmultirange DEFAULT '{}'::tstzmultirange NOT NULL,
    run bigint DEFAULT 0 NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE promkeep.promkeep_rollup_state IS 'Which buckets of a recorded query are taken from promkeep_rollups: those that end at or before stored_until and lie neither in stale nor in working. All others are computed from samples.';

COMMENT ON COLUMN promkeep.promkeep_rollup_state.query_id IS 'The recorded query.';

COMMENT ON COLUMN promkeep.promkeep_rollup_state.width_s IS 'Seconds in a bucket.';

COMMENT ON COLUMN promkeep.promkeep_rollup_state.stored_until IS 'Buckets up to here are stored.';

COMMENT ON COLUMN promkeep.promkeep_rollup_state.raw_from IS 'Samples before this time may have expired: stored buckets that end here or before never change again.';

COMMENT ON COLUMN promkeep.promkeep_rollup_state.stale IS 'Whole hours in which samples changed after they were stored.';

COMMENT ON COLUMN promkeep.promkeep_rollup_state.working IS 'Whole hours that are being computed.';

COMMENT ON COLUMN promkeep.promkeep_rollup_state.run IS 'Grows with each run; one that was overtaken by another does not say of anything that it is done.';

COMMENT ON COLUMN promkeep.promkeep_rollup_state.updated_at IS 'When this row last changed.';

CREATE TABLE promkeep.promkeep_rollups (
    width_s integer NOT NULL,
    series_id bigint NOT NULL,
    period_start timestamp with time zone NOT NULL,
    first_bucket integer NOT NULL,
    bucket_count integer NOT NULL,
    bucket_numbers smallint[] NOT NULL,
    sample_counts integer[] NOT NULL,
    differences boolean NOT NULL,
    last_values double precision[] NOT NULL,
    min_values double precision[] NOT NULL,
    max_values double precision[] NOT NULL,
    sum_values double precision[] NOT NULL
)
PARTITION BY LIST (width_s);
ALTER TABLE ONLY promkeep.promkeep_rollups ALTER COLUMN bucket_numbers SET COMPRESSION lz4;
ALTER TABLE ONLY promkeep.promkeep_rollups ALTER COLUMN sample_counts SET COMPRESSION lz4;
ALTER TABLE ONLY promkeep.promkeep_rollups ALTER COLUMN last_values SET COMPRESSION lz4;
ALTER TABLE ONLY promkeep.promkeep_rollups ALTER COLUMN min_values SET COMPRESSION lz4;
ALTER TABLE ONLY promkeep.promkeep_rollups ALTER COLUMN max_values SET COMPRESSION lz4;
ALTER TABLE ONLY promkeep.promkeep_rollups ALTER COLUMN sum_values SET COMPRESSION lz4;

COMMENT ON TABLE promkeep.promkeep_rollups IS 'Stored rollups of recorded queries whose samples expire, one row per series and period: a week of 5-minute buckets, four weeks of hours. promkeep_unroll() reads a row; promkeep_rollup_state says which buckets count.';

COMMENT ON COLUMN promkeep.promkeep_rollups.width_s IS 'Seconds in a bucket: 300 or 3600.';

COMMENT ON COLUMN promkeep.promkeep_rollups.series_id IS 'The series (promkeep_series).';

COMMENT ON COLUMN promkeep.promkeep_rollups.period_start IS 'Start of the period. Bucket n ends n widths after it.';

COMMENT ON COLUMN promkeep.promkeep_rollups.first_bucket IS 'Number of the first bucket.';

COMMENT ON COLUMN promkeep.promkeep_rollups.bucket_count IS 'Number of buckets with samples.';

COMMENT ON COLUMN promkeep.promkeep_rollups.bucket_numbers IS 'Their numbers; empty where they follow one another without a hole.';

COMMENT ON COLUMN promkeep.promkeep_rollups.sample_counts IS 'Samples in each bucket; one number where all have as many.';

COMMENT ON COLUMN promkeep.promkeep_rollups.differences IS 'Whether the values are stored as differences: done where all are integers of at most 2^52, which sums restore exactly.';

COMMENT ON COLUMN promkeep.promkeep_rollups.last_values IS 'Last value of each bucket; one where all are the same. With differences: the first one, then what was added from bucket to bucket.';

COMMENT ON COLUMN promkeep.promkeep_rollups.min_values IS 'Smallest values; empty where they are the last ones. With differences: last minus smallest.';

COMMENT ON COLUMN promkeep.promkeep_rollups.max_values IS 'Largest values; empty where they are the last ones. With differences: largest minus last.';

COMMENT ON COLUMN promkeep.promkeep_rollups.sum_values IS 'Sums; empty where they are the last value times the count. With differences: the sum minus the last value times the count.';

CREATE FUNCTION promkeep.promkeep_series_rollup(of_query bigint, of_series bigint, width interval, from_time timestamp with time zone, to_time timestamp with time zone) RETURNS TABLE(bucket timestamp with time zone, min_value double precision, max_value double precision, sum_value double precision, sample_count bigint, last_value double precision)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT (date_bin(promkeep_series_rollup.width, (b."time" - '00:00:00.000001'::interval), '1970-01-01 00:00:00+00'::timestamp with time zone) + promkeep_series_rollup.width),
     min(b.min_value) AS min,
     max(b.max_value) AS max,
     sum(b.sum_value ORDER BY b."time") AS sum,
     (sum(b.sample_count))::bigint AS sum,
     (array_agg(b.last_value ORDER BY b."time"))[count(*)] AS array_agg
    FROM ((( SELECT 1 AS "?column?") one
      LEFT JOIN LATERAL ( SELECT c.width_s,
             c.stored_until,
             c.stale,
             c.working
            FROM promkeep.promkeep_rollup_state c
           WHERE ((c.query_id = promkeep_series_rollup.of_query) AND (((EXTRACT(epoch FROM promkeep_series_rollup.width))::bigint % (c.width_s)::bigint) = 0))
           ORDER BY c.width_s DESC
          LIMIT 1) t ON (true))
      CROSS JOIN LATERAL ( SELECT u.bucket AS "time",
             u.min_value,
             u.max_value,
             u.sum_value,
             u.sample_count,
             u.last_value
            FROM (promkeep.promkeep_rollups p
              CROSS JOIN LATERAL promkeep.promkeep_unroll(p.width_s, p.period_start, p.first_bucket, p.bucket_count, p.bucket_numbers, p.sample_counts, p.differences, p.last_values, p.min_values, p.max_values, p.sum_values) u(bucket, min_value, max_value, sum_value, sample_count, last_value))
           WHERE ((p.series_id = promkeep_series_rollup.of_series) AND (p.width_s = t.width_s) AND (p.period_start < promkeep_series_rollup.to_time) AND (p.period_start > (promkeep_series_rollup.from_time - '672:00:00'::interval)) AND ((u.bucket - ('00:00:01'::interval * (p.width_s)::double precision)) >= promkeep_series_rollup.from_time) AND (u.bucket <= promkeep_series_rollup.to_time) AND (u.bucket <= t.stored_until) AND (NOT (t.stale @> u.bucket)) AND (NOT (t.working @> u.bucket)))
         UNION ALL
          SELECT s."time",
             s.value,
             s.value,
                 CASE
                     WHEN (abs(s.value) > ('1000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000'::numeric)::double precision) THEN (s.value * 'Infinity'::double precision)
                     ELSE s.value
                 END AS value,
             1,
             s.value
            FROM promkeep.promkeep_samples s
           WHERE ((s.series_id = promkeep_series_rollup.of_series) AND (s."time" > promkeep_series_rollup.from_time) AND (s."time" <= promkeep_series_rollup.to_time) AND (s.value IS NOT NULL) AND ((t.stored_until IS NULL) OR (s."time" > t.stored_until) OR (t.stale @> s."time") OR (t.working @> s."time")))
         UNION ALL
          SELECT u.sample_time,
             u.sample_value,
             u.sample_value,
                 CASE
                     WHEN (abs(u.sample_value) > ('1000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000'::numeric)::double precision) THEN (u.sample_value * 'Infinity'::double precision)
                     ELSE u.sample_value
                 END AS sample_value,
             1,
             u.sample_value
            FROM (promkeep.promkeep_packed s
              CROSS JOIN LATERAL promkeep.promkeep_unpack(s.from_time, s.sample_count, s.step_us, s.offsets_us, s.sample_values, s.differences, s.divisor, s.fetch_ids, s.fetch_starts) u(sample_time, sample_value, sample_fetch))
           WHERE ((s.series_id = promkeep_series_rollup.of_series) AND (s.from_time <= promkeep_series_rollup.to_time) AND (s.from_time > (promkeep_series_rollup.from_time - '672:00:00'::interval)) AND (s.to_time > promkeep_series_rollup.from_time) AND ((t.stored_until IS NULL) OR (s.to_time > t.stored_until) OR (t.stale && tstzrange(s.from_time, s.to_time, '[]'::text)) OR (t.working && tstzrange(s.from_time, s.to_time, '[]'::text))) AND (u.sample_time > promkeep_series_rollup.from_time) AND (u.sample_time <= promkeep_series_rollup.to_time) AND (u.sample_value IS NOT NULL) AND ((t.stored_until IS NULL) OR (u.sample_time > t.stored_until) OR (t.stale @> u.sample_time) OR (t.working @> u.sample_time)))) b)
   GROUP BY (date_bin(promkeep_series_rollup.width, (b."time" - '00:00:00.000001'::interval), '1970-01-01 00:00:00+00'::timestamp with time zone) + promkeep_series_rollup.width);
END;

COMMENT ON FUNCTION promkeep.promkeep_series_rollup(of_query bigint, of_series bigint, width interval, from_time timestamp with time zone, to_time timestamp with time zone) IS 'Rollups of one series, stored or computed, over the samples after from_time and up to to_time. Stored buckets count where they lie in the range as a whole.';

CREATE FUNCTION promkeep.promkeep_rollup_rows(width interval, from_time timestamp with time zone, to_time timestamp with time zone) RETURNS SETOF promkeep.promkeep_rollup_row
    LANGUAGE sql STABLE ROWS 100000 PARALLEL SAFE
    BEGIN ATOMIC
 SELECT b.bucket,
     r.short_name,
     r.labels,
     q.source_text,
     o.org_id,
     o.name,
     q.name,
     b.min_value,
     b.max_value,
     b.sum_value,
     b.sample_count,
     b.last_value
    FROM (((promkeep.promkeep_series r
      JOIN promkeep.promkeep_queries q ON ((q.query_id = r.query_id)))
      JOIN promkeep.promkeep_sources o ON ((o.source_id = q.source_id)))
      CROSS JOIN LATERAL promkeep.promkeep_series_rollup(q.query_id, r.series_id, promkeep_rollup_rows.width, promkeep_rollup_rows.from_time, promkeep_rollup_rows.to_time) b(bucket, min_value, max_value, sum_value, sample_count, last_value));
END;

COMMENT ON FUNCTION promkeep.promkeep_rollup_rows(width interval, from_time timestamp with time zone, to_time timestamp with time zone) IS 'What metrics_5m and metrics_1h show, with the rights of the caller.';

CREATE VIEW promkeep.metrics_5m AS
 SELECT m."timestamp",
    m.metric_name,
    m.labels,
    m.source,
    m.org_id,
    m.source_name,
    m.query,
    m.min_value,
    m.max_value,
    m.sum_value,
    m.sample_count,
    m.last_value
   FROM promkeep.promkeep_rollup_rows('00:05:00'::interval, '-infinity'::timestamp with time zone, 'infinity'::timestamp with time zone) m("timestamp", metric_name, labels, source, org_id, source_name, query, min_value, max_value, sum_value, sample_count, last_value);

COMMENT ON VIEW promkeep.metrics_5m IS 'min, max, sum, count and last of every series per 5 minutes: stored ones where they are stored, the others computed when read.';

COMMENT ON COLUMN promkeep.metrics_5m."timestamp" IS 'End of the bucket, which belongs to it; its start does not.';

COMMENT ON COLUMN promkeep.metrics_5m.metric_name IS 'As in metrics_data.';

COMMENT ON COLUMN promkeep.metrics_5m.labels IS 'As in metrics_data.';

COMMENT ON COLUMN promkeep.metrics_5m.source IS 'As in metrics_data.';

COMMENT ON COLUMN promkeep.metrics_5m.org_id IS 'As in metrics_data.';

COMMENT ON COLUMN promkeep.metrics_5m.source_name IS 'As in metrics_data.';

COMMENT ON COLUMN promkeep.metrics_5m.query IS 'As in metrics_data.';

COMMENT ON COLUMN promkeep.metrics_5m.min_value IS 'Smallest value; NaN only where there is nothing else.';

COMMENT ON COLUMN promkeep.metrics_5m.max_value IS 'Largest value; NaN where there is one, since PostgreSQL sorts it above all numbers.';

COMMENT ON COLUMN promkeep.metrics_5m.sum_value IS 'Sum.';

COMMENT ON COLUMN promkeep.metrics_5m.sample_count IS 'Number of samples that are not null.';

COMMENT ON COLUMN promkeep.metrics_5m.last_value IS 'Value of the last sample.';

CREATE FUNCTION promkeep.metrics_rollup(width interval, from_time timestamp with time zone, to_time timestamp with time zone) RETURNS SETOF promkeep.metrics_5m
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT promkeep_rollup_rows."timestamp",
     promkeep_rollup_rows.metric_name,
     promkeep_rollup_rows.labels,
     promkeep_rollup_rows.source,
     promkeep_rollup_rows.org_id,
     promkeep_rollup_rows.source_name,
     promkeep_rollup_rows.query,
     promkeep_rollup_rows.min_value,
     promkeep_rollup_rows.max_value,
     promkeep_rollup_rows.sum_value,
     promkeep_rollup_rows.sample_count,
     promkeep_rollup_rows.last_value
    FROM promkeep.promkeep_rollup_rows(metrics_rollup.width, metrics_rollup.from_time, metrics_rollup.to_time) promkeep_rollup_rows("timestamp", metric_name, labels, source, org_id, source_name, query, min_value, max_value, sum_value, sample_count, last_value);
END;

COMMENT ON FUNCTION promkeep.metrics_rollup(width interval, from_time timestamp with time zone, to_time timestamp with time zone) IS 'Rollups of any width over the samples after from_time and up to to_time, reading only what lies there. Buckets at the ends are cut by the range unless it lies on their borders. Where samples have expired, only widths that are a multiple of stored buckets have anything.';

CREATE FUNCTION promkeep.promkeep_actor() RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'promkeep', 'pg_temp'
    AS $$
  SELECT coalesce(nullif(current_setting('promkeep.actor', true), ''), 'role:' || session_user)
$$;

COMMENT ON FUNCTION promkeep.promkeep_actor() IS 'Who is at work: promkeep.actor, which Promkeep sets in its transactions, else the database role.';

CREATE FUNCTION promkeep.promkeep_add_fetch(in_query bigint, in_version integer, in_from timestamp with time zone, in_to timestamp with time zone, in_fetched_at timestamp with time zone, in_expression text, in_prometheus_version text, in_warnings text[], in_counts bigint[], in_covered tstzmultirange, in_series bigint[], in_times timestamp with time zone[], in_values double precision[], OUT fetch_id bigint, OUT transaction_id text) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'promkeep', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
BEGIN
  INSERT INTO promkeep_fetches AS f (query_id, version, fetched_range, fetched_at, expression, prometheus_version,
    warnings, inserted, unchanged, revised, withdrawn, refused)
  VALUES (in_query, in_version, tstzrange(in_from, in_to, '[]'), in_fetched_at, in_expression, in_prometheus_version,
    in_warnings, in_counts[1], in_counts[2], in_counts[3], in_counts[4], in_counts[5])
  RETURNING f.fetch_id, pg_current_xact_id()::text INTO fetch_id, transaction_id;
  INSERT INTO promkeep_samples (series_id, time, value, fetch_id)
  SELECT n.series_id, n.time, n.value, promkeep_add_fetch.fetch_id
  FROM unnest(in_series, in_times, in_values) AS n(series_id, time, value);
  IF NOT isempty(in_covered) THEN
    PERFORM promkeep_cover(in_query, in_version, in_covered);
  END IF;
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_add_fetch(in_query bigint, in_version integer, in_from timestamp with time zone, in_to timestamp with time zone, in_fetched_at timestamp with time zone, in_expression text, in_prometheus_version text, in_warnings text[], in_counts bigint[], in_covered tstzmultirange, in_series bigint[], in_times timestamp with time zone[], in_values double precision[], OUT fetch_id bigint, OUT transaction_id text) IS 'Notes a write that changes samples (in_counts: inserted, unchanged, revised, withdrawn, refused), inserts the first of its new samples and adds to the coverage. The caller holds the query''s lock.';

CREATE FUNCTION promkeep.promkeep_bucket_bound(schema integer, bucket integer, custom_bounds double precision[]) RETURNS double precision
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'promkeep', 'pg_temp'
    AS $$
DECLARE
  fraction float8 := 0.5;
  exponent integer;
BEGIN
  IF schema = -53 THEN
    RETURN CASE WHEN bucket < 0 THEN '-Infinity' WHEN bucket >= cardinality(custom_bounds) THEN 'Infinity'
      ELSE custom_bounds[bucket + 1] END;
  ELSIF schema < -4 OR schema > 8 THEN
    RAISE EXCEPTION 'native histograms of schema % are not known', schema USING ERRCODE = 'feature_not_supported';
  ELSIF schema < 0 THEN
    exponent := bucket * (1 << -schema) + 1;
  ELSE
    fraction := 0.5 * power(2::float8, (bucket & (1 << schema) - 1)::float8 / (1 << schema));
    exponent := (bucket >> schema) + 1;
  END IF;
  RETURN CASE
    WHEN exponent = 1025 AND fraction = 0.5 THEN 1.7976931348623157e308
    WHEN exponent > 1024 THEN 'Infinity'
    WHEN exponent < -1074 OR (exponent = -1074 AND fraction = 0.5) THEN 0
    ELSE fraction * power(2::float8, exponent / 2) * power(2::float8, exponent - exponent / 2) END;
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_bucket_bound(schema integer, bucket integer, custom_bounds double precision[]) IS 'Upper bound of a bucket of a native histogram, by its schema and number, to 15 digits that of Prometheus; it is the lower one of the next.';

CREATE FUNCTION promkeep.promkeep_canonical_labels(labels jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN (jsonb_typeof(labels) = 'object'::text) THEN (('{'::text || COALESCE(( SELECT string_agg((((to_json(jsonb_each.key))::text || ':'::text) || (jsonb_each.value)::text), ','::text ORDER BY (jsonb_each.key COLLATE "C")) AS string_agg
                FROM jsonb_each(promkeep_canonical_labels.labels) jsonb_each(key, value)), ''::text)) || '}'::text)
             ELSE (labels)::text
         END AS labels;
END;

COMMENT ON FUNCTION promkeep.promkeep_canonical_labels(labels jsonb) IS 'Labels as canonical JSON: keys in code point order, no white space.';

CREATE FUNCTION promkeep.promkeep_choose_organisation() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'promkeep', 'pg_temp'
    AS $$
DECLARE
  allowed bigint[];
BEGIN
  IF row_security_active(format('%I.promkeep_sources', TG_TABLE_SCHEMA)::regclass) THEN
    SELECT CASE WHEN count(*) FILTER (WHERE m.org_id IS NULL) = 0 THEN array_agg(m.org_id ORDER BY m.org_id) END INTO allowed
    FROM promkeep_own_organisations m;
  END IF;
  IF allowed IS NULL THEN
    NEW.org_id := coalesce(NEW.org_id, 1);
    IF NEW.org_id <> 1 AND (TG_OP = 'INSERT' OR NEW.org_id <> OLD.org_id) THEN
      RAISE EXCEPTION 'metrics_data: rows can be inserted only without query, org_id and source_name'
        USING ERRCODE = 'feature_not_supported';
    END IF;
  ELSIF NEW.org_id IS NULL AND cardinality(allowed) = 1 THEN
    NEW.org_id := allowed[1];
  ELSIF NEW.org_id IS NULL OR NEW.org_id <> ALL (allowed) THEN
    RAISE EXCEPTION 'metrics_data: role % may write rows of the organisations % only', current_user, allowed
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_choose_organisation() IS 'INSTEAD OF trigger of metrics_data: a role that is limited to an organisation writes rows of that organisation.';

CREATE FUNCTION promkeep.promkeep_cover(in_query bigint, in_version integer, in_covered tstzmultirange) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'promkeep', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
BEGIN
  INSERT INTO promkeep_coverage AS c (query_id, version, covered) VALUES (in_query, in_version, in_covered)
  ON CONFLICT (query_id, version) DO UPDATE SET covered = c.covered + excluded.covered, updated_at = now()
  WHERE NOT c.covered @> excluded.covered;
  UPDATE promkeep_coverage c SET covered = c.covered - in_covered, updated_at = now()
  WHERE c.query_id = in_query AND c.version <> in_version AND c.covered && in_covered;
  WITH hit AS (
    DELETE FROM promkeep_gaps g
    WHERE g.query_id = in_query AND g.version = in_version AND g.missing && in_covered
    RETURNING g.*)
  INSERT INTO promkeep_gaps (query_id, version, missing, reason, detail, first_noted, last_tried, tries)
  SELECT hit.query_id, hit.version, part, hit.reason, hit.detail, hit.first_noted, hit.last_tried, hit.tries
  FROM hit, unnest(tstzmultirange(hit.missing) - in_covered) AS part;
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_cover(in_query bigint, in_version integer, in_covered tstzmultirange) IS 'Adds to the coverage of a version; other versions lose what was written over, gaps what was filled. The caller holds the query''s lock.';

CREATE FUNCTION promkeep.promkeep_retention_days(class text) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN (class ~ '^[1-9][0-9]{0,4}[dwy]$'::text) THEN NULLIF(LEAST((("left"(class, '-1'::integer))::integer *
             CASE "right"(class, 1)
                 WHEN 'd'::text THEN 1
                 WHEN 'w'::text THEN 7
                 ELSE 366
             END), 36601), 36601)
             ELSE NULL::integer
         END AS "case";
END;

COMMENT ON FUNCTION promkeep.promkeep_retention_days(class text) IS 'Days of a retention class (30d, 8w, 1y); null for forever, for more than 36,600 days (100 years), and for anything that cannot be read: all of these are kept.';

CREATE FUNCTION promkeep.promkeep_deletes_more(wanted text, present text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT (
         CASE wanted
             WHEN 'none'::text THEN 0
             ELSE COALESCE(promkeep.promkeep_retention_days(wanted), 2147483647)
         END <
         CASE present
             WHEN 'none'::text THEN 0
             ELSE COALESCE(promkeep.promkeep_retention_days(present), 2147483647)
         END);
END;

COMMENT ON FUNCTION promkeep.promkeep_deletes_more(wanted text, present text) IS 'Whether the first retention is shorter than the second one; none is the shortest.';

CREATE FUNCTION promkeep.promkeep_ensure_chunk_partition(at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'promkeep', 'pg_temp'
    AS $$
DECLARE
  week timestamp := date_trunc('week', at AT TIME ZONE 'UTC');
  partition text := 'promkeep_chunks_' || to_char(week, 'YYYYMMDD');
BEGIN
  IF NOT promkeep_partition_is_there(partition, 'promkeep_chunks') THEN
    LOCK TABLE promkeep_migrations IN SHARE UPDATE EXCLUSIVE MODE;
    PERFORM promkeep_make_partition(partition, 'promkeep_chunks', format('FOR VALUES FROM (%L) TO (%L)',
      week AT TIME ZONE 'UTC', (week + interval '7 days') AT TIME ZONE 'UTC'));
  END IF;
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_ensure_chunk_partition(at timestamp with time zone) IS 'Makes the partition of promkeep_chunks for this time unless it exists.';

CREATE FUNCTION promkeep.promkeep_ensure_own_week(at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'promkeep', 'pg_temp'
    AS $$
DECLARE
  weeks_of_own_rows CONSTANT integer := 520;
  partition text := 'promkeep_samples_' || to_char(date_trunc('week', at AT TIME ZONE 'UTC'), 'YYYYMMDD');
BEGIN
  IF isfinite(at) AND to_regclass(format('%I.%I', current_schema(), partition)) IS NULL
    AND (SELECT count(*) FROM pg_inherits i WHERE i.inhparent = 'promkeep_samples'::regclass) >= weeks_of_own_rows
  THEN
    RAISE EXCEPTION 'metrics_data: % weeks have unpacked rows already; insert rows of more weeks after the next hourly upkeep',
      weeks_of_own_rows USING ERRCODE = 'program_limit_exceeded';
  END IF;
  PERFORM promkeep_ensure_partition(at);
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_ensure_own_week(at timestamp with time zone) IS 'promkeep_ensure_partition() for rows of metrics_data: refuses to make ever more partitions.';

CREATE FUNCTION promkeep.promkeep_ensure_packed_partition(class text, at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'promkeep', 'pg_temp'
    AS $$
DECLARE
  of_class text := 'promkeep_packed_' || class;
  days integer := promkeep_partition_days(class);
  start_time timestamptz := promkeep_period_start(at, days * 86400000::bigint);
  partition text := of_class || '_' || to_char(start_time AT TIME ZONE 'UTC', 'YYYYMMDD');
BEGIN
  IF class <> promkeep_retention_class(class) THEN
    RAISE EXCEPTION 'there is no retention class %', class USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF NOT promkeep_partition_is_there(partition, of_class) THEN
    LOCK TABLE promkeep_migrations IN SHARE UPDATE EXCLUSIVE MODE;
    PERFORM promkeep_make_partition(of_class, 'promkeep_packed', format('FOR VALUES IN (%L)', class));
    PERFORM promkeep_make_partition(partition, of_class, format('FOR VALUES FROM (%L) TO (%L)',
      start_time, start_time + interval '24 hours' * days));
  END IF;
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_ensure_packed_partition(class text, at timestamp with time zone) IS 'Makes the partition of promkeep_packed for this class and time unless it exists.';

CREATE FUNCTION promkeep.promkeep_ensure_partition(at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'promkeep', 'pg_temp'
    AS $$
DECLARE
  week timestamp;
  partition text;
BEGIN
  IF NOT isfinite(at) OR at < '0001-01-01 00:00:00+00' OR at >= '10000-01-01 00:00:00+00' THEN
    RAISE EXCEPTION 'time % is outside of the years 1 to 9999', at USING ERRCODE = 'datetime_field_overflow';
  END IF;
  week := date_trunc('week', at AT TIME ZONE 'UTC');
  partition := 'promkeep_samples_' || to_char(week, 'YYYYMMDD');
  IF NOT promkeep_partition_is_there(partition, 'promkeep_samples') THEN
    LOCK TABLE promkeep_migrations IN SHARE UPDATE EXCLUSIVE MODE;
    PERFORM promkeep_make_partition(partition, 'promkeep_samples', format('FOR VALUES FROM (%L) TO (%L)',
      week AT TIME ZONE 'UTC', (week + interval '7 days') AT TIME ZONE 'UTC'));
  END IF;
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_ensure_partition(at timestamp with time zone) IS 'Makes the partition of promkeep_samples for this time unless it exists.';

CREATE FUNCTION promkeep.promkeep_ensure_rollup_partition(width integer, at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'promkeep', 'pg_temp'
    AS $$
DECLARE
  of_width text := 'promkeep_rollups_' || width;
  days integer := CASE width WHEN 300 THEN 28 ELSE 364 END;
  start_time timestamptz := promkeep_period_start(at, days * 86400000::bigint);
  partition text := of_width || '_' || to_char(start_time AT TIME ZONE 'UTC', 'YYYYMMDD');
BEGIN
  IF NOT promkeep_partition_is_there(partition, of_width) THEN
    LOCK TABLE promkeep_migrations IN SHARE UPDATE EXCLUSIVE MODE;
    PERFORM promkeep_make_partition(partition, of_width, format('FOR VALUES FROM (%L) TO (%L)',
      start_time, start_time + interval '24 hours' * days));
  END IF;
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_ensure_rollup_partition(width integer, at timestamp with time zone) IS 'Makes the partition of promkeep_rollups for this width and time unless it exists.';

CREATE FUNCTION promkeep.promkeep_find_chunks(chunks bytea, encodings integer[], low_ms bigint, high_ms bigint) RETURNS TABLE(encoding integer, start_ms bigint, chunk bytea)
    LANGUAGE plpgsql IMMUTABLE ROWS 50 PARALLEL SAFE
    SET search_path TO 'promkeep', 'pg_temp'
    AS $$
DECLARE
  data CONSTANT bytea := chunks || '\x0000000000000000'::bytea;
  data_end CONSTANT integer := length(data) - 8;
  at integer := 0;
  octets bigint;
  end_ms bigint := 0;
  size integer;
BEGIN
  WHILE at < data_end LOOP
    encoding := get_byte(data, at);
    octets := ('x' || encode(substr(data, at + 2, 8), 'hex'))::bit(64)::bigint;
    IF octets >= 0 THEN
      start_ms := end_ms + (octets >> 56);
      octets := octets << 8;
      at := at + 2;
    ELSIF octets & 36028797018963968 = 0 THEN
      start_ms := end_ms + (octets >> 56 & 127 | (octets >> 41 & 16256));
      octets := octets << 16;
      at := at + 3;
    ELSIF octets & 140737488355328 = 0 THEN
      start_ms := end_ms + (octets >> 56 & 127 | (octets >> 41 & 16256) | (octets >> 26 & 2080768));
      octets := octets << 24;
      at := at + 4;
    ELSE
      start_ms := end_ms + (octets >> 56 & 127 | (octets >> 41 & 16256) | (octets >> 26 & 2080768) | (octets >> 11 & 266338304));
      octets := octets << 32;
      at := at + 5;
    END IF;
    IF octets >= 0 THEN
      end_ms := start_ms + (octets >> 56);
      at := at + 1;
    ELSIF octets & 36028797018963968 = 0 THEN
      end_ms := start_ms + (octets >> 56 & 127 | (octets >> 41 & 16256));
      at := at + 2;
    ELSIF octets & 140737488355328 = 0 THEN
      end_ms := start_ms + (octets >> 56 & 127 | (octets >> 41 & 16256) | (octets >> 26 & 2080768));
      at := at + 3;
    ELSE
      end_ms := start_ms + (octets >> 56 & 127 | (octets >> 41 & 16256) | (octets >> 26 & 2080768) | (octets >> 11 & 266338304));
      at := at + 4;
    END IF;
    size := get_byte(data, at);
    IF size > 127 THEN
      size := size & 127 | (get_byte(data, at + 1) << 7);
      at := at + 1;
      IF size > 16383 THEN
        size := size & 16383 | (get_byte(data, at + 1) << 14);
        at := at + 1;
        IF size > 2097151 THEN
          size := size & 2097151 | (get_byte(data, at + 1) << 21);
          at := at + 1;
        END IF;
      END IF;
    END IF;
    at := at + 1 + size;
    IF at > data_end THEN
      RAISE EXCEPTION 'a row of promkeep_chunks is damaged' USING ERRCODE = 'data_corrupted';
    END IF;
    EXIT WHEN start_ms > high_ms;
    IF encoding = ANY (encodings) AND (end_ms < low_ms) IS NOT TRUE THEN
      chunk := substr(data, at - size + 1, size);
      RETURN NEXT;
    END IF;
  END LOOP;
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_find_chunks(chunks bytea, encodings integer[], low_ms bigint, high_ms bigint) IS 'Chunks of these encodings out of a row of promkeep_chunks, those that touch the range, and the milliseconds from from_time to the first sample of each. The range as well; null: no bound.';

CREATE FUNCTION promkeep.promkeep_fingerprint(metric_name text, labels jsonb) RETURNS bytea
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT sha256(((convert_to(metric_name, 'UTF8'::name) || '\x00'::bytea) || convert_to(COALESCE(promkeep.promkeep_canonical_labels(labels), ''::text), 'UTF8'::name))) AS sha256;
END;

COMMENT ON FUNCTION promkeep.promkeep_fingerprint(metric_name text, labels jsonb) IS 'Identity of a series within its query. Writers compute the same outside of the database.';

CREATE FUNCTION promkeep.promkeep_float8(bits bigint) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT
         CASE ((bits >> 52) & (2047)::bigint)
             WHEN 2047 THEN
             CASE bits
                 WHEN '9218868437227405312'::bigint THEN 'Infinity'::double precision
                 WHEN '-4503599627370496'::bigint THEN '-Infinity'::double precision
                 ELSE 'NaN'::double precision
             END
             WHEN 0 THEN (((((bits & '4503599627370495'::bigint))::double precision * power((2)::double precision, ('-537'::integer)::double precision)) * power((2)::double precision, ('-537'::integer)::double precision)) * (
             CASE
                 WHEN (bits < 0) THEN '-1'::integer
                 ELSE 1
             END)::double precision)
             ELSE ((((((bits & '4503599627370495'::bigint) | '4503599627370496'::bigint))::double precision * power((2)::double precision, (((((bits >> 52) & (2047)::bigint) - 1075) / 2))::double precision)) * power((2)::double precision, (((((bits >> 52) & (2047)::bigint) - 1075) - ((((bits >> 52) & (2047)::bigint) - 1075) / 2)))::double precision)) * (
             CASE
                 WHEN (bits < 0) THEN '-1'::integer
                 ELSE 1
             END)::double precision)
         END AS "case";
END;

COMMENT ON FUNCTION promkeep.promkeep_float8(bits bigint) IS 'The double of these 64 bits, exactly; every NaN is the same one.';

CREATE FUNCTION promkeep.promkeep_grace() RETURNS interval
    LANGUAGE sql STABLE
    SET search_path TO 'promkeep', 'pg_temp'
    AS $$
  SELECT interval '24 hours' * coalesce(
    (SELECT promkeep_retention_days(s.value) FROM promkeep_settings s WHERE s.name = 'deletion_grace'), 7)
$$;

COMMENT ON FUNCTION promkeep.promkeep_grace() IS 'How long a deletion waits; 7 days unless promkeep_settings says otherwise.';

CREATE FUNCTION promkeep.promkeep_grant_reader(role_name name, org_id bigint DEFAULT NULL::bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'promkeep', 'pg_temp'
    AS $_$
DECLARE
  object text;
BEGIN
  DELETE FROM promkeep_readers m
  WHERE m.role_name = $1 AND m.org_id IS NOT DISTINCT FROM $2;
  INSERT INTO promkeep_readers (role_name, org_id) VALUES ($1, $2);
  IF $1 <> 'public' AND NOT has_schema_privilege($1, current_schema(), 'USAGE') THEN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), $1);
  END IF;
  FOREACH object IN ARRAY promkeep_readable() LOOP
    EXECUTE format('GRANT SELECT ON %I TO %I', object, $1);
  END LOOP;
END
$_$;

COMMENT ON FUNCTION promkeep.promkeep_grant_reader(role_name name, org_id bigint) IS 'Lets a role read everything of one organisation, or of all without one. Call it once for each organisation the role may see.';

CREATE FUNCTION promkeep.promkeep_raw_buckets(from_time timestamp with time zone, chunks bytea, low timestamp with time zone DEFAULT '-infinity'::timestamp with time zone, high timestamp with time zone DEFAULT 'infinity'::timestamp with time zone) RETURNS TABLE(sample_time timestamp with time zone, bucket_lower double precision, bucket_upper double precision, bucket_count double precision)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT (promkeep_raw_buckets.from_time + ('00:00:00.001'::interval * (d.offset_ms)::double precision)),
     b.lower,
     b.upper,
     b.count
    FROM (promkeep.promkeep_decode_histograms(promkeep_raw_buckets.chunks, promkeep.promkeep_ms_after(promkeep_raw_buckets.from_time, promkeep_raw_buckets.low), promkeep.promkeep_ms_after(promkeep_raw_buckets.from_time, promkeep_raw_buckets.high), true) d(offset_ms, sample_count, sample_sum, bucket_lowers, bucket_uppers, bucket_counts)
      CROSS JOIN LATERAL UNNEST(d.bucket_lowers, d.bucket_uppers, d.bucket_counts) b(lower, upper, count))
   WHERE (b.count <> (0)::double precision);
END;

COMMENT ON FUNCTION promkeep.promkeep_raw_buckets(from_time timestamp with time zone, chunks bytea, low timestamp with time zone, high timestamp with time zone) IS 'Buckets that are not empty of the native histograms of a row of promkeep_chunks, each with its own count; as promkeep_raw_samples().';

CREATE FUNCTION promkeep.promkeep_histogram_buckets(from_time timestamp with time zone, to_time timestamp with time zone) RETURNS TABLE(metric_name character varying, "timestamp" timestamp with time zone, labels jsonb, org_id bigint, source_name text, query text, bucket_lower double precision, bucket_upper double precision, bucket_count double precision)
    LANGUAGE sql STABLE ROWS 10000 PARALLEL SAFE
    BEGIN ATOMIC
 SELECT r.metric_name,
     u.sample_time,
     n.labels,
     o.org_id,
     o.name,
     q.name,
     u.bucket_lower,
     u.bucket_upper,
     u.bucket_count
    FROM (((((promkeep.promkeep_chunks c
      JOIN promkeep.promkeep_named_series() r(series_id, query_id, label_ids, metric_name, suffix) ON ((r.series_id = c.series_id)))
      LEFT JOIN promkeep.promkeep_queries q ON ((q.query_id = r.query_id)))
      LEFT JOIN promkeep.promkeep_sources o ON ((o.source_id = q.source_id)))
      LEFT JOIN LATERAL ( SELECT promkeep.promkeep_labels_of(r.label_ids) AS labels
          HAVING true) n ON (true))
      CROSS JOIN LATERAL promkeep.promkeep_raw_buckets(c.from_time, c.chunks, promkeep_histogram_buckets.from_time, promkeep_histogram_buckets.to_time) u(sample_time, bucket_lower, bucket_upper, bucket_count))
   WHERE ((c.from_time <= promkeep_histogram_buckets.to_time) AND (c.from_time > (promkeep_histogram_buckets.from_time - '24:00:00'::interval)) AND (c.to_time >= promkeep_histogram_buckets.from_time) AND (u.sample_time >= promkeep_histogram_buckets.from_time) AND (u.sample_time <= promkeep_histogram_buckets.to_time));
END;

COMMENT ON FUNCTION promkeep.promkeep_histogram_buckets(from_time timestamp with time zone, to_time timestamp with time zone) IS 'Buckets of native histograms between two times (both inclusive), those that are not empty; each with its own count, not that of all below. Further conditions are pushed into it.';

CREATE FUNCTION promkeep.promkeep_hold_back_data() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'promkeep', 'pg_temp'
    AS $$
BEGIN
  IF OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL THEN
    PERFORM promkeep_take_back(OLD.query_id, 'data');
  END IF;
  IF NEW.delete_data AND NOT OLD.delete_data THEN
    NEW.delete_data := promkeep_may_delete(OLD.query_id, 'data', OLD.retention, 'deleted');
  END IF;
  RETURN NEW;
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_hold_back_data() IS 'Trigger of promkeep_queries: the deletion of data waits for its date. A query that is used again ends the waiting.';

CREATE FUNCTION promkeep.promkeep_hold_back_retention() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'promkeep', 'pg_temp'
    AS $$
BEGIN
  IF NOT promkeep_deletes_more(NEW.retention, OLD.retention) THEN
    PERFORM promkeep_take_back(OLD.query_id, 'retention');
  ELSIF NOT promkeep_may_delete(OLD.query_id, 'retention', OLD.retention, NEW.retention) THEN
    NEW.retention := OLD.retention;
  END IF;
  RETURN NEW;
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_hold_back_retention() IS 'Trigger of promkeep_queries: a shorter retention waits for its date. Any other one, also the one in force, ends the waiting.';

CREATE FUNCTION promkeep.promkeep_hold_back_setting() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'promkeep', 'pg_temp'
    AS $$
DECLARE
  of_name text;
  present text;
  asked text;
BEGIN
  IF TG_OP = 'DELETE' THEN
    of_name := OLD.name;
  ELSE
    of_name := NEW.name;
  END IF;
  present := CASE of_name WHEN 'five_minute_rollups' THEN '1y' WHEN 'hourly_rollups' THEN 'forever' ELSE '7d' END;
  asked := present;
  IF TG_OP <> 'INSERT' THEN
    present := OLD.value;
  -- INSERT ... ON CONFLICT comes here before it finds the row, and then once more as an UPDATE.
  ELSIF EXISTS (SELECT 1 FROM promkeep_settings s WHERE s.name = of_name) THEN
    RETURN NEW;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    asked := NEW.value;
  END IF;
  IF of_name = 'deletion_grace' THEN
    IF asked <> present THEN
      PERFORM promkeep_note_audit(NULL::bigint, promkeep_actor(), 'at once', of_name, present, asked, now(),
        NULL::bigint);
    END IF;
  ELSIF NOT promkeep_deletes_more(asked, present) THEN
    PERFORM promkeep_take_back(NULL::bigint, of_name);
  ELSIF NOT promkeep_may_delete(NULL::bigint, of_name, present, asked) THEN
    IF TG_OP = 'DELETE' THEN
      RETURN NULL;
    END IF;
    NEW.value := present;
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  RETURN NEW;
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_hold_back_setting() IS 'Trigger of promkeep_settings: a shorter time for stored rollups waits for its date, as promkeep_hold_back_retention() does it for queries. Another grace time holds at once, for what is asked from then on.';

CREATE FUNCTION promkeep.promkeep_inserted_query(of_org bigint, source_text character varying) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'promkeep', 'pg_temp'
    AS $$
DECLARE
  print bytea := sha256(convert_to(coalesce('=' || source_text, ''), 'UTF8'));
  found_id bigint;
BEGIN
  LOOP
    SELECT q.query_id INTO found_id FROM promkeep_queries q
    JOIN promkeep_sources o ON o.source_id = q.source_id
    WHERE o.org_id = of_org AND o.name = 'default' AND q.kind = 'inserted' AND q.identity = print;
    IF found_id IS NOT NULL THEN
      RETURN found_id;
    END IF;
    INSERT INTO promkeep_sources (org_id, name) VALUES (of_org, 'default') ON CONFLICT DO NOTHING;
    WITH made AS (
      INSERT INTO promkeep_queries (source_id, kind, identity, source_text, retention)
      SELECT o.source_id, 'inserted', print, promkeep_inserted_query.source_text, 'forever'
      FROM promkeep_sources o WHERE o.org_id = of_org AND o.name = 'default'
      ON CONFLICT DO NOTHING RETURNING query_id)
    INSERT INTO promkeep_query_versions (query_id, version, expression) SELECT made.query_id, 1, '' FROM made;
  END LOOP;
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_inserted_query(of_org bigint, source_text character varying) IS 'Finds or makes the query that rows inserted with this source belong to.';

CREATE FUNCTION promkeep.promkeep_kept_from(class text, at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT COALESCE((at - ('24:00:00'::interval * (promkeep.promkeep_retention_days(class))::double precision)), '-infinity'::timestamp with time zone) AS "coalesce";
END;

COMMENT ON FUNCTION promkeep.promkeep_kept_from(class text, at timestamp with time zone) IS 'Samples before this time may go at that time; -infinity where all are kept, and never null, which least() and greatest() would pass over.';

CREATE FUNCTION promkeep.promkeep_make_partition(partition text, parent text, bounds text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'promkeep', 'pg_temp'
    AS $$
BEGIN
  -- The table lock, which ATTACH needs anyway, makes this session notice what others committed: without it, the answer "no
  -- such table" from before is still cached.
  EXECUTE format('LOCK TABLE %I IN SHARE UPDATE EXCLUSIVE MODE', parent);
  IF promkeep_partition_is_there(partition, parent) THEN
    RETURN;
  END IF;
  -- CREATE TABLE ... PARTITION OF would lock the whole archive against readers until commit, ATTACH does not.
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)%s', partition, parent,
    CASE WHEN bounds LIKE 'FOR VALUES IN%' THEN ' PARTITION BY RANGE (from_time)' ELSE '' END);
  PERFORM promkeep_secure_partition(quote_ident(partition)::regclass);
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I %s', parent, partition, bounds);
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_make_partition(partition text, parent text, bounds text) IS 'Makes a partition unless it is there.';

CREATE FUNCTION promkeep.promkeep_may_delete(of_query bigint, of_what text, present text, asked text) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'promkeep', 'pg_temp'
    AS $$
DECLARE
  known promkeep_pending;
  due boolean;
  from_when timestamptz;
  cut timestamptz;
  samples bigint;
  first_time timestamptz;
BEGIN
  SELECT p.* INTO known FROM promkeep_pending p
  WHERE coalesce(p.query_id, 0) = coalesce(of_query, 0) AND p.what = of_what FOR UPDATE;
  due := coalesce(known.wanted = asked AND known.effective_at <= now(), false);
  IF due OR current_setting('promkeep.grace', true) = 'waived' THEN
    DELETE FROM promkeep_pending p WHERE p.pending_id = known.pending_id;
    PERFORM promkeep_note_audit(of_query, CASE WHEN due THEN known.asked_by ELSE promkeep_actor() END,
      CASE WHEN due THEN 'carried out' ELSE 'at once' END, of_what, present, asked, now(), known.about_samples);
    RETURN true;
  END IF;
  -- Where there is nothing, nothing can be lost.
  IF of_query IS NOT NULL AND NOT EXISTS (SELECT 1 FROM promkeep_series r WHERE r.query_id = of_query)
      AND NOT EXISTS (SELECT 1 FROM promkeep_raw_series r WHERE r.query_id = of_query)
    OR of_query IS NULL AND NOT EXISTS (SELECT 1 FROM promkeep_rollup_state t
      WHERE t.width_s = CASE of_what WHEN 'five_minute_rollups' THEN 300 ELSE 3600 END) THEN
    DELETE FROM promkeep_pending p WHERE p.pending_id = known.pending_id;
    RETURN true;
  END IF;
  IF known.wanted = asked THEN
    RETURN false;
  END IF;
  -- Who asks for less than what waits already need not wait longer.
  from_when := CASE WHEN known.pending_id IS NULL OR promkeep_deletes_more(asked, known.wanted)
    THEN now() + promkeep_grace() ELSE known.effective_at END;
  IF of_query IS NOT NULL THEN
    cut := CASE WHEN of_what = 'data' THEN 'infinity' ELSE promkeep_kept_from(asked, now()) END;
    -- Of a write that reaches beyond the cut, its share before it.
    SELECT coalesce(sum((f.inserted - f.withdrawn) * CASE WHEN upper(f.fetched_range) <= cut OR f.fetched_range IS NULL THEN 1
        ELSE extract(epoch FROM cut - lower(f.fetched_range))
          / extract(epoch FROM upper(f.fetched_range) - lower(f.fetched_range)) END), 0),
      min(lower(f.fetched_range)) INTO samples, first_time
    FROM promkeep_fetches f
    WHERE f.query_id = of_query AND (of_what = 'data'
      OR lower(f.fetched_range) < cut AND upper(f.fetched_range) >= promkeep_kept_from(present, now()));
  END IF;
  INSERT INTO promkeep_pending AS p (what, query_id, wanted, asked_by, effective_at, about_samples, oldest)
  VALUES (of_what, of_query, asked, promkeep_actor(), from_when, samples, first_time)
  ON CONFLICT (coalesce(query_id, 0), what) DO UPDATE SET wanted = excluded.wanted, asked_by = excluded.asked_by, asked_at = now(),
    effective_at = excluded.effective_at, about_samples = excluded.about_samples, oldest = excluded.oldest;
  PERFORM promkeep_note_audit(of_query, promkeep_actor(), 'asked', of_what, present, asked, from_when, samples);
  RETURN false;
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_may_delete(of_query bigint, of_what text, present text, asked text) IS 'Whether what deletes (a shorter retention, the data of a query) may hold from now on: its date has come, promkeep.grace is set to waived in this transaction, or there is nothing to delete. Otherwise it is noted in promkeep_pending.';

CREATE FUNCTION promkeep.promkeep_metrics_data_write() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'promkeep', 'pg_temp'
    AS $$
BEGIN
  IF TG_OP IN ('UPDATE', 'DELETE') THEN
    PERFORM promkeep_remove_row(OLD);
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  NEW := promkeep_put_row(NEW);
  RETURN NEW;
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_metrics_data_write() IS 'INSTEAD OF trigger of metrics_data.';

CREATE FUNCTION promkeep.promkeep_name_raw_series() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'promkeep', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
BEGIN
  SELECT l.label_id INTO NEW.name_id FROM promkeep_labels l WHERE l.label_id = ANY (NEW.label_ids) AND l.name = '__name__';
  RETURN NEW;
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_name_raw_series() IS 'Trigger of promkeep_raw_series: finds the metric name among the labels.';

CREATE FUNCTION promkeep.promkeep_note_audit(of_query bigint, actor text, action text, what text, before text, wanted text, effective_at timestamp with time zone, about_samples bigint) RETURNS void
    LANGUAGE sql
    SET search_path TO 'promkeep', 'pg_temp'
    AS $_$
  INSERT INTO promkeep_audit (source_id, org_id, query, actor, action, what, before, wanted, effective_at, about_samples)
  SELECT o.source_id, o.org_id, coalesce(q.name, q.source_text), $2, $3, $4, $5, $6, $7, $8
  FROM (SELECT 1) one
  LEFT JOIN promkeep_queries q ON q.query_id = $1
  LEFT JOIN promkeep_sources o ON o.source_id = q.source_id
$_$;

COMMENT ON FUNCTION promkeep.promkeep_note_audit(of_query bigint, actor text, action text, what text, before text, wanted text, effective_at timestamp with time zone, about_samples bigint) IS 'Writes a line of promkeep_audit.';

CREATE FUNCTION promkeep.promkeep_note_stale() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'promkeep', 'pg_temp'
    AS $$
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

COMMENT ON FUNCTION promkeep.promkeep_note_stale() IS 'Trigger of promkeep_fetches: a write before stored_until makes the rollups of its hours stale. The writer holds the query''s lock.';

CREATE FUNCTION promkeep.promkeep_open_write(in_org bigint, in_source text, in_epoch bigint, in_kind text, in_identity bytea, in_prints bytea[], OUT leads boolean, OUT query_id bigint, OUT version integer, OUT expression text, OUT step_ms bigint, OUT raw boolean, OUT retention text, OUT provisioned boolean, OUT paused boolean, OUT deleted boolean, OUT packed_until_ms bigint, OUT newest_ms bigint, OUT period_ms bigint, OUT packed_class text, OUT series bytea) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'promkeep', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $_$
DECLARE
  of_source bigint;
BEGIN
  leads := true;
  SELECT o.source_id INTO of_source FROM promkeep_sources o WHERE o.org_id = in_org AND o.name = in_source;
  IF in_epoch IS NOT NULL THEN
    PERFORM 1 FROM promkeep_leases l WHERE l.source_id = of_source AND l.epoch = in_epoch FOR KEY SHARE;
    leads := FOUND;
    IF NOT leads THEN
      RETURN;
    END IF;
  END IF;
  SELECT q.query_id, q.current_version, q.raw, q.retention, q.provisioned, q.paused_at IS NOT NULL, q.deleted_at IS NOT NULL,
         ceil(extract(epoch FROM q.packed_until) * 1000)::bigint, promkeep_period_ms(q.step_ms, q.retention),
         promkeep_retention_class(q.retention)
  INTO query_id, version, raw, retention, provisioned, paused, deleted, packed_until_ms, period_ms, packed_class
  FROM promkeep_queries q
  WHERE q.source_id = of_source AND q.kind = in_kind AND q.identity = in_identity
  FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  SELECT v.expression, v.step_ms INTO expression, step_ms FROM promkeep_query_versions v
  WHERE v.query_id = promkeep_open_write.query_id AND v.version = promkeep_open_write.version;
  SELECT ceil(extract(epoch FROM max(upper(f.fetched_range))) * 1000)::bigint INTO newest_ms
  FROM promkeep_fetches f WHERE f.query_id = promkeep_open_write.query_id;
  -- Planned anew each time: how many are asked for decides how they are best found.
  EXECUTE $find$
    SELECT string_agg(r.fingerprint || int8send(r.series_id) || CASE r.origin WHEN 'named' THEN '\x01'::bytea
             WHEN 'nameless' THEN '\x02' WHEN 'scalar' THEN '\x03' ELSE '\x00' END, '')
    FROM promkeep_series r WHERE r.query_id = $1 AND r.fingerprint = ANY ($2)$find$
  INTO series USING query_id, in_prints;
END
$_$;

COMMENT ON FUNCTION promkeep.promkeep_open_write(in_org bigint, in_source text, in_epoch bigint, in_kind text, in_identity bytea, in_prints bytea[], OUT leads boolean, OUT query_id bigint, OUT version integer, OUT expression text, OUT step_ms bigint, OUT raw boolean, OUT retention text, OUT provisioned boolean, OUT paused boolean, OUT deleted boolean, OUT packed_until_ms bigint, OUT newest_ms bigint, OUT period_ms bigint, OUT packed_class text, OUT series bytea) IS 'Begins a write: takes the lease (with its epoch) and the query''s lock, and says what the writer has to know: the version that is recorded, the end of the newest range ever written, and of every series it has of those asked for: fingerprint (32 bytes), id (8 bytes) and origin (1 byte: 1 named, 2 nameless, 3 scalar).';

CREATE FUNCTION promkeep.promkeep_partition_days(class text) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN (promkeep.promkeep_retention_days(class) <= 60) THEN 7
             ELSE 28
         END AS "case";
END;

COMMENT ON FUNCTION promkeep.promkeep_partition_days(class text) IS 'Days in one partition of packed rows: a week up to 60 days of retention, four weeks above.';

CREATE FUNCTION promkeep.promkeep_partition_is_there(partition text, parent text) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'promkeep', 'pg_temp'
    AS $$
DECLARE
  present regclass := to_regclass(format('%I.%I', current_schema(), partition));
BEGIN
  IF present IS NULL THEN
    IF to_regtype(format('%I.%I', current_schema(), partition)) IS NULL THEN
      RETURN false;
    END IF;
    -- Something else has the name, or another session has made the partition between the two looks: taking a lock makes this
    -- session notice what others committed. This one waits for nobody.
    LOCK TABLE promkeep_migrations IN ACCESS SHARE MODE;
    present := to_regclass(format('%I.%I', current_schema(), partition));
  END IF;
  -- Both look into the catalog as it is now, whatever this transaction sees; a table that is no partition has no ancestors.
  IF (to_regclass(format('%I.%I', current_schema(), parent)) IN (SELECT a.relid FROM pg_partition_ancestors(present) AS a(relid)))
    IS NOT TRUE
  THEN
    RAISE EXCEPTION '%.% is in the way of a partition of %: it is something else; drop or rename it',
      quote_ident(current_schema()), quote_ident(partition), parent USING ERRCODE = 'duplicate_table';
  END IF;
  -- A commit becomes visible a moment before it tells other sessions to forget what they know of the parent table. Opening
  -- the partition waits for that moment to pass (its creator still holds the lock); an insert might not find it otherwise.
  PERFORM pg_relation_size(present);
  RETURN true;
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_partition_is_there(partition text, parent text) IS 'Whether a partition is there; an error where something else has its name.';

CREATE FUNCTION promkeep.promkeep_period_ms(step_ms bigint, class text) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN (step_ms < 5000) THEN (21600000)::bigint
             WHEN ((step_ms IS NULL) OR (step_ms <= 60000)) THEN (86400000)::bigint
             WHEN ((step_ms <= 600000) OR (promkeep.promkeep_partition_days(class) = 7)) THEN (604800000)::bigint
             ELSE '2419200000'::bigint
         END AS "case";
END;

COMMENT ON FUNCTION promkeep.promkeep_period_ms(step_ms bigint, class text) IS 'Milliseconds in one packed period: 6 h below 5 s a step, a day up to 1 min, a week up to 10 min, else four weeks.';

CREATE FUNCTION promkeep.promkeep_period_start(at timestamp with time zone, period_ms bigint) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT ('1970-01-05 00:00:00+00'::timestamp with time zone + ('00:00:00.000001'::interval * (((floor((((EXTRACT(epoch FROM at) * (1000)::numeric) - (345600000)::numeric) / (period_ms)::numeric)) * (period_ms)::numeric) * (1000)::numeric))::double precision));
END;

COMMENT ON FUNCTION promkeep.promkeep_period_start(at timestamp with time zone, period_ms bigint) IS 'Start of the packed period a time lies in. Periods are counted from Monday, 1970-01-05, UTC.';

CREATE FUNCTION promkeep.promkeep_put_row(row_in promkeep.metrics_data) RETURNS promkeep.metrics_data
    LANGUAGE plpgsql
    SET search_path TO 'promkeep', 'pg_temp'
    AS $$
DECLARE
  row_out metrics_data := row_in;
  print bytea := promkeep_fingerprint(row_in.metric_name, row_in.labels);
  of_query bigint;
  of_series bigint;
  of_fetch bigint;
  old record;
BEGIN
  IF row_in.metric_name IS NULL OR row_in.timestamp IS NULL THEN
    RAISE EXCEPTION 'metrics_data: metric_name and timestamp must not be null' USING ERRCODE = 'not_null_violation';
  END IF;
  IF row_in.query IS NOT NULL OR row_in.source_name <> 'default' THEN
    RAISE EXCEPTION 'metrics_data: rows can be inserted only without query, org_id and source_name'
      USING ERRCODE = 'feature_not_supported';
  END IF;
  PERFORM promkeep_ensure_own_week(row_in.timestamp);
  of_query := promkeep_inserted_query(coalesce(row_in.org_id, 1), row_in.source);
  -- Keeps packing away until the end of the transaction, yet not other sessions that insert.
  PERFORM 1 FROM promkeep_queries q WHERE q.query_id = of_query FOR SHARE;
  LOOP
    SELECT r.series_id INTO of_series FROM promkeep_series r
    WHERE r.query_id = of_query AND r.fingerprint = print;
    EXIT WHEN of_series IS NOT NULL;
    INSERT INTO promkeep_series (query_id, fingerprint, metric_name, origin, labels)
    VALUES (of_query, print, row_in.metric_name, 'inserted', row_in.labels) ON CONFLICT DO NOTHING;
  END LOOP;
  row_out.org_id := coalesce(row_in.org_id, 1);
  row_out.source_name := 'default';
  row_out.id := ('x' || substr(md5(of_series || ' ' || (extract(epoch FROM row_in.timestamp) * 1000000)::bigint), 1, 16))
    ::bit(64)::bigint & 9223372036854775807;
  SELECT s.value, f.written_at, false AS packed INTO old FROM promkeep_samples s
  LEFT JOIN promkeep_fetches f ON f.fetch_id = s.fetch_id
  WHERE s.series_id = of_series AND s.time = row_in.timestamp;
  IF NOT FOUND THEN
    SELECT u.sample_value AS value, f.written_at, true AS packed INTO old FROM promkeep_packed p
    CROSS JOIN LATERAL promkeep_unpack(p.from_time, p.sample_count, p.step_us, p.offsets_us, p.sample_values, p.differences,
      p.divisor, p.fetch_ids, p.fetch_starts) u
    LEFT JOIN promkeep_fetches f ON f.fetch_id = u.sample_fetch
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
      PERFORM promkeep_take_apart(ARRAY[of_series], row_in.timestamp, row_in.timestamp);
    END IF;
  END IF;
  -- All rows of a transaction share one fetch: now() is the transaction's start.
  row_out.created_at := coalesce(row_in.created_at, now());
  SELECT f.fetch_id INTO of_fetch FROM promkeep_fetches f
  WHERE f.query_id = of_query AND f.fetched_at = row_out.created_at LIMIT 1;
  IF of_fetch IS NULL THEN
    INSERT INTO promkeep_fetches (query_id, version, fetched_at, written_at)
    VALUES (of_query, 1, row_out.created_at, row_out.created_at) RETURNING fetch_id INTO of_fetch;
  END IF;
  INSERT INTO promkeep_samples AS s (series_id, time, value, fetch_id)
  VALUES (of_series, row_in.timestamp, row_in.metric_value, of_fetch)
  ON CONFLICT (series_id, time) DO UPDATE SET value = excluded.value, fetch_id = excluded.fetch_id
  WHERE float8send(s.value) IS DISTINCT FROM float8send(excluded.value);
  RETURN row_out;
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_put_row(row_in promkeep.metrics_data) IS 'Stores one inserted row; storing it again changes nothing, another value for the same time replaces the old one.';

CREATE FUNCTION promkeep.promkeep_read_layout(bits bit varying, INOUT place integer, OUT buckets integer, OUT positive_buckets integer, OUT lower_bounds double precision[], OUT upper_bounds double precision[]) RETURNS record
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'promkeep', 'pg_temp'
    AS $$
DECLARE
  zero_threshold float8;
  schema integer;
  signs integer[] := '{}';
  numbers integer[] := '{}';
  custom_bounds float8[] := '{}';
  spans bigint;
  buckets_of bigint;
  hop bigint;
  bucket integer;
  number bigint;
  lower_bound float8;
  upper_bound float8;
BEGIN
  number := substring(bits, place, 8)::integer;
  place := place + 8;
  IF number = 255 THEN
    zero_threshold := promkeep_float8(substring(bits, place, 64)::bigint);
    place := place + 64;
  ELSE
    zero_threshold := CASE number WHEN 0 THEN 0 ELSE power(2::float8, (number - 244)::float8) END;
  END IF;
  SELECT r.place, r.number INTO place, schema FROM promkeep_read_number(bits, true, place) r;
  FOR side IN 0..1 LOOP
    positive_buckets := cardinality(numbers);
    bucket := 0;
    SELECT r.place, r.number INTO place, spans FROM promkeep_read_number(bits, false, place) r;
    FOR span IN 1..spans LOOP
      SELECT r.place, r.number INTO place, buckets_of FROM promkeep_read_number(bits, false, place) r;
      SELECT r.place, r.number INTO place, hop FROM promkeep_read_number(bits, true, place) r;
      IF cardinality(numbers) + buckets_of > length(bits) THEN
        RAISE EXCEPTION 'a histogram chunk is damaged' USING ERRCODE = 'data_corrupted';
      END IF;
      bucket := bucket + hop;
      FOR n IN 1..buckets_of LOOP
        numbers := numbers || bucket;
        bucket := bucket + 1;
      END LOOP;
    END LOOP;
  END LOOP;
  buckets := cardinality(numbers);
  IF schema = -53 THEN
    SELECT r.place, r.number INTO place, spans FROM promkeep_read_number(bits, false, place) r;
    FOR n IN 1..spans LOOP
      SELECT r.place, r.number INTO place, number FROM promkeep_read_number(bits, false, place) r;
      IF number = 0 THEN
        custom_bounds := custom_bounds || promkeep_float8(substring(bits, place, 64)::bigint);
        place := place + 64;
      ELSE
        custom_bounds := custom_bounds || (number - 1)::float8 / 1000;
      END IF;
    END LOOP;
  END IF;
  lower_bounds := ARRAY[- zero_threshold];
  upper_bounds := ARRAY[zero_threshold];
  FOR n IN 1..buckets LOOP
    lower_bound := promkeep_bucket_bound(schema, numbers[n] - 1, custom_bounds);
    upper_bound := promkeep_bucket_bound(schema, numbers[n], custom_bounds);
    lower_bounds := lower_bounds || CASE WHEN n > positive_buckets THEN - upper_bound ELSE lower_bound END;
    upper_bounds := upper_bounds || CASE WHEN n > positive_buckets THEN - lower_bound ELSE upper_bound END;
  END LOOP;
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_read_layout(bits bit varying, INOUT place integer, OUT buckets integer, OUT positive_buckets integer, OUT lower_bounds double precision[], OUT upper_bounds double precision[]) IS 'What all histograms of a chunk have in common: bounds of the zero bucket, of the positive and the negative buckets.';

CREATE FUNCTION promkeep.promkeep_read_number(bits bit varying, is_signed boolean, INOUT place integer, OUT number bigint) RETURNS record
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'promkeep', 'pg_temp'
    AS $$
DECLARE
  ones CONSTANT integer := position(B'0' IN substring(bits, place, 8) || B'0') - 1;
  size CONSTANT integer := ('{0,3,6,9,12,18,25,56,64}'::integer[])[ones + 1];
BEGIN
  IF place > length(bits) THEN
    RAISE EXCEPTION 'a histogram chunk is damaged' USING ERRCODE = 'data_corrupted';
  END IF;
  place := place + least(ones + 1, 8);
  number := CASE size WHEN 0 THEN 0 ELSE substring(bits, place, size)::bigint END;
  IF is_signed AND size < 64 AND size > 0 AND number > 1::bigint << size - 1 THEN
    number := number - (1::bigint << size);
  END IF;
  place := place + size;
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_read_number(bits bit varying, is_signed boolean, INOUT place integer, OUT number bigint) IS 'One number of a histogram chunk, and the place behind it.';

CREATE FUNCTION promkeep.promkeep_readable() RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT ARRAY['promkeep_readers'::text, 'promkeep_pending'::text, 'promkeep_audit'::text, 'promkeep_upkeep_failures'::text, 'promkeep_sources'::text, 'promkeep_queries'::text, 'promkeep_leases'::text, 'promkeep_query_versions'::text, 'promkeep_coverage'::text, 'promkeep_gaps'::text, 'promkeep_fetches'::text, 'promkeep_series'::text, 'promkeep_rollup_state'::text, 'promkeep_samples'::text, 'promkeep_packed'::text, 'promkeep_rollups'::text, 'promkeep_labels'::text, 'promkeep_raw_series'::text, 'promkeep_chunks'::text, 'promkeep_metadata'::text, 'promkeep_metrics'::text, 'metrics_data'::text, 'metrics_5m'::text, 'metrics_1h'::text] AS "array";
END;

COMMENT ON FUNCTION promkeep.promkeep_readable() IS 'Tables and views that promkeep_grant_reader() lets a role read.';

CREATE FUNCTION promkeep.promkeep_remove_row(row_in promkeep.metrics_data) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'promkeep', 'pg_temp'
    AS $$
DECLARE
  of_query bigint;
  of_series bigint;
BEGIN
  IF row_in.query IS NOT NULL THEN
    RAISE EXCEPTION 'metrics_data: this row was archived from Prometheus and cannot be changed here'
      USING ERRCODE = 'feature_not_supported', HINT = 'Only inserted rows (query IS NULL) can be updated and deleted.';
  END IF;
  SELECT q.query_id INTO of_query FROM promkeep_queries q
  JOIN promkeep_sources o ON o.source_id = q.source_id
  WHERE o.org_id = row_in.org_id AND o.name = row_in.source_name
    AND q.kind = 'inserted' AND q.source_text IS NOT DISTINCT FROM row_in.source
  FOR SHARE OF q;
  SELECT r.series_id INTO of_series FROM promkeep_series r
  WHERE r.query_id = of_query AND r.fingerprint = promkeep_fingerprint(row_in.metric_name, row_in.labels);
  PERFORM promkeep_take_apart(ARRAY[of_series], row_in.timestamp, row_in.timestamp);
  DELETE FROM promkeep_samples s WHERE s.series_id = of_series AND s.time = row_in.timestamp;
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_remove_row(row_in promkeep.metrics_data) IS 'Removes one inserted row.';

CREATE FUNCTION promkeep.promkeep_retention_class(class text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN (promkeep.promkeep_retention_days(class) IS NULL) THEN 'forever'::text
             ELSE class
         END AS class;
END;

COMMENT ON FUNCTION promkeep.promkeep_retention_class(class text) IS 'The class under which packed rows are stored: what cannot be read counts as forever.';

CREATE FUNCTION promkeep.promkeep_revoke_reader(role_name name) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'promkeep', 'pg_temp'
    AS $_$
DECLARE
  object text;
BEGIN
  DELETE FROM promkeep_readers m WHERE m.role_name = $1;
  FOREACH object IN ARRAY promkeep_readable() LOOP
    EXECUTE format('REVOKE ALL ON %I FROM %I', object, $1);
  END LOOP;
END
$_$;

COMMENT ON FUNCTION promkeep.promkeep_revoke_reader(role_name name) IS 'Takes back what promkeep_grant_reader() gave, for all organisations.';

CREATE FUNCTION promkeep.promkeep_secure_partition(partition regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'promkeep', 'pg_temp'
    AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', partition);
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_secure_partition(partition regclass) IS 'Closes a partition to everybody but its owner.';

CREATE FUNCTION promkeep.promkeep_take_apart(series_ids bigint[], low timestamp with time zone, high timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'promkeep', 'pg_temp'
    AS $$
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

COMMENT ON FUNCTION promkeep.promkeep_take_apart(series_ids bigint[], low timestamp with time zone, high timestamp with time zone) IS 'Turns packed rows of these series that touch a range back into samples, so that they can be changed; packing packs them again. The caller holds the query''s lock.';

CREATE FUNCTION promkeep.promkeep_take_back(of_query bigint, of_what text) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'promkeep', 'pg_temp'
    AS $$
DECLARE
  known promkeep_pending;
BEGIN
  DELETE FROM promkeep_pending p WHERE coalesce(p.query_id, 0) = coalesce(of_query, 0) AND p.what = of_what
  RETURNING p.* INTO known;
  IF known.pending_id IS NULL THEN
    RETURN false;
  END IF;
  PERFORM promkeep_note_audit(of_query, promkeep_actor(), 'taken back', of_what, NULL::text, known.wanted,
    known.effective_at, known.about_samples);
  RETURN true;
END
$$;

COMMENT ON FUNCTION promkeep.promkeep_take_back(of_query bigint, of_what text) IS 'Ends the waiting of a deletion; false when there is none.';

CREATE VIEW promkeep.metrics_1h AS
 SELECT m."timestamp",
    m.metric_name,
    m.labels,
    m.source,
    m.org_id,
    m.source_name,
    m.query,
    m.min_value,
    m.max_value,
    m.sum_value,
    m.sample_count,
    m.last_value
   FROM promkeep.promkeep_rollup_rows('01:00:00'::interval, '-infinity'::timestamp with time zone, 'infinity'::timestamp with time zone) m("timestamp", metric_name, labels, source, org_id, source_name, query, min_value, max_value, sum_value, sample_count, last_value);

COMMENT ON VIEW promkeep.metrics_1h IS 'min, max, sum, count and last of every series per hour: stored ones where they are stored, the others computed when read.';

COMMENT ON COLUMN promkeep.metrics_1h."timestamp" IS 'End of the bucket, which belongs to it; its start does not.';

COMMENT ON COLUMN promkeep.metrics_1h.metric_name IS 'As in metrics_data.';

COMMENT ON COLUMN promkeep.metrics_1h.labels IS 'As in metrics_data.';

COMMENT ON COLUMN promkeep.metrics_1h.source IS 'As in metrics_data.';

COMMENT ON COLUMN promkeep.metrics_1h.org_id IS 'As in metrics_data.';

COMMENT ON COLUMN promkeep.metrics_1h.source_name IS 'As in metrics_data.';

COMMENT ON COLUMN promkeep.metrics_1h.query IS 'As in metrics_data.';

COMMENT ON COLUMN promkeep.metrics_1h.min_value IS 'Smallest value; NaN only where there is nothing else.';

COMMENT ON COLUMN promkeep.metrics_1h.max_value IS 'Largest value; NaN where there is one, since PostgreSQL sorts it above all numbers.';

COMMENT ON COLUMN promkeep.metrics_1h.sum_value IS 'Sum.';

COMMENT ON COLUMN promkeep.metrics_1h.sample_count IS 'Number of samples that are not null.';

COMMENT ON COLUMN promkeep.metrics_1h.last_value IS 'Value of the last sample.';

CREATE TABLE promkeep.promkeep_audit (
    audit_id bigint NOT NULL,
    noted_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    source_id bigint,
    org_id bigint,
    query text,
    actor text NOT NULL,
    action text NOT NULL,
    what text NOT NULL,
    before text,
    wanted text,
    effective_at timestamp with time zone,
    about_samples bigint,
    CONSTRAINT promkeep_audit_action_check CHECK ((action = ANY (ARRAY['asked'::text, 'taken back'::text, 'at once'::text, 'carried out'::text])))
);

COMMENT ON TABLE promkeep.promkeep_audit IS 'Who asked for a deletion, took it back, or had it done at once, and when it was carried out. Only grows; nobody but the owner of the tables can write it.';

COMMENT ON COLUMN promkeep.promkeep_audit.audit_id IS 'Key.';

COMMENT ON COLUMN promkeep.promkeep_audit.noted_at IS 'When, on the database''s clock.';

COMMENT ON COLUMN promkeep.promkeep_audit.source_id IS 'The source of the query; null for settings of the whole archive.';

COMMENT ON COLUMN promkeep.promkeep_audit.org_id IS 'Its organisation.';

COMMENT ON COLUMN promkeep.promkeep_audit.query IS 'Name of the query.';

COMMENT ON COLUMN promkeep.promkeep_audit.actor IS 'Who; as promkeep_pending.asked_by. Of what was carried out: who had asked for it.';

COMMENT ON COLUMN promkeep.promkeep_audit.action IS 'asked: it waits until effective_at; taken back; at once: without waiting, as an Admin, the command line or the owner may; carried out: its date had come.';

COMMENT ON COLUMN promkeep.promkeep_audit.what IS 'As promkeep_pending.what, or deletion_grace.';

COMMENT ON COLUMN promkeep.promkeep_audit.before IS 'What was in force.';

COMMENT ON COLUMN promkeep.promkeep_audit.wanted IS 'What was asked for.';

COMMENT ON COLUMN promkeep.promkeep_audit.effective_at IS 'From when on it was to hold.';

COMMENT ON COLUMN promkeep.promkeep_audit.about_samples IS 'As promkeep_pending.about_samples.';

ALTER TABLE promkeep.promkeep_audit ALTER COLUMN audit_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME promkeep.promkeep_audit_audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE promkeep.promkeep_coverage (
    query_id bigint NOT NULL,
    version integer NOT NULL,
    covered tstzmultirange DEFAULT '{}'::tstzmultirange NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    expired tstzmultirange DEFAULT '{}'::tstzmultirange NOT NULL
);

COMMENT ON TABLE promkeep.promkeep_coverage IS 'What the archive knows of a recorded query: the grid times in these ranges were answered by a source that held data then.';

COMMENT ON COLUMN promkeep.promkeep_coverage.query_id IS 'The recorded query.';

COMMENT ON COLUMN promkeep.promkeep_coverage.version IS 'Its version.';

COMMENT ON COLUMN promkeep.promkeep_coverage.covered IS 'Each range begins at a covered grid time and ends one step after the last one (exclusive), so that neighbours join.';

COMMENT ON COLUMN promkeep.promkeep_coverage.updated_at IS 'When it last grew or shrank.';

COMMENT ON COLUMN promkeep.promkeep_coverage.expired IS 'What was covered when its samples expired and its rollups were stored. May overlap covered, by an hour or where somebody filled it in again.';

ALTER TABLE promkeep.promkeep_fetches ALTER COLUMN fetch_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME promkeep.promkeep_fetches_fetch_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE promkeep.promkeep_gaps (
    gap_id bigint NOT NULL,
    query_id bigint NOT NULL,
    version integer NOT NULL,
    missing tstzrange NOT NULL,
    reason text NOT NULL,
    detail text,
    first_noted timestamp with time zone DEFAULT now() NOT NULL,
    last_tried timestamp with time zone DEFAULT now() NOT NULL,
    tries integer DEFAULT 1 NOT NULL
);

COMMENT ON TABLE promkeep.promkeep_gaps IS 'Why ranges are not covered. Gaps of one query never overlap each other or its coverage.';

COMMENT ON COLUMN promkeep.promkeep_gaps.gap_id IS 'Key.';

COMMENT ON COLUMN promkeep.promkeep_gaps.query_id IS 'The recorded query.';

COMMENT ON COLUMN promkeep.promkeep_gaps.version IS 'Its version.';

COMMENT ON COLUMN promkeep.promkeep_gaps.missing IS 'From the first missing grid time to one step after the last (exclusive).';

COMMENT ON COLUMN promkeep.promkeep_gaps.reason IS 'source-down, query-failed, partial-answer, source-had-no-data, source-lost-it or archive-down.';

COMMENT ON COLUMN promkeep.promkeep_gaps.detail IS 'More about it, for people.';

COMMENT ON COLUMN promkeep.promkeep_gaps.first_noted IS 'When it was first noted.';

COMMENT ON COLUMN promkeep.promkeep_gaps.last_tried IS 'When it was last noted.';

COMMENT ON COLUMN promkeep.promkeep_gaps.tries IS 'How often it was noted.';

ALTER TABLE promkeep.promkeep_gaps ALTER COLUMN gap_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME promkeep.promkeep_gaps_gap_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE promkeep.promkeep_labels ALTER COLUMN label_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME promkeep.promkeep_labels_label_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE promkeep.promkeep_leases (
    source_id bigint NOT NULL,
    epoch bigint DEFAULT 0 NOT NULL,
    holder text DEFAULT ''::text NOT NULL,
    expires_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    taken_at timestamp with time zone,
    provisions boolean DEFAULT true NOT NULL
);

COMMENT ON TABLE promkeep.promkeep_leases IS 'Which archiver records a source now. Writers of recorded queries take this row FOR KEY SHARE with their epoch first, so one that was replaced cannot write.';

COMMENT ON COLUMN promkeep.promkeep_leases.source_id IS 'The source.';

COMMENT ON COLUMN promkeep.promkeep_leases.epoch IS 'Grows by one with each change of leader; 0 before the first.';

COMMENT ON COLUMN promkeep.promkeep_leases.holder IS 'The archiver that leads: host, process and a random part; empty when nobody does.';

COMMENT ON COLUMN promkeep.promkeep_leases.expires_at IS 'When others may take over, on the database''s clock.';

COMMENT ON COLUMN promkeep.promkeep_leases.taken_at IS 'When the holder became leader.';

COMMENT ON COLUMN promkeep.promkeep_leases.provisions IS 'Whether the holder makes the queries of a config file known. While one without a config file leads (the Grafana plugin), a waiting program with one does it.';

CREATE TABLE promkeep.promkeep_metadata (
    source_id bigint NOT NULL,
    metric text NOT NULL COLLATE pg_catalog."C",
    type text NOT NULL,
    help text NOT NULL,
    unit text NOT NULL,
    digest uuid GENERATED ALWAYS AS ((md5(((((type || chr(10)) || unit) || chr(10)) || help)))::uuid) STORED NOT NULL,
    first_seen timestamp with time zone DEFAULT now() NOT NULL,
    last_seen timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE promkeep.promkeep_metadata IS 'What a source said of its metrics. It knows that only as long as a target exposes them, so what it does not name any more stays.';

COMMENT ON COLUMN promkeep.promkeep_metadata.source_id IS 'The source.';

COMMENT ON COLUMN promkeep.promkeep_metadata.metric IS 'Name of the metric.';

COMMENT ON COLUMN promkeep.promkeep_metadata.type IS 'counter, gauge, histogram, summary and so on.';

COMMENT ON COLUMN promkeep.promkeep_metadata.help IS 'What it is, in words of whoever exposes it.';

COMMENT ON COLUMN promkeep.promkeep_metadata.unit IS 'Its unit; mostly empty.';

COMMENT ON COLUMN promkeep.promkeep_metadata.digest IS 'MD5 of type, unit and help, which may be too long for an index.';

COMMENT ON COLUMN promkeep.promkeep_metadata.first_seen IS 'When the source was first heard to say so.';

COMMENT ON COLUMN promkeep.promkeep_metadata.last_seen IS 'When it was last heard to say so; up to an hour old.';

CREATE TABLE promkeep.promkeep_migrations (
    version integer NOT NULL,
    name text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    revision integer DEFAULT 0 NOT NULL,
    texts jsonb DEFAULT '{}'::jsonb NOT NULL
);

COMMENT ON TABLE promkeep.promkeep_migrations IS 'Ledger of schema migrations. A program that knows fewer versions than this table refuses to work.';

COMMENT ON COLUMN promkeep.promkeep_migrations.version IS 'Number of the migration, ascending without holes.';

COMMENT ON COLUMN promkeep.promkeep_migrations.name IS 'What the migration brought.';

COMMENT ON COLUMN promkeep.promkeep_migrations.applied_at IS 'When it was committed, on the database''s clock.';

COMMENT ON COLUMN promkeep.promkeep_migrations.revision IS 'Revision of the functions and views. A program that brings an older one leaves them as they are. Only the newest row counts.';

COMMENT ON COLUMN promkeep.promkeep_migrations.texts IS 'Hash of each file that functions and views were made from.';

CREATE TABLE promkeep.promkeep_readers (
    role_name name NOT NULL,
    org_id bigint
);

COMMENT ON TABLE promkeep.promkeep_readers IS 'Which organisations a database role sees. The owner of the tables sees everything and needs no row; see promkeep_grant_reader().';

COMMENT ON COLUMN promkeep.promkeep_readers.role_name IS 'The role; public stands for everybody.';

COMMENT ON COLUMN promkeep.promkeep_readers.org_id IS 'The organisation; null: all of them.';

CREATE VIEW promkeep.promkeep_own_organisations WITH (security_barrier='true') AS
 SELECT DISTINCT m.org_id
   FROM promkeep.promkeep_readers m
  WHERE ((m.role_name = 'public'::name) OR pg_has_role((to_regrole(quote_ident((m.role_name)::text)))::oid, 'USAGE'::text));

COMMENT ON VIEW promkeep.promkeep_own_organisations IS 'The organisations whoever reads this was given by promkeep_grant_reader(), and nobody else''s; null: all of them.';

COMMENT ON COLUMN promkeep.promkeep_own_organisations.org_id IS 'The organisation; null: all of them.';

CREATE TABLE promkeep.promkeep_pending (
    pending_id bigint NOT NULL,
    what text NOT NULL,
    query_id bigint,
    wanted text NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamp with time zone DEFAULT now() NOT NULL,
    effective_at timestamp with time zone NOT NULL,
    about_samples bigint,
    oldest timestamp with time zone,
    CONSTRAINT promkeep_pending_check CHECK (((query_id IS NOT NULL) = (what = ANY (ARRAY['retention'::text, 'data'::text])))),
    CONSTRAINT promkeep_pending_what_check CHECK ((what = ANY (ARRAY['retention'::text, 'data'::text, 'five_minute_rollups'::text, 'hourly_rollups'::text])))
);

COMMENT ON TABLE promkeep.promkeep_pending IS 'Deletions that were asked for and wait for their date. Until then what was in force before holds, and whoever may ask for one may take it back.';

COMMENT ON COLUMN promkeep.promkeep_pending.pending_id IS 'Key.';

COMMENT ON COLUMN promkeep.promkeep_pending.what IS 'retention: a shorter one of a query; data: everything of a deleted query; five_minute_rollups, hourly_rollups: a shorter time for stored rollups of the archive.';

COMMENT ON COLUMN promkeep.promkeep_pending.query_id IS 'The query; null for rollups, which are the whole archive''s.';

COMMENT ON COLUMN promkeep.promkeep_pending.wanted IS 'The retention that was asked for; deleted for data.';

COMMENT ON COLUMN promkeep.promkeep_pending.asked_by IS 'Who asked: grafana:<login>, config (a configuration file), command (the promkeep program), or role:<database role>.';

COMMENT ON COLUMN promkeep.promkeep_pending.asked_at IS 'When.';

COMMENT ON COLUMN promkeep.promkeep_pending.effective_at IS 'From when on it holds, on the database''s clock; the next upkeep carries it out.';

COMMENT ON COLUMN promkeep.promkeep_pending.about_samples IS 'How many samples it would have deleted when it was asked for, as far as their provenance tells; null for rollups.';

COMMENT ON COLUMN promkeep.promkeep_pending.oldest IS 'Begin of the oldest write among them; null when there is none.';

ALTER TABLE promkeep.promkeep_pending ALTER COLUMN pending_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME promkeep.promkeep_pending_pending_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE promkeep.promkeep_queries ALTER COLUMN query_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME promkeep.promkeep_queries_query_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE promkeep.promkeep_query_versions (
    query_id bigint NOT NULL,
    version integer NOT NULL,
    expression text NOT NULL,
    step_ms bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    created_by text,
    expected_series integer,
    CONSTRAINT promkeep_query_versions_expected_series_check CHECK ((expected_series >= 0))
);

COMMENT ON TABLE promkeep.promkeep_query_versions IS 'Expressions of a query over time. Another expression or step starts a new version; samples keep the version they were fetched with (through promkeep_fetches).';

COMMENT ON COLUMN promkeep.promkeep_query_versions.query_id IS 'The query.';

COMMENT ON COLUMN promkeep.promkeep_query_versions.version IS 'Ascending from 1.';

COMMENT ON COLUMN promkeep.promkeep_query_versions.expression IS 'PromQL; empty for inserted rows.';

COMMENT ON COLUMN promkeep.promkeep_query_versions.step_ms IS 'Distance of grid times in milliseconds; null for inserted rows.';

COMMENT ON COLUMN promkeep.promkeep_query_versions.created_at IS 'When this version began.';

COMMENT ON COLUMN promkeep.promkeep_query_versions.created_by IS 'Login of the Grafana user who began this version; null when a program did.';

COMMENT ON COLUMN promkeep.promkeep_query_versions.expected_series IS 'Series its result had when the version began; null when nobody asked.';

ALTER TABLE promkeep.promkeep_raw_series ALTER COLUMN series_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME promkeep.promkeep_raw_series_series_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE promkeep.promkeep_rollups_300 (
    width_s integer NOT NULL,
    series_id bigint NOT NULL,
    period_start timestamp with time zone NOT NULL,
    first_bucket integer NOT NULL,
    bucket_count integer NOT NULL,
    bucket_numbers smallint[] NOT NULL,
    sample_counts integer[] NOT NULL,
    differences boolean NOT NULL,
    last_values double precision[] NOT NULL,
    min_values double precision[] NOT NULL,
    max_values double precision[] NOT NULL,
    sum_values double precision[] NOT NULL
)
PARTITION BY RANGE (period_start);
ALTER TABLE ONLY promkeep.promkeep_rollups_300 ALTER COLUMN bucket_numbers SET COMPRESSION lz4;
ALTER TABLE ONLY promkeep.promkeep_rollups_300 ALTER COLUMN sample_counts SET COMPRESSION lz4;
ALTER TABLE ONLY promkeep.promkeep_rollups_300 ALTER COLUMN last_values SET COMPRESSION lz4;
ALTER TABLE ONLY promkeep.promkeep_rollups_300 ALTER COLUMN min_values SET COMPRESSION lz4;
ALTER TABLE ONLY promkeep.promkeep_rollups_300 ALTER COLUMN max_values SET COMPRESSION lz4;
ALTER TABLE ONLY promkeep.promkeep_rollups_300 ALTER COLUMN sum_values SET COMPRESSION lz4;

COMMENT ON TABLE promkeep.promkeep_rollups_300 IS 'Buckets of 5 minutes, in partitions of 28 days.';

COMMENT ON COLUMN promkeep.promkeep_rollups_300.width_s IS 'Seconds in a bucket: 300 or 3600.';

COMMENT ON COLUMN promkeep.promkeep_rollups_300.series_id IS 'The series (promkeep_series).';

COMMENT ON COLUMN promkeep.promkeep_rollups_300.period_start IS 'Start of the period. Bucket n ends n widths after it.';

COMMENT ON COLUMN promkeep.promkeep_rollups_300.first_bucket IS 'Number of the first bucket.';

COMMENT ON COLUMN promkeep.promkeep_rollups_300.bucket_count IS 'Number of buckets with samples.';

COMMENT ON COLUMN promkeep.promkeep_rollups_300.bucket_numbers IS 'Their numbers; empty where they follow one another without a hole.';

COMMENT ON COLUMN promkeep.promkeep_rollups_300.sample_counts IS 'Samples in each bucket; one number where all have as many.';

COMMENT ON COLUMN promkeep.promkeep_rollups_300.differences IS 'Whether the values are stored as differences: done where all are integers of at most 2^52, which sums restore exactly.';

COMMENT ON COLUMN promkeep.promkeep_rollups_300.last_values IS 'Last value of each bucket; one where all are the same. With differences: the first one, then what was added from bucket to bucket.';

COMMENT ON COLUMN promkeep.promkeep_rollups_300.min_values IS 'Smallest values; empty where they are the last ones. With differences: last minus smallest.';

COMMENT ON COLUMN promkeep.promkeep_rollups_300.max_values IS 'Largest values; empty where they are the last ones. With differences: largest minus last.';

COMMENT ON COLUMN promkeep.promkeep_rollups_300.sum_values IS 'Sums; empty where they are the last value times the count. With differences: the sum minus the last value times the count.';

CREATE TABLE promkeep.promkeep_rollups_3600 (
    width_s integer NOT NULL,
    series_id bigint NOT NULL,
    period_start timestamp with time zone NOT NULL,
    first_bucket integer NOT NULL,
    bucket_count integer NOT NULL,
    bucket_numbers smallint[] NOT NULL,
    sample_counts integer[] NOT NULL,
    differences boolean NOT NULL,
    last_values double precision[] NOT NULL,
    min_values double precision[] NOT NULL,
    max_values double precision[] NOT NULL,
    sum_values double precision[] NOT NULL
)
PARTITION BY RANGE (period_start);
ALTER TABLE ONLY promkeep.promkeep_rollups_3600 ALTER COLUMN bucket_numbers SET COMPRESSION lz4;
ALTER TABLE ONLY promkeep.promkeep_rollups_3600 ALTER COLUMN sample_counts SET COMPRESSION lz4;
ALTER TABLE ONLY promkeep.promkeep_rollups_3600 ALTER COLUMN last_values SET COMPRESSION lz4;
ALTER TABLE ONLY promkeep.promkeep_rollups_3600 ALTER COLUMN min_values SET COMPRESSION lz4;
ALTER TABLE ONLY promkeep.promkeep_rollups_3600 ALTER COLUMN max_values SET COMPRESSION lz4;
ALTER TABLE ONLY promkeep.promkeep_rollups_3600 ALTER COLUMN sum_values SET COMPRESSION lz4;

COMMENT ON TABLE promkeep.promkeep_rollups_3600 IS 'Buckets of an hour, in partitions of 364 days.';

COMMENT ON COLUMN promkeep.promkeep_rollups_3600.width_s IS 'Seconds in a bucket: 300 or 3600.';

COMMENT ON COLUMN promkeep.promkeep_rollups_3600.series_id IS 'The series (promkeep_series).';

COMMENT ON COLUMN promkeep.promkeep_rollups_3600.period_start IS 'Start of the period. Bucket n ends n widths after it.';

COMMENT ON COLUMN promkeep.promkeep_rollups_3600.first_bucket IS 'Number of the first bucket.';

COMMENT ON COLUMN promkeep.promkeep_rollups_3600.bucket_count IS 'Number of buckets with samples.';

COMMENT ON COLUMN promkeep.promkeep_rollups_3600.bucket_numbers IS 'Their numbers; empty where they follow one another without a hole.';

COMMENT ON COLUMN promkeep.promkeep_rollups_3600.sample_counts IS 'Samples in each bucket; one number where all have as many.';

COMMENT ON COLUMN promkeep.promkeep_rollups_3600.differences IS 'Whether the values are stored as differences: done where all are integers of at most 2^52, which sums restore exactly.';

COMMENT ON COLUMN promkeep.promkeep_rollups_3600.last_values IS 'Last value of each bucket; one where all are the same. With differences: the first one, then what was added from bucket to bucket.';

COMMENT ON COLUMN promkeep.promkeep_rollups_3600.min_values IS 'Smallest values; empty where they are the last ones. With differences: last minus smallest.';

COMMENT ON COLUMN promkeep.promkeep_rollups_3600.max_values IS 'Largest values; empty where they are the last ones. With differences: largest minus last.';

COMMENT ON COLUMN promkeep.promkeep_rollups_3600.sum_values IS 'Sums; empty where they are the last value times the count. With differences: the sum minus the last value times the count.';

ALTER TABLE promkeep.promkeep_series ALTER COLUMN series_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME promkeep.promkeep_series_series_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE promkeep.promkeep_settings (
    name text NOT NULL,
    value text NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT promkeep_settings_name_check CHECK (((name = ANY (ARRAY['five_minute_rollups'::text, 'hourly_rollups'::text])) OR ((name = 'deletion_grace'::text) AND (value ~ '^[1-9][0-9]{0,2}[dw]$'::text)))),
    CONSTRAINT promkeep_settings_value_check CHECK ((value ~ '^([1-9][0-9]{0,4}[dwy]|forever|none)$'::text))
);

COMMENT ON TABLE promkeep.promkeep_settings IS 'Settings of the archive as a whole. A program whose configuration names one writes it here; all programs, Grafana''s plugin among them, go by what stands here, and by the default where nothing does.';

COMMENT ON COLUMN promkeep.promkeep_settings.name IS 'five_minute_rollups or hourly_rollups: how long stored rollups of that width are kept. deletion_grace: how long a deletion waits.';

COMMENT ON COLUMN promkeep.promkeep_settings.value IS 'A retention class such as 90d, forever, or none to store none; for deletion_grace a number of days or weeks, such as 7d.';

COMMENT ON COLUMN promkeep.promkeep_settings.updated_at IS 'When it was given this value.';

ALTER TABLE promkeep.promkeep_sources ALTER COLUMN source_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME promkeep.promkeep_sources_source_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE promkeep.promkeep_upkeep_failures (
    query_id bigint NOT NULL,
    task text NOT NULL,
    code text NOT NULL,
    message text NOT NULL,
    runs integer DEFAULT 1 NOT NULL,
    first_at timestamp with time zone DEFAULT now() NOT NULL,
    last_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE promkeep.promkeep_upkeep_failures IS 'Queries for which a task of the upkeep failed when it ran last; the others were served.';

COMMENT ON COLUMN promkeep.promkeep_upkeep_failures.query_id IS 'The query.';

COMMENT ON COLUMN promkeep.promkeep_upkeep_failures.task IS 'pack, rollup, expire or remove deleted.';

COMMENT ON COLUMN promkeep.promkeep_upkeep_failures.code IS 'Error code, see docs/errors.md.';

COMMENT ON COLUMN promkeep.promkeep_upkeep_failures.message IS 'The last error.';

COMMENT ON COLUMN promkeep.promkeep_upkeep_failures.runs IS 'How many runs failed one after the other.';

COMMENT ON COLUMN promkeep.promkeep_upkeep_failures.first_at IS 'When the first of them did.';

COMMENT ON COLUMN promkeep.promkeep_upkeep_failures.last_at IS 'When the last one did.';

ALTER TABLE ONLY promkeep.promkeep_rollups ATTACH PARTITION promkeep.promkeep_rollups_300 FOR VALUES IN (300);

ALTER TABLE ONLY promkeep.promkeep_rollups ATTACH PARTITION promkeep.promkeep_rollups_3600 FOR VALUES IN (3600);

ALTER TABLE ONLY promkeep.promkeep_audit
    ADD CONSTRAINT promkeep_audit_pkey PRIMARY KEY (audit_id);

ALTER TABLE ONLY promkeep.promkeep_chunks
    ADD CONSTRAINT promkeep_chunks_pkey PRIMARY KEY (series_id, from_time);

ALTER TABLE ONLY promkeep.promkeep_coverage
    ADD CONSTRAINT promkeep_coverage_pkey PRIMARY KEY (query_id, version);

ALTER TABLE ONLY promkeep.promkeep_fetches
    ADD CONSTRAINT promkeep_fetches_pkey PRIMARY KEY (fetch_id);

ALTER TABLE ONLY promkeep.promkeep_gaps
    ADD CONSTRAINT promkeep_gaps_pkey PRIMARY KEY (gap_id);

ALTER TABLE ONLY promkeep.promkeep_labels
    ADD CONSTRAINT promkeep_labels_pkey PRIMARY KEY (label_id);

ALTER TABLE ONLY promkeep.promkeep_labels
    ADD CONSTRAINT promkeep_labels_source_id_name_digest_key UNIQUE (source_id, name, digest);

ALTER TABLE ONLY promkeep.promkeep_leases
    ADD CONSTRAINT promkeep_leases_pkey PRIMARY KEY (source_id);

ALTER TABLE ONLY promkeep.promkeep_leases
    ADD CONSTRAINT promkeep_leases_source_id_epoch_key UNIQUE (source_id, epoch);

ALTER TABLE ONLY promkeep.promkeep_metadata
    ADD CONSTRAINT promkeep_metadata_pkey PRIMARY KEY (source_id, metric, digest);

ALTER TABLE ONLY promkeep.promkeep_migrations
    ADD CONSTRAINT promkeep_migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY promkeep.promkeep_packed
    ADD CONSTRAINT promkeep_packed_pkey PRIMARY KEY (series_id, from_time, retention);

ALTER TABLE ONLY promkeep.promkeep_pending
    ADD CONSTRAINT promkeep_pending_pkey PRIMARY KEY (pending_id);

ALTER TABLE ONLY promkeep.promkeep_queries
    ADD CONSTRAINT promkeep_queries_pkey PRIMARY KEY (query_id);

ALTER TABLE ONLY promkeep.promkeep_queries
    ADD CONSTRAINT promkeep_queries_source_id_kind_identity_key UNIQUE (source_id, kind, identity);

ALTER TABLE ONLY promkeep.promkeep_query_versions
    ADD CONSTRAINT promkeep_query_versions_pkey PRIMARY KEY (query_id, version);

ALTER TABLE ONLY promkeep.promkeep_raw_series
    ADD CONSTRAINT promkeep_raw_series_pkey PRIMARY KEY (series_id);

ALTER TABLE ONLY promkeep.promkeep_raw_series
    ADD CONSTRAINT promkeep_raw_series_query_id_fingerprint_key UNIQUE (query_id, fingerprint);

ALTER TABLE ONLY promkeep.promkeep_readers
    ADD CONSTRAINT promkeep_readers_role_name_org_id_key UNIQUE (role_name, org_id);

ALTER TABLE ONLY promkeep.promkeep_rollup_state
    ADD CONSTRAINT promkeep_rollup_state_pkey PRIMARY KEY (query_id, width_s);

ALTER TABLE ONLY promkeep.promkeep_rollups
    ADD CONSTRAINT promkeep_rollups_pkey PRIMARY KEY (series_id, period_start, width_s);

ALTER TABLE ONLY promkeep.promkeep_rollups_300
    ADD CONSTRAINT promkeep_rollups_300_pkey PRIMARY KEY (series_id, period_start, width_s);

ALTER TABLE ONLY promkeep.promkeep_rollups_3600
    ADD CONSTRAINT promkeep_rollups_3600_pkey PRIMARY KEY (series_id, period_start, width_s);

ALTER TABLE ONLY promkeep.promkeep_samples
    ADD CONSTRAINT promkeep_samples_pkey PRIMARY KEY (series_id, "time");

ALTER TABLE ONLY promkeep.promkeep_series
    ADD CONSTRAINT promkeep_series_pkey PRIMARY KEY (series_id);

ALTER TABLE ONLY promkeep.promkeep_series
    ADD CONSTRAINT promkeep_series_query_id_fingerprint_key UNIQUE (query_id, fingerprint);

ALTER TABLE ONLY promkeep.promkeep_settings
    ADD CONSTRAINT promkeep_settings_pkey PRIMARY KEY (name);

ALTER TABLE ONLY promkeep.promkeep_sources
    ADD CONSTRAINT promkeep_sources_org_id_name_key UNIQUE (org_id, name);

ALTER TABLE ONLY promkeep.promkeep_sources
    ADD CONSTRAINT promkeep_sources_pkey PRIMARY KEY (source_id);

ALTER TABLE ONLY promkeep.promkeep_upkeep_failures
    ADD CONSTRAINT promkeep_upkeep_failures_pkey PRIMARY KEY (query_id, task);

CREATE INDEX promkeep_fetches_newest ON promkeep.promkeep_fetches USING btree (query_id, upper(fetched_range));

CREATE INDEX promkeep_fetches_query ON promkeep.promkeep_fetches USING btree (query_id, fetched_at);

CREATE INDEX promkeep_gaps_query ON promkeep.promkeep_gaps USING btree (query_id, version);

CREATE INDEX promkeep_labels_metric_name ON promkeep.promkeep_labels USING btree (metric_name) WHERE (metric_name IS NOT NULL);

CREATE UNIQUE INDEX promkeep_pending_once ON promkeep.promkeep_pending USING btree (COALESCE(query_id, (0)::bigint), what);

CREATE INDEX promkeep_raw_series_labels ON promkeep.promkeep_raw_series USING gin (label_ids);

CREATE INDEX promkeep_raw_series_name ON promkeep.promkeep_raw_series USING btree (name_id);

CREATE INDEX promkeep_samples_time ON ONLY promkeep.promkeep_samples USING brin ("time") WITH (pages_per_range='16', autosummarize='on');

CREATE INDEX promkeep_series_labels ON promkeep.promkeep_series USING gin (labels jsonb_path_ops);

CREATE INDEX promkeep_series_short_name ON promkeep.promkeep_series USING btree (short_name);

ALTER INDEX promkeep.promkeep_rollups_pkey ATTACH PARTITION promkeep.promkeep_rollups_300_pkey;

ALTER INDEX promkeep.promkeep_rollups_pkey ATTACH PARTITION promkeep.promkeep_rollups_3600_pkey;

CREATE TRIGGER promkeep_choose_organisation INSTEAD OF INSERT OR UPDATE ON promkeep.metrics_data FOR EACH ROW EXECUTE FUNCTION promkeep.promkeep_choose_organisation();

CREATE TRIGGER promkeep_hold_back_data BEFORE UPDATE OF delete_data, deleted_at ON promkeep.promkeep_queries FOR EACH ROW EXECUTE FUNCTION promkeep.promkeep_hold_back_data();

CREATE TRIGGER promkeep_hold_back_retention BEFORE UPDATE OF retention ON promkeep.promkeep_queries FOR EACH ROW EXECUTE FUNCTION promkeep.promkeep_hold_back_retention();

CREATE TRIGGER promkeep_hold_back_setting BEFORE INSERT OR DELETE OR UPDATE ON promkeep.promkeep_settings FOR EACH ROW EXECUTE FUNCTION promkeep.promkeep_hold_back_setting();

CREATE TRIGGER promkeep_metrics_data_write INSTEAD OF INSERT OR DELETE OR UPDATE ON promkeep.metrics_data FOR EACH ROW EXECUTE FUNCTION promkeep.promkeep_metrics_data_write();

CREATE TRIGGER promkeep_name_raw_series BEFORE INSERT ON promkeep.promkeep_raw_series FOR EACH ROW WHEN ((new.name_id IS NULL)) EXECUTE FUNCTION promkeep.promkeep_name_raw_series();

CREATE TRIGGER promkeep_note_stale AFTER INSERT ON promkeep.promkeep_fetches FOR EACH ROW WHEN ((new.fetched_range IS NOT NULL)) EXECUTE FUNCTION promkeep.promkeep_note_stale();

ALTER TABLE ONLY promkeep.promkeep_coverage
    ADD CONSTRAINT promkeep_coverage_query_id_version_fkey FOREIGN KEY (query_id, version) REFERENCES promkeep.promkeep_query_versions(query_id, version) ON DELETE CASCADE;

ALTER TABLE ONLY promkeep.promkeep_fetches
    ADD CONSTRAINT promkeep_fetches_query_id_fkey FOREIGN KEY (query_id) REFERENCES promkeep.promkeep_queries(query_id) ON DELETE CASCADE;

ALTER TABLE ONLY promkeep.promkeep_gaps
    ADD CONSTRAINT promkeep_gaps_query_id_version_fkey FOREIGN KEY (query_id, version) REFERENCES promkeep.promkeep_query_versions(query_id, version) ON DELETE CASCADE;

ALTER TABLE ONLY promkeep.promkeep_labels
    ADD CONSTRAINT promkeep_labels_source_id_fkey FOREIGN KEY (source_id) REFERENCES promkeep.promkeep_sources(source_id) ON DELETE CASCADE;

ALTER TABLE ONLY promkeep.promkeep_leases
    ADD CONSTRAINT promkeep_leases_source_id_fkey FOREIGN KEY (source_id) REFERENCES promkeep.promkeep_sources(source_id) ON DELETE CASCADE;

ALTER TABLE ONLY promkeep.promkeep_metadata
    ADD CONSTRAINT promkeep_metadata_source_id_fkey FOREIGN KEY (source_id) REFERENCES promkeep.promkeep_sources(source_id) ON DELETE CASCADE;

ALTER TABLE ONLY promkeep.promkeep_pending
    ADD CONSTRAINT promkeep_pending_query_id_fkey FOREIGN KEY (query_id) REFERENCES promkeep.promkeep_queries(query_id) ON DELETE CASCADE;

ALTER TABLE ONLY promkeep.promkeep_queries
    ADD CONSTRAINT promkeep_queries_source_id_fkey FOREIGN KEY (source_id) REFERENCES promkeep.promkeep_sources(source_id);

ALTER TABLE ONLY promkeep.promkeep_query_versions
    ADD CONSTRAINT promkeep_query_versions_query_id_fkey FOREIGN KEY (query_id) REFERENCES promkeep.promkeep_queries(query_id) ON DELETE CASCADE;

ALTER TABLE ONLY promkeep.promkeep_raw_series
    ADD CONSTRAINT promkeep_raw_series_query_id_fkey FOREIGN KEY (query_id) REFERENCES promkeep.promkeep_queries(query_id) ON DELETE CASCADE;

ALTER TABLE ONLY promkeep.promkeep_rollup_state
    ADD CONSTRAINT promkeep_rollup_state_query_id_fkey FOREIGN KEY (query_id) REFERENCES promkeep.promkeep_queries(query_id) ON DELETE CASCADE;

ALTER TABLE ONLY promkeep.promkeep_series
    ADD CONSTRAINT promkeep_series_query_id_fkey FOREIGN KEY (query_id) REFERENCES promkeep.promkeep_queries(query_id) ON DELETE CASCADE;

ALTER TABLE ONLY promkeep.promkeep_upkeep_failures
    ADD CONSTRAINT promkeep_upkeep_failures_query_id_fkey FOREIGN KEY (query_id) REFERENCES promkeep.promkeep_queries(query_id) ON DELETE CASCADE;

CREATE POLICY own_organisations ON promkeep.promkeep_audit FOR SELECT USING ((source_id IN ( SELECT p.source_id
   FROM promkeep.promkeep_sources p)));

CREATE POLICY own_organisations ON promkeep.promkeep_chunks FOR SELECT USING ((series_id IN ( SELECT p.series_id
   FROM promkeep.promkeep_raw_series p)));

CREATE POLICY own_organisations ON promkeep.promkeep_coverage FOR SELECT USING ((query_id IN ( SELECT p.query_id
   FROM promkeep.promkeep_queries p)));

CREATE POLICY own_organisations ON promkeep.promkeep_fetches FOR SELECT USING ((query_id IN ( SELECT p.query_id
   FROM promkeep.promkeep_queries p)));

CREATE POLICY own_organisations ON promkeep.promkeep_gaps FOR SELECT USING ((query_id IN ( SELECT p.query_id
   FROM promkeep.promkeep_queries p)));

CREATE POLICY own_organisations ON promkeep.promkeep_labels FOR SELECT USING ((source_id IN ( SELECT p.source_id
   FROM promkeep.promkeep_sources p)));

CREATE POLICY own_organisations ON promkeep.promkeep_leases FOR SELECT USING ((source_id IN ( SELECT p.source_id
   FROM promkeep.promkeep_sources p)));

CREATE POLICY own_organisations ON promkeep.promkeep_metadata FOR SELECT USING ((source_id IN ( SELECT p.source_id
   FROM promkeep.promkeep_sources p)));

CREATE POLICY own_organisations ON promkeep.promkeep_packed FOR SELECT USING ((series_id IN ( SELECT p.series_id
   FROM promkeep.promkeep_series p)));

CREATE POLICY own_organisations ON promkeep.promkeep_pending FOR SELECT USING ((query_id IN ( SELECT p.query_id
   FROM promkeep.promkeep_queries p)));

CREATE POLICY own_organisations ON promkeep.promkeep_queries FOR SELECT USING ((source_id IN ( SELECT p.source_id
   FROM promkeep.promkeep_sources p)));

CREATE POLICY own_organisations ON promkeep.promkeep_query_versions FOR SELECT USING ((query_id IN ( SELECT p.query_id
   FROM promkeep.promkeep_queries p)));

CREATE POLICY own_organisations ON promkeep.promkeep_raw_series FOR SELECT USING ((query_id IN ( SELECT p.query_id
   FROM promkeep.promkeep_queries p)));

CREATE POLICY own_organisations ON promkeep.promkeep_rollup_state FOR SELECT USING ((query_id IN ( SELECT p.query_id
   FROM promkeep.promkeep_queries p)));

CREATE POLICY own_organisations ON promkeep.promkeep_rollups FOR SELECT USING ((series_id IN ( SELECT p.series_id
   FROM promkeep.promkeep_series p)));

CREATE POLICY own_organisations ON promkeep.promkeep_samples FOR SELECT USING ((series_id IN ( SELECT p.series_id
   FROM promkeep.promkeep_series p)));

CREATE POLICY own_organisations ON promkeep.promkeep_series FOR SELECT USING ((query_id IN ( SELECT p.query_id
   FROM promkeep.promkeep_queries p)));

CREATE POLICY own_organisations ON promkeep.promkeep_sources FOR SELECT USING (((org_id IN ( SELECT m.org_id
   FROM promkeep.promkeep_readers m)) OR ( SELECT (count(*) > 0)
   FROM promkeep.promkeep_readers m
  WHERE (m.org_id IS NULL))));

CREATE POLICY own_organisations ON promkeep.promkeep_upkeep_failures FOR SELECT USING ((query_id IN ( SELECT p.query_id
   FROM promkeep.promkeep_queries p)));

CREATE POLICY own_roles ON promkeep.promkeep_readers FOR SELECT USING (((role_name = 'public'::name) OR pg_has_role((to_regrole(quote_ident((role_name)::text)))::oid, 'USAGE'::text)));

ALTER TABLE promkeep.promkeep_audit ENABLE ROW LEVEL SECURITY;

ALTER TABLE promkeep.promkeep_chunks ENABLE ROW LEVEL SECURITY;

ALTER TABLE promkeep.promkeep_coverage ENABLE ROW LEVEL SECURITY;

ALTER TABLE promkeep.promkeep_fetches ENABLE ROW LEVEL SECURITY;

ALTER TABLE promkeep.promkeep_gaps ENABLE ROW LEVEL SECURITY;

ALTER TABLE promkeep.promkeep_labels ENABLE ROW LEVEL SECURITY;

ALTER TABLE promkeep.promkeep_leases ENABLE ROW LEVEL SECURITY;

ALTER TABLE promkeep.promkeep_metadata ENABLE ROW LEVEL SECURITY;

ALTER TABLE promkeep.promkeep_packed ENABLE ROW LEVEL SECURITY;

ALTER TABLE promkeep.promkeep_pending ENABLE ROW LEVEL SECURITY;

ALTER TABLE promkeep.promkeep_queries ENABLE ROW LEVEL SECURITY;

ALTER TABLE promkeep.promkeep_query_versions ENABLE ROW LEVEL SECURITY;

ALTER TABLE promkeep.promkeep_raw_series ENABLE ROW LEVEL SECURITY;

ALTER TABLE promkeep.promkeep_readers ENABLE ROW LEVEL SECURITY;

ALTER TABLE promkeep.promkeep_rollup_state ENABLE ROW LEVEL SECURITY;

ALTER TABLE promkeep.promkeep_rollups ENABLE ROW LEVEL SECURITY;

ALTER TABLE promkeep.promkeep_rollups_300 ENABLE ROW LEVEL SECURITY;

ALTER TABLE promkeep.promkeep_rollups_3600 ENABLE ROW LEVEL SECURITY;

ALTER TABLE promkeep.promkeep_samples ENABLE ROW LEVEL SECURITY;

ALTER TABLE promkeep.promkeep_series ENABLE ROW LEVEL SECURITY;

ALTER TABLE promkeep.promkeep_settings ENABLE ROW LEVEL SECURITY;

ALTER TABLE promkeep.promkeep_sources ENABLE ROW LEVEL SECURITY;

ALTER TABLE promkeep.promkeep_upkeep_failures ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON FUNCTION promkeep.promkeep_add_fetch(in_query bigint, in_version integer, in_from timestamp with time zone, in_to timestamp with time zone, in_fetched_at timestamp with time zone, in_expression text, in_prometheus_version text, in_warnings text[], in_counts bigint[], in_covered tstzmultirange, in_series bigint[], in_times timestamp with time zone[], in_values double precision[], OUT fetch_id bigint, OUT transaction_id text) FROM PUBLIC;

REVOKE ALL ON FUNCTION promkeep.promkeep_cover(in_query bigint, in_version integer, in_covered tstzmultirange) FROM PUBLIC;

REVOKE ALL ON FUNCTION promkeep.promkeep_ensure_chunk_partition(at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION promkeep.promkeep_ensure_own_week(at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION promkeep.promkeep_ensure_packed_partition(class text, at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION promkeep.promkeep_ensure_partition(at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION promkeep.promkeep_ensure_rollup_partition(width integer, at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION promkeep.promkeep_grant_reader(role_name name, org_id bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION promkeep.promkeep_hold_back_data() FROM PUBLIC;

REVOKE ALL ON FUNCTION promkeep.promkeep_hold_back_retention() FROM PUBLIC;

REVOKE ALL ON FUNCTION promkeep.promkeep_hold_back_setting() FROM PUBLIC;

REVOKE ALL ON FUNCTION promkeep.promkeep_inserted_query(of_org bigint, source_text character varying) FROM PUBLIC;

REVOKE ALL ON FUNCTION promkeep.promkeep_make_partition(partition text, parent text, bounds text) FROM PUBLIC;

REVOKE ALL ON FUNCTION promkeep.promkeep_may_delete(of_query bigint, of_what text, present text, asked text) FROM PUBLIC;

REVOKE ALL ON FUNCTION promkeep.promkeep_metrics_data_write() FROM PUBLIC;

REVOKE ALL ON FUNCTION promkeep.promkeep_name_raw_series() FROM PUBLIC;

REVOKE ALL ON FUNCTION promkeep.promkeep_note_audit(of_query bigint, actor text, action text, what text, before text, wanted text, effective_at timestamp with time zone, about_samples bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION promkeep.promkeep_note_stale() FROM PUBLIC;

REVOKE ALL ON FUNCTION promkeep.promkeep_open_write(in_org bigint, in_source text, in_epoch bigint, in_kind text, in_identity bytea, in_prints bytea[], OUT leads boolean, OUT query_id bigint, OUT version integer, OUT expression text, OUT step_ms bigint, OUT raw boolean, OUT retention text, OUT provisioned boolean, OUT paused boolean, OUT deleted boolean, OUT packed_until_ms bigint, OUT newest_ms bigint, OUT period_ms bigint, OUT packed_class text, OUT series bytea) FROM PUBLIC;

REVOKE ALL ON FUNCTION promkeep.promkeep_partition_is_there(partition text, parent text) FROM PUBLIC;

REVOKE ALL ON FUNCTION promkeep.promkeep_put_row(row_in promkeep.metrics_data) FROM PUBLIC;

REVOKE ALL ON FUNCTION promkeep.promkeep_readable() FROM PUBLIC;

REVOKE ALL ON FUNCTION promkeep.promkeep_remove_row(row_in promkeep.metrics_data) FROM PUBLIC;

REVOKE ALL ON FUNCTION promkeep.promkeep_revoke_reader(role_name name) FROM PUBLIC;

REVOKE ALL ON FUNCTION promkeep.promkeep_secure_partition(partition regclass) FROM PUBLIC;

REVOKE ALL ON FUNCTION promkeep.promkeep_take_apart(series_ids bigint[], low timestamp with time zone, high timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION promkeep.promkeep_take_back(of_query bigint, of_what text) FROM PUBLIC;

GRANT SELECT ON TABLE promkeep.promkeep_own_organisations TO PUBLIC;
