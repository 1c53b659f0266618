-- name: page
SELECT position, source, received_at, code, reason, raw, mend,
    state, mended, mended_by, decided_at, why, replayed_as FROM quarantine
WHERE position > ?1 AND (?2 = '' OR state = ?2) AND (?3 = '' OR code = ?3)
    AND (?4 = '' OR source = ?4) ORDER BY position LIMIT ?5
-- name: one
SELECT position, source, received_at, code, reason, raw, mend,
    state, mended, mended_by, decided_at, why, replayed_as FROM quarantine WHERE position = ?
-- name: counts
SELECT state, code, COUNT(*) FROM quarantine GROUP BY state, code ORDER BY state, code
-- name: keep_mended
UPDATE quarantine SET mended = ?2, mended_by = ?3 WHERE position = ?1 AND state = 'held'
-- name: held
SELECT 1 FROM quarantine WHERE position = ? AND state = 'held'
-- name: mark_replayed
UPDATE quarantine SET state = 'replayed', decided_at = ?2, why = ?3, replayed_as = ?4
WHERE position = ?1 AND state = 'held'
-- name: discard
UPDATE quarantine SET state = 'discarded', decided_at = ?2, why = ?3
WHERE position = ?1 AND state = 'held'
