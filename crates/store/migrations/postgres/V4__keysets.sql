-- Key sets that were added while the server ran. `settings` is JSON: what they were given that is not the default.
CREATE TABLE keysets (
    subscribe_key text COLLATE "C" NOT NULL PRIMARY KEY,
    name          text COLLATE "C" NOT NULL UNIQUE,
    publish_key   text COLLATE "C" NOT NULL,
    settings      text COLLATE "C" NOT NULL
);

-- Their secret keys; the one at place 0 signs. `secret` is the secret itself or, with `from_file`, the path of the file that
-- holds it. Expires is 0 for a secret that holds until it is replaced.
CREATE TABLE keyset_secrets (
    subscribe_key text COLLATE "C" NOT NULL,
    place         bigint NOT NULL,
    secret        text COLLATE "C" NOT NULL,
    from_file     boolean NOT NULL,
    expires       bigint NOT NULL,
    PRIMARY KEY (subscribe_key, place)
);
