-- name: turn
INSERT INTO model_turns (model, version, challenger, how, at, author, reason)
VALUES (?, ?, ?, ?, ?, ?, ?)
-- name: turns
SELECT model, version, challenger, how, at, author, reason FROM model_turns
WHERE model = ? ORDER BY sequence DESC LIMIT ?
-- name: spent
SELECT COALESCE(SUM(epsilon_micro), 0) FROM privacy_spends WHERE model = ? AND year = ?
-- name: spend
INSERT INTO privacy_spends (model, year, epsilon_micro, at, what, once, answer)
VALUES (?, ?, ?, ?, ?, ?, ?)
-- name: answer
SELECT answer FROM privacy_spends WHERE once = ? AND once <> '' AND model = ? AND at >= ?
ORDER BY sequence DESC LIMIT 1
-- name: spends
SELECT model, year, epsilon_micro, at, what FROM privacy_spends
WHERE model = ? AND year = ? ORDER BY sequence
