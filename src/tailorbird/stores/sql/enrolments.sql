-- Who is in which journey. Names are written once, in journey_words; rows say their codes.
-- name: keep_word
INSERT OR IGNORE INTO journey_words (word) VALUES (?)
-- name: words
SELECT word, code FROM journey_words WHERE word IN (SELECT value FROM json_each(?))
-- name: enter
INSERT OR IGNORE INTO enrolments
(journey, version, person, key, step, since, entered_at, due_at, until_at, cause, check_at, ended,
 kept)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
-- name: note_entry
INSERT INTO enrolment_steps (enrolment, number, step, at, outcome, next, reason)
VALUES (?, 0, 0, ?, ?, ?, ?)
-- name: get
SELECT e.id, j.word, e.version, e.person, e.key, s.word, e.since, e.entered_at, e.due_at,
       e.until_at, e.cause, e.check_at, e.moves, e.kept, x.word
FROM enrolments AS e JOIN journey_words AS j ON j.code = e.journey
JOIN journey_words AS s ON s.code = e.step JOIN journey_words AS x ON x.code = e.ended
WHERE e.id IN (SELECT value FROM json_each(?)) ORDER BY e.id
-- name: of_people
SELECT e.id, j.word, e.version, e.person, e.key, s.word, e.since, e.entered_at, e.due_at,
       e.until_at, e.cause, e.check_at, e.moves, e.kept, ''
FROM json_each(?) AS p CROSS JOIN enrolments AS e INDEXED BY enrolments_once ON e.person = p.value
JOIN journey_words AS j ON j.code = e.journey JOIN journey_words AS s ON s.code = e.step
WHERE e.ended = 0 ORDER BY e.id
-- name: of_person
SELECT e.id, j.word, e.version, e.person, e.key, s.word, e.since, e.entered_at, e.due_at,
       e.until_at, e.cause, e.check_at, e.moves, e.kept, x.word
FROM enrolments AS e JOIN journey_words AS j ON j.code = e.journey
JOIN journey_words AS s ON s.code = e.step JOIN journey_words AS x ON x.code = e.ended
WHERE e.person = ? ORDER BY e.id DESC LIMIT ?
-- name: stood
-- One row a key: SQLite takes the other columns from the row of the latest entry.
SELECT e.person, e.key, MAX(e.entered_at), e.cause,
       MAX(CASE WHEN e.ended = 0 THEN e.id ELSE 0 END)
FROM json_each(:people) AS p JOIN enrolments AS e ON e.person = p.value
WHERE e.journey = (SELECT code FROM journey_words WHERE word = :journey)
GROUP BY e.person, e.key
-- name: places
SELECT j.word, e.version, s.word, COUNT(*)
FROM enrolments AS e INDEXED BY enrolments_due JOIN journey_words AS j ON j.code = e.journey
JOIN journey_words AS s ON s.code = e.step
WHERE e.ended = 0 GROUP BY e.journey, e.version, e.step
-- name: firsts
-- Each place with the first instant at which somebody is due there: one step along the index each.
WITH RECURSIVE firsts (journey, version, step) AS (
    SELECT * FROM (SELECT journey, version, step FROM enrolments WHERE ended = 0
                   ORDER BY journey, version, step LIMIT 1)
    UNION ALL
    SELECT n.journey, n.version, n.step FROM firsts AS f JOIN enrolments AS n ON n.id = (
        SELECT id FROM enrolments
        WHERE ended = 0 AND (journey, version, step) > (f.journey, f.version, f.step)
        ORDER BY journey, version, step LIMIT 1))
SELECT j.word, f.version, s.word,
       (SELECT MIN(e.due_at) FROM enrolments AS e
        WHERE e.ended = 0 AND e.journey = f.journey AND e.version = f.version AND e.step = f.step
          AND e.due_at > :after)
FROM firsts AS f JOIN journey_words AS j ON j.code = f.journey
JOIN journey_words AS s ON s.code = f.step
-- name: due
SELECT e.id, :journey, e.version, e.person, e.key, :step, e.since, e.entered_at, e.due_at,
       e.until_at, e.cause, e.check_at, e.moves, e.kept, ''
FROM enrolments AS e INDEXED BY enrolments_due
WHERE e.ended = 0 AND e.version = :version
  AND e.journey = (SELECT code FROM journey_words WHERE word = :journey)
  AND e.step = (SELECT code FROM journey_words WHERE word = :step) AND e.due_at <= :now
  AND e.check_at <= :checked_at
ORDER BY e.due_at, e.id LIMIT :limit
-- name: at
SELECT e.id, :journey, e.version, e.person, e.key, :step, e.since, e.entered_at, e.due_at,
       e.until_at, e.cause, e.check_at, e.moves, e.kept, ''
FROM enrolments AS e
WHERE e.ended = 0 AND e.version = :version AND e.id > :after
  AND e.journey = (SELECT code FROM journey_words WHERE word = :journey)
  AND e.step = (SELECT code FROM journey_words WHERE word = :step)
ORDER BY e.id LIMIT :limit
-- name: choose
INSERT INTO temp.moving (id)
SELECT id FROM enrolments INDEXED BY enrolments_due
WHERE ended = 0 AND journey = :journey AND version = :version AND step = :step AND due_at <= :now
  AND until_at <= :now AND check_at > :now
ORDER BY due_at LIMIT :limit
-- name: choose_some
INSERT OR IGNORE INTO temp.moving (id)
SELECT e.id FROM json_each(:people) AS w CROSS JOIN enrolments AS e ON e.id = w.value
WHERE e.moves = :moves AND e.ended = 0
-- name: chosen
SELECT id FROM temp.moving
-- name: note_all
INSERT INTO enrolment_steps (enrolment, number, step, at, outcome, next, reason)
SELECT e.id, e.moves + 1, e.step, :now, :outcome, :to, :reason
FROM temp.moving AS m JOIN enrolments AS e ON e.id = m.id
-- name: pass_on
UPDATE enrolments SET step = :to, since = :now, due_at = MIN(:due_at, check_at),
    until_at = :until_at, moves = moves + 1, ended = :ended
WHERE id IN (SELECT id FROM temp.moving)
-- name: move_all
UPDATE enrolments SET step = :to, since = CASE :version WHEN 0 THEN :now ELSE since END,
    due_at = :due_at, until_at = :until_at, check_at = :check_at, kept = :kept, ended = :ended,
    moves = moves + 1, version = CASE :version WHEN 0 THEN version ELSE :version END
WHERE id IN (SELECT id FROM temp.moving)
-- name: moves
INSERT OR IGNORE INTO temp.moves
(id, moves, step, due_at, until_at, check_at, kept, ended, outcome, reason, version)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
-- name: note_moves
INSERT INTO enrolment_steps (enrolment, number, step, at, outcome, next, reason)
SELECT e.id, e.moves + 1, e.step, :now, m.outcome, m.step, m.reason
FROM temp.moves AS m CROSS JOIN enrolments AS e
    ON e.id = m.id AND e.moves = m.moves AND e.ended = 0
-- name: move
-- Of another version, since when she waits stays.
UPDATE enrolments AS e SET step = m.step, since = CASE m.version WHEN 0 THEN :now ELSE e.since END,
    due_at = m.due_at, until_at = m.until_at, check_at = m.check_at, kept = m.kept,
    ended = m.ended, moves = e.moves + 1,
    version = CASE m.version WHEN 0 THEN e.version ELSE m.version END
FROM temp.moves AS m WHERE e.id = m.id AND e.moves = m.moves AND e.ended = 0
-- name: unmade
-- Who had moved before, or had ended: her last step is not the one that was just noted.
SELECT m.id FROM temp.moves AS m JOIN enrolments AS e ON e.id = m.id
WHERE e.moves <> m.moves OR e.ended <> 0
-- name: later
UPDATE enrolments SET due_at = ?3, check_at = ?4 WHERE id = ?1 AND moves = ?2 AND ended = 0
-- name: rehome
UPDATE OR IGNORE enrolments SET person = ?2 WHERE id = ?1 AND ended = 0
-- name: records
SELECT r.enrolment, r.number, s.word, r.at, o.word, n.word, w.word
FROM enrolment_steps AS r JOIN journey_words AS s ON s.code = r.step
JOIN journey_words AS o ON o.code = r.outcome JOIN journey_words AS n ON n.code = r.next
JOIN journey_words AS w ON w.code = r.reason
WHERE r.enrolment = ? ORDER BY r.number
-- name: flows
SELECT e.version, s.word, o.word, n.word, w.word, COUNT(*)
FROM enrolments AS e JOIN enrolment_steps AS r ON r.enrolment = e.id
JOIN journey_words AS s ON s.code = r.step JOIN journey_words AS o ON o.code = r.outcome
JOIN journey_words AS n ON n.code = r.next JOIN journey_words AS w ON w.code = r.reason
WHERE e.journey = (SELECT code FROM journey_words WHERE word = :journey) AND r.at > :after
GROUP BY e.version, r.step, r.outcome, r.next, r.reason
-- name: passages
SELECT e.person, e.entered_at, CASE WHEN e.ended = 0 THEN c.word ELSE s.word END, o.word, w.word,
       x.word
FROM enrolments AS e JOIN enrolment_steps AS r ON r.enrolment = e.id AND r.number = e.moves
JOIN journey_words AS c ON c.code = e.step JOIN journey_words AS s ON s.code = r.step
JOIN journey_words AS o ON o.code = r.outcome JOIN journey_words AS w ON w.code = r.reason
JOIN journey_words AS x ON x.code = e.ended
WHERE e.journey = (SELECT code FROM journey_words WHERE word = ?) AND e.entered_at > ?
ORDER BY e.id
-- name: draws
SELECT e.person, e.version, e.entered_at, r.at, o.word, w.word
FROM enrolments AS e JOIN enrolment_steps AS r ON r.enrolment = e.id
JOIN journey_words AS s ON s.code = r.step JOIN journey_words AS o ON o.code = r.outcome
JOIN journey_words AS w ON w.code = r.reason
WHERE e.journey = (SELECT code FROM journey_words WHERE word = :journey)
  AND CASE :step WHEN '' THEN r.number = 0 AND o.word IN ('entered', 'holdout')
      ELSE s.word = :step AND o.word = 'drew' END
ORDER BY r.at, e.id, r.number
