-- name: load
SELECT subscriber, position, settled FROM checkpoint
-- name: checkpoint
INSERT OR REPLACE INTO checkpoint (subscriber, position, settled) VALUES
-- name: forget_checkpoint
DELETE FROM checkpoint WHERE subscriber = ?
-- name: done
DELETE FROM deferred WHERE (subscriber, position) IN (VALUES
-- name: defer
INSERT OR REPLACE INTO deferred
    (subscriber, bus, position, event_id, attempts, first_attempt, due, error_code, error_message) VALUES
-- name: forget_deferred
DELETE FROM deferred WHERE subscriber = ?
-- name: due
SELECT subscriber, bus, position, event_id, attempts, first_attempt, due, error_code, error_message
FROM deferred WHERE subscriber = ? AND due <= ? ORDER BY due, position LIMIT ?
-- name: backlog
SELECT subscriber, count(*), min(due) FROM deferred GROUP BY subscriber
-- name: fate
INSERT OR REPLACE INTO fate
    (bus, position, event_id, subscriber, outcome, at, attempts, error_code, error_message) VALUES
-- name: fates
SELECT bus, position, event_id, subscriber, outcome, at, attempts, error_code, error_message FROM fate
