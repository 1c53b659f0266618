-- When the first try of a send left whose answer nobody knows; 0 where there was none. A provider
-- takes the same send once for a while only: what is older is never repeated.
ALTER TABLE sends ADD COLUMN doubted_at INTEGER NOT NULL DEFAULT 0;

-- Which version of a model serves, and what privacy was spent on one; append-only.
CREATE TABLE model_turns (
    sequence INTEGER PRIMARY KEY, model TEXT NOT NULL, version INTEGER NOT NULL,
    challenger INTEGER NOT NULL,
    how TEXT NOT NULL CHECK (how IN ('first', 'promoted', 'kept', 'rolled back')),
    at INTEGER NOT NULL, author TEXT NOT NULL, reason TEXT NOT NULL);
CREATE INDEX model_turns_of ON model_turns (model, sequence);

CREATE TABLE privacy_spends (
    sequence INTEGER PRIMARY KEY, model TEXT NOT NULL, year INTEGER NOT NULL,
    epsilon_micro INTEGER NOT NULL CHECK (epsilon_micro > 0), at INTEGER NOT NULL,
    what TEXT NOT NULL);
CREATE INDEX privacy_spends_of ON privacy_spends (model, year);

CREATE TRIGGER model_turns_keep BEFORE UPDATE ON model_turns
BEGIN SELECT RAISE(ABORT, 'the record of models is append-only'); END;
CREATE TRIGGER model_turns_stay BEFORE DELETE ON model_turns
BEGIN SELECT RAISE(ABORT, 'the record of models is append-only'); END;
CREATE TRIGGER privacy_spends_keep BEFORE UPDATE ON privacy_spends
BEGIN SELECT RAISE(ABORT, 'the record of models is append-only'); END;
CREATE TRIGGER privacy_spends_stay BEFORE DELETE ON privacy_spends
BEGIN SELECT RAISE(ABORT, 'the record of models is append-only'); END;
