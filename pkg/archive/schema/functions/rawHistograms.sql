-- Native histograms of raw series out of Prometheus' chunks (encodings 2: integers, 3: floats). See rawChunks.sql.

-- So many ones and a zero (none after eight) say how many bits follow.
CREATE OR REPLACE FUNCTION promkeep_read_number(bits varbit, is_signed boolean, INOUT place integer, OUT number bigint)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT AS $$
DECLARE
  ones CONSTANT integer := position(B'0' IN substring(bits, place, 8) || B'0') - 1;
  size CONSTANT integer := ('{0,3,6,9,12,18,25,56,64}'::integer[])[ones + 1];
BEGIN
  place := place + least(ones + 1, 8);
  number := CASE size WHEN 0 THEN 0 ELSE substring(bits, place, size)::bigint END;
  IF is_signed AND size < 64 AND size > 0 AND number > 1::bigint << size - 1 THEN
    number := number - (1::bigint << size);
  END IF;
  place := place + size;
END
$$;
COMMENT ON FUNCTION promkeep_read_number IS 'One number of a histogram chunk, and the place behind it.';

CREATE OR REPLACE FUNCTION promkeep_read_layout(bits varbit, INOUT place integer, OUT buckets integer, OUT positive_buckets integer,
  OUT lower_bounds float8[], OUT upper_bounds float8[])
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT AS $$
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
      IF buckets_of > length(bits) THEN
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
COMMENT ON FUNCTION promkeep_read_layout IS 'What all histograms of a chunk have in common: bounds of the zero bucket, of the positive and the negative buckets.';

-- Fields of a histogram: time, count, count of the zero bucket, sum, positive buckets, negative buckets. Each is written by what it was
-- before: integers (the time always) as the difference to the difference before, floats (the sum always) as xor.
CREATE OR REPLACE FUNCTION promkeep_decode_histograms(chunks bytea, low_ms bigint, high_ms bigint, with_buckets boolean)
RETURNS TABLE (offset_ms bigint, sample_count float8, sample_sum float8, bucket_lowers float8[], bucket_uppers float8[],
  bucket_counts float8[])
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 1000 ROWS 50 SET search_path FROM CURRENT AS $$
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
COMMENT ON FUNCTION promkeep_decode_histograms IS 'Native histograms of chunks as promkeep_chunks holds them: milliseconds after from_time, count, sum; bounds of the buckets, and with_buckets their counts. Stale ones are left out.';

CREATE OR REPLACE FUNCTION promkeep_raw_histograms(from_time timestamptz, chunks bytea, low timestamptz DEFAULT '-infinity',
  high timestamptz DEFAULT 'infinity')
RETURNS TABLE (sample_time timestamptz, sample_count float8, sample_sum float8)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 50
BEGIN ATOMIC
  SELECT $1 + interval '1 millisecond' * d.offset_ms::float8, d.sample_count, d.sample_sum
  FROM promkeep_decode_histograms($2, promkeep_ms_after($1, $3), promkeep_ms_after($1, $4), false) d;
END;
COMMENT ON FUNCTION promkeep_raw_histograms IS 'Count and sum of the native histograms of a row of promkeep_chunks; as promkeep_raw_samples().';

CREATE OR REPLACE FUNCTION promkeep_raw_buckets(from_time timestamptz, chunks bytea, low timestamptz DEFAULT '-infinity',
  high timestamptz DEFAULT 'infinity')
RETURNS TABLE (sample_time timestamptz, bucket_lower float8, bucket_upper float8, bucket_count float8)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
  SELECT $1 + interval '1 millisecond' * d.offset_ms::float8, b.lower, b.upper, b.count
  FROM promkeep_decode_histograms($2, promkeep_ms_after($1, $3), promkeep_ms_after($1, $4), true) d
  CROSS JOIN LATERAL unnest(d.bucket_lowers, d.bucket_uppers, d.bucket_counts) AS b(lower, upper, count)
  WHERE b.count <> 0;
END;
COMMENT ON FUNCTION promkeep_raw_buckets IS 'Buckets that are not empty of the native histograms of a row of promkeep_chunks, each with its own count; as promkeep_raw_samples().';
