-- Facts and lines a second time, narrow and laid together by event and person. The newest rows are
-- loose: they lie as they came, until an event has enough of them to be put in order. kind,
-- order_key and campaign_key are hashes of texts: numbers are compared many times as fast. alone: no other
-- row of this event is of the same order. `kinds`: the events of new rows that the state keeps.
-- name: orders
-- Every order of the state, as one number with its event's.
SELECT xor(kind, order_key) AS "order" FROM deeds WHERE order_key IS NOT NULL
-- name: new_orders
SELECT kind, CAST(md5_number_upper(order_id) >> 1 AS BIGINT) AS order_key
FROM new_facts JOIN kinds USING (event) WHERE order_id IS NOT NULL AND person IS NOT NULL
-- name: find_shared
-- Orders of new rows that are those of other rows too. `sought`: each that may be.
SELECT kind, order_key FROM (
    SELECT kind, order_key FROM deeds
    WHERE order_key IN (SELECT order_key FROM sought) UNION ALL FROM sought)
GROUP BY kind, order_key HAVING COUNT(*) > 1
-- name: mark_shared
UPDATE deeds SET alone = FALSE FROM shared AS s
WHERE deeds.alone AND deeds.kind = s.kind AND deeds.order_key = s.order_key
-- name: add_deeds
INSERT INTO deeds BY NAME
SELECT position, person, event, "at", order_id, item, category, quantity, value_minor, campaign,
    machine, owner, kind, CAST(md5_number_upper(order_id) >> 1 AS BIGINT) AS order_key,
    CAST(md5_number_upper(campaign) >> 1 AS BIGINT) AS campaign_key,
    order_id IS NULL OR (kind, order_key) NOT IN (SELECT (kind, order_key) FROM shared) AS alone
FROM new_facts JOIN kinds USING (event) WHERE person IS NOT NULL
-- name: add_deed_lines
INSERT INTO deed_lines BY NAME
SELECT position, person, event, "at", order_id, item, category, quantity, value_minor, owner, own,
    kind
FROM new_lines JOIN kinds USING (event) WHERE person IS NOT NULL
-- name: count_loose
INSERT INTO loose SELECT event, COUNT(*), MIN(position) FROM new_facts JOIN kinds USING (event)
WHERE person IS NOT NULL GROUP BY event
ON CONFLICT (event) DO UPDATE SET deeds = loose.deeds + excluded.deeds
-- name: loose
SELECT event, since FROM loose WHERE deeds >= ?
-- name: take_deeds
CREATE OR REPLACE TEMP TABLE loose_rows AS SELECT * FROM deeds WHERE kind = $1 AND position >= $2
-- name: take_deed_lines
CREATE OR REPLACE TEMP TABLE loose_rows AS
SELECT * FROM deed_lines WHERE kind = $1 AND position >= $2
-- name: drop_deeds
DELETE FROM deeds WHERE kind = $1 AND position >= $2
-- name: drop_deed_lines
DELETE FROM deed_lines WHERE kind = $1 AND position >= $2
-- name: put_deeds
INSERT INTO deeds SELECT * FROM loose_rows ORDER BY person, "at";
DROP TABLE loose_rows
-- name: put_deed_lines
INSERT INTO deed_lines SELECT * FROM loose_rows ORDER BY person, "at";
DROP TABLE loose_rows
-- name: settled
DELETE FROM loose WHERE event = ?
-- name: all_settled
DELETE FROM loose
-- name: clear_deeds
DELETE FROM deeds
-- name: clear_deed_lines
DELETE FROM deed_lines
-- name: events
SELECT DISTINCT event FROM facts WHERE event NOT IN (SELECT event FROM browsing) ORDER BY event
-- name: renew_shared
CREATE OR REPLACE TEMP TABLE shared AS SELECT order_id FROM facts
WHERE event = $1 AND person IS NOT NULL AND order_id IS NOT NULL
GROUP BY order_id HAVING COUNT(*) > 1
-- name: renew_deeds
INSERT INTO deeds BY NAME
SELECT *, $1 AS event, $2::BIGINT AS kind,
    CAST(md5_number_upper(order_id) >> 1 AS BIGINT) AS order_key,
    CAST(md5_number_upper(campaign) >> 1 AS BIGINT) AS campaign_key,
    order_id IS NULL OR order_id NOT IN (SELECT order_id FROM shared) AS alone
FROM (SELECT position, person, "at", order_id, item, category, quantity, value_minor, campaign,
    machine, owner FROM facts WHERE event = $1 AND person IS NOT NULL ORDER BY person, "at")
-- name: renew_deed_lines
INSERT INTO deed_lines BY NAME
SELECT *, $1 AS event, $2::BIGINT AS kind
FROM (SELECT position, person, "at", order_id, item, category, quantity, value_minor, owner, own
    FROM lines WHERE event = $1 AND person IS NOT NULL ORDER BY person, "at")
-- name: forget_shared
DROP TABLE IF EXISTS shared
