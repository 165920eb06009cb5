-- The logs: one table log_<n> for each bus, made with the bus's first append. next, ingested and size_end are brought up
-- to date by each trim, so that they are known when a trim leaves the table empty; otherwise its last row says more.
CREATE TABLE bus_log (
    n INTEGER PRIMARY KEY,
    bus TEXT NOT NULL UNIQUE,
    next INTEGER NOT NULL,
    ingested INTEGER NOT NULL,
    size_end INTEGER NOT NULL
) STRICT;

CREATE TABLE checkpoint (
    subscriber TEXT PRIMARY KEY,
    position INTEGER NOT NULL,
    settled BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE deferred (
    subscriber TEXT NOT NULL,
    position INTEGER NOT NULL,
    bus TEXT NOT NULL,
    event_id TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    first_attempt INTEGER NOT NULL,
    due INTEGER NOT NULL,
    error_code TEXT NOT NULL,
    error_message TEXT NOT NULL,
    PRIMARY KEY (subscriber, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX deferred_due ON deferred (subscriber, due);

-- A fate that replaces another gets a new rowid: the newest are those with the highest.
CREATE TABLE fate (
    number INTEGER PRIMARY KEY,
    bus TEXT NOT NULL,
    position INTEGER NOT NULL,
    subscriber TEXT NOT NULL,
    event_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    error_code TEXT NOT NULL,
    error_message TEXT NOT NULL,
    UNIQUE (bus, position, subscriber)
) STRICT;
CREATE INDEX fate_event ON fate (event_id);
CREATE INDEX fate_subscriber ON fate (subscriber);

CREATE TABLE catalog (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

-- The queues: one table queue_<n> for each, made when it is first sent to.
CREATE TABLE queue (
    n INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE dedup (
    queue INTEGER NOT NULL,
    dedup TEXT NOT NULL,
    sent INTEGER NOT NULL,
    id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (queue, dedup)
) STRICT, WITHOUT ROWID;
CREATE INDEX dedup_sent ON dedup (queue, sent);
