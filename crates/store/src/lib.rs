//! What must survive a restart: one contract, SQLite behind it.
