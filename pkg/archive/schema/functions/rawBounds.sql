-- Bounds of the buckets of native histograms.

-- Prometheus has its bounds between two powers of two from a table with errors of up to four units in the last place; these differ
-- from them by as much. The upper bound of the last bucket before infinity is the greatest double.
CREATE OR REPLACE FUNCTION promkeep_bucket_bound(schema integer, bucket integer, custom_bounds float8[]) RETURNS float8
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT AS $$
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
COMMENT ON FUNCTION promkeep_bucket_bound IS 'Upper bound of a bucket of a native histogram, by its schema and number, to 15 digits that of Prometheus; it is the lower one of the next.';
