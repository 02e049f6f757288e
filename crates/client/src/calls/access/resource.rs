//! What a token permits on one channel, group or user, or on all that match a pattern.

use std::marker::PhantomData;

use wire::access::Permissions;

/// Permissions on something of kind `K`, by its name or by a pattern: [`Channel`], [`Group`] or [`User`].
///
/// None implies another: write does not include read.
///
/// ```
/// use hereabouts::calls::access::{Channel, Group, User};
///
/// let lobby = Channel::id("lobby").read().write();
/// let all_rooms = Channel::pattern("^room-[0-9]+$").read();
/// let family = Group::id("family").read();
/// let ann = User::id("ann").get().update();
/// ```
#[derive(Clone, Debug)]
pub struct Resource<K> {
    pub(crate) name: String,
    pub(crate) is_pattern: bool,
    pub(crate) permissions: Permissions,
    kind: PhantomData<K>,
}

/// The kind of [`Channel`].
#[derive(Clone, Copy, Debug)]
pub enum OfChannels {}

/// The kind of [`Group`].
#[derive(Clone, Copy, Debug)]
pub enum OfGroups {}

/// The kind of [`User`].
#[derive(Clone, Copy, Debug)]
pub enum OfUsers {}

/// Permissions on a channel.
pub type Channel = Resource<OfChannels>;
/// Permissions on a channel group.
pub type Group = Resource<OfGroups>;
/// Permissions on the metadata of a user.
pub type User = Resource<OfUsers>;
/// The same as [`User`], by its documented name.
pub type Uuid = User;

impl<K> Resource<K> {
    /// This one, without any permission yet.
    #[must_use]
    pub fn id(name: impl Into<String>) -> Self {
        Self { name: name.into(), is_pattern: false, permissions: Permissions::NONE, kind: PhantomData }
    }

    /// All whose name matches this regular expression, which counts anywhere in the name unless it has `^` and `$`.
    #[must_use]
    pub fn pattern(expression: impl Into<String>) -> Self {
        Self { is_pattern: true, ..Self::id(expression) }
    }

    /// These permissions as well.
    #[must_use]
    pub fn with(mut self, permissions: Permissions) -> Self {
        self.permissions |= permissions;
        self
    }
}

macro_rules! permissions {
    ($kind:ty: $($(#[$doc:meta])* $name:ident $permission:ident),+ $(,)?) => {
        impl Resource<$kind> {
            $(
                $(#[$doc])*
                #[must_use]
                pub fn $name(self) -> Self {
                    self.with(Permissions::$permission)
                }
            )+
        }
    };
}

permissions! {
    OfChannels:
    /// Receive messages, see who is here, read what is stored.
    read READ,
    /// Publish.
    write WRITE,
    /// Say who is a member.
    manage MANAGE,
    /// Remove messages or metadata.
    delete DELETE,
    /// Read metadata.
    get GET,
    /// Change metadata.
    update UPDATE,
    /// Become a member.
    join JOIN,
}

permissions! {
    OfGroups:
    /// Receive what comes on its channels, see who is there.
    read READ,
    /// Add and remove channels.
    manage MANAGE,
}

permissions! {
    OfUsers:
    /// Read metadata.
    get GET,
    /// Change metadata.
    update UPDATE,
    /// Remove metadata.
    delete DELETE,
}
