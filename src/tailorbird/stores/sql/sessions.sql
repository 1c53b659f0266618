-- A session is a run of one person's visible acts with less than 30 minutes between each and the
-- next. Senders that name their sessions keep those of two devices apart by these names.
-- Instants are microseconds: 1800000000 is 30 minutes. "at" is when it began, until its last act.
-- name: table
CREATE TABLE IF NOT EXISTS sessions (
    person BIGINT NOT NULL, session_id VARCHAR NOT NULL, "at" BIGINT NOT NULL,
    until BIGINT NOT NULL, position BIGINT NOT NULL, last_position BIGINT NOT NULL,
    received_at BIGINT NOT NULL, source VARCHAR NOT NULL, events BIGINT NOT NULL,
    pages BIGINT NOT NULL, browser VARCHAR, os VARCHAR, device VARCHAR, app VARCHAR,
    country VARCHAR, region VARCHAR, city VARCHAR, page VARCHAR, referrer VARCHAR, channel VARCHAR,
    utm_source VARCHAR, utm_medium VARCHAR, utm_campaign VARCHAR, utm_term VARCHAR,
    utm_content VARCHAR, utc_offset BIGINT, hour BIGINT, weekday BIGINT)
-- name: visits
-- Facts, and beside them two rows a session: it began; 30 minutes after its last act it is known to
-- have ended. Neither depends on what comes later, so that every past instant has one answer.
CREATE OR REPLACE VIEW visits AS
SELECT *, NULL::BIGINT AS session_seconds, NULL::BIGINT AS session_pages FROM facts
UNION ALL BY NAME
SELECT * EXCLUDE (until, last_position, events, pages), 'session_started' AS event,
    FALSE AS machine FROM sessions
UNION ALL BY NAME
SELECT * EXCLUDE (until, last_position, events, pages) REPLACE (
    until + 1800000000 AS "at", last_position AS position),
    'session_ended' AS event, FALSE AS machine, (until - "at") // 1000000 AS session_seconds,
    pages AS session_pages FROM sessions
-- name: stale
-- From the first to the last act of every session that these reach: all of it is counted anew.
SELECT t.person, t.session_id, LEAST(t.low + 1800000000, MIN(s."at")) AS low,
    GREATEST(t.high - 1800000000, MAX(s.until)) AS high
FROM touched AS t LEFT JOIN sessions AS s
ON s.person = t.person AND s.session_id = t.session_id AND s."at" <= t.high AND s.until >= t.low
GROUP BY t.person, t.session_id, t.low, t.high
UNION ALL
SELECT person, session_id, -4000000000000000000, 4000000000000000000 FROM (
    SELECT person, COALESCE(session_id, '') AS session_id FROM facts
    WHERE person IN (SELECT person FROM moved)
    UNION
    SELECT person, session_id FROM sessions WHERE person IN (SELECT person FROM moved))
-- name: forget
DELETE FROM sessions USING stale
WHERE sessions.person = stale.person AND sessions.session_id = stale.session_id
AND sessions."at" BETWEEN stale.low AND stale.high
-- name: renew
-- Who and when alone are sorted; the context comes from the first act of each session after that.
INSERT INTO sessions BY NAME
WITH seen AS (
    SELECT f.person, s.session_id, f."at", f.position,
        f.event IN ('page_viewed', 'screen_viewed') AS shown
    FROM facts AS f JOIN stale AS s
    ON f.person = s.person AND COALESCE(f.session_id, '') = s.session_id
    AND f."at" BETWEEN s.low AND s.high
    WHERE f."at" BETWEEN ? AND ? AND NOT f.machine AND (f.session_id IS NOT NULL
        OR f.page IS NOT NULL OR f.event IN (SELECT event FROM acts))),
counted AS (
    SELECT *, LAG("at") OVER earlier AS before_at, LAG(position) OVER earlier AS before_position,
        ROW_NUMBER() OVER earlier AS step, COUNT(*) FILTER (WHERE shown) OVER earlier AS pages,
        LEAD("at") OVER earlier AS next_at
    FROM seen WINDOW earlier AS (PARTITION BY person, session_id ORDER BY "at", position)),
ends AS (
    SELECT person, session_id, "at", position, step, pages, shown,
        before_at IS NULL OR "at" - before_at >= 1800000000 AS first,
        next_at IS NULL OR next_at - "at" >= 1800000000 AS last
    FROM counted),
bare AS (
    SELECT person, session_id, "at", position, first, LEAD("at") OVER edges AS until,
        LEAD(position) OVER edges AS last_position, LEAD(step) OVER edges - step + 1 AS events,
        LEAD(pages) OVER edges - pages + shown::BIGINT AS pages, last, step, shown
    FROM ends WHERE first OR last
    WINDOW edges AS (PARTITION BY person, session_id ORDER BY "at", position)),
sessions_of AS (
    SELECT person, session_id, "at", position,
        CASE WHEN last THEN "at" ELSE until END AS until,
        CASE WHEN last THEN position ELSE last_position END AS last_position,
        CASE WHEN last THEN 1 ELSE events END AS events,
        CASE WHEN last THEN shown::BIGINT ELSE pages END AS pages
    FROM bare WHERE first)
SELECT o.*, f.received_at, f.source, f.browser, f.os, f.device, f.app, f.country, f.region,
    f.city, f.page, f.referrer, f.channel, f.utm_source, f.utm_medium, f.utm_campaign, f.utm_term,
    f.utm_content, f.utc_offset, f.hour, f.weekday
FROM sessions_of AS o JOIN facts AS f ON f.position = o.position
WHERE f."at" BETWEEN ? AND ?
-- name: reach
-- Of the new runs, by number, those that reach sessions. The bounds are of all runs together.
SELECT r.run, COUNT(*) AS reaches, MAX(s."at") AS began, MAX(s.until) AS before
FROM runs AS r JOIN sessions AS s ON s.person = r.person AND s.session_id = r.session_id
AND s."at" < r.until + 1800000000 AND s.until > r."at" - 1800000000
WHERE s.until > ? AND s."at" < ? GROUP BY r.run
-- name: go_on
UPDATE sessions SET until = r.until, last_position = r.last_position,
    events = sessions.events + r.events, pages = sessions.pages + r.pages
FROM going_on AS r
WHERE sessions.person = r.person AND sessions.session_id = r.session_id
AND sessions."at" = r.began
-- name: begin
INSERT INTO sessions BY NAME SELECT * FROM begun
-- name: touched
-- Where more must be counted anew: with the 30 minutes on both sides in which acts reach further.
SELECT person, session_id, MIN("at") - 1800000000 AS low, MAX(until) + 1800000000 AS high
FROM crossing GROUP BY person, session_id
-- name: nobody
SELECT 0::BIGINT AS person, '' AS session_id, 0::BIGINT AS low, 0::BIGINT AS high WHERE FALSE
-- name: bounds
SELECT MIN(low), MAX(high) FROM stale
-- name: whose
SELECT DISTINCT person FROM facts
WHERE position IN (SELECT UNNEST(?)) AND person IS NOT NULL
-- name: columns
SELECT * FROM sessions LIMIT 0
