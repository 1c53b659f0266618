-- name: one
SELECT one, two, state, probability, evidence, why, seen, found_at, decided_at, author, reason, by
FROM matches WHERE one = ?1 AND two = ?2
-- name: page
SELECT one, two, state, probability, evidence, why, seen, found_at, decided_at, author, reason, by
FROM matches WHERE ?1 = '' OR state = ?1
ORDER BY probability DESC, one, two LIMIT ?3 OFFSET ?2
-- name: counts
SELECT state, COUNT(*) FROM matches GROUP BY state
-- name: forget_waiting
DELETE FROM matches WHERE state = 'waiting' AND decided_at = 0
-- name: keep
INSERT INTO matches (one, two, state, probability, evidence, why, seen, found_at, decided_at, author,
    reason, by)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (one, two) DO UPDATE SET state = excluded.state, probability = excluded.probability,
    evidence = excluded.evidence, why = excluded.why, seen = excluded.seen,
    found_at = excluded.found_at, decided_at = excluded.decided_at, author = excluded.author,
    reason = excluded.reason, by = excluded.by
WHERE matches.state != 'merging'
-- name: decide
UPDATE matches SET state = ?3, decided_at = ?4, author = ?5, reason = ?6, by = ?7
WHERE one = ?1 AND two = ?2 AND state = 'waiting'
-- name: merged
UPDATE matches SET state = 'merged' WHERE one = ?1 AND two = ?2 AND state = 'merging'
