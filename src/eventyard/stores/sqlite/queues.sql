-- name: create
CREATE TABLE queue_{n} (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    sent INTEGER NOT NULL,
    visible INTEGER NOT NULL,
    receives INTEGER NOT NULL DEFAULT 0,
    first_received INTEGER NOT NULL DEFAULT 0,
    receipt TEXT,
    grp TEXT,
    dedup TEXT,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    attributes BLOB NOT NULL
) STRICT;
CREATE INDEX queue_{n}_visible ON queue_{n} (visible, sequence, receives);
CREATE INDEX queue_{n}_group ON queue_{n} (grp, visible, receives) WHERE grp IS NOT NULL;
CREATE UNIQUE INDEX queue_{n}_receipt ON queue_{n} (receipt) WHERE receipt IS NOT NULL
-- name: register
INSERT INTO queue (name) VALUES (?) RETURNING n
-- name: find
SELECT n FROM queue WHERE name = ?
-- name: last_sequence
SELECT seq FROM sqlite_sequence WHERE name = 'queue_{n}'
-- name: total
SELECT count(*) FROM queue_{n}
-- name: send
INSERT INTO queue_{n} (sequence, id, body, sent, visible, attributes, grp, dedup) VALUES
-- name: claim
SELECT sequence, id, body, sent, receives, first_received, attributes, grp, dedup
FROM queue_{n} INDEXED BY queue_{n}_visible WHERE visible <= ? ORDER BY visible, sequence LIMIT ?
-- name: claim_fifo
-- As AWS documents for its own FIFO queues, only so many of the oldest messages are searched for a group that is free.
SELECT sequence, id, body, sent, receives, first_received, attributes, grp, dedup
FROM queue_{n} AS m NOT INDEXED
WHERE sequence < (SELECT min(sequence) FROM queue_{n}) + ?3 AND visible <= ?1 AND NOT EXISTS (
    SELECT 1 FROM queue_{n} AS hidden INDEXED BY queue_{n}_group
    WHERE hidden.grp = m.grp AND hidden.visible > ?1 AND (hidden.receives > 0 OR hidden.sequence < m.sequence)
)
ORDER BY sequence LIMIT ?2
-- name: hide
UPDATE queue_{n} SET visible = ?1, receives = receives + 1, receipt = claim.column2,
    first_received = CASE first_received WHEN 0 THEN ?2 ELSE first_received END
FROM (VALUES {rows}) AS claim WHERE sequence = claim.column1
-- name: settle_delete
DELETE FROM queue_{n} WHERE receipt IN ({rows}) RETURNING receipt
-- name: settle_hide
UPDATE queue_{n} SET visible = ? WHERE receipt = ? AND visible > ? RETURNING 1
-- name: delete
DELETE FROM queue_{n} WHERE sequence IN ({rows})
-- name: movable
SELECT sequence, id, body, attributes, grp, dedup FROM queue_{n} NOT INDEXED
WHERE visible <= ? ORDER BY sequence LIMIT ?
-- name: expired
SELECT sequence FROM queue_{n} NOT INDEXED WHERE sequence > ? AND sent < ? ORDER BY sequence LIMIT ?
-- name: expire
DELETE FROM queue_{n} WHERE sequence > ? AND sequence <= ? AND sent < ?
-- name: purge
DELETE FROM queue_{n}
-- name: purge_dedup
DELETE FROM dedup WHERE queue = ?
-- name: prune_dedup
DELETE FROM dedup WHERE queue = ? AND sent < ?
-- name: seen
SELECT sent, id, sequence FROM dedup WHERE queue = ? AND dedup = ?
-- name: see
INSERT OR REPLACE INTO dedup (queue, dedup, sent, id, sequence) VALUES
-- name: hidden
SELECT count(*), coalesce(sum(receives > 0), 0) FROM queue_{n} INDEXED BY queue_{n}_visible WHERE visible > ?
-- name: oldest
SELECT sent FROM queue_{n} ORDER BY sequence LIMIT 1
