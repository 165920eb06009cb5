-- One row for each event that is not published yet. `position` is the order in which they were put; `key`: events of one key
-- are published in that order. `claim`, `claimed`: which relay has it and until when, in milliseconds since the epoch.
-- A row that failed is claimed by nobody for a while.
-- `error`: why the server does not want it; such a row is left alone.

-- name: create
CREATE TABLE IF NOT EXISTS {table} (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    key TEXT,
    label TEXT NOT NULL,
    entry TEXT NOT NULL,
    claim TEXT,
    claimed INTEGER NOT NULL DEFAULT 0,
    tries INTEGER NOT NULL DEFAULT 0,
    error TEXT
);
CREATE INDEX IF NOT EXISTS {index}_by_key ON {table} (key, position) WHERE key IS NOT NULL AND error IS NULL;

-- name: insert
INSERT INTO {table} (id, key, label, entry) VALUES (?, ?, ?, ?)

-- name: look
SELECT 1 FROM {table} WHERE error IS NULL AND claimed < CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) LIMIT 1

-- name: claim
UPDATE {table}
SET claim = ?, claimed = CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) + ?, tries = tries + 1
WHERE position IN (
    SELECT due.position FROM {table} AS due
    WHERE due.error IS NULL
      AND due.claimed < CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)
      AND (due.key IS NULL OR NOT EXISTS (
          SELECT 1 FROM {table} AS earlier
          WHERE earlier.key = due.key AND earlier.position < due.position AND earlier.error IS NULL))
    ORDER BY due.position
    LIMIT ?)
RETURNING position, id, key, label, entry

-- name: sent
DELETE FROM {table} WHERE position = ? AND claim = ?

-- name: refused
UPDATE {table} SET claim = NULL, claimed = 0, error = ? WHERE position = ? AND claim = ?

-- name: released
UPDATE {table} SET claim = NULL, claimed = CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) + ? WHERE position = ? AND claim = ?

-- name: list_refused
SELECT id, entry, error FROM {table} WHERE error IS NOT NULL ORDER BY position LIMIT ?

-- name: again
UPDATE {table} SET error = NULL WHERE id = ? AND error IS NOT NULL

-- name: count
SELECT count(*) FROM {table} WHERE error IS NULL
