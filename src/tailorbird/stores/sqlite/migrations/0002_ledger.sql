-- Every decision ever made. Rows are only added: the triggers refuse the rest.
CREATE TABLE decisions (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, campaign TEXT NOT NULL,
    campaign_version INTEGER NOT NULL, occurrence TEXT NOT NULL, person INTEGER NOT NULL,
    at INTEGER NOT NULL, verdict TEXT NOT NULL CHECK (verdict IN ('send', 'holdout', 'refused')),
    reason TEXT NOT NULL, variant TEXT NOT NULL, probability REAL NOT NULL,
    receipt INTEGER NOT NULL, inputs BLOB NOT NULL);
CREATE INDEX decisions_by_campaign ON decisions (campaign, id);
CREATE INDEX decisions_by_person ON decisions (person, id);
CREATE INDEX decisions_by_verdict ON decisions (campaign, verdict, reason, variant);
CREATE TRIGGER decisions_keep BEFORE UPDATE ON decisions
BEGIN SELECT RAISE(ABORT, 'the ledger of decisions is append-only'); END;
CREATE TRIGGER decisions_stay BEFORE DELETE ON decisions
BEGIN SELECT RAISE(ABORT, 'the ledger of decisions is append-only'); END;

-- The outbox: one row a decision to send, under the decision's sequence.
CREATE TABLE sends (
    sequence INTEGER PRIMARY KEY, campaign TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'claimed', 'sent', 'failed', 'unknown', 'cancelled')),
    due_at INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, worker TEXT,
    lease_until INTEGER);
CREATE INDEX sends_due ON sends (due_at, sequence) WHERE state = 'pending';
CREATE INDEX sends_claimed ON sends (worker, sequence) WHERE state = 'claimed';
CREATE INDEX sends_by_state ON sends (campaign, state);

-- How claims ended, in the order in which that was learnt.
CREATE TABLE settlements (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, send INTEGER NOT NULL, at INTEGER NOT NULL,
    state TEXT NOT NULL, carrier TEXT NOT NULL, reply TEXT NOT NULL, retry_at INTEGER NOT NULL);
CREATE INDEX settlements_by_send ON settlements (send, sequence);
