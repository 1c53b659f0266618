-- name: last
SELECT COALESCE(MAX(sequence), 0) FROM decided
-- name: sequence_of
SELECT sequence FROM decisions WHERE tag = tag_of(?1) AND id = ?1
-- name: add
INSERT INTO decided (sequence, person, tag, ground, receipt) VALUES (?, ?, ?, ?, ?)
-- name: add_run
INSERT INTO decided_runs (first, last, campaign, campaign_version, at, occurrence)
VALUES (?, ?, ?, ?, ?, ?)
-- name: add_odd
INSERT INTO decided_odd (sequence, id, occurrence) VALUES (?, ?, ?)
-- name: add_ground
INSERT OR IGNORE INTO grounds (verdict, reason, variant, probability, says) VALUES (?, ?, ?, ?, ?)
-- name: ground
SELECT ground FROM grounds
WHERE verdict = ? AND reason = ? AND variant = ? AND probability = ? AND says = ?
-- name: enqueue
INSERT INTO sends (sequence, campaign, due_at) VALUES (?, ?, ?)
-- name: add_pack
INSERT INTO given (first, content) VALUES (?, ?)
-- name: pack_of
-- Before the first pack, and where the last ends before it, a decision was made from nothing.
SELECT MAX(first) FROM given WHERE first <= ?
-- name: pack
SELECT content FROM given WHERE first = ?
-- name: add_part
INSERT OR IGNORE INTO given_parts (content) VALUES (?)
-- name: part_number
SELECT part FROM given_parts WHERE content = ?
-- name: part
SELECT content FROM given_parts WHERE part = ?
