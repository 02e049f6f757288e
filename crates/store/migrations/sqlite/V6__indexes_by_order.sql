-- How many users or channels have a status, unset (FF) included: counted, they need not be counted again for each list.
CREATE TABLE statuses (
    space      INTEGER NOT NULL,
    status_key BLOB    NOT NULL,
    records    INTEGER NOT NULL,
    PRIMARY KEY (space, status_key)
) STRICT, WITHOUT ROWID;

INSERT INTO statuses (space, status_key, records)
SELECT space, status_key, count(*) FROM records GROUP BY space, status_key;

-- An index of an entry has the order of the lists that ask for it: by id, where all of `name_key` is empty, or by name. Those
-- that are there are by name.
CREATE TABLE custom_indexes_by_order (
    custom_index INTEGER PRIMARY KEY,
    space        INTEGER NOT NULL,
    entry        TEXT    NOT NULL,
    by_name      INTEGER NOT NULL,
    -- Records up to this number are in it; null when all are.
    through      INTEGER,
    UNIQUE (space, entry, by_name)
) STRICT;

INSERT INTO custom_indexes_by_order (custom_index, space, entry, by_name, through)
SELECT custom_index, space, entry, 1, through FROM custom_indexes;

DROP TABLE custom_indexes;
ALTER TABLE custom_indexes_by_order RENAME TO custom_indexes;
