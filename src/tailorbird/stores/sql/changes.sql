-- Who entered and left segments. A change that is there already is the same change.
-- name: keep
INSERT OR IGNORE INTO segment_changes
(segment, person, at, entered, cause, version, seen_at, sequence) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
-- name: last
SELECT COALESCE(MAX(sequence), 0) FROM segment_changes
-- name: after
SELECT segment, person, at, entered, cause, version, seen_at, sequence FROM segment_changes
WHERE sequence > ?1 ORDER BY sequence LIMIT ?2
-- name: seen_before
SELECT COALESCE(MAX(sequence), 0) FROM segment_changes WHERE seen_at < ?
-- name: drop
DELETE FROM segment_changes WHERE sequence = ?
