-- name: words
CREATE TABLE IF NOT EXISTS journey_words (
    code BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, word TEXT COLLATE "C" NOT NULL UNIQUE)
-- name: enrolments
CREATE TABLE IF NOT EXISTS enrolments (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, journey BIGINT NOT NULL,
    version BIGINT NOT NULL, person BIGINT NOT NULL, key TEXT NOT NULL, step BIGINT NOT NULL,
    since BIGINT NOT NULL, entered_at BIGINT NOT NULL, due_at BIGINT NOT NULL,
    until_at BIGINT NOT NULL, cause BIGINT NOT NULL, check_at BIGINT NOT NULL,
    moves BIGINT NOT NULL DEFAULT 0, kept BYTEA NOT NULL DEFAULT ''::bytea,
    ended BIGINT NOT NULL DEFAULT 0)
-- name: once
CREATE UNIQUE INDEX IF NOT EXISTS enrolments_once ON enrolments (person, journey, key, cause)
-- name: due
CREATE INDEX IF NOT EXISTS enrolments_due ON enrolments (journey, version, step, due_at)
WHERE ended = 0
-- name: steps
CREATE TABLE IF NOT EXISTS enrolment_steps (
    enrolment BIGINT NOT NULL, number BIGINT NOT NULL, step BIGINT NOT NULL, at BIGINT NOT NULL,
    outcome BIGINT NOT NULL, next BIGINT NOT NULL, reason BIGINT NOT NULL,
    PRIMARY KEY (enrolment, number))
-- name: keep
CREATE OR REPLACE FUNCTION enrolment_steps_stay() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the record of steps is append-only'; END $$
-- name: steps_keep
CREATE OR REPLACE TRIGGER enrolment_steps_keep BEFORE UPDATE OR DELETE ON enrolment_steps
EXECUTE FUNCTION enrolment_steps_stay()
-- name: nothing
INSERT INTO journey_words (code, word) OVERRIDING SYSTEM VALUE VALUES (0, '') ON CONFLICT DO NOTHING
