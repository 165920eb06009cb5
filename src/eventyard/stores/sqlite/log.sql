-- name: create
CREATE TABLE log_{n} (
    position INTEGER PRIMARY KEY,
    ingested INTEGER NOT NULL,
    size_end INTEGER NOT NULL,
    body BLOB NOT NULL,
    trace TEXT
) STRICT
-- name: register
INSERT INTO bus_log (bus, next, ingested, size_end) VALUES (?, 1, 0, 0) RETURNING n
-- name: find
SELECT n, next, ingested, size_end FROM bus_log WHERE bus = ?
-- name: all
SELECT n, bus, next, ingested, size_end FROM bus_log ORDER BY bus
-- name: first
SELECT position, size_end - length(body) FROM log_{n} ORDER BY position LIMIT 1
-- name: last
SELECT position + 1, ingested, size_end FROM log_{n} ORDER BY position DESC LIMIT 1
-- name: append
INSERT INTO log_{n} (position, ingested, size_end, body, trace) VALUES
-- name: read
SELECT position, body, ingested, trace FROM log_{n} WHERE position > ? ORDER BY position LIMIT ?
-- name: ingested_at
SELECT ingested FROM log_{n} WHERE position = ?
-- name: size_at
SELECT size_end FROM log_{n} WHERE position = ?
-- name: trim
DELETE FROM log_{n} WHERE position < ?
-- name: remember
UPDATE bus_log SET next = ?, ingested = ?, size_end = ? WHERE n = ?
