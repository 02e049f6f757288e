-- An index by another field than id and name is made when a list asks for it: each costs a write another page.
DROP INDEX IF EXISTS records_by_updated;
DROP INDEX IF EXISTS records_by_status;
