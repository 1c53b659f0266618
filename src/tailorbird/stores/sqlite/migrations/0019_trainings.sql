-- Trainings that somebody asked a server for; what runs is begun anew, or told as failed, by the
-- server that comes after one that ended. One of a kind and name runs at a time.
CREATE TABLE trainings (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('model', 'clusters', 'uplift')),
    name TEXT NOT NULL, asked_at INTEGER NOT NULL,
    how TEXT NOT NULL CHECK (how IN ('anew', 'privately', 'on')),
    epsilon_micro INTEGER NOT NULL, once TEXT NOT NULL, begun INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'failed')),
    ended_at INTEGER NOT NULL DEFAULT 0, why TEXT NOT NULL DEFAULT '');
CREATE INDEX trainings_of ON trainings (kind, name, id);
CREATE INDEX trainings_once ON trainings (once) WHERE once <> '';
CREATE UNIQUE INDEX trainings_running ON trainings (kind, name) WHERE state = 'running';

-- The request that was paid for, and what it was answered: a repeat of it is told the same, and
-- pays nothing more.
ALTER TABLE privacy_spends ADD COLUMN once TEXT NOT NULL DEFAULT '';
ALTER TABLE privacy_spends ADD COLUMN answer BLOB NOT NULL DEFAULT x'';
CREATE INDEX privacy_spends_once ON privacy_spends (once) WHERE once <> '';
