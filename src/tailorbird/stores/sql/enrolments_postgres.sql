-- As enrolments.sql says it, for a server. Many rows come as one text of JSON.
-- name: keep_words
INSERT INTO journey_words (word)
SELECT value FROM jsonb_array_elements_text($1::text::jsonb) AS w (value)
WHERE NOT EXISTS (SELECT 1 FROM journey_words AS k WHERE k.word = w.value) ORDER BY value
ON CONFLICT (word) DO NOTHING
-- name: words
SELECT word, code FROM journey_words
WHERE word IN (SELECT value FROM jsonb_array_elements_text($1::text::jsonb) AS w (value))
-- name: enter
-- $1 journey, $2 version, $3 now, $4 rows: person, key, step, entered, due, until, cause, check,
-- ended, kept, outcome, reason
WITH given AS (
    SELECT place, (x ->> 0)::bigint AS person, x ->> 1 AS key, (x ->> 2)::bigint AS step,
           (x ->> 3)::bigint AS entered_at, (x ->> 4)::bigint AS due_at,
           (x ->> 5)::bigint AS until_at, (x ->> 6)::bigint AS cause, (x ->> 7)::bigint AS check_at,
           (x ->> 8)::bigint AS ended, decode(x ->> 9, 'hex') AS kept,
           (x ->> 10)::bigint AS outcome, (x ->> 11)::bigint AS reason
    FROM jsonb_array_elements($4::text::jsonb) WITH ORDINALITY AS j (x, place)),
added AS (
    INSERT INTO enrolments (journey, version, person, key, step, since, entered_at, due_at,
                            until_at, cause, check_at, ended, kept)
    SELECT $1::bigint, $2::bigint, person, key, step, entered_at, entered_at, due_at, until_at,
           cause, check_at, ended, kept FROM given ORDER BY place
    ON CONFLICT (person, journey, key, cause) DO NOTHING RETURNING id, person, key, cause),
numbered AS (
    SELECT DISTINCT ON (a.id) g.place, a.id, g.outcome, g.step, g.reason
    FROM given AS g JOIN added AS a USING (person, key, cause) ORDER BY a.id, g.place),
noted AS (
    INSERT INTO enrolment_steps (enrolment, number, step, at, outcome, next, reason)
    SELECT id, 0, 0, $3::bigint, outcome, step, reason FROM numbered)
SELECT COALESCE(n.id, 0) FROM given AS g LEFT JOIN numbered AS n USING (place) ORDER BY g.place
-- name: get
SELECT e.id, j.word, e.version, e.person, e.key, s.word, e.since, e.entered_at, e.due_at,
       e.until_at, e.cause, e.check_at, e.moves, e.kept, x.word
FROM enrolments AS e JOIN journey_words AS j ON j.code = e.journey
JOIN journey_words AS s ON s.code = e.step JOIN journey_words AS x ON x.code = e.ended
WHERE e.id IN (SELECT value::bigint FROM jsonb_array_elements_text($1::text::jsonb) AS w (value))
ORDER BY e.id
-- name: of_people
SELECT e.id, j.word, e.version, e.person, e.key, s.word, e.since, e.entered_at, e.due_at,
       e.until_at, e.cause, e.check_at, e.moves, e.kept, x.word
FROM enrolments AS e JOIN journey_words AS j ON j.code = e.journey
JOIN journey_words AS s ON s.code = e.step JOIN journey_words AS x ON x.code = e.ended
WHERE e.ended = 0 AND e.person IN (
    SELECT value::bigint FROM jsonb_array_elements_text($1::text::jsonb) AS w (value))
ORDER BY e.id
-- name: of_person
SELECT e.id, j.word, e.version, e.person, e.key, s.word, e.since, e.entered_at, e.due_at,
       e.until_at, e.cause, e.check_at, e.moves, e.kept, x.word
FROM enrolments AS e JOIN journey_words AS j ON j.code = e.journey
JOIN journey_words AS s ON s.code = e.step JOIN journey_words AS x ON x.code = e.ended
WHERE e.person = $1::bigint ORDER BY e.id DESC LIMIT $2::bigint
-- name: stood
SELECT DISTINCT ON (e.person, e.key) e.person, e.key, e.entered_at, e.cause,
       MAX(CASE WHEN e.ended = 0 THEN e.id ELSE 0 END) OVER (PARTITION BY e.person, e.key)
FROM enrolments AS e
WHERE e.journey = (SELECT code FROM journey_words WHERE word = $1::text) AND e.person IN (
    SELECT value::bigint FROM jsonb_array_elements_text($2::text::jsonb) AS w (value))
ORDER BY e.person, e.key, e.entered_at DESC, e.id DESC
-- name: places
SELECT j.word, e.version, s.word, COUNT(*)
FROM enrolments AS e JOIN journey_words AS j ON j.code = e.journey
JOIN journey_words AS s ON s.code = e.step
WHERE e.ended = 0 GROUP BY j.word, e.version, s.word
-- name: firsts
WITH RECURSIVE firsts (journey, version, step) AS (
    (SELECT journey, version, step FROM enrolments WHERE ended = 0
     ORDER BY journey, version, step LIMIT 1)
    UNION ALL
    SELECT n.journey, n.version, n.step FROM firsts AS f CROSS JOIN LATERAL (
        SELECT journey, version, step FROM enrolments
        WHERE ended = 0 AND (journey, version, step) > (f.journey, f.version, f.step)
        ORDER BY journey, version, step LIMIT 1) AS n)
SELECT j.word, f.version, s.word,
       (SELECT MIN(e.due_at) FROM enrolments AS e
        WHERE e.ended = 0 AND e.journey = f.journey AND e.version = f.version AND e.step = f.step
          AND e.due_at > $1::bigint)
FROM firsts AS f JOIN journey_words AS j ON j.code = f.journey
JOIN journey_words AS s ON s.code = f.step
-- name: due
-- Who comes first of many who are due at one instant is all the same: a sort would read them all.
SELECT e.id, $1::text, e.version, e.person, e.key, $3::text, e.since, e.entered_at, e.due_at,
       e.until_at, e.cause, e.check_at, e.moves, e.kept, ''
FROM enrolments AS e
WHERE e.ended = 0 AND e.journey = (SELECT code FROM journey_words WHERE word = $1::text)
  AND e.version = $2::bigint
  AND e.step = (SELECT code FROM journey_words WHERE word = $3::text)
  AND e.due_at <= $4::bigint AND e.check_at <= $5::bigint
ORDER BY e.due_at LIMIT $6::bigint
-- name: at
SELECT e.id, j.word, e.version, e.person, e.key, s.word, e.since, e.entered_at, e.due_at,
       e.until_at, e.cause, e.check_at, e.moves, e.kept, x.word
FROM enrolments AS e JOIN journey_words AS j ON j.code = e.journey
JOIN journey_words AS s ON s.code = e.step JOIN journey_words AS x ON x.code = e.ended
WHERE e.ended = 0 AND e.journey = (SELECT code FROM journey_words WHERE word = $1::text)
  AND e.version = $2::bigint
  AND e.step = (SELECT code FROM journey_words WHERE word = $3::text)
  AND e.id > $4::bigint ORDER BY e.id LIMIT $5::bigint
-- name: pass_on
-- $1 journey, $2 version, $3 step, $4 now, $5 most, $6 to, $7 due, $8 until, $9 ended, $10 outcome
WITH chosen AS (
    SELECT id FROM enrolments
    WHERE ended = 0 AND journey = $1::bigint AND version = $2::bigint AND step = $3::bigint
      AND due_at <= $4::bigint AND until_at <= $4::bigint AND check_at > $4::bigint
    ORDER BY due_at LIMIT $5::bigint FOR UPDATE),
moved AS (
    UPDATE enrolments AS e
    SET step = $6::bigint, since = $4::bigint, due_at = LEAST($7::bigint, e.check_at),
        until_at = $8::bigint, moves = e.moves + 1, ended = $9::bigint
    FROM chosen AS c WHERE e.id = c.id RETURNING e.id, e.moves),
noted AS (
    INSERT INTO enrolment_steps (enrolment, number, step, at, outcome, next, reason)
    SELECT id, moves, $3::bigint, $4::bigint, $10::bigint, $6::bigint, 0 FROM moved)
SELECT COUNT(*) FROM moved
-- name: move
-- $1 now, $2 the version, 0 for the same, $3 rows: id, moves, to, due, until, check, kept, ended,
-- outcome, reason
WITH given AS (
    SELECT place, (x ->> 0)::bigint AS id, (x ->> 1)::bigint AS moves, (x ->> 2)::bigint AS step,
           (x ->> 3)::bigint AS due_at, (x ->> 4)::bigint AS until_at,
           (x ->> 5)::bigint AS check_at, decode(x ->> 6, 'hex') AS kept,
           (x ->> 7)::bigint AS ended, (x ->> 8)::bigint AS outcome, (x ->> 9)::bigint AS reason
    FROM jsonb_array_elements($3::text::jsonb) WITH ORDINALITY AS j (x, place)),
moved AS (
    UPDATE enrolments AS e
    SET step = g.step, since = CASE WHEN $2::bigint = 0 THEN $1::bigint ELSE e.since END,
        due_at = g.due_at, until_at = g.until_at, check_at = g.check_at, kept = g.kept,
        ended = g.ended, moves = e.moves + 1,
        version = CASE WHEN $2::bigint = 0 THEN e.version ELSE $2::bigint END
    FROM given AS g JOIN enrolments AS o ON o.id = g.id
    WHERE e.id = o.id AND e.moves = g.moves AND e.ended = 0
    RETURNING e.id, e.moves, o.step AS was, g.step, g.outcome, g.reason, g.place),
noted AS (
    INSERT INTO enrolment_steps (enrolment, number, step, at, outcome, next, reason)
    SELECT id, moves, was, $1::bigint, outcome, step, reason FROM moved)
SELECT m.id IS NOT NULL FROM given AS g LEFT JOIN moved AS m USING (place) ORDER BY g.place
-- name: move_all
-- $1 now, $2 the version, 0 for the same, $3 who, $4 moves, $5 to, $6 due, $7 until, $8 check,
-- $9 kept, $10 ended, $11 outcome, $12 reason
-- The planner is not to know how many there are: it would read everybody, to find a few thousand.
WITH moved AS (
    UPDATE enrolments AS e
    SET step = $5::bigint, since = CASE WHEN $2::bigint = 0 THEN $1::bigint ELSE e.since END,
        due_at = $6::bigint, until_at = $7::bigint, check_at = $8::bigint,
        kept = decode($9::text, 'hex'), ended = $10::bigint, moves = e.moves + 1,
        version = CASE WHEN $2::bigint = 0 THEN e.version ELSE $2::bigint END
    FROM unnest((SELECT $3::text)::bigint[]) AS g (id) JOIN enrolments AS o USING (id)
    WHERE e.id = o.id AND e.moves = $4::bigint AND e.ended = 0
    RETURNING e.id, o.step AS was),
noted AS (
    INSERT INTO enrolment_steps (enrolment, number, step, at, outcome, next, reason)
    SELECT id, $4::bigint + 1, was, $1::bigint, $11::bigint, $5::bigint, $12::bigint FROM moved)
SELECT id FROM moved
-- name: later
UPDATE enrolments AS e SET due_at = (x ->> 2)::bigint, check_at = (x ->> 3)::bigint
FROM jsonb_array_elements($1::text::jsonb) AS j (x)
WHERE e.id = (x ->> 0)::bigint AND e.moves = (x ->> 1)::bigint AND e.ended = 0
-- name: rehome
UPDATE enrolments AS e SET person = $2::bigint WHERE e.id = $1::bigint AND e.ended = 0
  AND NOT EXISTS (SELECT 1 FROM enrolments AS o
                  WHERE o.person = $2::bigint AND o.journey = e.journey AND o.key = e.key
                    AND o.cause = e.cause)
-- name: records
SELECT r.enrolment, r.number, s.word, r.at, o.word, n.word, w.word
FROM enrolment_steps AS r JOIN journey_words AS s ON s.code = r.step
JOIN journey_words AS o ON o.code = r.outcome JOIN journey_words AS n ON n.code = r.next
JOIN journey_words AS w ON w.code = r.reason
WHERE r.enrolment = $1::bigint ORDER BY r.number
-- name: flows
SELECT e.version, s.word, o.word, n.word, w.word, COUNT(*)
FROM enrolments AS e JOIN enrolment_steps AS r ON r.enrolment = e.id
JOIN journey_words AS s ON s.code = r.step JOIN journey_words AS o ON o.code = r.outcome
JOIN journey_words AS n ON n.code = r.next JOIN journey_words AS w ON w.code = r.reason
WHERE e.journey = (SELECT code FROM journey_words WHERE word = $1::text) AND r.at > $2::bigint
GROUP BY e.version, s.word, o.word, n.word, w.word
-- name: passages
SELECT e.person, e.entered_at, CASE WHEN e.ended = 0 THEN c.word ELSE s.word END, o.word, w.word,
       x.word
FROM enrolments AS e JOIN enrolment_steps AS r ON r.enrolment = e.id AND r.number = e.moves
JOIN journey_words AS c ON c.code = e.step JOIN journey_words AS s ON s.code = r.step
JOIN journey_words AS o ON o.code = r.outcome JOIN journey_words AS w ON w.code = r.reason
JOIN journey_words AS x ON x.code = e.ended
WHERE e.journey = (SELECT code FROM journey_words WHERE word = $1::text) AND e.entered_at > $2::bigint
ORDER BY e.id
-- name: draws
SELECT e.person, e.version, e.entered_at, r.at, o.word, w.word
FROM enrolments AS e JOIN enrolment_steps AS r ON r.enrolment = e.id
JOIN journey_words AS s ON s.code = r.step JOIN journey_words AS o ON o.code = r.outcome
JOIN journey_words AS w ON w.code = r.reason
WHERE e.journey = (SELECT code FROM journey_words WHERE word = $1::text)
  AND CASE $2::text WHEN '' THEN r.number = 0 AND o.word IN ('entered', 'holdout')
      ELSE s.word = $2::text AND o.word = 'drew' END
ORDER BY r.at, e.id, r.number
