//! Replies and events, to the letter.
