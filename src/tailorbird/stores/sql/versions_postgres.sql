-- name: alone
SELECT pg_advisory_xact_lock(7304454)
-- name: versions
CREATE TABLE IF NOT EXISTS schema_versions (name TEXT PRIMARY KEY, version BIGINT NOT NULL)
-- name: version
SELECT COALESCE(MAX(version), 0) FROM schema_versions WHERE name = $1::text
-- name: set_up
INSERT INTO schema_versions (name, version) VALUES ($1::text, $2::bigint)
ON CONFLICT (name) DO UPDATE SET version = excluded.version
