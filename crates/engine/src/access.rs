//! Who may do what (`docs/protocol/conventions.md`, "Order of checks").
//!
//! Deciding returns a [`Permit`]; acting takes one. Only a decision makes a permit, so a forgotten check does not compile.

use wire::{ChannelName, GroupName, Refusal};

/// Leave to do what was decided upon. Cannot be made elsewhere.
#[derive(Debug)]
#[must_use = "a decision without an act is a forgotten act"]
pub struct Permit {
    _decided: (),
}

/// How a key set decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everyone may do everything.
    Open,
    /// Nobody may do anything without a grant. Grants do not exist yet, so nobody may do anything.
    Guarded,
}

impl Access {
    /// Decides on a call that uses these channels and groups.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] names what the caller may not use.
    pub fn decide(self, channels: &[ChannelName], groups: &[GroupName]) -> Result<Permit, Refusal> {
        match self {
            Self::Open => Ok(Permit { _decided: () }),
            Self::Guarded => Err(Refusal::Forbidden { channels: channels.to_vec(), groups: groups.to_vec() }),
        }
    }
}
