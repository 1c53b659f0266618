-- Facts and lines a second time, narrow and laid together by event and person. Rows above the
-- marker are loose: they lie as they came, until enough of them are there to be put in order. kind and order_key are hashes of their texts: numbers
-- are compared many times as fast.
-- name: add_deeds
INSERT INTO deeds BY NAME
SELECT position, person, event, "at", order_id, item, category, quantity, value_minor, campaign,
    machine, owner, CAST(md5_number_upper(event) >> 1 AS BIGINT) AS kind,
    CAST(md5_number_upper(order_id) >> 1 AS BIGINT) AS order_key
FROM new_facts WHERE person IS NOT NULL AND event NOT IN (SELECT event FROM browsing)
-- name: add_deed_lines
INSERT INTO deed_lines BY NAME
SELECT position, person, event, "at", order_id, item, category, quantity, value_minor, owner,
    CAST(md5_number_upper(event) >> 1 AS BIGINT) AS kind
FROM new_lines WHERE person IS NOT NULL AND event NOT IN (SELECT event FROM browsing)
-- name: loose
SELECT COUNT(*) FROM deeds WHERE position > ?
-- name: last
SELECT COALESCE(MAX(position), 0) FROM deeds
-- name: take_deeds
CREATE OR REPLACE TEMP TABLE loose_deeds AS SELECT * FROM deeds WHERE position > ?
-- name: take_deed_lines
CREATE OR REPLACE TEMP TABLE loose_deed_lines AS SELECT * FROM deed_lines WHERE position > ?
-- name: drop_deeds
DELETE FROM deeds WHERE position > ?
-- name: drop_deed_lines
DELETE FROM deed_lines WHERE position > ?
-- name: put_deeds
INSERT INTO deeds SELECT * FROM loose_deeds ORDER BY event, person, "at";
DROP TABLE loose_deeds
-- name: put_deed_lines
INSERT INTO deed_lines SELECT * FROM loose_deed_lines ORDER BY event, person, "at";
DROP TABLE loose_deed_lines
-- name: clear_deeds
DELETE FROM deeds
-- name: clear_deed_lines
DELETE FROM deed_lines
-- name: events
SELECT DISTINCT event FROM facts WHERE event NOT IN (SELECT event FROM browsing) ORDER BY event
-- name: renew_deeds
INSERT INTO deeds BY NAME
SELECT position, person, event, "at", order_id, item, category, quantity, value_minor, campaign,
    machine, owner, CAST(md5_number_upper(event) >> 1 AS BIGINT) AS kind,
    CAST(md5_number_upper(order_id) >> 1 AS BIGINT) AS order_key
FROM facts WHERE event = ? AND person IS NOT NULL ORDER BY person, "at"
-- name: renew_deed_lines
INSERT INTO deed_lines BY NAME
SELECT position, person, event, "at", order_id, item, category, quantity, value_minor, owner,
    CAST(md5_number_upper(event) >> 1 AS BIGINT) AS kind
FROM lines WHERE event = ? AND person IS NOT NULL ORDER BY person, "at"
