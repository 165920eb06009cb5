-- name: create
CREATE TABLE queue_{n} (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    sent INTEGER NOT NULL,
    grp TEXT,
    dedup TEXT,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    attributes BLOB NOT NULL
) STRICT;
CREATE INDEX queue_{n}_sent ON queue_{n} (sent);
-- What changes of a message: a row only for those that were claimed once or are delayed. So a body is written once and
-- deleted once, and a claim touches a few small pages at the end of small tables.
CREATE TABLE claim_{n} (
    sequence INTEGER PRIMARY KEY,
    visible INTEGER NOT NULL,
    receives INTEGER NOT NULL,
    first_received INTEGER NOT NULL,
    receipt TEXT,
    grp TEXT
) STRICT;
CREATE INDEX claim_{n}_visible ON claim_{n} (visible, sequence, receives);
CREATE INDEX claim_{n}_group ON claim_{n} (grp, visible, receives) WHERE grp IS NOT NULL
-- name: register
INSERT INTO queue (name) VALUES (?) RETURNING n
-- name: find
SELECT n FROM queue WHERE name = ?
-- name: last_sequence
SELECT seq FROM sqlite_sequence WHERE name = 'queue_{n}'
-- name: total
SELECT count(*) FROM queue_{n}
-- name: send
INSERT INTO queue_{n} (sequence, id, body, sent, attributes, grp, dedup) VALUES
-- name: returned
SELECT m.sequence, id, body, sent, receives, first_received, attributes, m.grp, dedup, visible
FROM claim_{n} AS c INDEXED BY claim_{n}_visible CROSS JOIN queue_{n} AS m ON m.sequence = c.sequence
WHERE visible <= ? ORDER BY visible, c.sequence LIMIT ?
-- name: worn
SELECT m.sequence, id, body, sent, receives, first_received, attributes, m.grp, dedup
FROM claim_{n} AS c INDEXED BY claim_{n}_visible CROSS JOIN queue_{n} AS m ON m.sequence = c.sequence
WHERE visible <= ? AND receives >= ? ORDER BY visible, c.sequence LIMIT ?
-- name: fresh
SELECT sequence, id, body, sent, 0, 0, attributes, grp, dedup, sent FROM queue_{n} AS m NOT INDEXED
WHERE sequence > ? AND NOT EXISTS (SELECT 1 FROM claim_{n} AS c WHERE c.sequence = m.sequence) ORDER BY sequence LIMIT ?
-- name: crowds
SELECT grp, count(*) FROM claim_{n} INDEXED BY claim_{n}_group WHERE grp IS NOT NULL AND visible > ? AND receives > 0
GROUP BY grp
-- name: last
SELECT sequence FROM queue_{n} ORDER BY sequence DESC LIMIT 1
-- name: returned_quiet
SELECT m.sequence, id, body, sent, receives, first_received, attributes, m.grp, dedup, visible
FROM claim_{n} AS c INDEXED BY claim_{n}_visible CROSS JOIN queue_{n} AS m ON m.sequence = c.sequence
WHERE visible <= ? AND (m.grp IS NULL OR m.grp NOT IN (SELECT value FROM json_each(?)))
ORDER BY visible, c.sequence LIMIT ?
-- name: fresh_quiet
SELECT sequence, id, body, sent, 0, 0, attributes, grp, dedup, sent FROM queue_{n} AS m NOT INDEXED
WHERE sequence > ? AND sequence <= ? AND (grp IS NULL OR grp NOT IN (SELECT value FROM json_each(?)))
    AND NOT EXISTS (SELECT 1 FROM claim_{n} AS c WHERE c.sequence = m.sequence) ORDER BY sequence LIMIT ?
-- name: claim_fifo
-- As AWS documents for its own FIFO queues, only so many of the oldest messages are searched for a group that is free.
SELECT m.sequence, id, body, sent, coalesce(c.receives, 0), coalesce(c.first_received, 0), attributes, m.grp, dedup
FROM queue_{n} AS m NOT INDEXED LEFT JOIN claim_{n} AS c ON c.sequence = m.sequence
WHERE m.sequence < (SELECT min(sequence) FROM queue_{n}) + ?3 AND coalesce(c.visible, 0) <= ?1 AND NOT EXISTS (
    SELECT 1 FROM claim_{n} AS hidden INDEXED BY claim_{n}_group
    WHERE hidden.grp = m.grp AND hidden.visible > ?1 AND (hidden.receives > 0 OR hidden.sequence < m.sequence)
)
ORDER BY m.sequence LIMIT ?2
-- name: hide
INSERT OR REPLACE INTO claim_{n} (sequence, visible, receives, first_received, receipt, grp) VALUES
-- name: claimed
SELECT sequence, receipt, visible FROM claim_{n} WHERE sequence IN ({rows})
-- name: hide_again
UPDATE claim_{n} SET visible = ? WHERE sequence = ?
-- name: delete
DELETE FROM queue_{n} WHERE sequence IN ({rows})
-- name: release
DELETE FROM claim_{n} WHERE sequence IN ({rows})
-- name: movable
SELECT m.sequence, id, body, attributes, m.grp, dedup
FROM queue_{n} AS m NOT INDEXED LEFT JOIN claim_{n} AS c ON c.sequence = m.sequence
WHERE coalesce(c.visible, 0) <= ? ORDER BY m.sequence LIMIT ?
-- name: expired
SELECT sequence FROM queue_{n} INDEXED BY queue_{n}_sent WHERE sent < ? ORDER BY sent LIMIT ?
-- name: purge
DELETE FROM queue_{n}
-- name: release_all
DELETE FROM claim_{n}
-- name: purge_dedup
DELETE FROM dedup WHERE queue = ?
-- name: prune_dedup
DELETE FROM dedup WHERE queue = ? AND sent < ?
-- name: seen
SELECT sent, id, sequence FROM dedup WHERE queue = ? AND dedup = ?
-- name: see
INSERT OR REPLACE INTO dedup (queue, dedup, sent, id, sequence) VALUES
-- name: hidden
SELECT count(*), coalesce(sum(receives > 0), 0) FROM claim_{n} INDEXED BY claim_{n}_visible WHERE visible > ?
-- name: oldest
SELECT sent FROM queue_{n} ORDER BY sequence LIMIT 1
