-- Which mailbox provider a send is for, from which domain, and on whose clock. NULL: not yet sorted.
ALTER TABLE sends ADD COLUMN stream TEXT;
ALTER TABLE sends ADD COLUMN zone TEXT NOT NULL DEFAULT '';
CREATE INDEX sends_in_lane ON sends (campaign, stream, zone, due_at, sequence)
WHERE state = 'pending' AND stream IS NOT NULL;

-- What is remembered of each stream, sending domain and carrier, so that a pace outlives a restart.
CREATE TABLE meters (name TEXT PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID;
