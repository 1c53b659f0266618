-- Decisions in few bytes; `decisions` becomes a view of them (stores/sqlite/decided.py).

-- A run: decisions that were recorded together, of one campaign, from the first to the last.
CREATE TABLE decided_runs (
    first INTEGER PRIMARY KEY, last INTEGER NOT NULL, campaign TEXT NOT NULL,
    campaign_version INTEGER NOT NULL, at INTEGER NOT NULL, occurrence TEXT NOT NULL);
CREATE INDEX decided_runs_of ON decided_runs (campaign, at);

-- What many decisions say alike. says: whether it is kept what they were made from.
CREATE TABLE grounds (
    ground INTEGER PRIMARY KEY, verdict TEXT NOT NULL
        CHECK (verdict IN ('send', 'holdout', 'refused')),
    reason TEXT NOT NULL, variant TEXT NOT NULL, probability REAL NOT NULL, says INTEGER NOT NULL,
    UNIQUE (verdict, reason, variant, probability, says));

CREATE TABLE decided (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, person INTEGER NOT NULL, tag INTEGER NOT NULL,
    ground INTEGER NOT NULL, receipt INTEGER NOT NULL);

-- Of those whose id does not follow, or whose occurrence is not their run's.
CREATE TABLE decided_odd (sequence INTEGER PRIMARY KEY, id BLOB, occurrence TEXT);

-- What decisions were made from: of all from the first up to the next pack, or to its own end.
CREATE TABLE given (first INTEGER PRIMARY KEY, content BLOB NOT NULL);
-- What catalogues said of products, each once.
CREATE TABLE given_parts (part INTEGER PRIMARY KEY, content BLOB NOT NULL UNIQUE);

INSERT INTO grounds (verdict, reason, variant, probability, says)
SELECT DISTINCT verdict, reason, variant, probability, inputs <> CAST('{}' AS BLOB) FROM decisions;
INSERT INTO decided_runs (first, last, campaign, campaign_version, at, occurrence)
SELECT MIN(sequence), MAX(sequence), campaign, campaign_version, at, occurrence FROM (
    SELECT sequence, campaign, campaign_version, at, occurrence, sequence - ROW_NUMBER() OVER (
        PARTITION BY campaign, campaign_version, at, occurrence ORDER BY sequence) AS island
    FROM decisions)
GROUP BY campaign, campaign_version, at, occurrence, island;
INSERT INTO decided (sequence, person, tag, ground, receipt)
SELECT d.sequence, d.person, tag_of(d.id), g.ground, d.receipt FROM decisions AS d
JOIN grounds AS g ON g.verdict = d.verdict AND g.reason = d.reason AND g.variant = d.variant
    AND g.probability = d.probability AND g.says = (d.inputs <> CAST('{}' AS BLOB))
ORDER BY d.sequence;
INSERT INTO decided_odd (sequence, id)
SELECT sequence, id FROM decisions WHERE id <> id_of(campaign, person, occurrence);
INSERT INTO given (first, content)
SELECT MIN(sequence), packed(sequence, inputs) FROM decisions
GROUP BY (sequence - 1) / 512 HAVING MAX(inputs <> CAST('{}' AS BLOB));
DROP TABLE decisions;

CREATE INDEX decided_by_person ON decided (person);
CREATE INDEX decided_by_tag ON decided (tag);

CREATE VIEW decisions AS
SELECT d.sequence AS sequence, d.tag AS tag,
    COALESCE((SELECT o.id FROM decided_odd AS o WHERE o.sequence = d.sequence),
             id_of(r.campaign, d.person, COALESCE(
                 (SELECT o.occurrence FROM decided_odd AS o WHERE o.sequence = d.sequence),
                 r.occurrence))) AS id,
    r.campaign AS campaign, r.campaign_version AS campaign_version,
    COALESCE((SELECT o.occurrence FROM decided_odd AS o WHERE o.sequence = d.sequence),
             r.occurrence) AS occurrence,
    d.person AS person, r.at AS at, g.verdict AS verdict, g.reason AS reason,
    g.variant AS variant, g.probability AS probability, d.receipt AS receipt,
    CASE WHEN g.says THEN given_of(d.sequence) ELSE CAST('{}' AS BLOB) END AS inputs
FROM decided AS d
CROSS JOIN decided_runs AS r
    ON r.first = (SELECT MAX(b.first) FROM decided_runs AS b WHERE b.first <= d.sequence)
CROSS JOIN grounds AS g ON g.ground = d.ground;

CREATE TRIGGER decisions_keep INSTEAD OF UPDATE ON decisions
BEGIN SELECT RAISE(ABORT, 'the ledger of decisions is append-only'); END;
CREATE TRIGGER decisions_stay INSTEAD OF DELETE ON decisions
BEGIN SELECT RAISE(ABORT, 'the ledger of decisions is append-only'); END;
CREATE TRIGGER decided_keep BEFORE UPDATE ON decided
BEGIN SELECT RAISE(ABORT, 'the ledger of decisions is append-only'); END;
CREATE TRIGGER decided_stay BEFORE DELETE ON decided
BEGIN SELECT RAISE(ABORT, 'the ledger of decisions is append-only'); END;
CREATE TRIGGER decided_runs_keep BEFORE UPDATE ON decided_runs
BEGIN SELECT RAISE(ABORT, 'the ledger of decisions is append-only'); END;
CREATE TRIGGER decided_runs_stay BEFORE DELETE ON decided_runs
BEGIN SELECT RAISE(ABORT, 'the ledger of decisions is append-only'); END;
CREATE TRIGGER decided_odd_keep BEFORE UPDATE ON decided_odd
BEGIN SELECT RAISE(ABORT, 'the ledger of decisions is append-only'); END;
CREATE TRIGGER decided_odd_stay BEFORE DELETE ON decided_odd
BEGIN SELECT RAISE(ABORT, 'the ledger of decisions is append-only'); END;
CREATE TRIGGER grounds_keep BEFORE UPDATE ON grounds
BEGIN SELECT RAISE(ABORT, 'the ledger of decisions is append-only'); END;
CREATE TRIGGER grounds_stay BEFORE DELETE ON grounds
BEGIN SELECT RAISE(ABORT, 'the ledger of decisions is append-only'); END;
CREATE TRIGGER given_keep BEFORE UPDATE ON given
BEGIN SELECT RAISE(ABORT, 'the ledger of decisions is append-only'); END;
CREATE TRIGGER given_stay BEFORE DELETE ON given
BEGIN SELECT RAISE(ABORT, 'the ledger of decisions is append-only'); END;
CREATE TRIGGER given_parts_keep BEFORE UPDATE ON given_parts
BEGIN SELECT RAISE(ABORT, 'the ledger of decisions is append-only'); END;
CREATE TRIGGER given_parts_stay BEFORE DELETE ON given_parts
BEGIN SELECT RAISE(ABORT, 'the ledger of decisions is append-only'); END;
