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
-- name: standing
SELECT kind, name, MAX(version) FROM definitions GROUP BY kind, name
-- name: put_set
INSERT INTO edit_sets (how, at, author, reason) VALUES (?, ?, ?, ?) RETURNING number
-- name: put_edit
INSERT INTO edits ("set", kind, name, before, version) VALUES (?, ?, ?, ?, ?)
-- name: sets
SELECT number, how, at, author, reason FROM edit_sets
WHERE (? IS NULL OR number = ?) ORDER BY number DESC LIMIT ?
-- name: edits
SELECT kind, name, before, version FROM edits WHERE "set" = ? ORDER BY kind, name
-- name: bases
SELECT e.kind, e.name, MAX(e.version) FROM edits AS e JOIN edit_sets AS s ON s.number = e."set"
WHERE s.how <> 'rollback' GROUP BY e.kind, e.name
