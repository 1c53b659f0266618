-- name: lanes_of
-- The lanes of a campaign in which anything waits: one step along the index for each.
WITH RECURSIVE lanes (stream, zone) AS (
    SELECT * FROM (
        SELECT stream, zone FROM sends INDEXED BY sends_in_lane
        WHERE state = 'pending' AND stream IS NOT NULL AND campaign = :campaign
        ORDER BY stream, zone LIMIT 1)
    UNION ALL
    SELECT n.stream, n.zone FROM lanes AS l JOIN sends AS n ON n.sequence = COALESCE(
        (SELECT sequence FROM sends INDEXED BY sends_in_lane
         WHERE state = 'pending' AND stream IS NOT NULL AND campaign = :campaign
           AND stream = l.stream AND zone > l.zone ORDER BY zone LIMIT 1),
        (SELECT sequence FROM sends INDEXED BY sends_in_lane
         WHERE state = 'pending' AND stream IS NOT NULL AND campaign = :campaign
           AND stream > l.stream ORDER BY stream, zone LIMIT 1)))
SELECT stream, zone FROM lanes
-- name: campaigns
-- The campaigns of which anything waits in a lane: one step along the index for each.
WITH RECURSIVE found (campaign) AS (
    SELECT MIN(campaign) FROM sends INDEXED BY sends_in_lane
    WHERE state = 'pending' AND stream IS NOT NULL
    UNION ALL
    SELECT (SELECT MIN(campaign) FROM sends INDEXED BY sends_in_lane
            WHERE state = 'pending' AND stream IS NOT NULL AND campaign > f.campaign)
    FROM found AS f WHERE f.campaign IS NOT NULL)
SELECT campaign FROM found WHERE campaign IS NOT NULL
-- name: due_in_lane
SELECT due_at, sequence FROM sends INDEXED BY sends_in_lane
WHERE state = 'pending' AND stream IS NOT NULL AND campaign = ? AND stream = ? AND zone = ?
  AND due_at <= ? ORDER BY due_at, sequence
-- name: leaving
SELECT stream, zone, COUNT(*) FROM sends
WHERE sequence IN (SELECT value FROM json_each(?)) GROUP BY stream, zone
-- name: under_way
SELECT stream, COUNT(*) FROM sends INDEXED BY sends_claimed
WHERE state = 'claimed' AND stream IS NOT NULL GROUP BY stream
-- name: unsorted
SELECT s.sequence, d.id, d.campaign, d.person, d.at, d.inputs
FROM sends AS s JOIN decisions AS d ON d.sequence = s.sequence
WHERE s.sequence > ? AND s.state IN ('pending', 'claimed', 'unknown') AND s.stream IS NULL
ORDER BY s.sequence LIMIT ?
-- name: sort
UPDATE sends SET stream = :stream, zone = :zone, due_at = MAX(due_at, :not_before)
WHERE sequence = :sequence AND stream IS NULL
-- name: waiting
SELECT campaign, COALESCE(stream, ''), zone, COUNT(*), MIN(due_at) FROM sends
WHERE state = 'pending' GROUP BY campaign, stream, zone ORDER BY campaign, stream, zone
-- name: stream
SELECT s.stream FROM decisions AS d JOIN sends AS s ON s.sequence = d.sequence
WHERE d.tag = tag_of(?1) AND d.id = ?1 AND s.stream IS NOT NULL
-- name: meters
SELECT name, state FROM meters
-- name: keep
INSERT INTO meters (name, state) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET state = excluded.state
