-- Of texts that no index has, the key is made when a list is sorted or compared by them: keeping it was half of a record.
ALTER TABLE records DROP COLUMN external_id_key;
ALTER TABLE records DROP COLUMN profile_url_key;
ALTER TABLE records DROP COLUMN email_key;
ALTER TABLE records DROP COLUMN description_key;
ALTER TABLE records DROP COLUMN type_key;
ALTER TABLE memberships DROP COLUMN type_key;
ALTER TABLE memberships DROP COLUMN status_key;

-- Which entries of `custom` have an index: those that lists were found by. Each row of it costs a write another page, and
-- most entries are never asked for.
CREATE TABLE custom_indexes (
    custom_index INTEGER PRIMARY KEY,
    space        INTEGER NOT NULL,
    entry        TEXT    NOT NULL,
    -- Records up to this number are in it; null when all are.
    through      INTEGER,
    UNIQUE (space, entry)
) STRICT;

-- Who has this value of an entry, by name and by id.
DROP TABLE custom_values;
CREATE TABLE custom_values (
    custom_index INTEGER NOT NULL,
    value_key    BLOB    NOT NULL,
    name_key     BLOB    NOT NULL,
    id_key       BLOB    NOT NULL,
    PRIMARY KEY (custom_index, value_key, name_key, id_key)
) STRICT, WITHOUT ROWID;

-- The version of Unicode by which all keys were made.
CREATE TABLE text_order (
    unicode TEXT NOT NULL
) STRICT;
