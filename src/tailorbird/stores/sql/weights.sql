-- How much a source's word on a trait counts. A source of a family (`web` of `web:shop`) counts too.
-- name: kept
SELECT name, source, weight FROM trait_weights ORDER BY name, source
-- name: forget
DELETE FROM trait_weights
-- name: keep
INSERT INTO trait_weights VALUES (?, ?, ?)
-- name: weigh
UPDATE trait_values SET weight = COALESCE((SELECT MAX(w.weight) FROM trait_weights AS w
    WHERE w.name = trait_values.name
    AND w.source IN (trait_values.source, split_part(trait_values.source, ':', 1))), 0)
-- name: ask_again
DELETE FROM segment_refreshes
-- name: append
INSERT INTO trait_values BY NAME SELECT v.*, COALESCE((SELECT MAX(w.weight) FROM trait_weights AS w
    WHERE w.name = v.name AND w.source IN (v.source, split_part(v.source, ':', 1))), 0) AS weight
FROM new_trait_values AS v
