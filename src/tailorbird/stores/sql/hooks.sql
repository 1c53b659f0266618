-- name: add
INSERT INTO hooks (id, url, types, fields, created_at, sealing_key, secret)
VALUES (?, ?, ?, ?, ?, ?, ?)
-- name: all
SELECT id, url, types, fields, created_at, failing_since, disabled FROM hooks ORDER BY id
-- name: secret
SELECT sealing_key, secret FROM hooks WHERE id = ?
-- name: mark
UPDATE hooks SET failing_since = ?2, disabled = ?3 WHERE id = ?1
-- name: remove
DELETE FROM hooks WHERE id = ?
-- name: give_up
UPDATE deliveries SET state = 'given_up', reply = ?2, ended_at = ?3
WHERE hook = ?1 AND state = 'pending'
-- name: enqueue
INSERT OR IGNORE INTO deliveries (id, hook, type, content, created_at, due_at)
VALUES (?, ?, ?, ?, ?, ?)
-- name: due
SELECT id, hook, type, content, created_at, due_at, attempts, state, status, reply, ended_at,
    sequence
FROM deliveries WHERE hook = ?1 AND state = 'pending' ORDER BY sequence LIMIT ?2
-- name: settle
UPDATE deliveries SET state = ?2, status = ?3, reply = ?4, attempts = attempts + 1, due_at = ?5,
    ended_at = ?6
WHERE id = ?1 AND state = 'pending'
-- name: states
SELECT id, state FROM deliveries WHERE id IN (SELECT value FROM json_each(?))
-- name: page
SELECT id, hook, type, content, created_at, due_at, attempts, state, status, reply, ended_at,
    sequence
FROM deliveries WHERE sequence < ?1 AND (?2 = '' OR hook = ?2) ORDER BY sequence DESC LIMIT ?3
-- name: again
UPDATE deliveries SET state = 'pending', due_at = ?2, ended_at = 0 WHERE id = ?1
-- name: forget_old
DELETE FROM deliveries WHERE state <> 'pending' AND ended_at < ?
-- name: progress
SELECT progress FROM readers WHERE name = ?
-- name: keep_progress
INSERT INTO readers (name, progress) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET progress = excluded.progress
-- name: forget_progress
DELETE FROM readers WHERE name LIKE 'hooks:%'
-- name: told
SELECT person, fields FROM told WHERE person IN (SELECT value FROM json_each(?))
-- name: keep_told
INSERT INTO told (person, fields) VALUES (?, ?)
ON CONFLICT (person) DO UPDATE SET fields = excluded.fields
-- name: drop_told
DELETE FROM told WHERE person = ?
-- name: forget_told
DELETE FROM told
