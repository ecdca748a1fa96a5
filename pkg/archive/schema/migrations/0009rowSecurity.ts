/** 63 bits of MD5 over series and time, see 0001. */
const id = (seriesId: string, time: string): string =>
  `('x' || substr(md5(${seriesId} || ' ' || (extract(epoch FROM ${time}) * 1000000)::bigint), 1, 16))::bit(64)::bigint
         & 9223372036854775807`;

const arm = (time: string, value: string, fetch: string, partFrom: string, partTo: string, from: string): string => `
  SELECT ${id('s.series_id', time)}, r.short_name, ${value}, ${time}, r.labels, q.source_text, f.written_at, o.org_id, o.name,
         q.name, ${partFrom}, ${partTo}
  FROM ${from}
  LEFT JOIN {schema}.promkeep_series r ON r.series_id = s.series_id
  LEFT JOIN {schema}.promkeep_queries q ON q.query_id = r.query_id
  LEFT JOIN {schema}.promkeep_sources o ON o.source_id = q.source_id
  LEFT JOIN {schema}.promkeep_fetches f ON f.fetch_id = ${fetch}`;

/**
 * A view reads tables with its owner's rights, for whom policies do not hold; PostgreSQL 15 can be told otherwise, 14 cannot.
 * Functions in a view run with the caller's rights in both, and an SQL function is put in place of its call, so the plans stay
 * what they were.
 */
const views = `
CREATE TYPE {schema}.promkeep_metric_row AS (id bigint, metric_name varchar(255), metric_value double precision, "timestamp" timestamptz,
  labels jsonb, source varchar(100), created_at timestamptz, org_id bigint, source_name text, query text, part_from timestamptz,
  part_to timestamptz);
COMMENT ON TYPE {schema}.promkeep_metric_row IS 'A row of promkeep_metrics.';
CREATE FUNCTION {schema}.promkeep_rows() RETURNS SETOF {schema}.promkeep_metric_row
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000000 AS $$${arm('s.time', 's.value', 's.fetch_id', 's.time', 's.time', '{schema}.promkeep_samples s')}
  UNION ALL${arm(
    'u.sample_time',
    'u.sample_value',
    'u.sample_fetch',
    's.from_time',
    's.to_time',
    `{schema}.promkeep_packed s
  CROSS JOIN LATERAL {schema}.promkeep_unpack(s.from_time, s.sample_count, s.step_us, s.offsets_us, s.sample_values, s.differences, s.divisor, s.fetch_ids, s.fetch_starts) u`
  )}
$$;
COMMENT ON FUNCTION {schema}.promkeep_rows() IS 'What promkeep_metrics shows, with the rights of the caller.';
CREATE OR REPLACE VIEW {schema}.promkeep_metrics AS
SELECT m.id, m.metric_name, m.metric_value, m."timestamp", m.labels, m.source, m.created_at, m.org_id, m.source_name, m.query,
       m.part_from, m.part_to
FROM {schema}.promkeep_rows() m;

CREATE TYPE {schema}.promkeep_rollup_row AS ("timestamp" timestamptz, metric_name varchar(255), labels jsonb, source varchar(100),
  org_id bigint, source_name text, query text, min_value double precision, max_value double precision, sum_value double precision,
  sample_count bigint, last_value double precision);
COMMENT ON TYPE {schema}.promkeep_rollup_row IS 'A row of metrics_5m and metrics_1h.';
CREATE FUNCTION {schema}.promkeep_rollup_rows(width interval, from_time timestamptz, to_time timestamptz)
RETURNS SETOF {schema}.promkeep_rollup_row
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100000 AS $$
  SELECT b.bucket, r.short_name, r.labels, q.source_text, o.org_id, o.name, q.name, b.min_value, b.max_value, b.sum_value,
         b.sample_count, b.last_value
  FROM {schema}.promkeep_series r
  JOIN {schema}.promkeep_queries q ON q.query_id = r.query_id
  JOIN {schema}.promkeep_sources o ON o.source_id = q.source_id
  CROSS JOIN LATERAL {schema}.promkeep_series_rollup(q.query_id, r.series_id, $1, $2, $3) b
$$;
COMMENT ON FUNCTION {schema}.promkeep_rollup_rows(interval, timestamptz, timestamptz) IS 'What metrics_5m and metrics_1h show, with the rights of the caller.';
${['metrics_5m', 'metrics_1h']
  .map(
    (name) => `CREATE OR REPLACE VIEW {schema}.${name} AS
SELECT m."timestamp", m.metric_name, m.labels, m.source, m.org_id, m.source_name, m.query, m.min_value, m.max_value, m.sum_value,
       m.sample_count, m.last_value
FROM {schema}.promkeep_rollup_rows(interval '${name === 'metrics_5m' ? '5 minutes' : '1 hour'}', '-infinity', 'infinity') m;
`
  )
  .join('')}
`;

/** Tables with a column that leads to an organisation, by the table it is looked up in. */
const KEYS: ReadonlyArray<[column: string, parent: string, tables: readonly string[]]> = [
  ['source_id', 'promkeep_sources', ['promkeep_queries', 'promkeep_leases']],
  [
    'query_id',
    'promkeep_queries',
    [
      'promkeep_query_versions',
      'promkeep_coverage',
      'promkeep_gaps',
      'promkeep_fetches',
      'promkeep_series',
      'promkeep_rollup_state',
    ],
  ],
  ['series_id', 'promkeep_series', ['promkeep_samples', 'promkeep_packed', 'promkeep_rollups']],
];
const TABLES = ['promkeep_readers', 'promkeep_sources', ...KEYS.flatMap(([, , tables]) => tables)];
const READABLE = [...TABLES, 'promkeep_metrics', 'metrics_data', 'metrics_5m', 'metrics_1h'];

const policies = `
CREATE TABLE {schema}.promkeep_readers (
  role_name name NOT NULL,
  org_id bigint,
  UNIQUE (role_name, org_id)
);
COMMENT ON TABLE {schema}.promkeep_readers IS 'Which organisations a database role sees. The owner of the tables sees everything and needs no row; see promkeep_grant_reader().';
COMMENT ON COLUMN {schema}.promkeep_readers.role_name IS 'The role; public stands for everybody.';
COMMENT ON COLUMN {schema}.promkeep_readers.org_id IS 'The organisation; null: all of them.';

CREATE POLICY own_roles ON {schema}.promkeep_readers FOR SELECT
  USING (role_name = 'public' OR pg_has_role(to_regrole(quote_ident(role_name)), 'USAGE'));
CREATE POLICY own_organisations ON {schema}.promkeep_sources FOR SELECT
  USING (org_id IN (SELECT m.org_id FROM {schema}.promkeep_readers m)
         OR (SELECT count(*) > 0 FROM {schema}.promkeep_readers m WHERE m.org_id IS NULL));
${KEYS.flatMap(([column, parent, tables]) =>
  tables.map(
    (
      table
    ) => `CREATE POLICY own_organisations ON {schema}.${table} FOR SELECT USING (${column} IN (SELECT p.${column} FROM {schema}.${parent} p));
`
  )
).join('')}
${TABLES.map((table) => `ALTER TABLE {schema}.${table} ENABLE ROW LEVEL SECURITY;\n`).join('')}
-- Policies of a partitioned table hold for whoever reads that table. Nobody but the owner reads a partition itself.
CREATE FUNCTION {schema}.promkeep_secure_partition(partition regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', partition);
END
$$;
COMMENT ON FUNCTION {schema}.promkeep_secure_partition(regclass) IS 'Closes a partition to everybody but its owner.';
REVOKE ALL ON FUNCTION {schema}.promkeep_secure_partition(regclass) FROM PUBLIC;
SELECT {schema}.promkeep_secure_partition(tree.relid)
FROM unnest(ARRAY['promkeep_samples', 'promkeep_packed', 'promkeep_rollups']) AS root(name),
  pg_partition_tree(format('%I.%I', {schemaText}, root.name)::regclass) AS tree
WHERE tree.level > 0;

CREATE FUNCTION {schema}.promkeep_grant_reader(role_name name, org_id bigint DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  object text;
BEGIN
  DELETE FROM {schema}.promkeep_readers m
  WHERE m.role_name = $1 AND m.org_id IS NOT DISTINCT FROM $2;
  INSERT INTO {schema}.promkeep_readers (role_name, org_id) VALUES ($1, $2);
  IF $1 <> 'public' AND NOT has_schema_privilege($1, {schemaText}, 'USAGE') THEN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', {schemaText}, $1);
  END IF;
  FOREACH object IN ARRAY ARRAY[${READABLE.map((name) => `'${name}'`).join(', ')}] LOOP
    EXECUTE format('GRANT SELECT ON %I.%I TO %I', {schemaText}, object, $1);
  END LOOP;
END
$$;
COMMENT ON FUNCTION {schema}.promkeep_grant_reader(name, bigint) IS 'Lets a role read everything of one organisation, or of all without one. Call it once for each organisation the role may see.';
REVOKE ALL ON FUNCTION {schema}.promkeep_grant_reader(name, bigint) FROM PUBLIC;

CREATE FUNCTION {schema}.promkeep_revoke_reader(role_name name) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  object text;
BEGIN
  DELETE FROM {schema}.promkeep_readers m WHERE m.role_name = $1;
  FOREACH object IN ARRAY ARRAY[${READABLE.map((name) => `'${name}'`).join(', ')}] LOOP
    EXECUTE format('REVOKE ALL ON %I.%I FROM %I', {schemaText}, object, $1);
  END LOOP;
END
$$;
COMMENT ON FUNCTION {schema}.promkeep_revoke_reader(name) IS 'Takes back what promkeep_grant_reader() gave, for all organisations.';
REVOKE ALL ON FUNCTION {schema}.promkeep_revoke_reader(name) FROM PUBLIC;

-- Roles that were given the views before go on seeing what they saw: everything.
SELECT {schema}.promkeep_grant_reader(coalesce(pg_get_userbyid(nullif(a.grantee, 0)), 'public'))
FROM (
  SELECT DISTINCT acl.grantee FROM pg_class c, aclexplode(c.relacl) AS acl
  WHERE c.oid IN (format('%I.metrics_data', {schemaText})::regclass, format('%I.promkeep_metrics', {schemaText})::regclass)
    AND acl.privilege_type = 'SELECT' AND acl.grantee <> c.relowner) a;
`;

const writing = `
CREATE FUNCTION {schema}.promkeep_organisations_of(role_name name) RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN count(*) FILTER (WHERE m.org_id IS NULL) = 0 THEN array_agg(m.org_id ORDER BY m.org_id) END
  FROM {schema}.promkeep_readers m
  WHERE m.role_name = 'public' OR pg_has_role($1, to_regrole(quote_ident(m.role_name)), 'USAGE')
$$;
COMMENT ON FUNCTION {schema}.promkeep_organisations_of(name) IS 'The organisations a role is limited to; null when it is not.';

-- Runs with the caller's rights, unlike the trigger after it: there current_user is the owner. Triggers of one table fire in
-- the order of their names, and each is given the row the one before returned.
CREATE FUNCTION {schema}.promkeep_choose_organisation() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  allowed bigint[];
BEGIN
  IF row_security_active(format('%I.promkeep_sources', {schemaText})::regclass) THEN
    allowed := {schema}.promkeep_organisations_of(current_user);
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
COMMENT ON FUNCTION {schema}.promkeep_choose_organisation() IS 'INSTEAD OF trigger of metrics_data: a role that is limited to an organisation writes rows of that organisation.';
CREATE TRIGGER promkeep_choose_organisation INSTEAD OF INSERT OR UPDATE ON {schema}.metrics_data
FOR EACH ROW EXECUTE FUNCTION {schema}.promkeep_choose_organisation();

CREATE FUNCTION {schema}.promkeep_inserted_query(of_org bigint, source_text varchar) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  print bytea := sha256(convert_to(coalesce('=' || source_text, ''), 'UTF8'));
  found_id bigint;
BEGIN
  LOOP
    SELECT q.query_id INTO found_id FROM {schema}.promkeep_queries q
    JOIN {schema}.promkeep_sources o ON o.source_id = q.source_id
    WHERE o.org_id = of_org AND o.name = 'default' AND q.kind = 'inserted' AND q.identity = print;
    IF found_id IS NOT NULL THEN
      RETURN found_id;
    END IF;
    INSERT INTO {schema}.promkeep_sources (org_id, name) VALUES (of_org, 'default') ON CONFLICT DO NOTHING;
    WITH made AS (
      INSERT INTO {schema}.promkeep_queries (source_id, kind, identity, source_text, retention)
      SELECT o.source_id, 'inserted', print, promkeep_inserted_query.source_text, 'forever'
      FROM {schema}.promkeep_sources o WHERE o.org_id = of_org AND o.name = 'default'
      ON CONFLICT DO NOTHING RETURNING query_id)
    INSERT INTO {schema}.promkeep_query_versions (query_id, version, expression) SELECT made.query_id, 1, '' FROM made;
  END LOOP;
END
$$;
COMMENT ON FUNCTION {schema}.promkeep_inserted_query(bigint, varchar) IS 'Finds or makes the query that rows inserted with this source belong to.';
REVOKE ALL ON FUNCTION {schema}.promkeep_inserted_query(bigint, varchar) FROM PUBLIC;
`;

const replaced = `
CREATE OR REPLACE FUNCTION {schema}.promkeep_ensure_partition(at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  week timestamp;
  partition text;
  present regclass;
BEGIN
  IF NOT isfinite(at) OR at < '0001-01-01 00:00:00+00' OR at >= '10000-01-01 00:00:00+00' THEN
    RAISE EXCEPTION 'time % is outside of the years 1 to 9999', at USING ERRCODE = 'datetime_field_overflow';
  END IF;
  week := date_trunc('week', at AT TIME ZONE 'UTC');
  partition := 'promkeep_samples_' || to_char(week, 'YYYYMMDD');
  present := to_regclass(format('%I.%I', {schemaText}, partition));
  IF present IS NOT NULL THEN
    -- What is said in 0001 holds here.
    PERFORM pg_relation_size(present);
    RETURN;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('promkeep partition'), hashtext({schemaText}));
  LOCK TABLE {schema}.promkeep_samples IN SHARE UPDATE EXCLUSIVE MODE;
  IF to_regclass(format('%I.%I', {schemaText}, partition)) IS NOT NULL THEN
    RETURN;
  END IF;
  EXECUTE format('CREATE TABLE %I.%I (LIKE %I.promkeep_samples INCLUDING ALL)', {schemaText}, partition, {schemaText});
  PERFORM {schema}.promkeep_secure_partition(format('%I.%I', {schemaText}, partition)::regclass);
  EXECUTE format('ALTER TABLE %I.promkeep_samples ATTACH PARTITION %I.%I FOR VALUES FROM (%L) TO (%L)',
    {schemaText}, {schemaText}, partition, week AT TIME ZONE 'UTC', (week + interval '7 days') AT TIME ZONE 'UTC');
END
$$;

CREATE OR REPLACE FUNCTION {schema}.promkeep_ensure_packed_partition(class text, at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  of_class text := 'promkeep_packed_' || class;
  start_time timestamptz := {schema}.promkeep_period_start(at, {schema}.promkeep_partition_days(class) * 86400000::bigint);
  partition text := of_class || '_' || to_char(start_time AT TIME ZONE 'UTC', 'YYYYMMDD');
  present regclass := to_regclass(format('%I.%I', {schemaText}, partition));
BEGIN
  IF class <> {schema}.promkeep_retention_class(class) THEN
    RAISE EXCEPTION 'there is no retention class %', class USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- What is said in promkeep_ensure_partition() holds here.
  IF present IS NOT NULL THEN
    PERFORM pg_relation_size(present);
    RETURN;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('promkeep partition'), hashtext({schemaText}));
  LOCK TABLE {schema}.promkeep_packed IN SHARE UPDATE EXCLUSIVE MODE;
  IF to_regclass(format('%I.%I', {schemaText}, of_class)) IS NULL THEN
    EXECUTE format('CREATE TABLE %I.%I (LIKE %I.promkeep_packed INCLUDING ALL) PARTITION BY RANGE (from_time)',
      {schemaText}, of_class, {schemaText});
    PERFORM {schema}.promkeep_secure_partition(format('%I.%I', {schemaText}, of_class)::regclass);
    EXECUTE format('ALTER TABLE %I.promkeep_packed ATTACH PARTITION %I.%I FOR VALUES IN (%L)',
      {schemaText}, {schemaText}, of_class, class);
  END IF;
  EXECUTE format('LOCK TABLE %I.%I IN SHARE UPDATE EXCLUSIVE MODE', {schemaText}, of_class);
  IF to_regclass(format('%I.%I', {schemaText}, partition)) IS NOT NULL THEN
    RETURN;
  END IF;
  EXECUTE format('CREATE TABLE %I.%I (LIKE %I.%I INCLUDING ALL)', {schemaText}, partition, {schemaText}, of_class);
  PERFORM {schema}.promkeep_secure_partition(format('%I.%I', {schemaText}, partition)::regclass);
  EXECUTE format('ALTER TABLE %I.%I ATTACH PARTITION %I.%I FOR VALUES FROM (%L) TO (%L)',
    {schemaText}, of_class, {schemaText}, partition, start_time,
    start_time + interval '24 hours' * {schema}.promkeep_partition_days(class));
END
$$;

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
  IF row_in.query IS NOT NULL OR row_in.source_name <> 'default' THEN
    RAISE EXCEPTION 'metrics_data: rows can be inserted only without query, org_id and source_name'
      USING ERRCODE = 'feature_not_supported';
  END IF;
  PERFORM {schema}.promkeep_ensure_partition(row_in.timestamp);
  of_query := {schema}.promkeep_inserted_query(coalesce(row_in.org_id, 1), row_in.source);
  -- Keeps packing away until the end of the transaction, yet not other sessions that insert.
  PERFORM 1 FROM {schema}.promkeep_queries q WHERE q.query_id = of_query FOR SHARE;
  LOOP
    SELECT r.series_id INTO of_series FROM {schema}.promkeep_series r
    WHERE r.query_id = of_query AND r.fingerprint = print;
    EXIT WHEN of_series IS NOT NULL;
    INSERT INTO {schema}.promkeep_series (query_id, fingerprint, metric_name, origin, labels)
    VALUES (of_query, print, row_in.metric_name, 'inserted', row_in.labels) ON CONFLICT DO NOTHING;
  END LOOP;
  row_out.org_id := coalesce(row_in.org_id, 1);
  row_out.source_name := 'default';
  row_out.id := ${id('of_series', 'row_in.timestamp')};
  SELECT s.value, f.written_at, false AS packed INTO old FROM {schema}.promkeep_samples s
  LEFT JOIN {schema}.promkeep_fetches f ON f.fetch_id = s.fetch_id
  WHERE s.series_id = of_series AND s.time = row_in.timestamp;
  IF NOT FOUND THEN
    SELECT u.sample_value AS value, f.written_at, true AS packed INTO old FROM {schema}.promkeep_packed p
    CROSS JOIN LATERAL {schema}.promkeep_unpack(p.from_time, p.sample_count, p.step_us, p.offsets_us, p.sample_values, p.differences, p.divisor, p.fetch_ids, p.fetch_starts) u
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
DROP FUNCTION {schema}.promkeep_inserted_query(varchar);
DROP FUNCTION {schema}.promkeep_unpack(timestamptz, bigint, bigint[], float8[], boolean, bigint[], integer[]);
`;

/** Row-level security: a role made for one organisation sees and writes nothing of another. */
export const rowSecurity = views + policies + writing + replaced;
