//! The table "operation → permission" (`docs/protocol/access.md`, "Permission needed"). The only place that has it.

use wire::access::Permissions;
use wire::context::Kind;
use wire::route::Route;

/// Something that a client can ask the server to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "their names are those of the protocol page")]
pub enum Operation {
    Time,
    Publish,
    Signal,
    Subscribe,
    Heartbeat,
    Leave,
    HereNow,
    HereNowEverywhere,
    WhereNow,
    GetState,
    SetState,
    ListGroup,
    ChangeGroup,
    DeleteGroup,
    ListGroups,
    ListRecords(Kind),
    WriteRecords(Kind),
    GetRecord(Kind),
    SetRecord(Kind),
    RemoveRecord(Kind),
    ListMemberships(Kind),
    ManageMemberships(Kind),
    GrantToken,
    RevokeToken,
    GrantKeys,
    AuditKeys,
}

/// What an operation needs on a guarded key set. A request signed with the secret key may do everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Nothing, and nothing that is shown is looked at.
    Free,
    /// Nothing; but who shows a token must show a good one.
    Anyone,
    /// A good token, whatever it permits; without one, any permission at all on each name.
    Known,
    /// One of these permissions on each name, by its kind. Of a kind that an operation has no names of: none.
    Names {
        /// On each channel.
        channel: Permissions,
        /// On each group.
        group: Permissions,
        /// On each user.
        user: Permissions,
    },
    /// Nothing when the key set lets everybody list all users or channels; else `get` on all of them.
    Listing(Kind),
    /// A signature, which no permission replaces.
    SecretKey,
    /// A signature, on open key sets as well, and refusals in the words of the call itself.
    Signed,
}

/// In which words an operation is refused for lack of a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Those of the access manager, with the names.
    Manager,
    /// Those of app context.
    Context,
}

const NONE: Permissions = Permissions::NONE;

/// Permission on channels and groups alike.
const fn places(permissions: Permissions) -> Rule {
    Rule::Names { channel: permissions, group: permissions, user: NONE }
}

const fn channel(permissions: Permissions) -> Rule {
    Rule::Names { channel: permissions, group: NONE, user: NONE }
}

const fn group(permissions: Permissions) -> Rule {
    Rule::Names { channel: NONE, group: permissions, user: NONE }
}

const fn user(permissions: Permissions) -> Rule {
    Rule::Names { channel: NONE, group: NONE, user: permissions }
}

const fn record(kind: Kind, permissions: Permissions) -> Rule {
    match kind {
        Kind::User => user(permissions),
        Kind::Channel => channel(permissions),
    }
}

impl Operation {
    /// What it needs.
    #[must_use]
    pub const fn rule(self) -> Rule {
        match self {
            Self::Time => Rule::Free,

            Self::Publish | Self::Signal => channel(Permissions::WRITE),
            Self::Subscribe => places(Permissions::READ),

            Self::Heartbeat | Self::HereNow | Self::GetState | Self::SetState => places(Permissions::READ),
            Self::Leave => Rule::Known,
            Self::WhereNow => Rule::Anyone,
            Self::HereNowEverywhere => Rule::SecretKey,

            Self::ListGroup => group(Permissions::READ.and(Permissions::MANAGE)),
            Self::ChangeGroup | Self::DeleteGroup => group(Permissions::MANAGE),
            Self::ListGroups => Rule::SecretKey,

            Self::ListRecords(kind) => Rule::Listing(kind),
            Self::GetRecord(kind) => record(kind, Permissions::GET),
            Self::SetRecord(kind) | Self::WriteRecords(kind) => record(kind, Permissions::UPDATE),
            Self::RemoveRecord(kind) => record(kind, Permissions::DELETE),
            Self::ListMemberships(owner) => record(owner, Permissions::GET),
            Self::ManageMemberships(Kind::Channel) => channel(Permissions::MANAGE),
            Self::ManageMemberships(Kind::User) => {
                Rule::Names { channel: Permissions::JOIN, group: NONE, user: Permissions::UPDATE }
            }

            Self::GrantToken | Self::RevokeToken | Self::GrantKeys | Self::AuditKeys => Rule::Signed,
        }
    }

    /// How it is refused.
    #[must_use]
    pub const fn family(self) -> Family {
        match self {
            Self::ListRecords(_)
            | Self::WriteRecords(_)
            | Self::GetRecord(_)
            | Self::SetRecord(_)
            | Self::RemoveRecord(_)
            | Self::ListMemberships(_)
            | Self::ManageMemberships(_) => Family::Context,
            Self::Time
            | Self::Publish
            | Self::Signal
            | Self::Subscribe
            | Self::Heartbeat
            | Self::Leave
            | Self::HereNow
            | Self::HereNowEverywhere
            | Self::WhereNow
            | Self::GetState
            | Self::SetState
            | Self::ListGroup
            | Self::ChangeGroup
            | Self::DeleteGroup
            | Self::ListGroups
            | Self::GrantToken
            | Self::RevokeToken
            | Self::GrantKeys
            | Self::AuditKeys => Family::Manager,
        }
    }

    /// What a request on a route can be. More than one where a parameter decides.
    #[must_use]
    pub fn of(route: &Route<'_>) -> Vec<Self> {
        match *route {
            Route::Time { .. } => vec![Self::Time],
            Route::Publish { .. } => vec![Self::Publish],
            Route::Signal { .. } => vec![Self::Signal],
            Route::Subscribe { .. } | Route::SubscribeFirst { .. } => vec![Self::Subscribe],
            Route::Heartbeat { .. } => vec![Self::Heartbeat],
            Route::Leave { .. } => vec![Self::Leave],
            Route::HereNow { .. } => vec![Self::HereNow],
            Route::HereNowEverywhere { .. } => vec![Self::HereNowEverywhere],
            Route::WhereNow { .. } => vec![Self::WhereNow],
            Route::SetState { .. } => vec![Self::SetState],
            Route::GetState { .. } => vec![Self::GetState],
            Route::Group { .. } => vec![Self::ListGroup, Self::ChangeGroup],
            Route::GroupDelete { .. } => vec![Self::DeleteGroup],
            Route::GroupList { .. } => vec![Self::ListGroups],
            Route::Grant { .. } => vec![Self::GrantToken],
            Route::Revoke { .. } => vec![Self::RevokeToken],
            Route::GrantKeys { .. } => vec![Self::GrantKeys],
            Route::AuditKeys { .. } => vec![Self::AuditKeys],
            Route::ListRecords { kind, .. } => vec![Self::ListRecords(kind)],
            Route::WriteRecords { kind, .. } => vec![Self::WriteRecords(kind)],
            Route::GetRecord { kind, .. } => vec![Self::GetRecord(kind)],
            Route::SetRecord { kind, .. } => vec![Self::SetRecord(kind)],
            Route::RemoveRecord { kind, .. } => vec![Self::RemoveRecord(kind)],
            Route::ListMemberships { owner, .. } => vec![Self::ListMemberships(owner)],
            Route::ManageMemberships { owner, .. } => vec![Self::ManageMemberships(owner)],
        }
    }
}
