-- Fates are changed in place, so that attempts can refer to them; the one with the highest number in "changed" changed last.
ALTER TABLE fate RENAME COLUMN number TO n;
ALTER TABLE fate ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
UPDATE fate SET changed = n;
CREATE UNIQUE INDEX fate_changed ON fate (changed);

-- In the order in which they were made: pruning begins with the lowest n.
CREATE TABLE attempt (
    n INTEGER PRIMARY KEY,
    fate INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    error_code TEXT NOT NULL,
    error_message TEXT NOT NULL,
    UNIQUE (fate, number)
) STRICT;
