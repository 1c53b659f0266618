-- name: add
INSERT INTO keys (digest, name, kind, shown, scopes, origins, rate, address_rate, created_at, ends_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
-- name: end
UPDATE keys SET ends_at = ?2 WHERE name = ?1 AND (ends_at = 0 OR ends_at > ?2)
-- name: all
SELECT name, kind, shown, digest, scopes, origins, rate, address_rate, created_at, ends_at
FROM keys ORDER BY name, created_at, digest
-- name: answer
SELECT fingerprint, status, headers, content FROM answers WHERE key = ? AND at > ?
-- name: keep_answer
INSERT INTO answers (key, fingerprint, status, headers, content, at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint, status = excluded.status,
    headers = excluded.headers, content = excluded.content, at = excluded.at
-- name: forget_answers
DELETE FROM answers WHERE at <= ?
