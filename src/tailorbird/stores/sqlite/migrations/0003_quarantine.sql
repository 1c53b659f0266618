-- What became of each refused record. mended: its bytes as mended, raw stays as it came.
-- mended_by: JSON list of the rules that mended it. replayed_as: its offset in the log.
ALTER TABLE quarantine ADD COLUMN state TEXT NOT NULL DEFAULT 'held'
    CHECK (state IN ('held', 'replayed', 'discarded'));
ALTER TABLE quarantine ADD COLUMN mended BLOB;
ALTER TABLE quarantine ADD COLUMN mended_by TEXT NOT NULL DEFAULT '[]';
ALTER TABLE quarantine ADD COLUMN decided_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quarantine ADD COLUMN why TEXT NOT NULL DEFAULT '';
ALTER TABLE quarantine ADD COLUMN replayed_as INTEGER NOT NULL DEFAULT 0;
CREATE INDEX quarantine_by_state ON quarantine (state, code, source, position);
-- Nothing leaves the quarantine, and what was decided stays decided. Erasure blanks the bytes.
CREATE TRIGGER quarantine_stays BEFORE DELETE ON quarantine
BEGIN SELECT RAISE(ABORT, 'records stay in the quarantine; discard them with a reason'); END;
CREATE TRIGGER quarantine_decided BEFORE UPDATE OF state ON quarantine WHEN OLD.state <> 'held'
BEGIN SELECT RAISE(ABORT, 'a replayed or discarded record stays so'); END;
