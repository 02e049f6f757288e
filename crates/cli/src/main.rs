//! The `hereabouts` program.

fn main() {}
