-- What was ordered of sending: paused, resumed, cancelled. '' is all sending. Rows are only added.
CREATE TABLE orders (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, act TEXT NOT NULL
        CHECK (act IN ('pause', 'resume', 'cancel')),
    at INTEGER NOT NULL, campaign TEXT NOT NULL, author TEXT NOT NULL, reason TEXT NOT NULL);
CREATE INDEX orders_by_campaign ON orders (campaign, sequence);
CREATE TRIGGER orders_keep BEFORE UPDATE ON orders
BEGIN SELECT RAISE(ABORT, 'what was ordered of sending is append-only'); END;
CREATE TRIGGER orders_stay BEFORE DELETE ON orders
BEGIN SELECT RAISE(ABORT, 'what was ordered of sending is append-only'); END;

-- Which send has an address of one occurrence of a campaign: hash of the three -> sequence.
CREATE TABLE addressed (key BLOB PRIMARY KEY, send INTEGER NOT NULL) WITHOUT ROWID;

-- A campaign is a lane, so that one that waits holds up no other.
DROP INDEX sends_due;
CREATE INDEX sends_due ON sends (campaign, due_at, sequence) WHERE state = 'pending';
