/** Recorded queries managed by people: who changed them and when, edits that do not overwrite each other, and deletion. */
export const managedQueries = `
ALTER TABLE {schema}.promkeep_queries
  ADD COLUMN revision bigint NOT NULL DEFAULT 1,
  ADD COLUMN created_by text,
  ADD COLUMN updated_by text,
  ADD COLUMN deleted_at timestamptz,
  ADD COLUMN delete_data boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN {schema}.promkeep_queries.revision IS 'Grows by one with each change of the definition or its state; an edit names the one it was made from.';
COMMENT ON COLUMN {schema}.promkeep_queries.created_by IS 'Login of the Grafana user who made it; null when a program did.';
COMMENT ON COLUMN {schema}.promkeep_queries.updated_by IS 'Login of the Grafana user who changed it last; null when a program did.';
COMMENT ON COLUMN {schema}.promkeep_queries.deleted_at IS 'When a recorded query was deleted. The row stays for a while, so that an archiver that has not heard of it cannot make it again.';
COMMENT ON COLUMN {schema}.promkeep_queries.delete_data IS 'Whether its samples are deleted as well; done in batches, and the row goes when none is left.';

ALTER TABLE {schema}.promkeep_query_versions ADD COLUMN created_by text;
COMMENT ON COLUMN {schema}.promkeep_query_versions.created_by IS 'Login of the Grafana user who began this version; null when a program did.';

ALTER TABLE {schema}.promkeep_leases ADD COLUMN provisions boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN {schema}.promkeep_leases.provisions IS 'Whether the holder makes the queries of a config file known. While one without a config file leads (the Grafana plugin), a waiting program with one does it.';
`;
