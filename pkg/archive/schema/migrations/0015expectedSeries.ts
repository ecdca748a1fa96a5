/**
 * How many series a definition was thought to return, for the limits of recorded queries: until its first samples are written
 * nothing else tells what it will take.
 */
export const expectedSeries = `
ALTER TABLE {schema}.promkeep_query_versions ADD COLUMN expected_series integer CHECK (expected_series >= 0);
COMMENT ON COLUMN {schema}.promkeep_query_versions.expected_series IS 'Series its result had when the version began; null when nobody asked.';
`;
