-- Where the log ended when a version was put: a tracking plan judges what came after it.
ALTER TABLE definitions ADD COLUMN log_end INTEGER NOT NULL DEFAULT 0;

-- identities.person and consents.person: who gave it first, whatever was merged since.
-- people.merged_into: whose she is now, as the merges that stand say; her row keeps what she said.
-- personal, declared: JSON {field: [value, at, source, [what other sources say]]}.
ALTER TABLE merges RENAME TO merges_before;
CREATE TABLE merges (
    survivor INTEGER NOT NULL, loser INTEGER NOT NULL, position INTEGER NOT NULL,
    at INTEGER NOT NULL, by TEXT NOT NULL, key BLOB NOT NULL, source TEXT NOT NULL,
    reason TEXT NOT NULL, author TEXT NOT NULL, evidence TEXT NOT NULL,
    claimant INTEGER NOT NULL, undone INTEGER NOT NULL, PRIMARY KEY (position, loser, survivor))
    WITHOUT ROWID;
-- What was merged before this version cannot be taken apart: by '' says so.
INSERT INTO merges
SELECT survivor, loser, position, 0, '', x'', '', '', '', '', 0, 0 FROM merges_before;
DROP TABLE merges_before;
CREATE INDEX merges_by_survivor ON merges (survivor);
CREATE INDEX merges_by_loser ON merges (loser);
CREATE INDEX merges_by_claimant ON merges (claimant);
CREATE INDEX merges_undone ON merges (undone) WHERE undone > 0;
-- Pairs whom somebody separated. lifted: where a later word joined them again.
CREATE TABLE separations (
    survivor INTEGER NOT NULL, loser INTEGER NOT NULL, position INTEGER NOT NULL,
    at INTEGER NOT NULL, reason TEXT NOT NULL, author TEXT NOT NULL,
    lifted INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (position, survivor, loser)) WITHOUT ROWID;
CREATE INDEX separations_by_survivor ON separations (survivor);
CREATE INDEX separations_by_loser ON separations (loser);
CREATE INDEX people_merged ON people (person, merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX people_by_home ON people (merged_into, person) WHERE merged_into IS NOT NULL;

-- Who gave an identifier that somebody else holds, and where first.
CREATE TABLE sharings (
    kind TEXT NOT NULL, key BLOB NOT NULL, person INTEGER NOT NULL, position INTEGER NOT NULL,
    PRIMARY KEY (kind, key, person)) WITHOUT ROWID;
-- Identifiers that say too little, from which position on, and why.
CREATE TABLE flags (
    kind TEXT NOT NULL, key BLOB NOT NULL, position INTEGER NOT NULL, at INTEGER NOT NULL,
    reason TEXT NOT NULL, person INTEGER NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
