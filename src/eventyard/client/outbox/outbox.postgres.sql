-- One row for each event that is not published yet. `position` is the order in which they were put; `key`: events of one key
-- are published in that order. `claim`, `claimed`: which relay has it and until when, in milliseconds since the epoch.
-- A row that failed is claimed by nobody for a while.
-- `error`: why the server does not want it; such a row is left alone.

-- name: create
CREATE TABLE IF NOT EXISTS {table} (
    position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    key TEXT,
    label TEXT NOT NULL,
    entry TEXT NOT NULL,
    claim TEXT,
    claimed BIGINT NOT NULL DEFAULT 0,
    tries INTEGER NOT NULL DEFAULT 0,
    error TEXT
);
CREATE INDEX IF NOT EXISTS {index}_by_key ON {table} (key, position) WHERE key IS NOT NULL AND error IS NULL;

-- name: insert
INSERT INTO {table} (id, key, label, entry) VALUES (%s, %s, %s, %s)

-- name: look
SELECT 1 FROM {table} WHERE error IS NULL AND claimed < CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) LIMIT 1

-- name: claim
WITH mine AS (SELECT %s::text AS claim, %s::bigint AS lease),
due AS MATERIALIZED (
    SELECT due.position FROM {table} AS due
    WHERE due.error IS NULL
      AND due.claimed < CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)
      AND (due.key IS NULL OR NOT EXISTS (
          SELECT 1 FROM {table} AS earlier
          WHERE earlier.key = due.key AND earlier.position < due.position AND earlier.error IS NULL))
    ORDER BY due.position
    LIMIT %s
    FOR UPDATE SKIP LOCKED)
UPDATE {table} AS taken
SET claim = mine.claim,
    claimed = CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) + mine.lease,
    tries = tries + 1
FROM due, mine WHERE taken.position = due.position
RETURNING taken.position, taken.id, taken.key, taken.label, taken.entry

-- name: sent
DELETE FROM {table} WHERE position = %s AND claim = %s

-- name: refused
UPDATE {table} SET claim = NULL, claimed = 0, error = %s WHERE position = %s AND claim = %s

-- name: released
UPDATE {table} SET claim = NULL, claimed = CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) + %s WHERE position = %s AND claim = %s

-- name: list_refused
SELECT id, entry, error FROM {table} WHERE error IS NOT NULL ORDER BY position LIMIT %s

-- name: again
UPDATE {table} SET error = NULL WHERE id = %s AND error IS NOT NULL

-- name: count
SELECT count(*) FROM {table} WHERE error IS NULL
