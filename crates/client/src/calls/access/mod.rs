//! Tokens: who may do what, for how long.

mod grant;
mod parse;
mod resource;
mod revoke;

pub use grant::{GrantToken, GrantTokenResult};
pub use parse::parse_token;
pub use resource::{Channel, Group, Resource, User, Uuid};
pub use revoke::{RevokeToken, RevokeTokenResult};
pub use wire::access::{Permissions, Scope, Token};
