//! Every route of the protocol, on one page. Nothing is decoded or checked here but the shape of the path.

use crate::target::Target;

/// How a request asks: what clients of this protocol use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads, and most writes too.
    Get,
    /// Publish with a body.
    Post,
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
            "OPTIONS" => Self::Options,
            _ => Self::Other,
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
}

/// Why a request has no route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRoute {
    /// No route has this path.
    UnknownPath,
    /// The path is known, but not with this method.
    WrongMethod,
}

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
        let route = Self::of_segments(&segments[..count]).ok_or(NoRoute::UnknownPath)?;
        match (method, route.takes_body()) {
            (Method::Get, _) | (Method::Post, true) => Ok(route),
            (Method::Post, false) | (Method::Options | Method::Other, _) => Err(NoRoute::WrongMethod),
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
        }
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
            | Self::GroupList { subscribe_key } => Some(subscribe_key),
        }
    }
}
