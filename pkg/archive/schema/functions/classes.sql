-- Retention classes, and the periods and partitions that follow from them.

CREATE OR REPLACE FUNCTION promkeep_retention_days(class text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN class ~ '^[1-9][0-9]{0,4}[dwy]$'
    THEN nullif(least(left(class, -1)::integer
      * CASE right(class, 1) WHEN 'd' THEN 1 WHEN 'w' THEN 7 ELSE 366 END, 36601), 36601) END;
END;
COMMENT ON FUNCTION promkeep_retention_days IS 'Days of a retention class (30d, 8w, 1y); null for forever, for more than 36,600 days (100 years), and for anything that cannot be read: all of these are kept.';

CREATE OR REPLACE FUNCTION promkeep_retention_class(class text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN promkeep_retention_days(class) IS NULL THEN 'forever' ELSE class END;
END;
COMMENT ON FUNCTION promkeep_retention_class IS 'The class under which packed rows are stored: what cannot be read counts as forever.';

CREATE OR REPLACE FUNCTION promkeep_kept_from(class text, at timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT coalesce(at - interval '24 hours' * promkeep_retention_days(class), '-infinity'::timestamptz);
END;
COMMENT ON FUNCTION promkeep_kept_from IS 'Samples before this time may go at that time; -infinity where all are kept, and never null, which least() and greatest() would pass over.';

CREATE OR REPLACE FUNCTION promkeep_deletes_more(wanted text, present text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE wanted WHEN 'none' THEN 0 ELSE coalesce(promkeep_retention_days(wanted), 2147483647) END
       < CASE present WHEN 'none' THEN 0 ELSE coalesce(promkeep_retention_days(present), 2147483647) END;
END;
COMMENT ON FUNCTION promkeep_deletes_more IS 'Whether the first retention is shorter than the second one; none is the shortest.';

-- Every width is a divisor of the next and all begin on a Monday, so a packed row never crosses the border of its partition.
CREATE OR REPLACE FUNCTION promkeep_partition_days(class text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN promkeep_retention_days(class) <= 60 THEN 7 ELSE 28 END;
END;
COMMENT ON FUNCTION promkeep_partition_days IS 'Days in one partition of packed rows: a week up to 60 days of retention, four weeks above.';

CREATE OR REPLACE FUNCTION promkeep_period_ms(step_ms bigint, class text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN step_ms < 5000 THEN 21600000
              WHEN step_ms IS NULL OR step_ms <= 60000 THEN 86400000
              WHEN step_ms <= 600000 OR promkeep_partition_days(class) = 7 THEN 604800000
              ELSE 2419200000 END;
END;
COMMENT ON FUNCTION promkeep_period_ms IS 'Milliseconds in one packed period: 6 h below 5 s a step, a day up to 1 min, a week up to 10 min, else four weeks.';

CREATE OR REPLACE FUNCTION promkeep_period_start(at timestamptz, period_ms bigint) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT timestamptz '1970-01-05 00:00:00+00' + interval '1 microsecond' * (
    floor((extract(epoch FROM at) * 1000 - 345600000) / period_ms) * period_ms * 1000)::float8;
END;
COMMENT ON FUNCTION promkeep_period_start IS 'Start of the packed period a time lies in. Periods are counted from Monday, 1970-01-05, UTC.';
