-- Edits of definitions that were kept together; a pull is one that changed nothing here.
CREATE TABLE edit_sets (
    number INTEGER PRIMARY KEY, how TEXT NOT NULL, at INTEGER NOT NULL, author TEXT NOT NULL,
    reason TEXT NOT NULL);
CREATE TABLE edits (
    "set" INTEGER NOT NULL REFERENCES edit_sets, kind TEXT NOT NULL, name TEXT NOT NULL,
    before INTEGER NOT NULL, version INTEGER NOT NULL,
    PRIMARY KEY ("set", kind, name)) WITHOUT ROWID;
CREATE INDEX edits_of ON edits (kind, name, version);
