-- What machines that only send must know of people and definitions; written by the home alone.
-- name: book
CREATE TABLE IF NOT EXISTS book (
    one BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (one), home TEXT NOT NULL, key_check BYTEA NOT NULL,
    whole BOOLEAN NOT NULL DEFAULT FALSE, changes BIGINT NOT NULL DEFAULT 0)
-- name: people
-- As in the home's SQLite: names and addresses sealed under a key for each person.
CREATE TABLE IF NOT EXISTS book_people (
    person BIGINT PRIMARY KEY, created_at BIGINT NOT NULL, merged_into BIGINT, email_key BYTEA,
    person_key BYTEA, personal BYTEA, declared TEXT NOT NULL, consent TEXT NOT NULL)
-- name: people_by_home
CREATE INDEX IF NOT EXISTS book_people_by_home ON book_people (merged_into)
WHERE merged_into IS NOT NULL
-- name: suppressions
CREATE TABLE IF NOT EXISTS book_suppressions (
    address_key BYTEA NOT NULL, purpose TEXT NOT NULL, reason TEXT COLLATE "C" NOT NULL,
    barred BOOLEAN NOT NULL, PRIMARY KEY (address_key, purpose, reason))
-- name: definitions
CREATE TABLE IF NOT EXISTS book_definitions (
    kind TEXT NOT NULL, name TEXT COLLATE "C" NOT NULL, version BIGINT NOT NULL, text TEXT NOT NULL,
    author TEXT NOT NULL, reason TEXT NOT NULL, created_at BIGINT NOT NULL, log_end BIGINT NOT NULL,
    removed BOOLEAN NOT NULL, PRIMARY KEY (kind, name, version))
-- name: people_changed
-- When consents, address or home changed last, by the count of the book's changes.
ALTER TABLE book_people ADD COLUMN IF NOT EXISTS changed BIGINT NOT NULL DEFAULT 0
-- name: suppressions_changed
ALTER TABLE book_suppressions ADD COLUMN IF NOT EXISTS changed BIGINT NOT NULL DEFAULT 0
