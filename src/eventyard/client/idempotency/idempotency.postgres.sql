-- One row for each key that is being handled (`result` is null) or was. `until`: when the lease is over, or the result may be
-- forgotten, in milliseconds since the epoch. `token`: whose it is.

-- name: create
CREATE TABLE IF NOT EXISTS {table} (
    key TEXT PRIMARY KEY,
    until BIGINT NOT NULL,
    token TEXT NOT NULL,
    result TEXT
);
CREATE INDEX IF NOT EXISTS {index}_by_until ON {table} (until);

-- name: begin
INSERT INTO {table} (key, until, token) VALUES (%s, CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) + %s, %s)
ON CONFLICT (key) DO UPDATE SET until = excluded.until, token = excluded.token, result = NULL
WHERE {index}.until <= CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)

-- name: find
SELECT token, result FROM {table} WHERE key = %s

-- name: finish
UPDATE {table} SET until = CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) + %s, result = %s
WHERE key = %s AND token = %s AND result IS NULL

-- name: give_up
DELETE FROM {table} WHERE key = %s AND token = %s AND result IS NULL

-- name: forget
DELETE FROM {table} WHERE until <= CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)
