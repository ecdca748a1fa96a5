-- Makes an archive at version 15 of the unreleased migrations one at version 1: the tables are the same but for these columns.
-- Functions and views are replaced after it.
ALTER TABLE promkeep_migrations
  ADD COLUMN revision integer NOT NULL DEFAULT 0,
  ADD COLUMN texts jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN promkeep_migrations.revision IS 'Revision of the functions and views. A program that brings an older one leaves them as they are. Only the newest row counts.';
COMMENT ON COLUMN promkeep_migrations.texts IS 'Hash of each file that functions and views were made from.';
DELETE FROM promkeep_migrations;
INSERT INTO promkeep_migrations (version, name) VALUES (1, 'first schema');
