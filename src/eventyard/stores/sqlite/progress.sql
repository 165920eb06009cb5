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
INSERT INTO fate
    (bus, position, event_id, subscriber, outcome, at, attempts, error_code, error_message, changed) VALUES {rows}
ON CONFLICT (bus, position, subscriber) DO UPDATE SET
    event_id = excluded.event_id, outcome = excluded.outcome, at = excluded.at, attempts = excluded.attempts,
    error_code = excluded.error_code, error_message = excluded.error_message, changed = excluded.changed
-- name: changes
SELECT coalesce(max(changed), 0) FROM fate
-- name: fates
SELECT bus, position, event_id, subscriber, outcome, at, attempts, error_code, error_message FROM fate
-- name: attempt
INSERT OR REPLACE INTO attempt (fate, number, at, error_code, error_message)
SELECT fate.n, new.column4, new.column5, new.column6, new.column7
FROM (VALUES {rows}) AS new CROSS JOIN fate
WHERE fate.bus = new.column1 AND fate.position = new.column2 AND fate.subscriber = new.column3
-- name: attempts
SELECT bus, position, subscriber, number, attempt.at, attempt.error_code, attempt.error_message
FROM fate CROSS JOIN attempt ON attempt.fate = fate.n WHERE event_id = ? ORDER BY number
-- name: oldest
SELECT changed, at FROM fate ORDER BY changed LIMIT ?
-- name: prune_attempts
DELETE FROM attempt WHERE fate IN (SELECT n FROM fate WHERE changed <= ?)
-- name: prune_fates
DELETE FROM fate WHERE changed <= ?
-- name: attempt_ends
SELECT coalesce((SELECT min(n) FROM attempt), 1), coalesce((SELECT max(n) FROM attempt), 0)
-- name: prune_oldest_attempts
DELETE FROM attempt WHERE n <= ?
