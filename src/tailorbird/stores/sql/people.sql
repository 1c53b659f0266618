-- name: cursor
SELECT progress FROM readers WHERE name = 'people'
-- name: advance
INSERT INTO readers (name, progress) VALUES ('people', ?)
ON CONFLICT (name) DO UPDATE SET progress = excluded.progress
-- name: make_asked
CREATE TEMP TABLE IF NOT EXISTS asked (key BLOB, position INTEGER)
-- name: clear_asked
DELETE FROM asked
-- name: ask
INSERT INTO asked (key, position) VALUES (?, ?)
-- name: remember
INSERT OR IGNORE INTO seen (key, position) SELECT key, position FROM asked ORDER BY key, position
-- name: seconds
SELECT a.rowid FROM asked AS a JOIN seen AS s ON s.key = a.key WHERE s.position <> a.position
-- name: known
SELECT i.kind, i.key, i.person FROM asked_identity AS a
JOIN identities AS i ON i.kind = a.kind AND i.key = a.key
-- name: make_asked_identity
CREATE TEMP TABLE IF NOT EXISTS asked_identity (kind TEXT, key BLOB)
-- name: clear_asked_identity
DELETE FROM asked_identity
-- name: ask_identity
INSERT INTO asked_identity (kind, key) VALUES (?, ?)
-- name: identity
SELECT person FROM identities WHERE kind = ? AND key = ?
-- name: next_person
SELECT COALESCE(MAX(person), 0) + 1 FROM people
-- name: create
INSERT INTO people (person, created_at, person_key) VALUES (?, ?, ?)
-- name: link
INSERT INTO identities (kind, key, person) VALUES (?, ?, ?)
ON CONFLICT (kind, key) DO UPDATE SET person = excluded.person
-- name: relink
UPDATE identities SET person = ? WHERE person = ?
-- name: note_merge
INSERT OR IGNORE INTO merges (position, survivor, loser) VALUES (?, ?, ?)
-- name: bury
UPDATE people SET merged_into = ?, personal = NULL, person_key = NULL, email_key = NULL
WHERE person = ?
-- name: rebury
UPDATE people SET merged_into = ? WHERE merged_into = ?
-- name: rows
SELECT person, created_at, merged_into, email_key, person_key, personal, declared, consent
FROM people WHERE person IN (SELECT value FROM json_each(?))
-- name: states
SELECT p.person, p.consent, COALESCE(s.reason, '') FROM people AS p
LEFT JOIN suppressions AS s ON s.address_key = p.email_key
WHERE p.merged_into IS NULL AND p.person IN (SELECT value FROM json_each(?))
-- name: survivors
SELECT person, COALESCE(merged_into, person) FROM people
WHERE person IN (SELECT value FROM json_each(?))
-- name: claims
SELECT person, kind, COUNT(*) FROM identities
WHERE person IN (SELECT value FROM json_each(?)) GROUP BY person, kind
-- name: receipts_from
SELECT person, purpose FROM consents
WHERE source = ? AND person IN (SELECT value FROM json_each(?))
-- name: merges
SELECT survivor, loser, position FROM merges WHERE position > ? ORDER BY position, loser
-- name: keep
UPDATE people SET created_at = ?, email_key = ?, personal = ?, declared = ?, consent = ?
WHERE person = ?
-- name: last_hash
SELECT hash FROM consents ORDER BY receipt DESC LIMIT 1
-- name: add_consent
INSERT INTO consents (person, purpose, granted, at, source, wording_version, evidence, hash)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
-- name: consents
SELECT person, purpose, granted, at, source, wording_version, evidence FROM consents
WHERE person = ?1 OR person IN (SELECT person FROM people WHERE merged_into = ?1) ORDER BY receipt
-- name: chain
SELECT person, purpose, granted, at, source, wording_version, evidence, hash FROM consents
ORDER BY receipt
-- name: suppress
INSERT OR IGNORE INTO suppressions (address_key, reason, at) VALUES (?, ?, ?)
-- name: lift
DELETE FROM suppressions WHERE address_key = ? AND reason = ?
-- name: quarantine
INSERT OR IGNORE INTO quarantine (position, source, received_at, code, reason, raw, mend)
VALUES (?, ?, ?, ?, ?, ?, ?)
-- name: quarantined
SELECT position, source, received_at, code, reason, raw, mend FROM quarantine
WHERE position > ? AND state = 'held' ORDER BY position LIMIT ?
-- name: count
SELECT COUNT(*) FROM people WHERE merged_into IS NULL
-- name: count_quarantined
SELECT code, COUNT(*) FROM quarantine WHERE state = 'held' GROUP BY code ORDER BY code
