-- name: append
INSERT INTO log (received_at, source, content) VALUES (?, ?, ?)
-- name: read
SELECT "offset", received_at, source, content FROM log WHERE "offset" > ? ORDER BY "offset" LIMIT ?
-- name: end
SELECT COALESCE(MAX("offset"), 0) FROM log
-- name: progress
SELECT progress FROM readers WHERE name = ?
-- name: keep_progress
INSERT INTO readers (name, progress) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET progress = excluded.progress
