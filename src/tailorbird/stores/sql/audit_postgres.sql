-- name: unknowns
SELECT d.id, d.campaign, d.person, t.at, t.carrier, t.reply
FROM sends AS s JOIN decisions AS d ON d.sequence = s.sequence
JOIN settlements AS t
    ON t.sequence = (SELECT MAX(sequence) FROM settlements WHERE send = s.sequence)
WHERE s.state = 'unknown' AND d.id > $1 ORDER BY d.id LIMIT $2::bigint
-- name: no_outbox
SELECT d.id, '' FROM decisions AS d LEFT JOIN sends AS s ON s.sequence = d.sequence
WHERE d.verdict = 'send' AND s.sequence IS NULL
-- name: no_decision
SELECT COALESCE(d.id, ''::bytea), 'outbox row ' || s.sequence
FROM sends AS s LEFT JOIN decisions AS d ON d.sequence = s.sequence
WHERE d.verdict IS DISTINCT FROM 'send'
-- name: other_end
SELECT d.id, s.state || ', but settled as ' || COALESCE(t.state, 'nothing')
FROM sends AS s JOIN decisions AS d ON d.sequence = s.sequence
LEFT JOIN settlements AS t
    ON t.sequence = (SELECT MAX(sequence) FROM settlements WHERE send = s.sequence)
WHERE s.state NOT IN ('pending', 'claimed') AND t.state IS DISTINCT FROM s.state
-- name: sent_twice
SELECT d.id, COUNT(*) || ' times' FROM settlements AS t JOIN decisions AS d ON d.sequence = t.send
WHERE t.state = 'sent' GROUP BY d.id HAVING COUNT(*) > 1
-- name: claimed
SELECT d.id, s.worker FROM sends AS s JOIN decisions AS d ON d.sequence = s.sequence
WHERE s.state = 'claimed' AND s.lease_until <= $1::bigint ORDER BY s.sequence
-- name: left
SELECT d.id, s.state, EXISTS (
    SELECT 1 FROM settlements AS t WHERE t.send = s.sequence AND t.state IN ('sent', 'unknown'))
FROM jsonb_array_elements_text($1::text::jsonb) AS j (value)
JOIN decisions AS d ON d.id = decode(j.value, 'hex') JOIN sends AS s ON s.sequence = d.sequence
