-- name: schema
CREATE TABLE IF NOT EXISTS decisions (
    sequence BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id BYTEA NOT NULL UNIQUE,
    campaign TEXT NOT NULL, campaign_version BIGINT NOT NULL, occurrence TEXT NOT NULL,
    person BIGINT NOT NULL, at BIGINT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('send', 'holdout', 'refused')), reason TEXT NOT NULL,
    variant TEXT NOT NULL, probability DOUBLE PRECISION NOT NULL, receipt BIGINT NOT NULL,
    inputs BYTEA NOT NULL)
-- name: decisions_by_campaign
CREATE INDEX IF NOT EXISTS decisions_by_campaign ON decisions (campaign, id)
-- name: decisions_by_person
CREATE INDEX IF NOT EXISTS decisions_by_person ON decisions (person, id)
-- name: sends
CREATE TABLE IF NOT EXISTS sends (
    sequence BIGINT PRIMARY KEY, campaign TEXT COLLATE "C" NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'claimed', 'sent', 'failed', 'unknown', 'cancelled')),
    due_at BIGINT NOT NULL, attempts BIGINT NOT NULL DEFAULT 0, worker TEXT, lease_until BIGINT)
-- name: sends_due
CREATE INDEX IF NOT EXISTS sends_due ON sends (campaign, due_at, sequence) WHERE state = 'pending'
-- name: sends_claimed
CREATE INDEX IF NOT EXISTS sends_claimed ON sends (worker, sequence) WHERE state = 'claimed'
-- name: sends_by_state
CREATE INDEX IF NOT EXISTS sends_by_state ON sends (campaign, state)
-- name: sends_stream
ALTER TABLE sends ADD COLUMN IF NOT EXISTS stream TEXT COLLATE "C",
    ADD COLUMN IF NOT EXISTS zone TEXT COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN IF NOT EXISTS doubted_at BIGINT NOT NULL DEFAULT 0
-- name: sends_in_lane
CREATE INDEX IF NOT EXISTS sends_in_lane ON sends (campaign, stream, zone, due_at, sequence)
WHERE state = 'pending' AND stream IS NOT NULL
-- name: meters
CREATE TABLE IF NOT EXISTS meters (name TEXT PRIMARY KEY, state BYTEA NOT NULL)
-- name: sends_dotted
ALTER TABLE sends ADD COLUMN IF NOT EXISTS dotted BOOLEAN NOT NULL DEFAULT FALSE,
    ADD COLUMN IF NOT EXISTS answer TEXT
-- name: settlements
CREATE TABLE IF NOT EXISTS settlements (
    sequence BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, send BIGINT NOT NULL,
    at BIGINT NOT NULL, state TEXT NOT NULL, carrier TEXT NOT NULL, reply TEXT NOT NULL,
    retry_at BIGINT NOT NULL, digest BYTEA NOT NULL DEFAULT ''::bytea)
-- name: settlements_by_send
CREATE INDEX IF NOT EXISTS settlements_by_send ON settlements (send, sequence)
-- name: orders
CREATE TABLE IF NOT EXISTS orders (
    sequence BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, act TEXT NOT NULL
        CHECK (act IN ('pause', 'resume', 'cancel')),
    at BIGINT NOT NULL, campaign TEXT NOT NULL, author TEXT NOT NULL, reason TEXT NOT NULL)
-- name: addressed
CREATE TABLE IF NOT EXISTS addressed (key BYTEA PRIMARY KEY, send BIGINT NOT NULL)
-- name: keep
CREATE OR REPLACE FUNCTION ledger_keeps() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the ledger of decisions is append-only'; END $$
-- name: decisions_keep
CREATE OR REPLACE TRIGGER decisions_keep BEFORE UPDATE OR DELETE ON decisions
EXECUTE FUNCTION ledger_keeps()
-- name: orders_keep
CREATE OR REPLACE TRIGGER orders_keep BEFORE UPDATE OR DELETE ON orders
EXECUTE FUNCTION ledger_keeps()
