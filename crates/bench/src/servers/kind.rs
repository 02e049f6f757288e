//! Which servers there are, and how each is talked to.

use crate::talk::{
    Centrifuge, HttpCaller, LongPoll, Mqtt, Nats, Nchan, RedisCaller, RedisSubscriber, Role, SocketIo, Talk, command,
    message,
};

/// About the bytes of a body that is delivered. Ours has an envelope around the payload, and the others none.
const BODY_BYTES: usize = 150;
/// What our envelope leaves of it.
const PAYLOAD_BYTES: usize = 24;

/// A server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Ours,
    /// Ours, with every connection sent to the framework instead of the lean loop.
    Framework,
    /// `raw`: the limit.
    Raw,
    /// axum, answering a constant.
    Constant,
    Nchan,
    Redis,
    Nats,
    Mosquitto,
    Centrifuge,
    SocketIo,
}

impl Kind {
    pub(crate) const ALL: [Self; 10] = [
        Self::Ours,
        Self::Framework,
        Self::Raw,
        Self::Constant,
        Self::Nchan,
        Self::Redis,
        Self::Nats,
        Self::Mosquitto,
        Self::Centrifuge,
        Self::SocketIo,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "us",
            Self::Framework => "us, framework",
            Self::Raw => "raw epoll",
            Self::Constant => "axum constant",
            Self::Nchan => "Nchan",
            Self::Redis => "Redis",
            Self::Nats => "NATS",
            Self::Mosquitto => "mosquitto",
            Self::Centrifuge => "centrifuge",
            Self::SocketIo => "Socket.IO",
        }
    }

    /// The nth subscriber of a channel.
    pub(crate) fn subscriber(self, channel: &str, number: usize) -> Box<dyn Talk> {
        match self {
            Self::Ours | Self::Framework | Self::Raw | Self::Constant => Box::new(LongPoll::new(channel, None)),
            Self::Nchan => Box::new(Nchan::subscriber(channel)),
            Self::Redis => Box::new(RedisSubscriber::new(channel)),
            Self::Nats => Box::new(Nats::subscriber(channel)),
            Self::Mosquitto => Box::new(Mqtt::subscriber(format!("subscriber-{number}"), channel)),
            Self::Centrifuge => Box::new(Centrifuge::new(Role::Subscriber(channel.to_owned()))),
            Self::SocketIo => Box::new(SocketIo::subscriber(channel)),
        }
    }

    /// Publishes to a channel, once each time it is asked.
    pub(crate) fn publisher(self, channel: &str) -> Box<dyn Talk> {
        let channel = channel.to_owned();
        match self {
            Self::Ours | Self::Framework | Self::Raw | Self::Constant => Box::new(HttpCaller::new(move |number| {
                format!("/publish/demo/demo/0/{channel}/0/%22{}%22?uuid=ann", message(number, PAYLOAD_BYTES))
            })),
            Self::Nchan => Box::new(Nchan::publisher(&channel, BODY_BYTES)),
            Self::Redis => Box::new(RedisCaller::new(1, move |number, out| {
                command(&["PUBLISH", &channel, &message(number, BODY_BYTES)], out);
            })),
            Self::Nats => Box::new(Nats::publisher(&channel, BODY_BYTES)),
            Self::Mosquitto => Box::new(Mqtt::publisher(&channel, BODY_BYTES)),
            Self::Centrifuge => Box::new(Centrifuge::new(Role::Publisher(channel, BODY_BYTES))),
            Self::SocketIo => Box::new(SocketIo::publisher(&channel, BODY_BYTES)),
        }
    }
}
