-- name: make_asked_identity
CREATE TEMP TABLE IF NOT EXISTS asked_identity (kind TEXT, key BLOB)
-- name: clear_asked_identity
DELETE FROM asked_identity
-- name: ask_identity
INSERT INTO asked_identity (kind, key) VALUES (?, ?)
-- name: owners
SELECT i.kind, i.key, i.person FROM asked_identity AS a
JOIN identities AS i ON i.kind = a.kind AND i.key = a.key
-- name: there
SELECT person FROM people WHERE person IN (SELECT value FROM json_each(?))
-- name: sharers
SELECT s.kind, s.key, s.person FROM asked_identity AS a
JOIN sharings AS s ON s.kind = a.kind AND s.key = a.key WHERE EXISTS (SELECT 1 FROM sharings)
-- name: flagged
SELECT f.kind, f.key, f.position FROM asked_identity AS a
JOIN flags AS f ON f.kind = a.kind AND f.key = a.key WHERE EXISTS (SELECT 1 FROM flags)
-- name: homes
SELECT person, merged_into FROM people INDEXED BY people_merged
WHERE merged_into IS NOT NULL AND person IN (SELECT value FROM json_each(?))
-- name: kin
SELECT person, merged_into FROM people INDEXED BY people_by_home
WHERE merged_into IS NOT NULL AND merged_into IN (SELECT value FROM json_each(?))
-- name: apart
SELECT survivor, loser FROM separations WHERE lifted = 0 AND EXISTS (SELECT 1 FROM separations)
AND (survivor IN (SELECT value FROM json_each(?1)) OR loser IN (SELECT value FROM json_each(?1)))
-- name: held
SELECT person, kind, COUNT(*) FROM identities
WHERE person IN (SELECT value FROM json_each(?)) GROUP BY person, kind
-- name: joined
SELECT claimant, COUNT(*) FROM merges WHERE by = 'email' AND EXISTS (SELECT 1 FROM merges)
AND claimant IN (SELECT value FROM json_each(?)) GROUP BY claimant
-- name: claims
SELECT COALESCE(p.merged_into, p.person) AS home, i.kind, COUNT(*) FROM people AS p
JOIN identities AS i ON i.person = p.person
WHERE p.person IN (SELECT value FROM json_each(?1) UNION ALL
    SELECT k.person FROM people AS k INDEXED BY people_by_home
    WHERE k.merged_into IS NOT NULL AND k.merged_into IN (SELECT value FROM json_each(?1)))
GROUP BY home, i.kind
-- name: identity
SELECT person FROM identities WHERE kind = ? AND key = ?
-- name: link
INSERT INTO identities (kind, key, person) VALUES (?, ?, ?) ON CONFLICT (kind, key) DO NOTHING
-- name: note_merge
INSERT OR IGNORE INTO merges (survivor, loser, position, at, by, key, source, reason, author,
    evidence, claimant, undone) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
-- name: rehome
UPDATE people SET merged_into = :survivor WHERE person = :loser OR merged_into = :loser
-- name: set_home
UPDATE people SET merged_into = ? WHERE person = ?
-- name: lift_separation
UPDATE separations SET lifted = ?1 WHERE lifted = 0 AND (
    (survivor IN (SELECT value FROM json_each(?2)) AND loser IN (SELECT value FROM json_each(?3)))
    OR
    (survivor IN (SELECT value FROM json_each(?5)) AND loser IN (SELECT value FROM json_each(?4))))
-- name: note_separation
INSERT OR IGNORE INTO separations (survivor, loser, position, at, reason, author)
VALUES (?, ?, ?, ?, ?, ?)
-- name: undo
UPDATE merges SET undone = ? WHERE position = ? AND loser = ? AND survivor = ?
-- name: edges
SELECT survivor, loser, position, at, by, key, source, reason, author, evidence, claimant, undone
FROM merges WHERE undone = 0 AND survivor IN (SELECT value FROM json_each(?))
ORDER BY position, loser, survivor
-- name: joined_at
SELECT survivor, loser FROM merges WHERE survivor IN (SELECT value FROM json_each(:people))
AND position <= :position AND (undone = 0 OR undone > :position)
UNION ALL SELECT survivor, loser FROM merges WHERE loser IN (SELECT value FROM json_each(:people))
AND position <= :position AND (undone = 0 OR undone > :position)
-- name: share
INSERT OR IGNORE INTO sharings (kind, key, person, position) VALUES (?, ?, ?, ?)
-- name: flag
INSERT OR IGNORE INTO flags (kind, key, position, at, reason, person) VALUES (?, ?, ?, ?, ?, ?)
-- name: flags
SELECT kind, key, position, at, reason, person FROM flags ORDER BY position, kind, key
-- name: merges
SELECT survivor, loser, position, at, by, key, source, reason, author, evidence, claimant, undone
FROM merges WHERE :people IS NULL OR survivor IN (SELECT value FROM json_each(:people))
    OR loser IN (SELECT value FROM json_each(:people))
ORDER BY position, loser, survivor
-- name: separations
SELECT survivor, loser, position, at, reason, author FROM separations WHERE lifted = 0
ORDER BY position
-- name: moved
SELECT survivor, position FROM merges WHERE position >= :first AND position < :end
UNION ALL SELECT loser, position FROM merges WHERE position >= :first AND position < :end
UNION ALL SELECT survivor, position FROM separations WHERE position >= :first AND position < :end
UNION ALL SELECT loser, position FROM separations WHERE position >= :first AND position < :end
UNION ALL SELECT survivor, undone FROM merges INDEXED BY merges_undone
WHERE undone > 0 AND undone >= :first AND undone < :end
UNION ALL SELECT loser, undone FROM merges INDEXED BY merges_undone
WHERE undone > 0 AND undone >= :first AND undone < :end
