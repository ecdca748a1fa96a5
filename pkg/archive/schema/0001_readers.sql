-- Who sees what: row security.

CREATE TABLE promkeep_readers (
  role_name name NOT NULL,
  org_id bigint,
  UNIQUE (role_name, org_id)
);
COMMENT ON TABLE promkeep_readers IS 'Which organisations a database role sees. The owner of the tables sees everything and needs no row; see promkeep_grant_reader().';
COMMENT ON COLUMN promkeep_readers.role_name IS 'The role; public stands for everybody.';
COMMENT ON COLUMN promkeep_readers.org_id IS 'The organisation; null: all of them.';

-- A role sees what belongs to its organisations (promkeep_readers), and nothing without a row there. The tables' owner, which
-- Promkeep is, sees everything. See docs/adr/0013.
CREATE POLICY own_roles ON promkeep_readers FOR SELECT
  USING (role_name = 'public' OR pg_has_role(to_regrole(quote_ident(role_name)), 'USAGE'));
CREATE POLICY own_organisations ON promkeep_sources FOR SELECT
  USING (org_id IN (SELECT m.org_id FROM promkeep_readers m)
         OR (SELECT count(*) > 0 FROM promkeep_readers m WHERE m.org_id IS NULL));

CREATE POLICY own_organisations ON promkeep_queries FOR SELECT USING (source_id IN (SELECT p.source_id FROM promkeep_sources p));
CREATE POLICY own_organisations ON promkeep_leases FOR SELECT USING (source_id IN (SELECT p.source_id FROM promkeep_sources p));
CREATE POLICY own_organisations ON promkeep_audit FOR SELECT USING (source_id IN (SELECT p.source_id FROM promkeep_sources p));

CREATE POLICY own_organisations ON promkeep_query_versions FOR SELECT USING (query_id IN (SELECT p.query_id FROM promkeep_queries p));
CREATE POLICY own_organisations ON promkeep_coverage FOR SELECT USING (query_id IN (SELECT p.query_id FROM promkeep_queries p));
CREATE POLICY own_organisations ON promkeep_gaps FOR SELECT USING (query_id IN (SELECT p.query_id FROM promkeep_queries p));
CREATE POLICY own_organisations ON promkeep_fetches FOR SELECT USING (query_id IN (SELECT p.query_id FROM promkeep_queries p));
CREATE POLICY own_organisations ON promkeep_series FOR SELECT USING (query_id IN (SELECT p.query_id FROM promkeep_queries p));
CREATE POLICY own_organisations ON promkeep_rollup_state FOR SELECT USING (query_id IN (SELECT p.query_id FROM promkeep_queries p));
CREATE POLICY own_organisations ON promkeep_pending FOR SELECT USING (query_id IN (SELECT p.query_id FROM promkeep_queries p));
CREATE POLICY own_organisations ON promkeep_upkeep_failures FOR SELECT USING (query_id IN (SELECT p.query_id FROM promkeep_queries p));

CREATE POLICY own_organisations ON promkeep_samples FOR SELECT USING (series_id IN (SELECT p.series_id FROM promkeep_series p));
CREATE POLICY own_organisations ON promkeep_packed FOR SELECT USING (series_id IN (SELECT p.series_id FROM promkeep_series p));
CREATE POLICY own_organisations ON promkeep_rollups FOR SELECT USING (series_id IN (SELECT p.series_id FROM promkeep_series p));

-- Policies of a partitioned table hold for whoever reads that table. Nobody but the owner reads a partition itself.
ALTER TABLE promkeep_readers ENABLE ROW LEVEL SECURITY;
ALTER TABLE promkeep_sources ENABLE ROW LEVEL SECURITY;
ALTER TABLE promkeep_queries ENABLE ROW LEVEL SECURITY;
ALTER TABLE promkeep_leases ENABLE ROW LEVEL SECURITY;
ALTER TABLE promkeep_audit ENABLE ROW LEVEL SECURITY;
ALTER TABLE promkeep_query_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE promkeep_coverage ENABLE ROW LEVEL SECURITY;
ALTER TABLE promkeep_gaps ENABLE ROW LEVEL SECURITY;
ALTER TABLE promkeep_fetches ENABLE ROW LEVEL SECURITY;
ALTER TABLE promkeep_series ENABLE ROW LEVEL SECURITY;
ALTER TABLE promkeep_rollup_state ENABLE ROW LEVEL SECURITY;
ALTER TABLE promkeep_pending ENABLE ROW LEVEL SECURITY;
ALTER TABLE promkeep_upkeep_failures ENABLE ROW LEVEL SECURITY;
ALTER TABLE promkeep_samples ENABLE ROW LEVEL SECURITY;
ALTER TABLE promkeep_packed ENABLE ROW LEVEL SECURITY;
ALTER TABLE promkeep_rollups ENABLE ROW LEVEL SECURITY;
ALTER TABLE promkeep_rollups_300 ENABLE ROW LEVEL SECURITY;
ALTER TABLE promkeep_rollups_3600 ENABLE ROW LEVEL SECURITY;
ALTER TABLE promkeep_settings ENABLE ROW LEVEL SECURITY;
