//! Every route of the protocol, on one page. Nothing is decoded or checked here but the shape of the path.

use crate::context::Kind;
use crate::target::Target;

/// How a request asks: what clients of this protocol use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads, and most writes too.
    Get,
    /// Publish with a body, and bulk writes.
    Post,
    /// Writes of app context.
    Patch,
    /// Removals of app context.
    Delete,
    /// A browser's preflight.
    Options,
    /// Anything else.
    Other,
}

impl Method {
    /// The method of that name. `HEAD` counts as [`Method::Get`]; its body is dropped at the edge.
    #[must_use]
    pub fn of(name: &str) -> Self {
        match name {
            "GET" | "HEAD" => Self::Get,
            "POST" => Self::Post,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            "OPTIONS" => Self::Options,
            _ => Self::Other,
        }
    }

    /// Its name. [`Method::Other`] has none.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
            Self::Other => "",
        }
    }
}

/// Which body limit a publish has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishVersion {
    /// `/publish`: small bodies.
    First,
    /// `/v2/publish`: large bodies.
    Second,
}

/// A path that is known. Segments are as sent, not decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(strum::VariantNames))]
#[allow(missing_docs, reason = "the fields are the named segments of the path beside each variant")]
pub enum Route<'t> {
    /// `/time/{callback}`
    Time { callback: &'t str },
    /// `/publish/{pub}/{sub}/{signature}/{channel}/{callback}[/{message}]`, and the same below `/v2`
    Publish {
        version: PublishVersion,
        publish_key: &'t str,
        subscribe_key: &'t str,
        channel: &'t str,
        callback: &'t str,
        message: Option<&'t str>,
    },
    /// `/signal/{pub}/{sub}/{signature}/{channel}/{callback}[/{message}]`
    Signal {
        publish_key: &'t str,
        subscribe_key: &'t str,
        channel: &'t str,
        callback: &'t str,
        message: Option<&'t str>,
    },
    /// `/v2/subscribe/{sub}/{channels}/{callback}`
    Subscribe { subscribe_key: &'t str, channels: &'t str, callback: &'t str },
    /// `/subscribe/{sub}/{channels}/{callback}/{timetoken}`
    SubscribeFirst { subscribe_key: &'t str, channels: &'t str, callback: &'t str, timetoken: &'t str },
    /// `/v2/presence/sub-key/{sub}/channel/{channels}/heartbeat`
    Heartbeat { subscribe_key: &'t str, channels: &'t str },
    /// `/v2/presence/sub-key/{sub}/channel/{channels}/leave`
    Leave { subscribe_key: &'t str, channels: &'t str },
    /// `/v2/presence/sub-key/{sub}/channel/{channels}`
    HereNow { subscribe_key: &'t str, channels: &'t str },
    /// `/v2/presence/sub-key/{sub}`
    HereNowEverywhere { subscribe_key: &'t str },
    /// `/v2/presence/sub-key/{sub}/uuid/{user}`
    WhereNow { subscribe_key: &'t str, user: &'t str },
    /// `/v2/presence/sub-key/{sub}/channel/{channels}/uuid/{user}/data`
    SetState { subscribe_key: &'t str, channels: &'t str, user: &'t str },
    /// `/v2/presence/sub-key/{sub}/channel/{channels}/uuid/{user}`
    GetState { subscribe_key: &'t str, channels: &'t str, user: &'t str },
    /// `/v1/channel-registration/sub-key/{sub}/channel-group/{group}`: lists, adds or removes
    Group { subscribe_key: &'t str, group: &'t str },
    /// `/v1/channel-registration/sub-key/{sub}/channel-group/{group}/remove`
    GroupDelete { subscribe_key: &'t str, group: &'t str },
    /// `/v1/channel-registration/sub-key/{sub}/channel-group`
    GroupList { subscribe_key: &'t str },
    /// `POST /v3/pam/{sub}/grant`
    Grant { subscribe_key: &'t str },
    /// `DELETE /v3/pam/{sub}/grant/{token}`
    Revoke { subscribe_key: &'t str, token: &'t str },
    /// `/v2/auth/grant/sub-key/{sub}`
    GrantKeys { subscribe_key: &'t str },
    /// `/v2/auth/audit/sub-key/{sub}`
    AuditKeys { subscribe_key: &'t str },
    /// `GET /v2/objects/{sub}/uuids`, `…/channels`
    ListRecords { subscribe_key: &'t str, kind: Kind },
    /// `POST /v2/objects/{sub}/uuids`, `…/channels`
    WriteRecords { subscribe_key: &'t str, kind: Kind },
    /// `GET /v2/objects/{sub}/uuids/{uuid}`, `…/channels/{channel}`
    GetRecord { subscribe_key: &'t str, kind: Kind, id: &'t str },
    /// `PATCH /v2/objects/{sub}/uuids/{uuid}`, `…/channels/{channel}`
    SetRecord { subscribe_key: &'t str, kind: Kind, id: &'t str },
    /// `DELETE /v2/objects/{sub}/uuids/{uuid}`, `…/channels/{channel}`
    RemoveRecord { subscribe_key: &'t str, kind: Kind, id: &'t str },
    /// `GET /v2/objects/{sub}/uuids/{uuid}/channels`, `…/channels/{channel}/uuids`; `owner` is whose list it is
    ListMemberships { subscribe_key: &'t str, owner: Kind, id: &'t str },
    /// `PATCH /v2/objects/{sub}/uuids/{uuid}/channels`, `…/channels/{channel}/uuids`
    ManageMemberships { subscribe_key: &'t str, owner: Kind, id: &'t str },
}

/// Why a request has no route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRoute {
    /// No route has this path.
    UnknownPath,
    /// The path is known, but not with this method.
    WrongMethod,
}

/// A request for each route and each operation, for what must hold for all of them: method and target of the key set
/// `demo`. A route that is not here fails a test.
pub const EXAMPLES: [(&str, &str); 38] = [
    ("GET", "/time/0"),
    ("GET", "/publish/demo/demo/0/room/0/1"),
    ("POST", "/publish/demo/demo/0/room/0"),
    ("POST", "/v2/publish/demo/demo/0/room/0"),
    ("GET", "/signal/demo/demo/0/room/0/1"),
    ("GET", "/v2/subscribe/demo/room/0?channel-group=family"),
    ("GET", "/subscribe/demo/room/0/0?channel-group=family"),
    ("GET", "/v2/presence/sub-key/demo/channel/room/heartbeat?channel-group=family&uuid=ann"),
    ("GET", "/v2/presence/sub-key/demo/channel/room/leave?channel-group=family&uuid=ann"),
    ("GET", "/v2/presence/sub-key/demo/channel/room?channel-group=family"),
    ("GET", "/v2/presence/sub-key/demo"),
    ("GET", "/v2/presence/sub-key/demo/uuid/ann"),
    ("GET", "/v2/presence/sub-key/demo/channel/room/uuid/ann/data?channel-group=family&state=%7B%7D"),
    ("GET", "/v2/presence/sub-key/demo/channel/room/uuid/ann?channel-group=family"),
    ("GET", "/v1/channel-registration/sub-key/demo/channel-group/family"),
    ("GET", "/v1/channel-registration/sub-key/demo/channel-group/family?add=room"),
    ("GET", "/v1/channel-registration/sub-key/demo/channel-group/family?remove=room"),
    ("GET", "/v1/channel-registration/sub-key/demo/channel-group/family/remove"),
    ("GET", "/v1/channel-registration/sub-key/demo/channel-group"),
    ("POST", "/v3/pam/demo/grant"),
    ("DELETE", "/v3/pam/demo/grant/token"),
    ("GET", "/v2/auth/grant/sub-key/demo"),
    ("GET", "/v2/auth/audit/sub-key/demo"),
    ("GET", "/v2/objects/demo/uuids"),
    ("GET", "/v2/objects/demo/channels"),
    ("POST", "/v2/objects/demo/uuids"),
    ("POST", "/v2/objects/demo/channels"),
    ("GET", "/v2/objects/demo/uuids/ann"),
    ("GET", "/v2/objects/demo/channels/room"),
    ("PATCH", "/v2/objects/demo/uuids/ann"),
    ("PATCH", "/v2/objects/demo/channels/room"),
    ("DELETE", "/v2/objects/demo/uuids/ann"),
    ("DELETE", "/v2/objects/demo/channels/room"),
    ("GET", "/v2/objects/demo/uuids/ann/channels"),
    ("GET", "/v2/objects/demo/channels/room/uuids"),
    ("PATCH", "/v2/objects/demo/uuids/ann/channels"),
    ("PATCH", "/v2/objects/demo/channels/room/uuids"),
    ("POST", "/signal/demo/demo/0/room/0"),
];

/// Segments in the longest path, and one more so that a longer one matches nothing.
const LONGEST: usize = 10;

impl<'t> Route<'t> {
    /// The route of a request.
    ///
    /// ```
    /// use wire::{route::{Method, Route}, target::Target};
    /// let route = Route::of(Method::Get, &Target::new("/v2/presence/sub-key/demo/uuid/ann?uuid=bob"));
    /// assert_eq!(route, Ok(Route::WhereNow { subscribe_key: "demo", user: "ann" }));
    /// ```
    ///
    /// # Errors
    /// [`NoRoute`] when no route has this path, or none with this method.
    pub fn of(method: Method, target: &Target<'t>) -> Result<Self, NoRoute> {
        let mut segments = [""; LONGEST];
        let mut count = 0;
        for segment in target.segments() {
            if count == LONGEST {
                return Err(NoRoute::UnknownPath);
            }
            segments[count] = segment;
            count += 1;
        }
        let segments = &segments[..count];
        match segments {
            ["v2", "objects", subscribe_key, path @ ..] => return Self::of_context(method, subscribe_key, path),
            ["v3", "pam", subscribe_key, path @ ..] => return Self::of_access(method, subscribe_key, path),
            _ => {}
        }
        let route = Self::of_segments(segments).ok_or(NoRoute::UnknownPath)?;
        match (method, route.takes_body()) {
            (Method::Get, _) | (Method::Post, true) => Ok(route),
            (Method::Post, false) | (Method::Patch | Method::Delete | Method::Options | Method::Other, _) => {
                Err(NoRoute::WrongMethod)
            }
        }
    }

    /// The routes of app context, where the method says what is done.
    fn of_context(method: Method, subscribe_key: &'t str, path: &[&'t str]) -> Result<Self, NoRoute> {
        let kind = match path.first() {
            Some(&"uuids") => Kind::User,
            Some(&"channels") => Kind::Channel,
            Some(_) | None => return Err(NoRoute::UnknownPath),
        };
        match (path, method) {
            (&[_], Method::Get) => Ok(Self::ListRecords { subscribe_key, kind }),
            (&[_], Method::Post) => Ok(Self::WriteRecords { subscribe_key, kind }),
            (&[_, id], Method::Get) => Ok(Self::GetRecord { subscribe_key, kind, id }),
            (&[_, id], Method::Patch) => Ok(Self::SetRecord { subscribe_key, kind, id }),
            (&[_, id], Method::Delete) => Ok(Self::RemoveRecord { subscribe_key, kind, id }),
            (&["uuids", id, "channels"] | &["channels", id, "uuids"], Method::Get) => {
                Ok(Self::ListMemberships { subscribe_key, owner: kind, id })
            }
            (&["uuids", id, "channels"] | &["channels", id, "uuids"], Method::Patch) => {
                Ok(Self::ManageMemberships { subscribe_key, owner: kind, id })
            }
            (&[_] | &[_, _] | &["uuids", _, "channels"] | &["channels", _, "uuids"], _) => Err(NoRoute::WrongMethod),
            (_, _) => Err(NoRoute::UnknownPath),
        }
    }

    /// The routes of tokens.
    fn of_access(method: Method, subscribe_key: &'t str, path: &[&'t str]) -> Result<Self, NoRoute> {
        match (path, method) {
            (["grant"], Method::Post) => Ok(Self::Grant { subscribe_key }),
            (&["grant", token], Method::Delete) => Ok(Self::Revoke { subscribe_key, token }),
            (["grant"] | ["grant", _], _) => Err(NoRoute::WrongMethod),
            (_, _) => Err(NoRoute::UnknownPath),
        }
    }

    #[rustfmt::skip]
    fn of_segments(segments: &[&'t str]) -> Option<Self> {
        // The element `sub_key` is an alias of `sub-key` below `/v2/presence`.
        Some(match *segments {
            ["time", callback] => Self::Time { callback },

            ["publish", publish_key, subscribe_key, _, channel, callback] =>
                Self::Publish { version: PublishVersion::First, publish_key, subscribe_key, channel, callback, message: None },
            ["publish", publish_key, subscribe_key, _, channel, callback, message] =>
                Self::Publish { version: PublishVersion::First, publish_key, subscribe_key, channel, callback, message: Some(message) },
            ["v2", "publish", publish_key, subscribe_key, _, channel, callback] =>
                Self::Publish { version: PublishVersion::Second, publish_key, subscribe_key, channel, callback, message: None },
            ["v2", "publish", publish_key, subscribe_key, _, channel, callback, message] =>
                Self::Publish { version: PublishVersion::Second, publish_key, subscribe_key, channel, callback, message: Some(message) },
            ["signal", publish_key, subscribe_key, _, channel, callback] =>
                Self::Signal { publish_key, subscribe_key, channel, callback, message: None },
            ["signal", publish_key, subscribe_key, _, channel, callback, message] =>
                Self::Signal { publish_key, subscribe_key, channel, callback, message: Some(message) },
            ["v2", "subscribe", subscribe_key, channels, callback] => Self::Subscribe { subscribe_key, channels, callback },
            ["subscribe", subscribe_key, channels, callback, timetoken] =>
                Self::SubscribeFirst { subscribe_key, channels, callback, timetoken },

            ["v2", "presence", "sub-key" | "sub_key", subscribe_key] => Self::HereNowEverywhere { subscribe_key },
            ["v2", "presence", "sub-key" | "sub_key", subscribe_key, "uuid", user] => Self::WhereNow { subscribe_key, user },
            ["v2", "presence", "sub-key" | "sub_key", subscribe_key, "channel", channels] =>
                Self::HereNow { subscribe_key, channels },
            ["v2", "presence", "sub-key" | "sub_key", subscribe_key, "channel", channels, "heartbeat"] =>
                Self::Heartbeat { subscribe_key, channels },
            ["v2", "presence", "sub-key" | "sub_key", subscribe_key, "channel", channels, "leave"] =>
                Self::Leave { subscribe_key, channels },
            ["v2", "presence", "sub-key" | "sub_key", subscribe_key, "channel", channels, "uuid", user] =>
                Self::GetState { subscribe_key, channels, user },
            ["v2", "presence", "sub-key" | "sub_key", subscribe_key, "channel", channels, "uuid", user, "data"] =>
                Self::SetState { subscribe_key, channels, user },

            ["v1", "channel-registration", "sub-key", subscribe_key, "channel-group"] => Self::GroupList { subscribe_key },
            ["v1", "channel-registration", "sub-key", subscribe_key, "channel-group", group] => Self::Group { subscribe_key, group },
            ["v1", "channel-registration", "sub-key", subscribe_key, "channel-group", group, "remove"] =>
                Self::GroupDelete { subscribe_key, group },

            ["v2", "auth", "grant", "sub-key", subscribe_key] => Self::GrantKeys { subscribe_key },
            ["v2", "auth", "audit", "sub-key", subscribe_key] => Self::AuditKeys { subscribe_key },

            _ => return None,
        })
    }

    fn takes_body(&self) -> bool {
        matches!(self, Self::Publish { .. } | Self::Signal { .. })
    }

    /// The name of the operation, as in metrics and logs.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        match self {
            Self::Time { .. } => "time",
            Self::Publish { .. } => "publish",
            Self::Signal { .. } => "signal",
            Self::Subscribe { .. } | Self::SubscribeFirst { .. } => "subscribe",
            Self::Heartbeat { .. } => "heartbeat",
            Self::Leave { .. } => "leave",
            Self::HereNow { .. } | Self::HereNowEverywhere { .. } => "here_now",
            Self::WhereNow { .. } => "where_now",
            Self::SetState { .. } => "set_state",
            Self::GetState { .. } => "get_state",
            Self::Group { .. } => "group",
            Self::GroupDelete { .. } => "group_delete",
            Self::GroupList { .. } => "group_list",
            Self::Grant { .. } => "grant_token",
            Self::Revoke { .. } => "revoke_token",
            Self::GrantKeys { .. } => "grant",
            Self::AuditKeys { .. } => "audit",
            Self::ListRecords { kind: Kind::User, .. } => "users",
            Self::ListRecords { kind: Kind::Channel, .. } => "channels",
            Self::WriteRecords { kind: Kind::User, .. } => "write_users",
            Self::WriteRecords { kind: Kind::Channel, .. } => "write_channels",
            Self::GetRecord { kind: Kind::User, .. } => "get_user",
            Self::GetRecord { kind: Kind::Channel, .. } => "get_channel",
            Self::SetRecord { kind: Kind::User, .. } => "set_user",
            Self::SetRecord { kind: Kind::Channel, .. } => "set_channel",
            Self::RemoveRecord { kind: Kind::User, .. } => "remove_user",
            Self::RemoveRecord { kind: Kind::Channel, .. } => "remove_channel",
            Self::ListMemberships { owner: Kind::User, .. } => "memberships",
            Self::ListMemberships { owner: Kind::Channel, .. } => "members",
            Self::ManageMemberships { owner: Kind::User, .. } => "manage_memberships",
            Self::ManageMemberships { owner: Kind::Channel, .. } => "manage_members",
        }
    }

    /// Whether it is a call of app context, whose refusals have a form of their own.
    #[must_use]
    pub fn is_of_context(&self) -> bool {
        matches!(
            self,
            Self::ListRecords { .. }
                | Self::WriteRecords { .. }
                | Self::GetRecord { .. }
                | Self::SetRecord { .. }
                | Self::RemoveRecord { .. }
                | Self::ListMemberships { .. }
                | Self::ManageMemberships { .. }
        )
    }

    /// The subscribe key in the path, not decoded. Time has none.
    #[must_use]
    pub fn subscribe_key(&self) -> Option<&'t str> {
        match *self {
            Self::Time { .. } => None,
            Self::Publish { subscribe_key, .. }
            | Self::Signal { subscribe_key, .. }
            | Self::Subscribe { subscribe_key, .. }
            | Self::SubscribeFirst { subscribe_key, .. }
            | Self::Heartbeat { subscribe_key, .. }
            | Self::Leave { subscribe_key, .. }
            | Self::HereNow { subscribe_key, .. }
            | Self::HereNowEverywhere { subscribe_key }
            | Self::WhereNow { subscribe_key, .. }
            | Self::SetState { subscribe_key, .. }
            | Self::GetState { subscribe_key, .. }
            | Self::Group { subscribe_key, .. }
            | Self::GroupDelete { subscribe_key, .. }
            | Self::GroupList { subscribe_key }
            | Self::Grant { subscribe_key }
            | Self::Revoke { subscribe_key, .. }
            | Self::GrantKeys { subscribe_key }
            | Self::AuditKeys { subscribe_key }
            | Self::ListRecords { subscribe_key, .. }
            | Self::WriteRecords { subscribe_key, .. }
            | Self::GetRecord { subscribe_key, .. }
            | Self::SetRecord { subscribe_key, .. }
            | Self::RemoveRecord { subscribe_key, .. }
            | Self::ListMemberships { subscribe_key, .. }
            | Self::ManageMemberships { subscribe_key, .. } => Some(subscribe_key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_has_an_example() {
        use strum::VariantNames;
        let shown = EXAMPLES.map(|(method, target)| {
            let route = Route::of(Method::of(method), &Target::new(target));
            format!("{:?} ", route.unwrap_or_else(|why| panic!("{method} {target}: {why:?}")))
        });
        for name in Route::VARIANTS {
            assert!(shown.iter().any(|route| route.starts_with(&format!("{name} "))), "{name} has no example");
        }
    }

    #[test]
    fn tokens_are_routed_by_path_and_method() {
        let check = |method: &str, path: &str, expected: Result<&str, NoRoute>| {
            let route = Route::of(Method::of(method), &Target::new(path));
            assert_eq!(route.map(|route| route.operation()), expected, "{method} {path}");
        };
        check("POST", "/v3/pam/demo/grant", Ok("grant_token"));
        check("DELETE", "/v3/pam/demo/grant/p0F2%3D", Ok("revoke_token"));
        check("GET", "/v2/auth/grant/sub-key/demo", Ok("grant"));
        check("GET", "/v2/auth/audit/sub-key/demo", Ok("audit"));
        check("GET", "/v3/pam/demo/grant", Err(NoRoute::WrongMethod));
        check("POST", "/v3/pam/demo/grant/p0F2", Err(NoRoute::WrongMethod));
        check("POST", "/v2/auth/grant/sub-key/demo", Err(NoRoute::WrongMethod));
        check("GET", "/v3/pam/demo", Err(NoRoute::UnknownPath));
    }

    #[test]
    fn app_context_is_routed_by_path_and_method() {
        let check = |method: &str, path: &str, expected: Result<&str, NoRoute>| {
            let path = format!("/v2/objects/demo{path}");
            let route = Route::of(Method::of(method), &Target::new(&path));
            assert_eq!(route.map(|route| route.operation()), expected, "{method} {path}");
            if let Ok(route) = route {
                assert_eq!(route.subscribe_key(), Some("demo"));
            }
        };
        check("GET", "/uuids", Ok("users"));
        check("POST", "/uuids", Ok("write_users"));
        check("GET", "/uuids/ann", Ok("get_user"));
        check("HEAD", "/uuids/ann", Ok("get_user"));
        check("PATCH", "/uuids/ann", Ok("set_user"));
        check("DELETE", "/uuids/ann", Ok("remove_user"));
        check("GET", "/channels", Ok("channels"));
        check("POST", "/channels", Ok("write_channels"));
        check("GET", "/channels/a%2Fb", Ok("get_channel"));
        check("PATCH", "/channels/uuids", Ok("set_channel"));
        check("DELETE", "/channels/a", Ok("remove_channel"));
        check("GET", "/uuids/ann/channels", Ok("memberships"));
        check("PATCH", "/uuids/ann/channels", Ok("manage_memberships"));
        check("GET", "/channels/a/uuids", Ok("members"));
        check("PATCH", "/channels/a/uuids", Ok("manage_members"));

        for (method, path) in [
            ("PATCH", "/uuids"),
            ("DELETE", "/channels"),
            ("POST", "/uuids/ann"),
            ("PUT", "/uuids/ann"),
            ("POST", "/uuids/ann/channels"),
            ("DELETE", "/channels/a/uuids"),
        ] {
            check(method, path, Err(NoRoute::WrongMethod));
        }
        for path in ["", "/", "/spaces", "/uuids/ann/uuids", "/channels/a/channels", "/uuids/ann/channels/a"] {
            check("GET", path, Err(NoRoute::UnknownPath));
        }
    }
}
