//! One function an operation, joining engine and store. Knows nothing of HTTP.
