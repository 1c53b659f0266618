-- Names that events, traits and properties go by, with how many rows say so: counted as rows come
-- and as they are taken back, so that nobody has to read all of them.
-- name: table
CREATE TABLE IF NOT EXISTS names (
    kind VARCHAR NOT NULL, name VARCHAR NOT NULL, said BIGINT NOT NULL, PRIMARY KEY (kind, name))
-- name: add
INSERT INTO names SELECT kind, name, COUNT(*) FROM ({}) GROUP BY kind, name
ON CONFLICT (kind, name) DO UPDATE SET said = names.said + excluded.said
-- name: said_facts
SELECT 'event' AS kind, event AS name FROM new_facts
-- name: said_properties
SELECT 'property' AS kind, name FROM new_properties
-- name: said_trait_values
SELECT 'trait' AS kind, name FROM new_trait_values
-- name: retract_facts
UPDATE names SET said = names.said - gone.said FROM (
    SELECT event AS name, COUNT(*) AS said FROM facts WHERE position = ? GROUP BY event) AS gone
WHERE names.kind = 'event' AND names.name = gone.name
-- name: retract_properties
UPDATE names SET said = names.said - gone.said FROM (
    SELECT name, COUNT(*) AS said FROM properties WHERE position = ? GROUP BY name) AS gone
WHERE names.kind = 'property' AND names.name = gone.name
-- name: forget_traits
UPDATE names SET said = names.said - gone.said FROM (
    SELECT name, COUNT(*) AS said FROM trait_values
    WHERE COALESCE(owner, person) = ? AND "at" <= ? AND position < ? GROUP BY name) AS gone
WHERE names.kind = 'trait' AND names.name = gone.name
-- name: clear
DELETE FROM names
-- name: renew
INSERT INTO names
SELECT 'event', event, COUNT(*) FROM facts GROUP BY event
UNION ALL SELECT 'property', name, COUNT(*) FROM properties GROUP BY name
UNION ALL SELECT 'trait', name, COUNT(*) FROM trait_values GROUP BY name
