-- name: put
INSERT INTO definitions (kind, name, version, text, author, reason, created_at, removed, log_end)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, (SELECT COALESCE(MAX("offset"), 0) FROM log)) RETURNING log_end
-- name: versions
SELECT kind, name, version, text, author, reason, created_at, log_end, removed FROM definitions
WHERE kind = ? AND name = ? AND (? IS NULL OR version = ?) ORDER BY version DESC LIMIT ?
-- name: latest
SELECT kind, name, version, text, author, reason, created_at, log_end, removed
FROM definitions AS d
WHERE kind = ? AND NOT removed AND version = (
    SELECT MAX(version) FROM definitions AS e WHERE e.kind = d.kind AND e.name = d.name)
ORDER BY name
