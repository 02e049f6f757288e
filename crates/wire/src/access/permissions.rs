//! What one may do with a channel, group or user, as the bits of a token's mask.

use std::fmt;
use std::ops::{BitOr, BitOrAssign};

/// A set of permissions (`docs/protocol/access.md`, "Bit mask"). None implies another: write does not include read.
///
/// ```
/// use wire::access::Permissions;
/// let mask = Permissions::from_bits(5);
/// assert_eq!(mask, Permissions::READ | Permissions::MANAGE);
/// assert!(mask.has_any(Permissions::READ) && !mask.has_any(Permissions::WRITE));
/// assert_eq!(mask.to_string(), "read, manage");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Permissions(u8);

impl Permissions {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Receive, see who is here, read what is stored.
    pub const READ: Self = Self(1);
    /// Publish.
    pub const WRITE: Self = Self(2);
    /// Change what is in a group, or who is a member.
    pub const MANAGE: Self = Self(4);
    /// Remove messages or metadata.
    pub const DELETE: Self = Self(8);
    /// Of an API that is gone. Kept where it stands, and good for nothing.
    pub const CREATE: Self = Self(16);
    /// Read metadata.
    pub const GET: Self = Self(32);
    /// Change metadata.
    pub const UPDATE: Self = Self(64);
    /// Become a member.
    pub const JOIN: Self = Self(128);

    const NAMES: [(Self, &'static str); 8] = [
        (Self::READ, "read"),
        (Self::WRITE, "write"),
        (Self::MANAGE, "manage"),
        (Self::DELETE, "delete"),
        (Self::CREATE, "create"),
        (Self::GET, "get"),
        (Self::UPDATE, "update"),
        (Self::JOIN, "join"),
    ];

    /// The permissions of a mask.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// The mask.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Both, in a constant.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether one of `wanted` is among them.
    #[must_use]
    pub const fn has_any(self, wanted: Self) -> bool {
        self.0 & wanted.0 != 0
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Their names, lowest bit first.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(one, _)| self.has_any(*one)).map(|(_, name)| name)
    }
}

impl BitOr for Permissions {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.and(other)
    }
}

impl BitOrAssign for Permissions {
    fn bitor_assign(&mut self, other: Self) {
        *self = self.and(other);
    }
}

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().collect::<Vec<_>>().join(", "))
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permissions({self})")
    }
}
