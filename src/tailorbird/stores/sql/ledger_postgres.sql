-- name: versions
CREATE TABLE IF NOT EXISTS ledger_versions (version BIGINT NOT NULL)
-- name: version
SELECT COALESCE(MAX(version), 0) FROM ledger_versions
-- name: set_up
INSERT INTO ledger_versions (version) VALUES ($1::bigint)
-- name: alone
-- Settlements are committed in the order of their sequences: who reads above one misses none.
SELECT pg_advisory_xact_lock(7304451)
-- name: beside
-- Claims go beside each other; what cancels waits for them, and they for it.
SELECT pg_advisory_xact_lock_shared(7304452)
-- name: before_claims
SELECT pg_advisory_xact_lock(7304452)
-- name: record
WITH added AS (
    INSERT INTO decisions (id, campaign, campaign_version, occurrence, person, at, verdict, reason,
                           variant, probability, receipt, inputs)
    SELECT decode(x ->> 'id', 'hex'), x ->> 'campaign', (x ->> 'campaign_version')::bigint,
           x ->> 'occurrence', (x ->> 'person')::bigint, (x ->> 'at')::bigint, x ->> 'verdict',
           x ->> 'reason', x ->> 'variant', (x ->> 'probability')::double precision,
           (x ->> 'receipt')::bigint, decode(x ->> 'inputs', 'hex')
    FROM jsonb_array_elements($1::text::jsonb) WITH ORDINALITY AS j (x, place) ORDER BY place
    ON CONFLICT (id) DO NOTHING RETURNING sequence, id, campaign, at, verdict),
queued AS (
    INSERT INTO sends (sequence, campaign, due_at)
    SELECT DISTINCT ON (a.sequence) a.sequence, a.campaign, COALESCE((x ->> 'due')::bigint, a.at)
    FROM added AS a JOIN jsonb_array_elements($1::text::jsonb) AS j (x)
        ON decode(x ->> 'id', 'hex') = a.id
    WHERE a.verdict = 'send')
SELECT COUNT(*) FROM added
-- name: decision
SELECT id, campaign, campaign_version, occurrence, person, at, verdict, reason, variant,
       probability, receipt, inputs
FROM decisions WHERE id = $1
-- name: decisions
SELECT id, campaign, campaign_version, occurrence, person, at, verdict, reason, variant,
       probability, receipt, inputs
FROM decisions
WHERE id > $1 AND ($2::text IS NULL OR campaign = $2::text)
  AND ($3::bigint = 0 OR person = $3::bigint) ORDER BY id LIMIT $4::bigint
-- name: verdicts
SELECT verdict, reason, variant, COUNT(*) FROM decisions WHERE campaign = $1
GROUP BY verdict, reason, variant
ORDER BY verdict COLLATE "C", reason COLLATE "C", variant COLLATE "C"
-- name: lanes
WITH RECURSIVE lanes (campaign) AS (
    SELECT MIN(campaign) FROM sends WHERE state = 'pending'
    UNION ALL
    SELECT (SELECT MIN(campaign) FROM sends WHERE state = 'pending' AND campaign > l.campaign)
    FROM lanes AS l WHERE l.campaign IS NOT NULL)
SELECT campaign FROM lanes WHERE campaign IS NOT NULL
-- name: due
-- What another worker is about to claim is passed over, not waited for.
SELECT due_at, sequence FROM sends
WHERE state = 'pending' AND campaign = $1::text AND due_at <= $2::bigint
ORDER BY due_at, sequence LIMIT $3::bigint FOR UPDATE SKIP LOCKED
-- name: candidates
SELECT d.id, d.campaign, d.campaign_version, d.person, d.variant, d.at, s.attempts + 1, d.inputs,
       d.occurrence, s.doubted_at, s.sequence
FROM jsonb_array_elements_text($1::text::jsonb) WITH ORDINALITY AS j (value, place)
JOIN sends AS s ON s.sequence = j.value::bigint
JOIN decisions AS d ON d.sequence = s.sequence ORDER BY j.place
-- name: claim
UPDATE sends SET state = 'claimed', worker = $1, lease_until = $2::bigint, attempts = attempts + 1,
    dotted = FALSE, answer = NULL
WHERE state = 'pending'
  AND sequence IN (SELECT value::bigint FROM jsonb_array_elements_text($3::text::jsonb))
-- name: claims
SELECT d.id, d.campaign, d.campaign_version, d.person, d.variant, d.at, s.attempts, d.inputs,
       d.occurrence, s.doubted_at, s.lease_until
FROM sends AS s JOIN decisions AS d ON d.sequence = s.sequence
WHERE s.state = 'claimed' AND ($1::text IS NULL OR s.worker = $1::text)
  AND ($2::bigint = 0 OR s.lease_until <= $2::bigint) ORDER BY s.sequence
-- name: dot
-- $1 worker, $2 sends, $3 answers, $4 up to which change of the address book she has looked.
-- Whose claim was handed over finds fewer rows; whose addressee has changed since, some; then
-- nothing may leave.
WITH asked AS (
    SELECT s.sequence, d.person FROM json_array_elements_text($2::text::json) AS j (value)
    JOIN decisions AS d ON d.id = decode(j.value, 'hex') JOIN sends AS s ON s.sequence = d.sequence
    WHERE s.state = 'claimed' AND s.worker = $1::text FOR UPDATE OF s),
changed AS (
    SELECT a.sequence FROM asked AS a JOIN book_people AS p ON p.person = a.person
    JOIN book_people AS k ON k.person = COALESCE(p.merged_into, p.person)
        OR k.merged_into = COALESCE(p.merged_into, p.person)
    LEFT JOIN book_suppressions AS x ON x.address_key = k.email_key
    WHERE k.changed > $4::bigint OR x.changed > $4::bigint),
answered AS (
    UPDATE sends AS s SET answer = x ->> 1
    FROM json_array_elements($3::text::json) AS j (x)
    JOIN decisions AS d ON d.id = decode(j.x ->> 0, 'hex')
    WHERE s.sequence = d.sequence AND s.state = 'claimed' AND s.worker = $1::text),
left_by AS (
    UPDATE sends AS s SET dotted = TRUE FROM asked AS a
    WHERE s.sequence = a.sequence AND NOT EXISTS (SELECT 1 FROM changed))
SELECT (SELECT COUNT(*) FROM asked), (SELECT COUNT(*) FROM changed)
-- name: hand_over
WITH given AS (
    UPDATE sends SET worker = $2::text WHERE state = 'claimed' AND worker = $1::text
    RETURNING sequence, dotted, answer)
SELECT d.id, g.dotted, g.answer FROM given AS g JOIN decisions AS d ON d.sequence = g.sequence
-- name: waits
SELECT EXISTS (SELECT 1 FROM sends WHERE state = 'pending')
    OR EXISTS (SELECT 1 FROM sends WHERE state = 'claimed')
-- name: workers
SELECT DISTINCT worker FROM sends WHERE state = 'claimed' ORDER BY worker
-- name: address
INSERT INTO addressed (key, send) VALUES ($1, $2::bigint) ON CONFLICT (key) DO NOTHING RETURNING send
-- name: addressed
SELECT a.send, s.state, d.id FROM addressed AS a
JOIN sends AS s ON s.sequence = a.send JOIN decisions AS d ON d.sequence = a.send WHERE a.key = $1
-- name: readdress
UPDATE addressed SET send = $1::bigint WHERE key = $2
-- name: settle
-- $2: the states that may be left; $3: whose claims, or ''.
WITH given AS (
    SELECT decode(x ->> 'send_id', 'hex') AS id, x ->> 'state' AS state, x ->> 'carrier' AS carrier,
           x ->> 'reply' AS reply, (x ->> 'retry_at')::bigint AS retry_at,
           decode(x ->> 'digest', 'hex') AS digest,
           (x ->> 'doubted_at')::bigint AS doubted_at, place
    FROM jsonb_array_elements($1::text::jsonb) WITH ORDINALITY AS j (x, place)),
moved AS (
    UPDATE sends AS s
    SET state = g.state, due_at = GREATEST(s.due_at, g.retry_at), worker = NULL, lease_until = NULL,
        attempts = s.attempts
            - (s.state <> 'pending' AND g.state = 'pending' AND g.retry_at = 0)::int,
        doubted_at = CASE WHEN s.state = 'unknown' THEN 0
                          WHEN s.doubted_at > 0 THEN s.doubted_at ELSE g.doubted_at END
    FROM given AS g JOIN decisions AS d ON d.id = g.id
    WHERE s.sequence = d.sequence AND POSITION(s.state IN $2::text) > 0
      AND (s.state <> g.state OR s.state = 'pending')
      AND ($3::text = '' OR s.worker = $3::text OR s.state = 'unknown')
    RETURNING s.sequence, g.state, g.carrier, g.reply, g.retry_at, g.digest, g.place)
INSERT INTO settlements (send, at, state, carrier, reply, retry_at, digest)
SELECT sequence, $4::bigint, state, carrier, reply, retry_at, digest FROM moved ORDER BY place
-- name: cancel
WITH ended AS (
    UPDATE sends SET state = 'cancelled'
    WHERE ($1::text = '' OR campaign = $1::text) AND state = 'pending' RETURNING sequence),
noted AS (
    INSERT INTO settlements (send, at, state, carrier, reply, retry_at)
    SELECT sequence, $3::bigint, 'cancelled', '', $2::text, 0 FROM ended ORDER BY sequence)
SELECT COUNT(*) FROM ended
-- name: order
INSERT INTO orders (act, at, campaign, author, reason)
VALUES ($1, $2::bigint, $3, $4, $5)
-- name: orders
SELECT act, at, campaign, author, reason FROM orders
WHERE $1::text IS NULL OR campaign = $1::text ORDER BY sequence DESC LIMIT $2::bigint
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
    FROM decisions AS d JOIN sends AS s ON s.sequence = d.sequence
    WHERE d.person IN (SELECT value::bigint FROM jsonb_array_elements_text($1::text::jsonb))
      AND s.state NOT IN ('failed', 'cancelled') AND d.at > $3::bigint
      AND ($4::text = '' OR NOT starts_with(d.campaign, $4::text))) AS w
WHERE state IN ('pending', 'claimed') OR at > $2::bigint
-- name: enrolled
SELECT DISTINCT ON (person) person, split_part(campaign, '/', 1) FROM decisions
WHERE person IN (SELECT value::bigint FROM jsonb_array_elements_text($1::text::jsonb))
  AND verdict <> 'refused'
  AND split_part(campaign, '/', 1) IN (SELECT jsonb_array_elements_text($2::text::jsonb))
ORDER BY person, sequence
-- name: found
SELECT id, campaign, campaign_version, occurrence, person, at, verdict, reason, variant,
       probability, receipt, inputs
FROM decisions
WHERE id IN (SELECT decode(value, 'hex') FROM jsonb_array_elements_text($1::text::jsonb))
-- name: states
SELECT state, COUNT(*) FROM sends WHERE $1::text IS NULL OR campaign = $1::text GROUP BY state
-- name: campaigns
SELECT campaign, state, COUNT(*) FROM sends GROUP BY campaign, state ORDER BY campaign
-- name: settled
SELECT t.sequence, t.at, d.id, t.state, t.carrier, t.reply, t.retry_at, t.digest
FROM settlements AS t JOIN decisions AS d ON d.sequence = t.send
WHERE t.sequence > $1::bigint ORDER BY t.sequence LIMIT $2::bigint
-- name: settlement
SELECT d.id, t.state, t.carrier, t.reply, t.retry_at, t.digest
FROM decisions AS d JOIN sends AS s ON s.sequence = d.sequence
JOIN settlements AS t ON t.send = d.sequence
WHERE d.id = $1 AND s.state NOT IN ('pending', 'claimed') ORDER BY t.sequence DESC LIMIT 1
-- name: sent_at
SELECT MAX(t.at) FROM decisions AS d JOIN settlements AS t ON t.send = d.sequence
WHERE d.id = $1 AND t.state IN ('sent', 'unknown')
-- name: trail
SELECT s.state, s.due_at, s.attempts, COALESCE(s.stream, ''), s.zone
FROM decisions AS d JOIN sends AS s ON s.sequence = d.sequence WHERE d.id = $1
-- name: ends
SELECT t.at, d.id, t.state, t.carrier, t.reply, t.retry_at, t.digest
FROM decisions AS d JOIN settlements AS t ON t.send = d.sequence WHERE d.id = $1
ORDER BY t.sequence
-- name: last_decided
SELECT MAX(at) FROM decisions WHERE campaign = $1 AND at <= $2::bigint
-- name: shown
SELECT d.person, j.value, COUNT(*) FROM decisions AS d JOIN sends AS s ON s.sequence = d.sequence,
    jsonb_each_text(convert_from(d.inputs, 'UTF8')::jsonb -> 'slots') AS j
WHERE d.person IN (SELECT value::bigint FROM jsonb_array_elements_text($1::text::jsonb))
  AND d.at > $3::bigint AND d.at <= $4::bigint AND s.state NOT IN ('failed', 'cancelled')
  AND j.value IN (SELECT value FROM jsonb_array_elements_text($2::text::jsonb))
GROUP BY d.person, j.value
-- name: tally
SELECT j.key, j.value, COUNT(*)
FROM decisions AS d, jsonb_each_text(convert_from(d.inputs, 'UTF8')::jsonb -> $1::text) AS j
WHERE d.campaign = $2::text AND d.verdict = 'send'
GROUP BY j.key, j.value ORDER BY j.key COLLATE "C", j.value COLLATE "C"
