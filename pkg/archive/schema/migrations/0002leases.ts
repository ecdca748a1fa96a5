/**
 * Leadership: one row a source. `epoch` is part of a key on purpose: writers hold the row FOR KEY SHARE, which lets a renewal
 * (no key changes) pass and makes a change of leader (the epoch changes) wait until they are done.
 */
export const leases = `
CREATE TABLE {schema}.promkeep_leases (
  source_id bigint PRIMARY KEY REFERENCES {schema}.promkeep_sources ON DELETE CASCADE,
  epoch bigint NOT NULL DEFAULT 0,
  holder text NOT NULL DEFAULT '',
  expires_at timestamptz NOT NULL DEFAULT '-infinity',
  taken_at timestamptz,
  UNIQUE (source_id, epoch)
);
COMMENT ON TABLE {schema}.promkeep_leases IS 'Which archiver records a source now. Writers of recorded queries take this row FOR KEY SHARE with their epoch first, so one that was replaced cannot write.';
COMMENT ON COLUMN {schema}.promkeep_leases.source_id IS 'The source.';
COMMENT ON COLUMN {schema}.promkeep_leases.epoch IS 'Grows by one with each change of leader; 0 before the first.';
COMMENT ON COLUMN {schema}.promkeep_leases.holder IS 'The archiver that leads: host, process and a random part; empty when nobody does.';
COMMENT ON COLUMN {schema}.promkeep_leases.expires_at IS 'When others may take over, on the database''s clock.';
COMMENT ON COLUMN {schema}.promkeep_leases.taken_at IS 'When the holder became leader.';
`;
