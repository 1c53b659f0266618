-- Histories that move: rows keep whose they were at first, so that they can move back.
-- name: enter_moved
-- Whoever was never touched before: until now, people.created_at is that of her own history.
INSERT INTO owners SELECT h.owner, h.owner, p.created_at FROM new_homes AS h
JOIN people AS p ON p.person = h.owner WHERE h.owner NOT IN (SELECT owner FROM owners)
-- name: enter_known
-- After a kill, events of a merged person may come before her history is moved.
INSERT INTO owners SELECT DISTINCT n.owner, n.owner, p.created_at FROM new_people AS n
JOIN people AS p ON p.person = n.owner
WHERE n.owner IS NOT NULL AND n.owner NOT IN (SELECT owner FROM owners)
-- name: enter_owners
INSERT INTO owners SELECT owner, person, MIN(created_at) FROM new_people
WHERE owner IS NOT NULL GROUP BY owner, person
ON CONFLICT (owner) DO UPDATE SET created_at = LEAST(owners.created_at, excluded.created_at)
-- name: enter_survivors
INSERT INTO owners SELECT DISTINCT o.person, o.person, p.created_at FROM owners AS o
JOIN people AS p ON p.person = o.person WHERE o.person NOT IN (SELECT owner FROM owners)
-- name: age_owners
UPDATE owners SET created_at = LEAST(owners.created_at, n.first) FROM (
    SELECT person, MIN(created_at) AS first FROM new_people WHERE owner IS NULL GROUP BY person) AS n
WHERE owners.owner = n.person
-- name: losers
SELECT owner AS person FROM new_homes WHERE owner <> person
-- name: left
SELECT DISTINCT o.person FROM owners AS o JOIN new_homes AS h ON h.owner = o.owner
WHERE o.person <> h.person AND o.person <> o.owner
-- name: all_left
SELECT person FROM "left"
-- name: move_owners
UPDATE owners SET person = h.person FROM new_homes AS h
WHERE owners.owner = h.owner AND owners.person <> h.person
-- name: move_facts
UPDATE facts SET person = h.person, owner = NULLIF(h.owner, h.person) FROM new_homes AS h
WHERE COALESCE(facts.owner, facts.person) = h.owner AND facts.person <> h.person
-- name: move_lines
UPDATE lines SET person = h.person, owner = NULLIF(h.owner, h.person) FROM new_homes AS h
WHERE COALESCE(lines.owner, lines.person) = h.owner AND lines.person <> h.person
-- name: move_properties
UPDATE properties SET person = h.person, owner = NULLIF(h.owner, h.person) FROM new_homes AS h
WHERE COALESCE(properties.owner, properties.person) = h.owner AND properties.person <> h.person
-- name: move_trait_values
UPDATE trait_values SET person = h.person, owner = NULLIF(h.owner, h.person) FROM new_homes AS h
WHERE COALESCE(trait_values.owner, trait_values.person) = h.owner
AND trait_values.person <> h.person
-- name: move_deeds
UPDATE deeds SET person = h.person, owner = NULLIF(h.owner, h.person) FROM new_homes AS h
WHERE COALESCE(deeds.owner, deeds.person) = h.owner AND deeds.person <> h.person
-- name: move_deed_lines
UPDATE deed_lines SET person = h.person, owner = NULLIF(h.owner, h.person) FROM new_homes AS h
WHERE COALESCE(deed_lines.owner, deed_lines.person) = h.owner AND deed_lines.person <> h.person
-- name: forget_people
DELETE FROM people WHERE person IN (SELECT person FROM losers)
-- name: leave_membership
-- Whoever was merged is in no segment any more, since the last that was seen of her.
INSERT INTO membership_changes BY NAME
SELECT m.segment, m.person, COALESCE(r."at", 0) AS "at", FALSE AS entered, 'merge' AS cause,
    COALESCE(r.version, 0) AS version, COALESCE(r."at", 0) AS seen_at, ROW_NUMBER() OVER
    (ORDER BY m.segment, m.person)
    + (SELECT COALESCE(MAX(sequence), 0) FROM membership_changes) AS sequence
FROM membership AS m LEFT JOIN segment_refreshes AS r ON r.segment = m.segment
WHERE m.member AND m.person IN (SELECT person FROM losers)
-- name: forget_membership
DELETE FROM membership WHERE person IN (SELECT person FROM losers)
-- name: forget_scores
-- Of those who became two, too: what was scored was both of them.
DELETE FROM scores WHERE person IN (SELECT person FROM losers UNION SELECT person FROM "left")
-- name: touch
INSERT INTO people SELECT h.person, o.first, MAX(h.position) FROM new_homes AS h
JOIN (SELECT person, MIN(created_at) AS first FROM owners GROUP BY person) AS o
ON o.person = h.person GROUP BY h.person, o.first
ON CONFLICT (person) DO UPDATE SET position = GREATEST(people.position, excluded.position)
-- name: age_people
UPDATE people SET created_at = o.first FROM (
    SELECT person, MIN(created_at) AS first FROM owners GROUP BY person) AS o
WHERE people.person = o.person AND people.created_at <> o.first
-- name: any
SELECT 1 FROM owners LIMIT 1
