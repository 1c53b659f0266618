-- What the mail was that a send brought: a digest of its subject, HTML and texts; empty where the
-- process died between the mail's leaving and this row.
ALTER TABLE settlements ADD COLUMN digest BLOB NOT NULL DEFAULT x'';
