-- When the first try of a send left whose answer nobody knows; 0 where there was none. A provider
-- takes the same send once for a while only: what is older is never repeated.
ALTER TABLE sends ADD COLUMN doubted_at INTEGER NOT NULL DEFAULT 0;
