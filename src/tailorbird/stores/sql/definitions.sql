-- name: put
INSERT INTO definitions (kind, name, version, text, author, reason, created_at, log_end)
VALUES (?, ?, ?, ?, ?, ?, ?, (SELECT COALESCE(MAX("offset"), 0) FROM log)) RETURNING log_end
-- name: get
SELECT kind, name, version, text, author, reason, created_at, log_end FROM definitions
WHERE kind = ? AND name = ? AND (? IS NULL OR version = ?) ORDER BY version DESC LIMIT 1
-- name: latest
SELECT kind, name, version, text, author, reason, created_at, log_end FROM definitions AS d
WHERE kind = ? AND version = (
    SELECT MAX(version) FROM definitions AS e WHERE e.kind = d.kind AND e.name = d.name)
ORDER BY name
