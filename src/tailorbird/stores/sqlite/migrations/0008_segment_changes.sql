-- Who entered which segment and who left, as it was seen: what journeys and receivers are told by,
-- in this order and once. The facts are made anew from the log; what was seen is not.
-- at: when it became true; seen_at: when it was seen. cause: event, time, definition, merge.
CREATE TABLE segment_changes (
    sequence INTEGER PRIMARY KEY, segment TEXT NOT NULL, person INTEGER NOT NULL,
    at INTEGER NOT NULL, entered INTEGER NOT NULL, cause TEXT NOT NULL, version INTEGER NOT NULL,
    seen_at INTEGER NOT NULL);
