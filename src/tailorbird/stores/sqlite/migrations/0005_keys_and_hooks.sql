-- What senders show at the door. Of a secret only the digest is kept; `shown` is the whole of a
-- public key and the start of a secret one. ends_at 0: until it is revoked. Rows stay.
CREATE TABLE keys (
    digest BLOB PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('public', 'secret')),
    shown TEXT NOT NULL, scopes TEXT NOT NULL, origins TEXT NOT NULL, rate INTEGER NOT NULL,
    address_rate INTEGER NOT NULL, created_at INTEGER NOT NULL, ends_at INTEGER NOT NULL)
    WITHOUT ROWID;
CREATE INDEX keys_by_name ON keys (name, created_at);

-- Answers to requests that said an Idempotency-Key, for as long as it may be said again.
CREATE TABLE answers (
    key BLOB PRIMARY KEY, fingerprint BLOB NOT NULL, status INTEGER NOT NULL, headers TEXT NOT NULL,
    content BLOB NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX answers_by_age ON answers (at);

-- Receivers of webhooks. The secret is sealed under sealing_key, which the folder's key wraps.
CREATE TABLE hooks (
    id TEXT PRIMARY KEY, url TEXT NOT NULL, types TEXT NOT NULL, fields TEXT NOT NULL,
    created_at INTEGER NOT NULL, sealing_key BLOB NOT NULL, secret BLOB NOT NULL,
    failing_since INTEGER NOT NULL DEFAULT 0, disabled TEXT NOT NULL DEFAULT '') WITHOUT ROWID;

-- What each receiver is told, in order. content names persons and fields and holds no value.
CREATE TABLE deliveries (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, hook TEXT NOT NULL,
    type TEXT NOT NULL, content BLOB NOT NULL, created_at INTEGER NOT NULL, due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'given_up')),
    status INTEGER NOT NULL DEFAULT 0, reply TEXT NOT NULL DEFAULT '', ended_at INTEGER NOT NULL DEFAULT 0);
CREATE INDEX deliveries_due ON deliveries (hook, sequence) WHERE state = 'pending';

-- Each person's fields when the receivers were told last: JSON {name: keyed hash of the value}.
CREATE TABLE told (person INTEGER PRIMARY KEY, fields BLOB NOT NULL);
