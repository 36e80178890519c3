//! The tables, and the steps that lead from one version of them to the next.

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::StoreError;

/// One step a version: step `n` leads from version `n` to `n + 1`. A step that has shipped never changes.
const MIGRATIONS: &[&str] = &[
    "
    -- Single values: who this database belongs to.
    CREATE TABLE identity (
        name  TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) WITHOUT ROWID;

    -- What has crossed so far, for people to see.
    CREATE TABLE counter (
        name  TEXT PRIMARY KEY,
        value INTEGER NOT NULL
    ) WITHOUT ROWID;

    -- Posts and direct messages that are not out for certain, one row a message and receiver.
    CREATE TABLE outbox (
        id       INTEGER PRIMARY KEY AUTOINCREMENT,
        message  INTEGER NOT NULL,  -- number in the stream; rows of one message share it
        receiver TEXT NOT NULL,     -- '' is everybody
        topic    TEXT NOT NULL,
        payload  BLOB NOT NULL,
        qos      INTEGER NOT NULL,
        taken_ms INTEGER NOT NULL,
        number   INTEGER            -- post number it may have gone out under; not known until read back
    );

    -- Packet identifiers of QoS 2 messages taken from the broker that it has not released yet.
    CREATE TABLE unreleased (
        packet INTEGER PRIMARY KEY
    );

    -- Messages accepted from the network that the local broker has not taken over yet.
    CREATE TABLE inbox (
        id          INTEGER PRIMARY KEY AUTOINCREMENT,
        sender      TEXT NOT NULL,
        number      INTEGER NOT NULL,
        public      INTEGER NOT NULL,
        topic       TEXT NOT NULL,
        payload     BLOB NOT NULL,
        qos         INTEGER NOT NULL,
        received_ms INTEGER NOT NULL
    );

    -- Post numbers that need no further look.
    CREATE TABLE looked_at (
        sender TEXT NOT NULL,
        number INTEGER NOT NULL,
        PRIMARY KEY (sender, number)
    ) WITHOUT ROWID;

    -- Ids of messages that got in, so that one posted twice gets in once.
    CREATE TABLE arrived (
        sender     TEXT NOT NULL,
        message    TEXT NOT NULL,
        arrived_ms INTEGER NOT NULL,
        PRIMARY KEY (sender, message)
    ) WITHOUT ROWID;

    -- What is known of followed accounts.
    CREATE TABLE peer (
        name            TEXT PRIMARY KEY,
        first_contact_s INTEGER NOT NULL,
        begins_at       INTEGER NOT NULL,  -- lower post numbers are from before the first contact
        topics          TEXT,              -- published subscriptions as a JSON list; NULL while not heard of
        topics_seq      INTEGER            -- sequence number of the profile that has them
    ) WITHOUT ROWID;
", "
    -- Many messages share a post now, so what waits and what was posted stand apart.
    ALTER TABLE outbox RENAME TO outbox_before;

    -- Messages that are not settled, one row a message and receiver.
    CREATE TABLE outbox (
        id          INTEGER PRIMARY KEY AUTOINCREMENT,
        message     INTEGER NOT NULL,            -- number in the stream; rows of one message share it
        receiver    TEXT NOT NULL,               -- '' is everybody
        topic       TEXT NOT NULL,
        payload     BLOB NOT NULL,
        qos         INTEGER NOT NULL,
        retain      INTEGER NOT NULL,
        properties  TEXT NOT NULL,               -- as JSON
        path        TEXT NOT NULL,               -- accounts, as a JSON list
        taken_ms    INTEGER NOT NULL,
        max_wait_ms INTEGER NOT NULL,
        latest_only INTEGER NOT NULL,
        compatible  INTEGER NOT NULL,            -- in public, mosquitto-twister must be able to read it
        expires_ms  INTEGER,                     -- worth nothing after it
        held        INTEGER NOT NULL DEFAULT 0,  -- a person keeps it from going
        packed      INTEGER NOT NULL DEFAULT 0   -- all of it is in frames
    );
    INSERT INTO outbox
        SELECT id, message, receiver, topic, payload, qos, 0, '{}', '[]', taken_ms, 250, 0, 1, NULL, 0, 0 FROM outbox_before;
    DROP TABLE outbox_before;
    CREATE INDEX outbox_waiting ON outbox (receiver, qos = 0, id) WHERE packed = 0;
    CREATE INDEX outbox_topic ON outbox (receiver, topic, qos) WHERE packed = 0 AND latest_only = 1;

    -- Frames that are not settled. The text stays as it is however often it is posted.
    CREATE TABLE frame (
        id       INTEGER PRIMARY KEY AUTOINCREMENT,
        receiver TEXT NOT NULL,
        number   INTEGER,                     -- among the frames to this receiver; NULL in v0
        text     TEXT NOT NULL,
        post     INTEGER,                     -- post number it may be out under; not known until read back
        out      INTEGER NOT NULL DEFAULT 0,  -- it was read back
        awaited  INTEGER NOT NULL,            -- it stays until the receiver says that it has it
        seen     INTEGER NOT NULL DEFAULT 0,  -- the receiver has it, but its broker has not
        tries    INTEGER NOT NULL DEFAULT 0   -- how often it was posted again
    );
    CREATE INDEX frame_receiver ON frame (receiver);

    -- What is in which frame. A message in pieces is in several.
    CREATE TABLE packed (
        frame   INTEGER NOT NULL,
        message INTEGER NOT NULL,  -- row of the outbox
        PRIMARY KEY (frame, message)
    ) WITHOUT ROWID;
    CREATE INDEX packed_message ON packed (message);

    -- How many frames each receiver was sent.
    CREATE TABLE lane (
        receiver   TEXT PRIMARY KEY,
        next_frame INTEGER NOT NULL
    ) WITHOUT ROWID;

    -- Whether a peer has announced that it understands packed frames.
    ALTER TABLE peer ADD COLUMN frames INTEGER NOT NULL DEFAULT 0;
", "
    -- What came in under a v1 frame has more to it; what came in has an id to be settled by.
    ALTER TABLE inbox ADD COLUMN message TEXT;             -- as in arrived; NULL if its sender gave none
    ALTER TABLE inbox ADD COLUMN retain INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE inbox ADD COLUMN properties TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE inbox ADD COLUMN path TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE inbox ADD COLUMN expires_ms INTEGER;       -- when it is worth nothing any more; NULL for never
    CREATE INDEX inbox_message ON inbox (sender, message) WHERE message IS NOT NULL;

    -- Posts below old_below were there before anybody looked; old_take says what of them comes in, NULL for everything.
    ALTER TABLE peer ADD COLUMN old_below INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE peer ADD COLUMN old_take TEXT;

    -- Streams of frames that come in. Public frames and those for this account are counted separately.
    CREATE TABLE peer_stream (
        id        INTEGER PRIMARY KEY AUTOINCREMENT,
        sender    TEXT NOT NULL,
        name      TEXT NOT NULL,
        public    INTEGER NOT NULL,
        next      INTEGER NOT NULL,  -- frames below it are not waited for
        unsettled INTEGER,           -- the lowest frame that the sender waits to hear of; NULL if it never asked
        seen      TEXT NOT NULL,     -- numbers of the frames that arrived, as runs in JSON
        last_post INTEGER NOT NULL,  -- number of the last post that brought a frame of it
        owed_ms   INTEGER,           -- since when a receipt is owed; NULL if none is
        news_ms   INTEGER NOT NULL,  -- when there was last something to tell in a receipt
        UNIQUE (sender, public, name)
    );

    -- Frames whose turn has not come.
    CREATE TABLE held_frame (
        stream INTEGER NOT NULL,
        number INTEGER NOT NULL,
        post   INTEGER NOT NULL,
        text   TEXT NOT NULL,
        PRIMARY KEY (stream, number)
    ) WITHOUT ROWID;

    -- Messages that a frame still waits for before it counts as delivered.
    CREATE TABLE awaited (
        stream  INTEGER NOT NULL,
        frame   INTEGER NOT NULL,
        message TEXT NOT NULL,
        sender  TEXT NOT NULL,
        PRIMARY KEY (stream, frame, message)
    ) WITHOUT ROWID;
    CREATE INDEX awaited_message ON awaited (sender, message);

    -- Messages that came in pieces and are not whole yet.
    CREATE TABLE unfinished (
        id       INTEGER PRIMARY KEY AUTOINCREMENT,
        sender   TEXT NOT NULL,
        message  TEXT NOT NULL,
        entry    TEXT NOT NULL,      -- all but the payload, in JSON
        total    INTEGER NOT NULL,
        there    TEXT NOT NULL,      -- which of its bytes are there, as runs in JSON
        size     INTEGER NOT NULL,   -- what it takes up here
        since_ms INTEGER NOT NULL,
        UNIQUE (sender, message)
    );
    CREATE TABLE piece (
        id      INTEGER PRIMARY KEY,
        of      INTEGER NOT NULL,    -- unfinished.id
        start   INTEGER NOT NULL,
        bytes   BLOB NOT NULL
    );
    CREATE INDEX piece_of ON piece (of);

    -- The last messages that were refused.
    CREATE TABLE quarantine (
        id      INTEGER PRIMARY KEY AUTOINCREMENT,
        time_ms INTEGER NOT NULL,
        sender  TEXT NOT NULL,
        post    INTEGER NOT NULL,
        topic   TEXT,
        code    TEXT NOT NULL,
        reason  TEXT NOT NULL,
        payload BLOB NOT NULL,       -- its beginning
        len     INTEGER NOT NULL     -- of the whole payload
    );
", "
    -- QoS 2 messages under way to the local broker: it knows them by their packet identifiers.
    CREATE TABLE in_flight (
        packet   INTEGER PRIMARY KEY,
        row      INTEGER NOT NULL UNIQUE,  -- in the inbox
        released INTEGER NOT NULL          -- whether the broker has said that it has the message (PUBREC)
    );

    -- A row that leaves the inbox is under way no more. In one transaction with that, or it could be delivered twice.
    CREATE TRIGGER in_flight_done AFTER DELETE ON inbox BEGIN
        DELETE FROM in_flight WHERE row = OLD.id;
    END;

    -- Publications of the bridge that its broker may send back to it (MQTT 3.1.1 has no no-local).
    CREATE TABLE echo (
        id     INTEGER PRIMARY KEY,
        digest BLOB NOT NULL  -- of topic, payload and quality of service
    );

    -- What the bridge has left at its broker as retained, where it cannot mark it (MQTT 3.1.1).
    CREATE TABLE own_retained (
        topic  TEXT PRIMARY KEY,
        digest BLOB NOT NULL
    ) WITHOUT ROWID;
", "
    -- The posts that the account had left, every few minutes.
    CREATE TABLE quota_sample (
        time_s INTEGER PRIMARY KEY,
        used   INTEGER NOT NULL,  -- the next post number
        unused INTEGER NOT NULL
    );
", "
    -- What receivers keep as retained, as far as it was sent from here: posted for everybody, taken over by the broker of an
    -- account. Sets out empty: of what was sent before, nobody knows.
    CREATE TABLE retained_there (
        receiver TEXT NOT NULL,  -- '' is everybody
        topic    TEXT NOT NULL,  -- as it was sent
        bytes    INTEGER NOT NULL,
        preview  BLOB NOT NULL,  -- the first bytes
        digest   BLOB NOT NULL,
        PRIMARY KEY (receiver, topic)
    ) WITHOUT ROWID;
", "
    -- What waits is found without a look at what waits in other queues, or is held.
    UPDATE outbox SET compatible = 0 WHERE receiver <> '';
    DROP INDEX outbox_waiting;
    CREATE INDEX outbox_waiting ON outbox (receiver, compatible, qos = 0, held, id) WHERE packed = 0;
"];

/// Sets the connection up and brings the tables up to date.
pub(super) fn prepare(connection: &mut Connection) -> Result<(), StoreError> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A message is acknowledged after its commit, so the commit has to outlive a power cut too.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // In KiB, because it is negative, and taken only as it is needed: a backlog does not read the same pages again and again.
    connection.pragma_update(None, "cache_size", -8192)?;
    // In pages. Most rows do not live long: the more the log may have, the fewer of them get into the database's own file.
    connection.pragma_update(None, "wal_autocheckpoint", 4000)?;
    // More than there are statements, so that each is compiled once: also whatever it is run with.
    connection.set_prepared_statement_cache_capacity(128);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for (version, step) in (1..).zip(MIGRATIONS).skip(found as usize) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}
