-- The version of Unicode by which all keys were made.
CREATE TABLE text_order (
    unicode text NOT NULL
);
