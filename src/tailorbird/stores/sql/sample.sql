-- A part of all people, drawn by a hash of their numbers, and their rows a second time: what is
-- asked of a sample reads some hundredths of the rows. Changed in the transactions of the facts.
-- name: people
CREATE TABLE IF NOT EXISTS sampled_people (person BIGINT NOT NULL, created_at BIGINT NOT NULL)
-- name: table
CREATE TABLE IF NOT EXISTS sampled_{0} AS SELECT * FROM {0} WHERE FALSE
-- name: count
SELECT COUNT(*) FROM people
-- name: draw
-- One in a power of two: a smaller part is a part of the larger one. Of the hash the upper bits
-- count: among the lower ones, parts differ more than by chance.
INSERT INTO sampled_people SELECT person, MIN(created_at) FROM {}
WHERE hash(person) >> (64 - ?) = 0
AND person NOT IN (SELECT person FROM sampled_people) GROUP BY person
-- name: age
UPDATE sampled_people SET created_at = n.first FROM (
    SELECT person, MIN(created_at) AS first FROM new_people GROUP BY person) AS n
WHERE sampled_people.person = n.person AND n.first < sampled_people.created_at
-- name: thin
DELETE FROM sampled_people WHERE hash(person) >> (64 - ?) <> 0
-- name: thin_rows
DELETE FROM sampled_{} WHERE person NOT IN (SELECT person FROM sampled_people)
-- name: clear
DELETE FROM sampled_people
-- name: clear_rows
DELETE FROM sampled_{}
-- name: fill
INSERT INTO sampled_{0} SELECT * FROM {0} WHERE person IN (SELECT person FROM sampled_people)
-- name: add
INSERT INTO sampled_{0} BY NAME
SELECT * FROM new_{0} WHERE person IN (SELECT person FROM sampled_people)
-- name: add_weighed
-- What was said of traits has its weight in the table alone.
INSERT INTO sampled_trait_values SELECT * FROM trait_values
WHERE position >= (SELECT MIN(position) FROM new_trait_values)
AND person IN (SELECT person FROM sampled_people)
-- name: retract_facts
DELETE FROM sampled_facts WHERE position = ?
-- name: retract_lines
DELETE FROM sampled_lines WHERE position = ?
-- name: retract_properties
DELETE FROM sampled_properties WHERE position = ?
-- name: forget_traits
DELETE FROM sampled_trait_values WHERE COALESCE(owner, person) = ? AND "at" <= ? AND position < ?
-- name: leave
DELETE FROM sampled_people WHERE person IN (SELECT owner FROM new_homes WHERE owner <> person)
-- name: lift
DELETE FROM sampled_{} WHERE COALESCE(owner, person) IN (SELECT owner FROM new_homes)
-- name: settle
INSERT INTO sampled_{0} SELECT * FROM {0} WHERE "at" >= ? AND person IN (
    SELECT h.person FROM new_homes AS h JOIN sampled_people AS s ON s.person = h.person)
AND COALESCE(owner, person) IN (SELECT owner FROM new_homes)
-- name: coming
-- Since when those have a history who now belong to somebody in the sample.
SELECT MIN(o.created_at) FROM new_homes AS h JOIN owners AS o ON o.owner = h.owner
WHERE h.person IN (SELECT person FROM sampled_people)
-- name: age_moved
UPDATE sampled_people SET created_at = p.created_at FROM people AS p
WHERE p.person = sampled_people.person AND p.created_at <> sampled_people.created_at
AND p.person IN (SELECT person FROM new_homes UNION ALL SELECT person FROM "left")
