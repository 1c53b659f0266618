-- name: append_facts
INSERT INTO facts BY NAME SELECT * FROM new_facts
-- name: append_lines
INSERT INTO lines BY NAME SELECT * FROM new_lines
-- name: append_properties
INSERT INTO properties BY NAME SELECT * FROM new_properties
-- name: append_trait_values
INSERT INTO trait_values BY NAME SELECT * FROM new_trait_values
-- name: append_duplicates
INSERT INTO duplicates BY NAME SELECT * FROM new_duplicates
-- name: append_violations
INSERT INTO violations BY NAME SELECT * FROM new_violations
-- name: append_people
INSERT INTO people
SELECT person, COALESCE(MIN(created_at) FILTER (owner IS NULL), MIN(created_at)), MAX(position)
FROM new_people GROUP BY person
ON CONFLICT (person) DO UPDATE SET
    created_at = LEAST(people.created_at, excluded.created_at),
    position = GREATEST(people.position, excluded.position)
-- name: fresh_products
-- In the order of the log each row adds what it says, unless it is older than what is known: so a
-- batch gives what its rows give one by one.
CREATE OR REPLACE TEMP TABLE fresh_products AS
SELECT n.* FROM new_products AS n LEFT JOIN products AS p USING (item)
WHERE n.updated_at >= COALESCE(p.updated_at, n.updated_at)
QUALIFY n.updated_at >= MAX(n.updated_at) OVER (
    PARTITION BY n.item ORDER BY n.position ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
-- name: append_product_changes
INSERT INTO product_changes
SELECT position, item, updated_at, price_before, price_minor, stock_before, stock FROM (
    SELECT position, item, updated_at, price_minor, stock, said,
        LAST_VALUE(price_minor IGNORE NULLS) OVER earlier AS price_before,
        NULLIF(LAST_VALUE(stock IGNORE NULLS) OVER earlier, -9223372036854775808) AS stock_before
    FROM (
        SELECT position, item, updated_at, price_minor, stock, TRUE AS said FROM fresh_products
        UNION ALL
        SELECT -1, item, updated_at, price_minor, stock, FALSE FROM products
        WHERE item IN (SELECT item FROM fresh_products))
    WINDOW earlier AS (PARTITION BY item ORDER BY position
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))
WHERE said AND (price_minor <> price_before OR price_minor IS NOT NULL AND price_before IS NULL
    OR stock IS NOT NULL AND NULLIF(stock, -9223372036854775808) IS DISTINCT FROM stock_before)
ORDER BY position, item
-- name: append_products
INSERT INTO products
SELECT item, LAST(name ORDER BY position) FILTER (name IS NOT NULL),
    LAST(category ORDER BY position) FILTER (category IS NOT NULL),
    LAST(price_minor ORDER BY position) FILTER (price_minor IS NOT NULL),
    LAST(currency ORDER BY position) FILTER (currency IS NOT NULL),
    LAST(url ORDER BY position) FILTER (url IS NOT NULL),
    LAST(image ORDER BY position) FILTER (image IS NOT NULL),
    LAST(stock ORDER BY position) FILTER (stock IS NOT NULL), MAX(updated_at)
FROM fresh_products GROUP BY item
ON CONFLICT (item) DO UPDATE SET
    name = COALESCE(excluded.name, products.name),
    category = COALESCE(excluded.category, products.category),
    price_minor = COALESCE(excluded.price_minor, products.price_minor),
    currency = COALESCE(excluded.currency, products.currency),
    url = COALESCE(excluded.url, products.url),
    image = COALESCE(excluded.image, products.image),
    stock = COALESCE(excluded.stock, products.stock),
    updated_at = excluded.updated_at
WHERE excluded.updated_at >= products.updated_at;
-- What a shop stops to count has no stock any more: that is another word than none.
UPDATE products SET stock = NULL WHERE stock = -9223372036854775808
-- name: append_product_attributes
INSERT INTO product_attributes
SELECT item, name, LAST(text ORDER BY "at", position), MAX("at") FROM new_product_attributes
GROUP BY item, name
ON CONFLICT (item, name) DO UPDATE SET text = excluded.text, "at" = excluded."at"
WHERE excluded."at" >= product_attributes."at"
-- name: retract_facts
DELETE FROM facts WHERE position = ?
-- name: retract_lines
DELETE FROM lines WHERE position = ?
-- name: retract_properties
DELETE FROM properties WHERE position = ?
-- name: retract_deeds
DELETE FROM deeds WHERE position = ?
-- name: retract_deed_lines
DELETE FROM deed_lines WHERE position = ?
-- name: forget_traits
DELETE FROM trait_values WHERE COALESCE(owner, person) = ? AND "at" <= ? AND position < ?
-- name: products
SELECT item, COALESCE(name, '') AS name, COALESCE(category, '') AS category,
    COALESCE(price_minor, 0) AS price_minor, COALESCE(currency, '') AS currency,
    COALESCE(url, '') AS url, COALESCE(image, '') AS image, stock, updated_at
FROM products WHERE item IN (SELECT UNNEST(?))
-- name: marker
SELECT value FROM markers WHERE name = ?
-- name: mark
INSERT INTO markers VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value
-- name: tables
SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'
AND table_type = 'BASE TABLE'
