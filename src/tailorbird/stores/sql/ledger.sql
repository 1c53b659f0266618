-- name: decision
SELECT id, campaign, campaign_version, occurrence, person, at, verdict, reason, variant,
       probability, receipt, inputs
FROM decisions WHERE tag = tag_of(?1) AND id = ?1
-- name: decisions
SELECT id, campaign, campaign_version, occurrence, person, at, verdict, reason, variant,
       probability, receipt, inputs
FROM decisions WHERE sequence > :after ORDER BY sequence LIMIT :limit
-- name: runs_of_campaign
SELECT first, last FROM decided_runs WHERE campaign = ? AND last > ? ORDER BY first
-- name: decisions_of_run
SELECT id, campaign, campaign_version, occurrence, person, at, verdict, reason, variant,
       probability, receipt, inputs
FROM decisions WHERE sequence > ? AND sequence BETWEEN ? AND ? ORDER BY sequence
-- name: decisions_of_person
SELECT id, campaign, campaign_version, occurrence, person, at, verdict, reason, variant,
       probability, receipt, inputs
FROM decisions
WHERE person = :person AND sequence > :after AND (:campaign IS NULL OR campaign = :campaign)
ORDER BY sequence LIMIT :limit
-- name: verdicts
SELECT g.verdict, g.reason, g.variant, SUM(c.people) FROM (
    SELECT d.ground, COUNT(*) AS people FROM decided_runs AS r
    CROSS JOIN decided AS d ON d.sequence BETWEEN r.first AND r.last
    WHERE r.campaign = ? GROUP BY d.ground) AS c
JOIN grounds AS g ON g.ground = c.ground
GROUP BY g.verdict, g.reason, g.variant ORDER BY g.verdict, g.reason, g.variant
-- name: lanes
-- The campaigns in which anything waits: one step along the index for each.
WITH RECURSIVE lanes (campaign) AS (
    SELECT MIN(campaign) FROM sends WHERE state = 'pending'
    UNION ALL
    SELECT (SELECT MIN(campaign) FROM sends WHERE state = 'pending' AND campaign > l.campaign)
    FROM lanes AS l WHERE l.campaign IS NOT NULL)
SELECT campaign FROM lanes WHERE campaign IS NOT NULL
-- name: due
SELECT due_at, sequence FROM sends
WHERE state = 'pending' AND campaign = ? AND due_at <= ? ORDER BY due_at, sequence LIMIT ?
-- name: claim
UPDATE sends SET state = 'claimed', worker = :worker, lease_until = :until, attempts = attempts + 1
WHERE state = 'pending' AND sequence IN (SELECT value FROM json_each(:sequences))
-- name: candidates
SELECT d.id, d.campaign, d.campaign_version, d.person, d.variant, d.at, s.attempts + 1, d.inputs,
       d.occurrence, s.doubted_at, s.sequence
FROM json_each(?) AS j JOIN sends AS s ON s.sequence = j.value
JOIN decisions AS d ON d.sequence = s.sequence ORDER BY j.key
-- name: claims
SELECT d.id, d.campaign, d.campaign_version, d.person, d.variant, d.at, s.attempts, d.inputs,
       d.occurrence, s.doubted_at, s.lease_until
FROM sends AS s INDEXED BY sends_claimed JOIN decisions AS d ON d.sequence = s.sequence
WHERE s.state = 'claimed' AND (:worker IS NULL OR s.worker = :worker)
  AND (:expired_at IS NULL OR s.lease_until <= :expired_at)
ORDER BY s.sequence
-- name: waits
SELECT EXISTS (SELECT 1 FROM sends INDEXED BY sends_due WHERE state = 'pending')
    OR EXISTS (SELECT 1 FROM sends INDEXED BY sends_claimed WHERE state = 'claimed')
-- name: workers
SELECT DISTINCT worker FROM sends INDEXED BY sends_claimed WHERE state = 'claimed' ORDER BY worker
-- name: refuse
UPDATE sends SET state = :state, due_at = MAX(due_at, :retry_at)
WHERE sequence = (
    SELECT sequence FROM decisions WHERE tag = tag_of(:send_id) AND id = :send_id) AND state = 'pending'
-- name: address
INSERT OR IGNORE INTO addressed (key, send) VALUES (?, ?)
-- name: addressed
SELECT a.send, s.state, d.id FROM addressed AS a
JOIN sends AS s ON s.sequence = a.send JOIN decisions AS d ON d.sequence = a.send WHERE a.key = ?
-- name: readdress
UPDATE addressed SET send = ? WHERE key = ?
-- name: settle
-- ?1 the state, ?2 not before, ?3 the send, ?4 whose claims, or '', ?5 since when it is in doubt.
-- What somebody settled who had been told that it is unknown, is in doubt no more.
UPDATE sends SET state = ?1, due_at = MAX(due_at, ?2), worker = NULL, lease_until = NULL,
    attempts = attempts - (?1 = 'pending' AND ?2 = 0),
    doubted_at = CASE WHEN state = 'unknown' THEN 0 WHEN doubted_at > 0 THEN doubted_at ELSE ?5 END
WHERE sequence = (SELECT sequence FROM decisions WHERE tag = tag_of(?3) AND id = ?3)
  AND state IN ('claimed', 'unknown') AND state <> ?1
  AND (?4 = '' OR worker = ?4 OR state = 'unknown')
RETURNING sequence
-- name: note_settled
INSERT INTO settlements (send, at, state, carrier, reply, retry_at, digest)
VALUES (?, ?, ?, ?, ?, ?, ?)
-- name: note
INSERT INTO settlements (send, at, state, carrier, reply, retry_at, digest)
SELECT sequence, :at, :state, :carrier, :reply, :retry_at, :digest
FROM decisions WHERE tag = tag_of(:send_id) AND id = :send_id
-- name: note_cancelled
INSERT INTO settlements (send, at, state, carrier, reply, retry_at)
SELECT sequence, :at, 'cancelled', '', :reason, 0 FROM sends
WHERE (:campaign = '' OR campaign = :campaign) AND state = 'pending' ORDER BY sequence
-- name: cancel
UPDATE sends SET state = 'cancelled'
WHERE (:campaign = '' OR campaign = :campaign) AND state = 'pending'
-- name: order
INSERT INTO orders (act, at, campaign, author, reason)
VALUES (:act, :at, :campaign, :author, :reason)
-- name: orders
SELECT act, at, campaign, author, reason FROM orders
WHERE :campaign IS NULL OR campaign = :campaign ORDER BY sequence DESC LIMIT :limit
-- name: standing
SELECT act, at, campaign, author, reason FROM orders
WHERE sequence IN (SELECT MAX(sequence) FROM orders GROUP BY campaign) AND act <> 'resume'
-- name: written
SELECT person, campaign, campaign_version, id, at, state FROM (
    SELECT d.person, d.campaign, d.campaign_version, d.id, s.state,
           CASE WHEN s.state IN ('sent', 'unknown') THEN (
               SELECT MAX(t.at) FROM settlements AS t
               WHERE t.send = s.sequence AND t.state IN ('sent', 'unknown'))
           ELSE s.due_at END AS at
    FROM json_each(:people) AS p CROSS JOIN decisions AS d ON d.person = p.value
    JOIN sends AS s ON s.sequence = d.sequence
    WHERE s.state NOT IN ('failed', 'cancelled') AND d.at > :decided
      AND (:apart = '' OR SUBSTR(d.campaign, 1, LENGTH(:apart)) <> :apart))
WHERE state IN ('pending', 'claimed') OR at > :after
-- name: enrolled
-- Of a journey's step, JOURNEY/STEP, the journey.
SELECT person, name, MIN(sequence) FROM (
    SELECT d.person, d.sequence, SUBSTR(d.campaign, 1, INSTR(d.campaign || '/', '/') - 1) AS name
    FROM json_each(:people) AS p CROSS JOIN decisions AS d ON d.person = p.value
    WHERE d.verdict <> 'refused')
WHERE name IN (SELECT value FROM json_each(:names)) GROUP BY person
-- name: campaigns
SELECT campaign, state, COUNT(*) FROM sends GROUP BY campaign, state
-- name: states
SELECT state, COUNT(*) FROM sends GROUP BY state
-- name: states_of_campaign
SELECT state, COUNT(*) FROM sends WHERE campaign = ? GROUP BY state
-- name: settlements
SELECT t.sequence, t.at, d.id, t.state, t.carrier, t.reply, t.retry_at, t.digest
FROM settlements AS t JOIN decisions AS d ON d.sequence = t.send
WHERE t.sequence > ? ORDER BY t.sequence LIMIT ?
-- name: settlement
SELECT d.id, t.state, t.carrier, t.reply, t.retry_at, t.digest
FROM decisions AS d JOIN sends AS s ON s.sequence = d.sequence
JOIN settlements AS t ON t.send = d.sequence
WHERE d.tag = tag_of(?1) AND d.id = ?1 AND s.state NOT IN ('pending', 'claimed') ORDER BY t.sequence DESC LIMIT 1
-- name: sent_at
SELECT MAX(t.at) FROM decisions AS d JOIN settlements AS t ON t.send = d.sequence
WHERE d.tag = tag_of(?1) AND d.id = ?1 AND t.state IN ('sent', 'unknown')
-- name: trail
SELECT s.state, s.due_at, s.attempts, COALESCE(s.stream, ''), s.zone
FROM decisions AS d JOIN sends AS s ON s.sequence = d.sequence WHERE d.tag = tag_of(?1) AND d.id = ?1
-- name: ends
SELECT t.at, d.id, t.state, t.carrier, t.reply, t.retry_at, t.digest
FROM decisions AS d JOIN settlements AS t ON t.send = d.sequence WHERE d.tag = tag_of(?1) AND d.id = ?1
ORDER BY t.sequence
-- name: last_decided
SELECT MAX(at) FROM decided_runs WHERE campaign = ? AND at <= ?
-- name: shown
SELECT d.person, j.value, COUNT(*)
FROM json_each(?1) AS p CROSS JOIN decisions AS d ON d.person = p.value
JOIN sends AS s ON s.sequence = d.sequence
JOIN json_each(CAST(d.inputs AS TEXT), '$.slots') AS j
WHERE d.at > ?3 AND d.at <= ?4 AND d.verdict = 'send' AND s.state NOT IN ('failed', 'cancelled')
  AND j.value IN (SELECT value FROM json_each(?2))
GROUP BY d.person, j.value
-- name: tally
SELECT j.key, CAST(j.value AS TEXT), COUNT(*)
FROM decided_runs AS r CROSS JOIN decisions AS d ON d.sequence BETWEEN r.first AND r.last
JOIN json_each(CAST(d.inputs AS TEXT), ?1) AS j
WHERE r.campaign = ?2 AND d.verdict = 'send' GROUP BY j.key, j.value ORDER BY j.key, j.value
