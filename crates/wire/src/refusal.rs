//! Everything the server refuses, with the status and the body that clients match to the letter
//! (`docs/protocol/conventions.md`, "Error bodies"). The one table of errors.

use serde_json::{Value, json};

use crate::access::GrantFault;
use crate::context::{Fault, Kind};
use crate::time::Timetoken;

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No key set has this subscribe key.
    InvalidSubscribeKey,
    /// The access manager does not let the caller use these channels or groups.
    Forbidden {
        /// The channels that were refused, in the order of the request.
        channels: Vec<String>,
        /// The groups that were refused, or their presence streams.
        groups: Vec<String>,
    },
    /// The token is not signed by this key set.
    TokenInvalid,
    /// The token holds no longer.
    TokenExpired,
    /// The token was revoked.
    TokenRevoked,
    /// The request is signed, and wrongly.
    WrongSignature,
    /// The request is signed, and does not say when, or was signed at another time than now.
    InvalidTimestamp,
    /// A grant to auth keys that does not say of what.
    AuthOnly,
    /// A grant to auth keys that cannot be made.
    InvalidArguments,
    /// A token was not granted.
    NotGranted(GrantFault),
    /// A token was not revoked.
    NotRevoked(GrantFault),

    /// The publish key is not of this key set.
    InvalidPublishKey,
    /// The message or its `meta` is not JSON.
    InvalidJson,
    /// The message is longer than the limit.
    MessageTooLarge,
    /// The signal is longer than the limit.
    SignalTooLarge,
    /// The channel has too many levels to be published to.
    TooManyLevels,
    /// The channel cannot be published to; the text says why.
    InvalidChannel(String),
    /// The publisher's id cannot be read.
    InvalidPublisher,
    /// `custom_message_type` is too short, too long, or holds another character than `A-Z a-z 0-9 - _`.
    InvalidMessageType,

    /// A subscribe that names no channel, and no group that holds one.
    EmptySubscription,
    /// `tt` is not a number.
    InvalidTimetoken,
    /// `filter-expr` cannot be parsed; the text says why and where.
    InvalidFilter(String),
    /// A path or parameter of a subscribe cannot be used; the text says which.
    InvalidSubscribe(String),
    /// More groups in a subscribe than the limit.
    TooManyGroups,

    /// A presence call that needs the caller's id has none.
    NoUser,
    /// An id longer than allowed, or empty.
    InvalidUser,
    /// A set-state call without `state`.
    NoState,
    /// `state` is no JSON object.
    InvalidState,
    /// `state` is longer than the limit.
    StateTooLarge,
    /// `limit` is above the largest page.
    LimitTooLarge(usize),
    /// `limit` is negative or no number.
    InvalidLimit,
    /// `offset` is negative or no number.
    InvalidOffset,
    /// A path or parameter of a presence call cannot be used; the text says which.
    InvalidPresence(String),
    /// The key set has presence switched off.
    PresenceOff,

    /// A group or channel name that the registry does not take.
    ReservedCharacter,
    /// More channels in a group than the limit.
    GroupFull,
    /// The key set has groups switched off; `true` for a call of the registry, `false` for a subscribe.
    GroupsOff,

    /// A body, parameter or id of app context is not as it must be.
    InvalidInput(Fault),
    /// The user or channel has no metadata.
    NoRecord,
    /// `If-Match` names another version of the user or channel than there is.
    Stale(Kind),
    /// The access manager does not let the caller use this part of app context.
    ContextForbidden,
    /// Requests of app context come faster than they may.
    ContextBusy(Limited),
    /// App context failed; what was asked is not done.
    ContextFailed,
    /// App context could not answer in time.
    ContextTooSlow,

    /// The path is unknown.
    UnknownPath(String),
    /// The path is known, but not with this method.
    WrongMethod,
    /// The request target is longer than the limit.
    UriTooLong,
    /// The body is longer than the limit.
    BodyTooLarge,
    /// The request is not HTTP as we understand it.
    Malformed,
    /// The head of the request is longer than the limit.
    HeadTooLarge,
    /// The request did not arrive in time.
    TooSlow,
    /// The server could not do it now; what was asked is not done.
    Unavailable,

    /// More channels in a subscribe than the limit, which is this.
    TooManyStreams(usize),
    /// More streams of a subscribe than the limit, which is this, with the channels of its groups.
    TooManyFollowed(usize),
    /// More channels in another call than the limit, which is this.
    TooManyPlaces(usize),
    /// The user has as many polls open as it may.
    TooManyPolls,
    /// Requests come faster than they may.
    TooManyRequests(Limited),
    /// As many connections are open as there may be.
    TooManyConnections,
    /// As many connections are open from this address as there may be.
    TooManyConnectionsOfAddress,
    /// There is no memory left for it.
    OutOfMemory,
}

/// Whose requests are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limited {
    /// Those from one address, as [`Refusal::TooManyRequests`] has it.
    Address,
    /// Those to one key set.
    KeySet,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::InvalidInput(fault)
    }
}

impl Refusal {
    /// Whether it has the form of app context.
    #[must_use]
    pub fn is_of_context(&self) -> bool {
        matches!(
            self,
            Self::InvalidInput(_)
                | Self::NoRecord
                | Self::Stale(_)
                | Self::ContextForbidden
                | Self::ContextBusy(_)
                | Self::ContextFailed
                | Self::ContextTooSlow
        )
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::InvalidSubscribeKey
            | Self::InvalidPublishKey
            | Self::InvalidJson
            | Self::MessageTooLarge
            | Self::SignalTooLarge
            | Self::TooManyLevels
            | Self::InvalidChannel(_)
            | Self::InvalidPublisher
            | Self::InvalidMessageType
            | Self::EmptySubscription
            | Self::InvalidTimetoken
            | Self::InvalidSubscribe(_)
            | Self::TooManyGroups
            | Self::NoUser
            | Self::InvalidUser
            | Self::NoState
            | Self::InvalidState
            | Self::StateTooLarge
            | Self::LimitTooLarge(_)
            | Self::InvalidLimit
            | Self::InvalidOffset
            | Self::InvalidPresence(_)
            | Self::ReservedCharacter
            | Self::GroupFull
            | Self::InvalidInput(_)
            | Self::InvalidTimestamp
            | Self::AuthOnly
            | Self::InvalidArguments
            | Self::TooManyStreams(_)
            | Self::TooManyFollowed(_)
            | Self::TooManyPlaces(_)
            | Self::Malformed => 400,
            Self::PresenceOff => 402,
            Self::NotGranted(fault) | Self::NotRevoked(fault) => fault.status(),
            Self::Forbidden { .. }
            | Self::TokenInvalid
            | Self::TokenExpired
            | Self::TokenRevoked
            | Self::WrongSignature
            | Self::GroupsOff
            | Self::ContextForbidden => 403,
            Self::UnknownPath(_) | Self::NoRecord => 404,
            Self::WrongMethod => 405,
            Self::TooSlow => 408,
            Self::Stale(_) => 412,
            Self::BodyTooLarge => 413,
            Self::UriTooLong => 414,
            Self::ContextBusy(_)
            | Self::TooManyPolls
            | Self::TooManyRequests(_)
            | Self::TooManyConnectionsOfAddress => 429,
            Self::HeadTooLarge => 431,
            Self::InvalidFilter(_) => 481,
            Self::ContextFailed => 500,
            Self::Unavailable | Self::ContextTooSlow | Self::TooManyConnections | Self::OutOfMemory => 503,
        }
    }

    /// Every limit that a refusal may name.
    pub const LIMITS: [&'static str; 18] = [
        "request_target_bytes",
        "head_bytes",
        "body_bytes",
        "head_seconds",
        "message_bytes",
        "signal_bytes",
        "state_bytes",
        "channels_per_request",
        "streams_per_subscribe",
        "groups_per_subscribe",
        "channels_per_group",
        "here_now_limit_max",
        "polls_per_user",
        "requests_per_second",
        "address.requests_per_second",
        "connections_max",
        "address.connections_max",
        "budget_bytes",
    ];

    /// The limit that was met, one of [`Refusal::LIMITS`], by the name under which it is counted; none for a refusal that has another reason.
    #[must_use]
    pub fn limit(&self) -> Option<&'static str> {
        Some(match self {
            Self::UriTooLong => "request_target_bytes",
            Self::HeadTooLarge => "head_bytes",
            Self::BodyTooLarge => "body_bytes",
            Self::TooSlow => "head_seconds",
            Self::MessageTooLarge => "message_bytes",
            Self::SignalTooLarge => "signal_bytes",
            Self::StateTooLarge => "state_bytes",
            Self::TooManyStreams(_) | Self::TooManyPlaces(_) => "channels_per_request",
            Self::TooManyFollowed(_) => "streams_per_subscribe",
            Self::TooManyGroups => "groups_per_subscribe",
            Self::GroupFull => "channels_per_group",
            Self::LimitTooLarge(_) => "here_now_limit_max",
            Self::TooManyPolls => "polls_per_user",
            Self::TooManyRequests(Limited::Address) | Self::ContextBusy(Limited::Address) => {
                "address.requests_per_second"
            }
            Self::TooManyRequests(Limited::KeySet) | Self::ContextBusy(Limited::KeySet) => "requests_per_second",
            Self::TooManyConnections => "connections_max",
            Self::TooManyConnectionsOfAddress => "address.connections_max",
            Self::OutOfMemory => "budget_bytes",
            _ => return None,
        })
    }

    /// The body: compact JSON. `now` is the third item of what publish answers.
    #[must_use]
    pub fn body(&self, now: Timetoken) -> String {
        let status = self.status();
        let publish = |text: &str| json!([0, text, now.to_string()]);
        let subscribe = |text: &str| json!({"status": status, "service": "PubSub", "error": true, "message": text});
        let presence = |text: &str| json!({"status": status, "error": 1, "message": text, "service": "Presence"});
        let registry =
            |text: &str| json!({"status": status, "message": text, "service": "channel-registry", "error": true});
        let balancer = |text: &str| json!({"status": status, "service": "Balancer", "error": true, "message": text});
        let context = |text: &str| json!({"status": status, "error": {"message": text, "source": "objects"}});
        let plain = |text: &str| json!({"status": status, "error": true, "message": text});
        let manager =
            |text: &str| json!({"message": text, "error": true, "service": "Access Manager", "status": status});
        let grant = |(text, detail): (&str, Value), source: &str| {
            let error = json!({"message": text, "source": source, "details": [detail]});
            json!({"error": error, "service": "Access Manager", "status": status})
        };
        match self {
            Self::InvalidSubscribeKey => manager("Invalid Subscribe Key"),
            Self::TokenInvalid => manager("Token is invalid"),
            Self::TokenExpired => manager("Token is expired"),
            Self::TokenRevoked => manager("Token is revoked"),
            Self::WrongSignature => manager("Signature Does Not Match"),
            Self::InvalidTimestamp => manager("Invalid Timestamp"),
            Self::AuthOnly => manager("Auth-only grants are reserved for future use"),
            Self::InvalidArguments => manager("Invalid Arguments"),
            Self::NotGranted(fault) => grant(fault.texts(), "grant"),
            Self::NotRevoked(fault) => grant(fault.texts(), "revoke"),
            Self::Forbidden { channels, groups } => {
                let mut payload = serde_json::Map::new();
                if !channels.is_empty() || groups.is_empty() {
                    payload.insert("channels".into(), channels.as_slice().into());
                }
                if !groups.is_empty() {
                    // A group name carries its namespace, which is empty, before a colon.
                    let names = groups.iter().map(|group| format!(":{group}")).collect();
                    payload.insert("channel-groups".into(), names);
                }
                let mut body = manager("Forbidden");
                body["payload"] = payload.into();
                body
            }

            Self::InvalidPublishKey => publish("Invalid Key"),
            Self::InvalidJson => publish("Invalid JSON"),
            Self::MessageTooLarge => publish("Message Too Large"),
            Self::SignalTooLarge => publish("Signal size too large"),
            Self::TooManyLevels => publish("Wildcard maximum depth exceeded"),
            Self::InvalidChannel(why) => publish(&format!("Invalid Character in Channel Name: {why}")),
            Self::InvalidPublisher => publish("Invalid uuid"),
            Self::InvalidMessageType => publish("Invalid custom_message_type"),

            Self::EmptySubscription => subscribe("Channel group or groups result in empty subscription set"),
            Self::InvalidTimetoken => subscribe("Invalid Timetoken"),
            Self::InvalidFilter(why) => {
                let mut body = subscribe("Invalid Filter Expression");
                body["details"] = why.as_str().into();
                body
            }
            Self::InvalidSubscribe(why) => subscribe(why),
            Self::TooManyGroups | Self::GroupFull => registry("Maximum channel group count exceeded."),

            Self::NoUser => presence("No uuid specified"),
            Self::InvalidUser => presence("Invalid uuid"),
            Self::NoState => presence("No state specified."),
            Self::InvalidState => presence("Invalid state."),
            Self::StateTooLarge => presence("State Too Large"),
            Self::LimitTooLarge(most) => presence(&format!("Cannot return more than {most} uuids at a time")),
            Self::InvalidLimit => presence("Limit must be greater than or equal to 0"),
            Self::InvalidOffset => presence("Offset must be greater than or equal to 0"),
            Self::InvalidPresence(why) => presence(why),
            Self::PresenceOff => presence("This feature is not turned on for this account."),

            Self::ReservedCharacter => registry("Reserved character in input parameters."),
            Self::GroupsOff => registry("This feature is not turned on for this account."),

            Self::InvalidInput(fault) => {
                let mut body = context("Request payload contained invalid input.");
                body["error"]["details"] = json!([fault.detail()]);
                body
            }
            Self::NoRecord => context("Requested object was not found."),
            Self::Stale(Kind::User) => context("User to update has been modified after it was read."),
            Self::Stale(Kind::Channel) => context("Channel to update has been modified after it was read."),
            Self::ContextForbidden => {
                context("Supplied authorization key does not have the permissions required to perform this operation.")
            }
            Self::ContextBusy(_) => {
                context("You have exceeded the maximum number of requests per second allowed for your subscriber key.")
            }
            // The spelling is that of the service we replace; clients match the text.
            Self::ContextFailed => context("An unexpected error ocurred while processing the request."),
            Self::ContextTooSlow => {
                context("The server took longer to respond than the maximum allowed processing time.")
            }

            Self::UnknownPath(path) if path.starts_with("/v2/presence") => presence(&format!("Not found: '{path}'")),
            Self::UnknownPath(_) => plain("Not Found"),
            Self::WrongMethod => plain("Method Not Allowed"),
            Self::UriTooLong => balancer("Request URI Too Long"),
            Self::BodyTooLarge => balancer("Request Entity Too Large"),
            Self::Malformed => balancer("Bad Request"),
            Self::HeadTooLarge => balancer("Request Header Fields Too Large"),
            Self::TooSlow => balancer("Request Timeout"),
            Self::Unavailable | Self::TooManyConnections | Self::OutOfMemory => balancer("Service Unavailable"),
            Self::TooManyStreams(most) => subscribe(&format!("Invalid channel: more than {most} of them")),
            Self::TooManyFollowed(most) => {
                subscribe(&format!("Invalid subscribe: more than {most} streams, those of channel groups included"))
            }
            Self::TooManyPlaces(most) => presence(&format!("Invalid channel: more than {most} of them")),
            Self::TooManyPolls | Self::TooManyRequests(_) | Self::TooManyConnectionsOfAddress => {
                plain("Too many requests.")
            }
        }
        .to_string()
    }
}
