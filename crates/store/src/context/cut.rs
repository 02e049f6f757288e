//! How much of a key an index of PostgreSQL has: what a row of an index may hold is bounded, and texts are not.

/// Of the key of a name.
pub(crate) const NAME: usize = 1000;

/// Of the key of a value of `custom`: all of it, for texts of some hundred letters.
pub(crate) const VALUE: usize = 256;

/// The beginning of a key.
pub(crate) fn cut(mut key: Vec<u8>, bytes: usize) -> Vec<u8> {
    key.truncate(bytes);
    key
}
