-- name: alone
-- One machine at a time reads what may leave and keeps what has left.
SELECT pg_advisory_xact_lock(7304453)
-- name: lanes_of
-- The lanes of a campaign in which anything waits: one step along the index for each.
WITH RECURSIVE lanes (stream, zone) AS (
    (SELECT stream, zone FROM sends
     WHERE state = 'pending' AND stream IS NOT NULL AND campaign = $1::text
     ORDER BY stream, zone LIMIT 1)
    UNION ALL
    SELECT n.stream, n.zone FROM lanes AS l JOIN sends AS n ON n.sequence = COALESCE(
        (SELECT sequence FROM sends
         WHERE state = 'pending' AND stream IS NOT NULL AND campaign = $1::text
           AND stream = l.stream AND zone > l.zone ORDER BY zone LIMIT 1),
        (SELECT sequence FROM sends
         WHERE state = 'pending' AND stream IS NOT NULL AND campaign = $1::text
           AND stream > l.stream ORDER BY stream, zone LIMIT 1)))
SELECT stream, zone FROM lanes
-- name: campaigns
WITH RECURSIVE found (campaign) AS (
    SELECT MIN(campaign) FROM sends WHERE state = 'pending' AND stream IS NOT NULL
    UNION ALL
    SELECT (SELECT MIN(campaign) FROM sends
            WHERE state = 'pending' AND stream IS NOT NULL AND campaign > f.campaign)
    FROM found AS f WHERE f.campaign IS NOT NULL)
SELECT campaign FROM found WHERE campaign IS NOT NULL
-- name: due_in_lane
-- What another worker is about to claim is passed over, not waited for.
SELECT due_at, sequence FROM sends
WHERE state = 'pending' AND stream IS NOT NULL AND campaign = $1::text AND stream = $2::text
  AND zone = $3::text AND due_at <= $4::bigint
  AND (due_at, sequence) > ($5::bigint, $6::bigint)
ORDER BY due_at, sequence LIMIT 100 FOR UPDATE SKIP LOCKED
-- name: first_due
SELECT MIN(due_at) FROM sends
WHERE state = 'pending' AND stream IS NOT NULL AND campaign = $1::text AND stream = $2::text
  AND zone = $3::text
-- name: leaving
SELECT stream, zone, COUNT(*) FROM sends
WHERE sequence IN (SELECT value::bigint FROM jsonb_array_elements_text($1::text::jsonb))
GROUP BY stream, zone
-- name: under_way
SELECT stream, COUNT(*) FROM sends WHERE state = 'claimed' AND stream IS NOT NULL GROUP BY stream
-- name: unsorted
SELECT s.sequence, d.id, d.campaign, d.person, d.at, d.inputs
FROM sends AS s JOIN decisions AS d ON d.sequence = s.sequence
WHERE s.sequence > $1::bigint AND s.state IN ('pending', 'claimed', 'unknown')
  AND s.stream IS NULL
ORDER BY s.sequence LIMIT $2::bigint
-- name: sort
UPDATE sends AS s
SET stream = x ->> 'stream', zone = x ->> 'zone',
    due_at = GREATEST(s.due_at, (x ->> 'not_before')::bigint)
FROM jsonb_array_elements($1::text::jsonb) AS j (x)
WHERE s.sequence = (x ->> 'sequence')::bigint AND s.stream IS NULL
-- name: waiting
SELECT campaign, COALESCE(stream, ''), zone, COUNT(*), MIN(due_at) FROM sends
WHERE state = 'pending' GROUP BY campaign, stream, zone ORDER BY 1, 2, 3
-- name: streams
SELECT d.id, s.stream FROM jsonb_array_elements_text($1::text::jsonb) AS j (value)
JOIN decisions AS d ON d.id = decode(j.value, 'hex') JOIN sends AS s ON s.sequence = d.sequence
WHERE s.stream IS NOT NULL
-- name: meters
SELECT name, state FROM meters
-- name: keep
INSERT INTO meters (name, state)
SELECT x ->> 0, decode(x ->> 1, 'hex') FROM jsonb_array_elements($1::text::jsonb) AS j (x)
ON CONFLICT (name) DO UPDATE SET state = excluded.state
