-- A text is kept twice: as it is, and as the key that sorts it in the text order of the protocol (`…_key`). A text that is
-- unset has the key FF, which sorts behind every text, where unset values belong.

-- The users, the channels or the memberships of a key set, under a short number. `records` counts its users or channels.
CREATE TABLE spaces (
    space         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subscribe_key text COLLATE "C" NOT NULL,
    kind          text COLLATE "C" NOT NULL,
    records       bigint NOT NULL DEFAULT 0,
    UNIQUE (subscribe_key, kind)
);

-- Users and channels. A user has no description, a channel has no external id, no profile URL and no email.
CREATE TABLE records (
    space           bigint NOT NULL,
    id              text COLLATE "C" NOT NULL,
    id_key          bytea  NOT NULL,
    name            text COLLATE "C",
    name_key        bytea  NOT NULL,
    external_id     text COLLATE "C",
    external_id_key bytea  NOT NULL,
    profile_url     text COLLATE "C",
    profile_url_key bytea  NOT NULL,
    email           text COLLATE "C",
    email_key       bytea  NOT NULL,
    description     text COLLATE "C",
    description_key bytea  NOT NULL,
    type            text COLLATE "C",
    type_key        bytea  NOT NULL,
    status          text COLLATE "C",
    status_key      bytea  NOT NULL,
    -- JSON as it was made canonical; the arrays have its set entries, by number.
    custom          text COLLATE "C",
    custom_names    text[] COLLATE "C" NOT NULL,
    custom_keys     bytea[] NOT NULL,
    custom_texts    text[] COLLATE "C" NOT NULL,
    -- A number made of name and value, for the index: who has it may have that entry.
    custom_terms    bigint[] NOT NULL,
    updated         bigint NOT NULL,
    etag            text COLLATE "C" NOT NULL,
    PRIMARY KEY (space, id_key)
);

-- What an index of PostgreSQL may hold is bounded, and a name may be longer.
CREATE INDEX records_by_name ON records (space, substring(name_key FROM 1 FOR 1000), id_key);
CREATE INDEX records_by_updated ON records (space, updated, id_key);
CREATE INDEX records_by_status ON records (space, status_key, id_key);
CREATE INDEX records_by_custom ON records USING gin (custom_terms);

CREATE TABLE memberships (
    space        bigint NOT NULL,
    user_id      text COLLATE "C" NOT NULL,
    user_key     bytea  NOT NULL,
    channel_id   text COLLATE "C" NOT NULL,
    channel_key  bytea  NOT NULL,
    type         text COLLATE "C",
    type_key     bytea  NOT NULL,
    status       text COLLATE "C",
    status_key   bytea  NOT NULL,
    custom       text COLLATE "C",
    custom_names text[] COLLATE "C" NOT NULL,
    custom_keys  bytea[] NOT NULL,
    custom_texts text[] COLLATE "C" NOT NULL,
    updated      bigint NOT NULL,
    etag         text COLLATE "C" NOT NULL,
    PRIMARY KEY (space, user_key, channel_key)
);

CREATE INDEX members_of_channel ON memberships (space, channel_key, user_key);

-- What was changed and not yet told, in the order of commits.
CREATE TABLE outbox (
    sequence      bigint PRIMARY KEY,
    subscribe_key text COLLATE "C" NOT NULL,
    event         text COLLATE "C" NOT NULL
);

-- The number of the last event. Whoever writes holds this row until its commit, so numbers have the order of commits,
-- also when several servers write.
CREATE TABLE commits (
    last bigint NOT NULL
);
INSERT INTO commits (last) VALUES (0);
