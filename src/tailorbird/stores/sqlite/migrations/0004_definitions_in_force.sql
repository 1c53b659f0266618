-- Where the log ended when a version was put: a tracking plan judges what came after it.
ALTER TABLE definitions ADD COLUMN log_end INTEGER NOT NULL DEFAULT 0;
