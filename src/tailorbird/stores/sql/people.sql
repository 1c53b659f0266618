-- name: cursor
SELECT progress FROM readers WHERE name = 'people'
-- name: advance
INSERT INTO readers (name, progress) VALUES ('people', ?)
ON CONFLICT (name) DO UPDATE SET progress = excluded.progress
-- name: change
-- A transaction that changes nothing waits for no disk, not even one that writes the same again.
INSERT INTO readers (name, progress) VALUES ('durable', '1')
ON CONFLICT (name) DO UPDATE SET progress = progress + 1
-- name: next_person
SELECT COALESCE(MAX(person), 0) + 1 FROM people
-- name: create
INSERT INTO people (person, created_at, person_key) VALUES (?, ?, ?)
-- name: rows
SELECT person, created_at, merged_into, email_key, person_key, personal, declared, consent
FROM people WHERE person IN (SELECT value FROM json_each(?))
-- name: states
SELECT p.person, p.consent, COALESCE((
    SELECT MIN(s.reason) FROM suppressions AS s
    WHERE s.address_key = p.email_key AND s.barred AND s.purpose IN ('all', 'email_marketing')), ''),
    p.email_key
FROM people AS p
WHERE p.merged_into IS NULL AND p.person IN (SELECT value FROM json_each(?))
-- name: with_kin
SELECT DISTINCT merged_into FROM people INDEXED BY people_by_home
WHERE merged_into IS NOT NULL AND merged_into IN (SELECT value FROM json_each(?))
-- name: by_address
SELECT MIN(person) FROM people INDEXED BY people_by_email
WHERE email_key = ? AND merged_into IS NULL
-- name: survivors
SELECT person, COALESCE(merged_into, person) FROM people
WHERE person IN (SELECT value FROM json_each(?))
-- name: receipts_from
SELECT person, purpose FROM consents
WHERE source = ? AND person IN (SELECT value FROM json_each(?))
-- name: rekey
UPDATE people SET person_key = ? WHERE person = ?
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
