-- A definition that was removed has a last version that says so; those before it stay.
ALTER TABLE definitions ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;
