-- Tokens that were revoked and have not expired.
CREATE TABLE revocations (
    subscribe_key TEXT NOT NULL,
    token         BLOB NOT NULL,
    expires       INTEGER NOT NULL,
    PRIMARY KEY (subscribe_key, token)
) STRICT, WITHOUT ROWID;

-- What was granted to auth keys. Kind and name are empty for the whole key set. The auth key is empty for everyone, which
-- no auth key is. Expires is 0 for a grant that holds until it is replaced.
CREATE TABLE key_grants (
    subscribe_key TEXT NOT NULL,
    kind          TEXT NOT NULL,
    name          TEXT NOT NULL,
    auth          TEXT NOT NULL,
    permissions   INTEGER NOT NULL,
    expires       INTEGER NOT NULL,
    PRIMARY KEY (subscribe_key, kind, name, auth)
) STRICT, WITHOUT ROWID;
