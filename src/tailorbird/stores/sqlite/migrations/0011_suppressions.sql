-- What was ever said of an address: that it must not be written to, or may be again. By blind index,
-- never in clear, so that it outlives the person. Rows are only added: the triggers refuse the rest.
CREATE TABLE suppression_words (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, address_key BLOB NOT NULL,
    reason TEXT NOT NULL, at INTEGER NOT NULL, purpose TEXT NOT NULL, barred INTEGER NOT NULL,
    source TEXT NOT NULL, author TEXT NOT NULL, note TEXT NOT NULL);
CREATE INDEX suppression_words_by_address ON suppression_words (address_key, sequence);
CREATE TRIGGER suppression_words_keep BEFORE UPDATE ON suppression_words
BEGIN SELECT RAISE(ABORT, 'what was said of an address is append-only'); END;
CREATE TRIGGER suppression_words_stay BEFORE DELETE ON suppression_words
BEGIN SELECT RAISE(ABORT, 'what was said of an address is append-only'); END;

INSERT INTO suppression_words
    (id, address_key, reason, at, purpose, barred, source, author, note)
SELECT randomblob(16), address_key, reason, at,
       CASE reason WHEN 'unsubscribed' THEN 'email_marketing' ELSE 'all' END, 1, 'log', '', ''
FROM suppressions;
DROP TABLE suppressions;

-- The latest word on each address, purpose and reason.
CREATE TABLE suppressions (
    address_key BLOB NOT NULL, purpose TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
    barred INTEGER NOT NULL, word INTEGER NOT NULL, PRIMARY KEY (address_key, purpose, reason))
    WITHOUT ROWID;
INSERT INTO suppressions
SELECT address_key, purpose, reason, at, barred, sequence FROM suppression_words;
CREATE INDEX suppressions_standing ON suppressions (word) WHERE barred;
