//! `hereabouts config`: every setting with its default.

pub(crate) fn run() -> anyhow::Result<()> {
    print!("{}", server::config::DEFAULTS);
    Ok(())
}
