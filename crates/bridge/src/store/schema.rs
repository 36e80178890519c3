//! The tables, and the steps that lead from one version of them to the next.

use rusqlite::Connection;

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
",
    "
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
",
];

/// Sets the connection up and brings the tables up to date.
pub(super) fn prepare(connection: &mut Connection) -> Result<(), StoreError> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A message is acknowledged after its commit, so the commit has to outlive a power cut too.
    connection.pragma_update(None, "synchronous", "FULL")?;
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
