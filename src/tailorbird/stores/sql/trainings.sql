-- name: ask
INSERT INTO trainings (kind, name, asked_at, how, epsilon_micro, once) VALUES (?, ?, ?, ?, ?, ?)
-- name: begin
UPDATE trainings SET begun = begun + 1 WHERE id = ?
-- name: end
UPDATE trainings SET state = ?, why = ?, ended_at = ? WHERE id = ? AND state = 'running'
-- name: once
SELECT kind, name, asked_at, how, epsilon_micro, once, begun, state, ended_at, why, id
FROM trainings WHERE once = ? AND once <> '' AND kind = ? AND name = ? AND asked_at >= ?
ORDER BY id DESC LIMIT 1
-- name: latest
SELECT kind, name, asked_at, how, epsilon_micro, once, begun, state, ended_at, why, id
FROM trainings WHERE kind = ? AND name = ? ORDER BY id DESC LIMIT 1
-- name: running
SELECT kind, name, asked_at, how, epsilon_micro, once, begun, state, ended_at, why, id
FROM trainings WHERE state = 'running' ORDER BY id
