-- Pairs of people who may be one. evidence is JSON [{field, likeness, bits}] and holds no value of a
-- field; seen is a keyed hash of what was compared, so that a changed pair is asked about again.
-- `merging`: decided, and its word is on the way into the log.
CREATE TABLE matches (
    one INTEGER NOT NULL, two INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'merging', 'merged', 'rejected')),
    probability REAL NOT NULL, evidence TEXT NOT NULL, why TEXT NOT NULL, seen BLOB NOT NULL,
    found_at INTEGER NOT NULL, decided_at INTEGER NOT NULL DEFAULT 0,
    author TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '', by TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (one, two)) WITHOUT ROWID;
CREATE INDEX matches_by_state ON matches (state, probability DESC, one, two);
