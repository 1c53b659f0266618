-- name: unknowns
SELECT d.id, d.campaign, d.person, t.at, t.carrier, t.reply
FROM sends AS s JOIN decisions AS d ON d.sequence = s.sequence
JOIN settlements AS t
    ON t.sequence = (SELECT MAX(sequence) FROM settlements WHERE send = s.sequence)
WHERE s.campaign IN (SELECT DISTINCT campaign FROM sends) AND s.state = 'unknown' AND d.id > ?
ORDER BY d.id LIMIT ?
-- name: no_outbox
SELECT d.id, '' FROM decisions AS d
WHERE d.verdict = 'send' AND NOT EXISTS (SELECT 1 FROM sends AS s WHERE s.sequence = d.sequence)
-- name: no_decision
SELECT COALESCE((SELECT d.id FROM decisions AS d WHERE d.sequence = s.sequence), x''),
       'outbox row ' || s.sequence
FROM sends AS s WHERE NOT EXISTS (
    SELECT 1 FROM decided AS d JOIN grounds AS g ON g.ground = d.ground
    WHERE d.sequence = s.sequence AND g.verdict = 'send')
-- name: other_end
SELECT d.id, s.state || ', but settled as ' || COALESCE(t.state, 'nothing')
FROM sends AS s JOIN decisions AS d ON d.sequence = s.sequence
LEFT JOIN settlements AS t
    ON t.sequence = (SELECT MAX(sequence) FROM settlements WHERE send = s.sequence)
WHERE s.state NOT IN ('pending', 'claimed') AND t.state IS NOT s.state
-- name: sent_twice
SELECT d.id, COUNT(*) || ' times' FROM settlements AS t JOIN decisions AS d ON d.sequence = t.send
WHERE t.state = 'sent' GROUP BY t.send HAVING COUNT(*) > 1
-- name: claimed
SELECT d.id, s.worker FROM sends AS s INDEXED BY sends_claimed
JOIN decisions AS d ON d.sequence = s.sequence WHERE s.state = 'claimed' AND s.lease_until <= ?
-- name: left
SELECT d.id, s.state, EXISTS (
    SELECT 1 FROM settlements AS t WHERE t.send = s.sequence AND t.state IN ('sent', 'unknown'))
FROM sends AS s JOIN decisions AS d ON d.sequence = s.sequence
WHERE d.tag = tag_of(?1) AND d.id = ?1
