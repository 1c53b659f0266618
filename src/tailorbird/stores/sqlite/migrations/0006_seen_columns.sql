-- Of each body of columns: the last 8 bytes of its message ids in the order of its events (0 where
-- an event stands in `seen`, or was refused), and the instants between which they lie.
CREATE TABLE seen_columns (
    "offset" INTEGER PRIMARY KEY, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL,
    keys BLOB NOT NULL);
CREATE INDEX seen_columns_by_time ON seen_columns (last_at, first_at, "offset");
