-- name: say
INSERT INTO suppression_words
    (id, address_key, reason, at, purpose, barred, source, author, note)
VALUES (:id, :address_key, :reason, :at, :purpose, :barred, :source, :author, :note)
ON CONFLICT (id) DO NOTHING
-- name: keep
-- The later word stands; at the same instant, the one that bars.
INSERT INTO suppressions (address_key, purpose, reason, at, barred, word)
VALUES (:address_key, :purpose, :reason, :at, :barred, :word)
ON CONFLICT (address_key, purpose, reason) DO UPDATE
SET at = excluded.at, barred = excluded.barred, word = excluded.word
WHERE excluded.at > suppressions.at
   OR (excluded.at = suppressions.at AND excluded.barred > suppressions.barred)
-- name: barred
-- The reasons' names happen to stand in the order of their weight: unsubscribed comes last.
SELECT MIN(reason) FROM suppressions WHERE address_key = ? AND barred AND purpose IN ('all', ?)
-- name: standing
SELECT w.sequence, w.address_key, w.reason, w.at, w.purpose, w.barred, w.source, w.author, w.note
FROM suppressions AS s JOIN suppression_words AS w ON w.sequence = s.word
WHERE s.barred AND s.word > :after AND (:reason = '' OR s.reason = :reason)
ORDER BY s.word LIMIT :limit
-- name: said
SELECT address_key, reason, at, purpose, barred, source, author, note FROM suppression_words
WHERE address_key = ? ORDER BY sequence
-- name: counts
SELECT purpose, reason, COUNT(*) FROM suppressions WHERE barred
GROUP BY purpose, reason ORDER BY purpose, reason
