//! `[memory]`: how much memory there is for everything that clients can make grow.

use super::error::ConfigError;
use super::section::Section;

/// The budget of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// In bytes; none: what the machine has, less a reserve.
    pub budget_bytes: Option<usize>,
}

/// Nothing useful can be done with less.
const LEAST_BYTES: u64 = 8 * 1024 * 1024;
const MOST_BYTES: u64 = 1 << 50;

impl Memory {
    pub(super) fn read(settings: &Section<'_>) -> Result<Self, ConfigError> {
        let bytes = settings.count("budget_bytes", 0..=MOST_BYTES)?;
        if bytes > 0 && (bytes as u64) < LEAST_BYTES {
            return Err(settings.unsuitable("budget_bytes", &format!("0, or at least {LEAST_BYTES}")));
        }
        Ok(Self { budget_bytes: (bytes > 0).then_some(bytes) })
    }
}
