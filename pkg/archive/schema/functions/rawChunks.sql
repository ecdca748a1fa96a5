-- Samples of raw series out of Prometheus' XOR chunks (encoding 1), in plain PL/pgSQL. Histograms: rawHistograms.sql.

-- Written for few statements a chunk, 48 of which make a day of a series. Within a row, which is shorter than a day, none of the three
-- numbers has more than four bytes; the first two are read from eight bytes at once. Where nothing is to be looked for in a row, as for
-- histograms in most, this is all that is done.
CREATE OR REPLACE FUNCTION promkeep_find_chunks(chunks bytea, encodings integer[], low_ms bigint, high_ms bigint)
RETURNS TABLE (encoding integer, start_ms bigint, chunk bytea)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE ROWS 50 SET search_path FROM CURRENT AS $$
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
    EXIT WHEN start_ms > high_ms;
    IF encoding = ANY (encodings) AND (end_ms < low_ms) IS NOT TRUE THEN
      chunk := substr(data, at - size + 1, size);
      RETURN NEXT;
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION promkeep_find_chunks IS 'Chunks of these encodings out of a row of promkeep_chunks, those that touch the range, and the milliseconds from from_time to the first sample of each. The range as well; null: no bound.';

-- Immutable, so that no statement takes a snapshot. Bits are taken as substrings of a bit string, two calls wherever they lie. Samples
-- that repeat value and distance are counted, beyond the ends of chunks too, and given out by one statement.
--
-- There is no cast from 64 bits to a double. A finite one is (2^52 + fraction) * 2^(exponent - 1075), or fraction * 2^-1074 where the
-- exponent is 0: factors and product are doubles, so nothing is rounded. The power of two has the sign, and is kept until the upper
-- twelve bits change. A NaN's payload cannot be had in SQL.
--
CREATE OR REPLACE FUNCTION promkeep_decode_xor(chunks bytea, low_ms bigint, high_ms bigint)
RETURNS TABLE (offset_ms bigint, sample_value float8)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 1000 ROWS 200 SET search_path FROM CURRENT AS $$
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
  END LOOP;
  IF alike > 0 AND value_bits <> stale THEN
    RETURN QUERY SELECT offset_ms + step_ms * generate_series(1, alike), sample_value;
  END IF;
END
$$;
COMMENT ON FUNCTION promkeep_decode_xor IS 'Float samples of chunks as promkeep_chunks holds them: milliseconds after from_time, value. Stale markers are left out.';

-- No SET and no STRICT here and below, so that PostgreSQL puts the body in place of the call. A row is shorter than a day.
CREATE OR REPLACE FUNCTION promkeep_ms_after(from_time timestamptz, at timestamptz) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN $2 < $1 - interval '1 day' THEN -86400000 WHEN $2 > $1 + interval '1 day' THEN 86400000
              ELSE floor(extract(epoch FROM $2 - $1) * 1000)::bigint END;
END;
COMMENT ON FUNCTION promkeep_ms_after IS 'Whole milliseconds from one time to another, at most a day.';

CREATE OR REPLACE FUNCTION promkeep_raw_samples(from_time timestamptz, chunks bytea, low timestamptz DEFAULT '-infinity',
  high timestamptz DEFAULT 'infinity')
RETURNS TABLE (sample_time timestamptz, sample_value float8)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 200
BEGIN ATOMIC
  SELECT $1 + interval '1 millisecond' * d.offset_ms::float8, d.sample_value
  FROM promkeep_decode_xor($2, promkeep_ms_after($1, $3), promkeep_ms_after($1, $4)) d;
END;
COMMENT ON FUNCTION promkeep_raw_samples IS 'Float samples of a row of promkeep_chunks; stale markers are none. Chunks that lie outside of low and high are not decoded; of those that touch them all samples come.';

CREATE OR REPLACE FUNCTION promkeep_float8(bits bigint) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE bits >> 52 & 2047
    WHEN 2047 THEN CASE bits WHEN 9218868437227405312 THEN 'Infinity'::float8 WHEN -4503599627370496 THEN '-Infinity'::float8
      ELSE 'NaN'::float8 END
    WHEN 0 THEN (bits & 4503599627370495)::float8 * power(2::float8, -537) * power(2::float8, -537)
      * CASE WHEN bits < 0 THEN -1 ELSE 1 END
    ELSE (bits & 4503599627370495 | 4503599627370496)::float8 * power(2::float8, ((bits >> 52 & 2047) - 1075) / 2)
      * power(2::float8, (bits >> 52 & 2047) - 1075 - ((bits >> 52 & 2047) - 1075) / 2) * CASE WHEN bits < 0 THEN -1 ELSE 1 END END;
END;
COMMENT ON FUNCTION promkeep_float8 IS 'The double of these 64 bits, exactly; every NaN is the same one.';
