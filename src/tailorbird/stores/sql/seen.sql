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
-- name: remember_columns
INSERT OR IGNORE INTO seen_columns ("offset", first_at, last_at, keys) VALUES (?, ?, ?, ?)
-- name: columns_between
SELECT "offset", keys FROM seen_columns WHERE "offset" < ? AND first_at <= ? AND last_at >= ?
-- name: rows_between
SELECT key, position FROM seen WHERE key >= ? AND key < ? AND position < ?
