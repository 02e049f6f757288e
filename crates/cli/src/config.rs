//! `hereabouts config`: every setting with its default.

use std::io::{self, Write};

pub(crate) fn run() -> anyhow::Result<()> {
    Ok(io::stdout().write_all(server::config::DEFAULTS.as_bytes())?)
}
