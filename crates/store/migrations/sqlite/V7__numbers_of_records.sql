-- A row of an index of an entry has the number of its record, so that the record is found in one step. The indexes that are there
-- are filled anew.
DROP TABLE custom_values;
CREATE TABLE custom_values (
    custom_index INTEGER NOT NULL,
    value_key    BLOB    NOT NULL,
    name_key     BLOB    NOT NULL,
    id_key       BLOB    NOT NULL,
    record       INTEGER NOT NULL,
    PRIMARY KEY (custom_index, value_key, name_key, id_key)
) STRICT, WITHOUT ROWID;
UPDATE custom_indexes SET through = 0;
