-- name: hold
-- A lock of the session: it ends with the connection, however that ends.
SELECT pg_try_advisory_lock(hashtextextended($1::text, 7304461))
-- name: is_free
-- Held for this one statement, where nobody else holds it.
SELECT pg_try_advisory_xact_lock(hashtextextended($1::text, 7304461))
-- name: changes
SELECT COALESCE(MAX(changes), 0) FROM book
