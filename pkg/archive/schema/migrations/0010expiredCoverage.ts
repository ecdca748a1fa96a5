/**
 * What was covered outlives its samples: their rollups do, and only whole buckets of the current version may be read back. What
 * had expired before is not known any more and stays unread; `metrics_5m` and `metrics_1h` still show it.
 */
export const expiredCoverage = `
ALTER TABLE {schema}.promkeep_coverage ADD COLUMN expired tstzmultirange NOT NULL DEFAULT '{}';
COMMENT ON COLUMN {schema}.promkeep_coverage.expired IS 'What was covered when its samples expired and its rollups were stored. May overlap covered, by an hour or where somebody filled it in again.';
`;
