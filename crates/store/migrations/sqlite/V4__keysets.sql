-- Key sets that were added while the server ran. `settings` is JSON: what they were given that is not the default.
CREATE TABLE keysets (
    subscribe_key TEXT NOT NULL PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,
    publish_key   TEXT NOT NULL,
    settings      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Their secret keys; the one at place 0 signs. `secret` is the secret itself or, with `from_file`, the path of the file that
-- holds it. Expires is 0 for a secret that holds until it is replaced.
CREATE TABLE keyset_secrets (
    subscribe_key TEXT    NOT NULL,
    place         INTEGER NOT NULL,
    secret        TEXT    NOT NULL,
    from_file     INTEGER NOT NULL,
    expires       INTEGER NOT NULL,
    PRIMARY KEY (subscribe_key, place)
) STRICT, WITHOUT ROWID;
