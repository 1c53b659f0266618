-- The names of journeys, steps, outcomes and reasons, each once: a million rows say them.
CREATE TABLE journey_words (code INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE);
INSERT INTO journey_words (code, word) VALUES (0, '');

-- Who is in which journey, at which step. ended: the word for how, 0 while she is in it.
CREATE TABLE enrolments (
    id INTEGER PRIMARY KEY AUTOINCREMENT, journey INTEGER NOT NULL, version INTEGER NOT NULL,
    person INTEGER NOT NULL, key TEXT NOT NULL, step INTEGER NOT NULL, since INTEGER NOT NULL,
    entered_at INTEGER NOT NULL, due_at INTEGER NOT NULL, until_at INTEGER NOT NULL,
    cause INTEGER NOT NULL, check_at INTEGER NOT NULL, moves INTEGER NOT NULL DEFAULT 0, kept BLOB NOT NULL DEFAULT x'',
    ended INTEGER NOT NULL DEFAULT 0);
CREATE UNIQUE INDEX enrolments_once ON enrolments (person, journey, key, cause);
CREATE INDEX enrolments_due ON enrolments (journey, version, step, due_at) WHERE ended = 0;

-- Every step that was made: number 0 enters. Rows are only added: the triggers refuse the rest.
CREATE TABLE enrolment_steps (
    enrolment INTEGER NOT NULL, number INTEGER NOT NULL, step INTEGER NOT NULL,
    at INTEGER NOT NULL, outcome INTEGER NOT NULL, next INTEGER NOT NULL, reason INTEGER NOT NULL,
    PRIMARY KEY (enrolment, number)) WITHOUT ROWID;
CREATE TRIGGER enrolment_steps_keep BEFORE UPDATE ON enrolment_steps
BEGIN SELECT RAISE(ABORT, 'the record of steps is append-only'); END;
CREATE TRIGGER enrolment_steps_stay BEFORE DELETE ON enrolment_steps
BEGIN SELECT RAISE(ABORT, 'the record of steps is append-only'); END;
