-- A text is kept twice: as it is, and as the key that sorts it in the text order of the protocol (`…_key`). A text that is
-- unset has the key FF, which sorts behind every text, where unset values belong.

-- The users, the channels or the memberships of a key set, under a short number. `records` counts its users or channels.
CREATE TABLE spaces (
    space         INTEGER PRIMARY KEY,
    subscribe_key TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    records       INTEGER NOT NULL DEFAULT 0,
    UNIQUE (subscribe_key, kind)
) STRICT;

-- Users and channels. A user has no description, a channel has no external id, no profile URL and no email.
CREATE TABLE records (
    record          INTEGER PRIMARY KEY,
    space           INTEGER NOT NULL,
    id              TEXT    NOT NULL,
    id_key          BLOB    NOT NULL,
    name            TEXT,
    name_key        BLOB    NOT NULL,
    external_id     TEXT,
    external_id_key BLOB    NOT NULL,
    profile_url     TEXT,
    profile_url_key BLOB    NOT NULL,
    email           TEXT,
    email_key       BLOB    NOT NULL,
    description     TEXT,
    description_key BLOB    NOT NULL,
    type            TEXT,
    type_key        BLOB    NOT NULL,
    status          TEXT,
    status_key      BLOB    NOT NULL,
    custom          TEXT,
    updated         INTEGER NOT NULL,
    etag            TEXT    NOT NULL
) STRICT;

CREATE UNIQUE INDEX records_by_id ON records (space, id_key);
-- With the status, so that a list by name which asks for a status reads only the records that have it.
CREATE INDEX records_by_name ON records (space, name_key, id_key, status_key);
CREATE INDEX records_by_updated ON records (space, updated, id_key);
CREATE INDEX records_by_status ON records (space, status_key, id_key);

-- The entries of `custom` of users and channels, by value: who has this value, by name and by id.
CREATE TABLE custom_values (
    space     INTEGER NOT NULL,
    entry     TEXT    NOT NULL,
    value_key BLOB    NOT NULL,
    name_key  BLOB    NOT NULL,
    id_key    BLOB    NOT NULL,
    PRIMARY KEY (space, entry, value_key, name_key, id_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE memberships (
    membership  INTEGER PRIMARY KEY,
    space       INTEGER NOT NULL,
    user_id     TEXT    NOT NULL,
    user_key    BLOB    NOT NULL,
    channel_id  TEXT    NOT NULL,
    channel_key BLOB    NOT NULL,
    type        TEXT,
    type_key    BLOB    NOT NULL,
    status      TEXT,
    status_key  BLOB    NOT NULL,
    custom      TEXT,
    updated     INTEGER NOT NULL,
    etag        TEXT    NOT NULL
) STRICT;

CREATE UNIQUE INDEX memberships_of_user ON memberships (space, user_key, channel_key);
CREATE UNIQUE INDEX members_of_channel ON memberships (space, channel_key, user_key);

-- What was changed and not yet told, in the order of commits. The numbers never come again.
CREATE TABLE outbox (
    sequence      INTEGER PRIMARY KEY AUTOINCREMENT,
    subscribe_key TEXT NOT NULL,
    event         TEXT NOT NULL
) STRICT;
