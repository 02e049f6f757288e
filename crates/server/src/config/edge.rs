//! `[edge]`: limits and times of connections, requests and replies. The reason of each default stands in the defaults.

use std::time::Duration;

use super::error::ConfigError;
use super::section::Section;

/// No body, message or reply is larger than this, whatever the configuration says: each is held in memory as a whole.
const LARGEST_BYTES: u64 = 64 * 1024 * 1024;

/// Limits and times of connections, requests and replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The hot routes are answered by the lean loop; otherwise every connection goes to the framework.
    pub lean: bool,
    /// How long a poll waits for something to happen.
    pub poll_hold: Duration,
    /// How long a connection may rest between two requests.
    pub idle: Duration,
    /// How long a client may take to send a head, and as long again for a body.
    pub head: Duration,
    /// How long a reply may wait for a reader that takes nothing.
    pub write: Duration,
    /// The longest path with its query.
    pub request_target_bytes: usize,
    /// The longest head, request line included; at least [`Edge::request_target_bytes`].
    pub head_bytes: usize,
    /// The longest body of a request, decoded; at least [`Edge::large_message_bytes`].
    pub body_bytes: usize,
    /// The longest message of `/publish`, decoded.
    pub message_bytes: usize,
    /// The longest message of `/v2/publish`, decoded; at least [`Edge::message_bytes`].
    pub large_message_bytes: usize,
    /// About how many bytes of messages one subscribe reply carries.
    pub reply_bytes: usize,
    /// The smallest reply that is worth compressing.
    pub gzip_bytes: usize,
    /// How many connections are open at once.
    pub connections_max: usize,
    /// How many requests of one HTTP/2 connection are under way at once.
    pub http2_streams_max: u32,
}

impl Edge {
    pub(super) fn read(settings: &Section<'_>) -> Result<Self, ConfigError> {
        let edge = Self {
            lean: settings.flag("lean")?,
            poll_hold: settings.seconds("poll_hold_seconds", 1..=3600)?,
            idle: settings.seconds("idle_seconds", 1..=3600)?,
            head: settings.seconds("head_seconds", 1..=600)?,
            write: settings.seconds("write_seconds", 1..=600)?,
            request_target_bytes: settings.count("request_target_bytes", 1024..=1_048_576)?,
            head_bytes: settings.count("head_bytes", 2048..=2_097_152)?,
            body_bytes: settings.count("body_bytes", 1024..=LARGEST_BYTES)?,
            message_bytes: settings.count("message_bytes", 64..=LARGEST_BYTES)?,
            large_message_bytes: settings.count("large_message_bytes", 64..=LARGEST_BYTES)?,
            reply_bytes: settings.count("reply_bytes", 1024..=LARGEST_BYTES)?,
            gzip_bytes: settings.count("gzip_bytes", 0..=LARGEST_BYTES)?,
            connections_max: settings.count("connections_max", 1..=10_000_000)?,
            http2_streams_max: u32::try_from(settings.count("http2_streams_max", 1..=10_000)?).unwrap_or(u32::MAX),
        };
        let in_order = [
            ("request_target_bytes", edge.request_target_bytes, "head_bytes", edge.head_bytes),
            ("message_bytes", edge.message_bytes, "large_message_bytes", edge.large_message_bytes),
            ("large_message_bytes", edge.large_message_bytes, "body_bytes", edge.body_bytes),
        ];
        match in_order.into_iter().find(|(_, low, _, high)| low > high) {
            Some((low, _, high, _)) => Err(settings.exceeds(low, high)),
            None => Ok(edge),
        }
    }
}
