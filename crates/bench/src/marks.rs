//! The place of a table in a page: between two marks, which name the command that writes it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Two comments of Markdown, each a line of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marks {
    pub(crate) begin: &'static str,
    pub(crate) end: &'static str,
}

impl Marks {
    /// Whether a page has the place.
    ///
    /// # Errors
    /// When it has not, or cannot be read.
    pub(crate) fn look_for(self, page: &Path) -> Result<()> {
        self.find(&fs::read_to_string(page)?).map(drop).with_context(|| format!("{} has no marks", page.display()))
    }

    /// Puts text in the place of what was there.
    pub(crate) fn fill(self, page: &Path, text: &str) -> Result<()> {
        let before = fs::read_to_string(page)?;
        let (begin, end) = self.find(&before).context("no marks")?;
        Ok(fs::write(page, format!("{}{}\n\n{text}\n{}", &before[..begin], self.begin, &before[end..]))?)
    }

    /// From the first mark, and from the second one.
    fn find(self, text: &str) -> Option<(usize, usize)> {
        let (begin, end) = (text.find(self.begin)?, text.find(self.end)?);
        (begin < end).then_some((begin, end))
    }
}
