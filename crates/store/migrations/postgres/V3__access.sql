-- Tokens that were revoked and have not expired.
CREATE TABLE revocations (
    subscribe_key text COLLATE "C" NOT NULL,
    token         bytea NOT NULL,
    expires       bigint NOT NULL,
    PRIMARY KEY (subscribe_key, token)
);

-- What was granted to auth keys. Kind and name are empty for the whole key set. The auth key is empty for everyone, which
-- no auth key is. Expires is 0 for a grant that holds until it is replaced.
CREATE TABLE key_grants (
    subscribe_key text COLLATE "C" NOT NULL,
    kind          text COLLATE "C" NOT NULL,
    name          text COLLATE "C" NOT NULL,
    auth          text COLLATE "C" NOT NULL,
    permissions   bigint NOT NULL,
    expires       bigint NOT NULL,
    PRIMARY KEY (subscribe_key, kind, name, auth)
);
