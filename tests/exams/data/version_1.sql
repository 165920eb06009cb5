-- A data directory as schema version 1 left it: events, fates, a deferred delivery, a claimed message.
PRAGMA page_size=8192;
PRAGMA journal_mode=WAL;

BEGIN TRANSACTION;

-- Table  bus_log
CREATE TABLE bus_log (
    n INTEGER PRIMARY KEY,
    bus TEXT NOT NULL UNIQUE,
    next INTEGER NOT NULL,
    ingested INTEGER NOT NULL,
    size_end INTEGER NOT NULL
) STRICT;
INSERT INTO bus_log VALUES(1,'bus',6,1005,80);

-- Table  catalog
CREATE TABLE catalog (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
INSERT INTO catalog VALUES('bus','a',X'31');

-- Table  checkpoint
CREATE TABLE checkpoint (
    subscriber TEXT PRIMARY KEY,
    position INTEGER NOT NULL,
    settled BLOB NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO checkpoint VALUES('bus',5,X'90');
INSERT INTO checkpoint VALUES('one',4,X'90');

-- Table  claim_1
CREATE TABLE claim_1 (
    sequence INTEGER PRIMARY KEY,
    visible INTEGER NOT NULL,
    receives INTEGER NOT NULL,
    first_received INTEGER NOT NULL,
    receipt TEXT,
    grp TEXT
) STRICT;
INSERT INTO claim_1 VALUES(1,3000,1,2000,'token-1',NULL);
-- Triggers and indices on  claim_1
CREATE INDEX claim_1_group ON claim_1 (grp, visible, receives) WHERE grp IS NOT NULL;
CREATE INDEX claim_1_visible ON claim_1 (visible, sequence, receives);

-- Table  dedup
CREATE TABLE dedup (
    queue INTEGER NOT NULL,
    dedup TEXT NOT NULL,
    sent INTEGER NOT NULL,
    id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (queue, dedup)
) STRICT, WITHOUT ROWID;
INSERT INTO dedup VALUES(1,'x',1001,'m2',2);
-- Triggers and indices on  dedup
CREATE INDEX dedup_sent ON dedup (queue, sent);

-- Table  deferred
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
INSERT INTO "deferred" VALUES('one',2,'bus','event-2',2,1200,9000,'SERVER_ERROR','status 500');
-- Triggers and indices on  deferred
CREATE INDEX deferred_due ON deferred (subscriber, due);

-- Table  fate
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
INSERT INTO fate VALUES(2,'bus',3,'one','event-3','dropped',1300,1,'NO_RESOURCE','gone');
INSERT INTO fate VALUES(3,'bus',2,'one','event-2','retrying',1400,2,'SERVER_ERROR','status 500');
-- Triggers and indices on  fate
CREATE INDEX fate_event ON fate (event_id);
CREATE INDEX fate_subscriber ON fate (subscriber);

-- Table  log_1
CREATE TABLE log_1 (
    position INTEGER PRIMARY KEY,
    ingested INTEGER NOT NULL,
    size_end INTEGER NOT NULL,
    body BLOB NOT NULL,
    trace TEXT
) STRICT;
INSERT INTO log_1 VALUES(2,1002,32,X'7B226964223A226576656E742D32227D',NULL);
INSERT INTO log_1 VALUES(3,1003,48,X'7B226964223A226576656E742D33227D',NULL);
INSERT INTO log_1 VALUES(4,1004,64,X'7B226964223A226576656E742D34227D',NULL);
INSERT INTO log_1 VALUES(5,1005,80,X'7B226964223A226576656E742D35227D',NULL);

-- Table  queue
CREATE TABLE queue (
    n INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO queue VALUES(1,'q');

-- Table  queue_1
CREATE TABLE queue_1 (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    sent INTEGER NOT NULL,
    grp TEXT,
    dedup TEXT,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    attributes BLOB NOT NULL
) STRICT;
INSERT INTO queue_1 VALUES(1,1000,NULL,NULL,'m1','body',X'');
INSERT INTO queue_1 VALUES(2,1001,NULL,'x','m2','body',X'80');
-- Triggers and indices on  queue_1
CREATE INDEX queue_1_sent ON queue_1 (sent);

-- For primary key autoincrements the next id to use is stored in
-- sqlite_sequence
DELETE FROM main.sqlite_sequence WHERE name='queue_1';
INSERT INTO main.sqlite_sequence VALUES ('queue_1', 2);

-- Database header
pragma user_version=1;

COMMIT TRANSACTION;

