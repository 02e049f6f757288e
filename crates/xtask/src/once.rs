//! Folders that are made from a pinned text, and made again when it changes.

use std::fs;
use std::path::Path;

use anyhow::Result;

/// Makes the folder `place` by `make`, or keeps it when it was made from the same `pinned` text.
pub(crate) fn once(place: &Path, pinned: &str, make: impl FnOnce() -> Result<()>) -> Result<()> {
    let made_from = place.join(".made-from");
    if fs::read_to_string(&made_from).is_ok_and(|text| text == pinned) {
        return Ok(());
    }
    if place.exists() {
        fs::remove_dir_all(place)?;
    }
    fs::create_dir_all(place)?;
    make()?;
    // Written last: a set-up that was interrupted begins again.
    fs::write(made_from, pinned)?;
    Ok(())
}
