-- name: at_home
-- Held by the session of the one process that has the facts; it ends with the session.
SELECT pg_try_advisory_lock(7304455)
-- name: there
SELECT to_regclass('book') IS NOT NULL
-- name: book
SELECT home, key_check, whole FROM book
-- name: begin
INSERT INTO book (home, key_check) VALUES ($1::text, $2) ON CONFLICT (one) DO NOTHING
-- name: is_whole
UPDATE book SET whole = TRUE
-- name: finish
UPDATE book SET whole = TRUE WHERE home = $1::text RETURNING home
-- name: forget
DELETE FROM book
-- name: clear
TRUNCATE book_people, book_suppressions, book_definitions
-- name: changes
SELECT changes FROM book
-- name: changed
UPDATE book SET changes = changes + 1 WHERE home = $1::text RETURNING changes
-- name: keep_people
INSERT INTO book_people AS p (person, created_at, merged_into, email_key, person_key, personal,
                              declared, consent, changed)
SELECT (x ->> 0)::bigint, (x ->> 1)::bigint, (x ->> 2)::bigint, decode(x ->> 3, 'hex'),
       decode(x ->> 4, 'hex'), decode(x ->> 5, 'hex'), x ->> 6, x ->> 7, b.changes
FROM json_array_elements($1::text::json) AS j (x), book AS b
ON CONFLICT (person) DO UPDATE
SET created_at = excluded.created_at, merged_into = excluded.merged_into,
    email_key = excluded.email_key, person_key = excluded.person_key,
    personal = excluded.personal, declared = excluded.declared, consent = excluded.consent,
    changed = CASE WHEN (p.merged_into, p.email_key, p.person_key, p.consent) IS DISTINCT FROM
        (excluded.merged_into, excluded.email_key, excluded.person_key, excluded.consent)
        THEN excluded.changed ELSE p.changed END
-- name: keep_suppressions
INSERT INTO book_suppressions (address_key, purpose, reason, barred, changed)
SELECT decode(x ->> 0, 'hex'), x ->> 1, x ->> 2, (x ->> 3)::bigint <> 0, b.changes
FROM json_array_elements($1::text::json) AS j (x), book AS b
ON CONFLICT (address_key, purpose, reason) DO UPDATE
SET barred = excluded.barred, changed = excluded.changed
-- name: keep_definitions
INSERT INTO book_definitions (kind, name, version, text, author, reason, created_at, log_end,
                              removed)
SELECT x ->> 0, x ->> 1, (x ->> 2)::bigint, x ->> 3, x ->> 4, x ->> 5, (x ->> 6)::bigint,
       (x ->> 7)::bigint, (x ->> 8)::bigint <> 0
FROM json_array_elements($1::text::json) AS j (x)
ON CONFLICT (kind, name, version) DO UPDATE
SET text = excluded.text, author = excluded.author, reason = excluded.reason,
    created_at = excluded.created_at, log_end = excluded.log_end, removed = excluded.removed
-- name: homes
SELECT person, merged_into FROM book_people
WHERE merged_into IS NOT NULL
  AND person IN (SELECT value::bigint FROM json_array_elements_text($1::text::json) AS j (value))
-- name: parts
-- These people and all who were merged into them, by the number under which they are found.
SELECT COALESCE(merged_into, person), person, created_at, merged_into, email_key, person_key,
       personal, declared, consent
FROM book_people
WHERE merged_into IS NULL
  AND person IN (SELECT value::bigint FROM json_array_elements_text($1::text::json) AS j (value))
UNION ALL
SELECT merged_into, person, created_at, merged_into, email_key, person_key, personal, declared,
       consent
FROM book_people
WHERE merged_into IN (
    SELECT value::bigint FROM json_array_elements_text($1::text::json) AS j (value))
ORDER BY 1, 2
-- name: barred
SELECT address_key, MIN(reason) FROM book_suppressions
WHERE barred AND purpose IN ('all', $2::text) AND address_key IN (
    SELECT decode(value, 'hex') FROM json_array_elements_text($1::text::json) AS j (value))
GROUP BY address_key
-- name: versions
SELECT kind, name, version, text, author, reason, created_at, log_end, removed
FROM book_definitions
WHERE kind = $1::text AND name = $2::text AND ($3::bigint = 0 OR version = $3::bigint)
ORDER BY version DESC LIMIT $4::bigint
-- name: latest
SELECT kind, name, version, text, author, reason, created_at, log_end, removed
FROM book_definitions AS d
WHERE kind = $1::text AND NOT removed AND version = (
    SELECT MAX(version) FROM book_definitions AS e WHERE e.kind = d.kind AND e.name = d.name)
ORDER BY name
