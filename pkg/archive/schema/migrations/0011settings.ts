/** What all programs on one archive must agree on. Seen by the owner only: no policy lets anybody else read it. */
export const settings = `
CREATE TABLE {schema}.promkeep_settings (
  name text PRIMARY KEY CHECK (name IN ('five_minute_rollups', 'hourly_rollups')),
  value text NOT NULL CHECK (value ~ '^([1-9][0-9]{0,4}[dwy]|forever|none)$'),
  updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE {schema}.promkeep_settings IS 'Settings of the archive as a whole. A program whose configuration names one writes it here; all programs, Grafana''s plugin among them, go by what stands here, and by the default where nothing does.';
COMMENT ON COLUMN {schema}.promkeep_settings.name IS 'five_minute_rollups or hourly_rollups: how long stored rollups of that width are kept.';
COMMENT ON COLUMN {schema}.promkeep_settings.value IS 'A retention class such as 90d, forever, or none to store none.';
COMMENT ON COLUMN {schema}.promkeep_settings.updated_at IS 'When it was given this value.';
ALTER TABLE {schema}.promkeep_settings ENABLE ROW LEVEL SECURITY;
`;
