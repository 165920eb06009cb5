-- name: load
SELECT key, value FROM catalog WHERE kind = ? ORDER BY key
-- name: set
INSERT OR REPLACE INTO catalog (kind, key, value) VALUES (?, ?, ?)
-- name: delete
DELETE FROM catalog WHERE kind = ? AND key = ?
