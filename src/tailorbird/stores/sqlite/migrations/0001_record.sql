-- The log of raw bodies, and how far each reader has come.
CREATE TABLE log (
    "offset" INTEGER PRIMARY KEY AUTOINCREMENT, received_at INTEGER NOT NULL, source TEXT NOT NULL,
    content BLOB NOT NULL);
CREATE TABLE readers (name TEXT PRIMARY KEY, progress TEXT NOT NULL) WITHOUT ROWID;

-- Where each message id was seen first: hash of the id -> position.
CREATE TABLE seen (key BLOB PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE quarantine (
    position INTEGER PRIMARY KEY, source TEXT NOT NULL, received_at INTEGER NOT NULL,
    code TEXT NOT NULL, reason TEXT NOT NULL, raw BLOB NOT NULL, mend TEXT NOT NULL);

-- personal: JSON {field: [value, at]} under the person's key. declared: the same in clear.
-- consent: JSON {purpose: [receipt, granted, at]}, the latest word.
CREATE TABLE people (
    person INTEGER PRIMARY KEY, created_at INTEGER NOT NULL, merged_into INTEGER,
    email_key BLOB, person_key BLOB, personal BLOB, declared TEXT NOT NULL DEFAULT '{}',
    consent TEXT NOT NULL DEFAULT '{}');
CREATE INDEX people_by_email ON people (email_key) WHERE email_key IS NOT NULL;
CREATE TABLE identities (
    kind TEXT NOT NULL, key BLOB NOT NULL, person INTEGER NOT NULL, PRIMARY KEY (kind, key))
    WITHOUT ROWID;
CREATE INDEX identities_by_person ON identities (person);
CREATE TABLE merges (
    position INTEGER NOT NULL, survivor INTEGER NOT NULL, loser INTEGER NOT NULL,
    PRIMARY KEY (position, loser)) WITHOUT ROWID;

-- Receipts, in a hash chain: each hash covers the row and the hash before it.
CREATE TABLE consents (
    receipt INTEGER PRIMARY KEY AUTOINCREMENT, person INTEGER NOT NULL, purpose TEXT NOT NULL,
    granted INTEGER NOT NULL, at INTEGER NOT NULL, source TEXT NOT NULL,
    wording_version TEXT NOT NULL, evidence TEXT NOT NULL, hash BLOB NOT NULL);
CREATE INDEX consents_by_person ON consents (person, purpose, at);
CREATE TABLE suppressions (
    address_key BLOB PRIMARY KEY, reason TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE definitions (
    kind TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, text TEXT NOT NULL,
    author TEXT NOT NULL, reason TEXT NOT NULL, created_at INTEGER NOT NULL,
    PRIMARY KEY (kind, name, version)) WITHOUT ROWID;
