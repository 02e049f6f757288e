-- An index of an entry of `custom` is made when a list first asks for one, in the order of that list: by id, where all of `name_key`
-- is empty, or by name. Until then nobody pays for it.
CREATE TABLE custom_indexes (
    custom_index bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    space        bigint  NOT NULL,
    entry        text    COLLATE "C" NOT NULL,
    by_name      boolean NOT NULL,
    -- Records up to this key are in it; null when all are.
    through      bytea
);
-- Not by entry: a name of one may be longer than what an index holds.
CREATE INDEX custom_indexes_by_space ON custom_indexes (space);

-- Who has a value. Of long keys there is the beginning: 256 bytes of a value's, 1000 of a name's.
CREATE TABLE custom_values (
    custom_index bigint NOT NULL,
    value_key    bytea  NOT NULL,
    name_key     bytea  NOT NULL,
    id_key       bytea  NOT NULL,
    PRIMARY KEY (custom_index, value_key, name_key, id_key)
);

-- The index of all entries, which had no order: a list read and sorted everybody who has a value.
DROP INDEX records_by_custom;
ALTER TABLE records DROP COLUMN custom_terms;
