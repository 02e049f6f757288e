//! What a client knows before it asks anything.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use wire::Timestamp;

use crate::error::Error;
use crate::origin::Origin;
use crate::subscribe::Subscribing;

/// Keys, user, origin and limits of a client. Plain data: nothing is looked up or opened until a client is made of it.
///
/// ```
/// use hereabouts::{Client, Config};
///
/// let config = Config::new("demo").publish_key("demo").user("ann").origin("http://127.0.0.1:7700");
/// let client = Client::new(config)?;
/// # Ok::<(), hereabouts::Error>(())
/// ```
///
/// All of it, but for what is about subscribing:
///
/// ```
/// use std::time::Duration;
/// use hereabouts::Config;
///
/// let config = Config::new("sub-c-…")
///     .publish_key("pub-c-…")
///     .user("ann")
///     .token("p0F2AkF0…")
///     .origin("https://here.example.org")
///     .header("x-application", "chat")
///     .proxy("http://proxy.example.org:3128")
///     .root_certificate("-----BEGIN CERTIFICATE-----…")
///     .follow_redirects(false)
///     .connect_timeout(Duration::from_secs(5))
///     .request_timeout(Duration::from_secs(20))
///     .subscribe_timeout(Duration::from_secs(310))
///     .presence_timeout(120)
///     .answer_bytes_max(16 << 20)
///     .instance_id("phone");
/// ```
#[derive(Clone)]
pub struct Config {
    pub(crate) subscribe_key: String,
    pub(crate) publish_key: Option<String>,
    pub(crate) secret_key: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) origin: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) proxy: Option<String>,
    pub(crate) root_certificates: Vec<Vec<u8>>,
    pub(crate) follow_redirects: bool,
    pub(crate) connect_timeout: Duration,
    pub(crate) request_timeout: Duration,
    pub(crate) subscribe_timeout: Duration,
    pub(crate) presence_timeout: u32,
    pub(crate) subscribing: Subscribing,
    pub(crate) answer_bytes_max: usize,
    pub(crate) instance_id: Option<String>,
    pub(crate) clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl Config {
    /// Where a server listens that was started without settings.
    pub const DEFAULT_ORIGIN: &str = "http://127.0.0.1:7700";
    /// How long connecting may take.
    pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
    /// How long a call may take, connecting included.
    pub const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
    /// How long a subscribe may take. A server holds one for 280 s, and answers then.
    pub const DEFAULT_SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(310);
    /// Seconds without a sign of life after which a user is no longer present.
    pub const DEFAULT_PRESENCE_TIMEOUT: u32 = 300;
    /// Bytes of the longest answer that is read, decompressed: a page of 1,000 users with much `custom` has some 2 MB.
    pub const DEFAULT_ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;

    /// The configuration of a key set, by its subscribe key.
    #[must_use]
    pub fn new(subscribe_key: impl Into<String>) -> Self {
        Self {
            subscribe_key: subscribe_key.into(),
            publish_key: None,
            secret_key: None,
            user: None,
            token: None,
            origin: Self::DEFAULT_ORIGIN.to_owned(),
            headers: Vec::new(),
            proxy: None,
            root_certificates: Vec::new(),
            follow_redirects: false,
            connect_timeout: Self::DEFAULT_CONNECT_TIMEOUT,
            request_timeout: Self::DEFAULT_REQUEST_TIMEOUT,
            subscribe_timeout: Self::DEFAULT_SUBSCRIBE_TIMEOUT,
            presence_timeout: Self::DEFAULT_PRESENCE_TIMEOUT,
            subscribing: Subscribing::default(),
            answer_bytes_max: Self::DEFAULT_ANSWER_BYTES_MAX,
            instance_id: None,
            clock: Arc::new(now),
        }
    }

    /// The publish key: needed to publish, to signal and to sign.
    #[must_use]
    pub fn publish_key(mut self, key: impl Into<String>) -> Self {
        self.publish_key = Some(key.into());
        self
    }

    /// The secret key. With it every request is signed, which permits everything: it belongs on servers only.
    #[must_use]
    pub fn secret_key(mut self, key: impl Into<String>) -> Self {
        self.secret_key = Some(key.into());
        self
    }

    /// Who this client is: the user that is present where it subscribes, and whose metadata is meant where a call names none.
    #[must_use]
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// The same as [`Config::user`], by its documented name.
    #[must_use]
    pub fn user_id(self, user: impl Into<String>) -> Self {
        self.user(user)
    }

    /// The same as [`Config::user`], by its older name.
    #[must_use]
    pub fn uuid(self, user: impl Into<String>) -> Self {
        self.user(user)
    }

    /// The token or auth key to begin with; [`Caller::set_token`](crate::Caller::set_token) replaces it later.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Where the server is: `http://host:port` or `https://host`. A host alone is asked over TLS.
    #[must_use]
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origin = origin.into();
        self
    }

    /// A header that is sent with every request.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The proxy that every request goes through, as `http://host:port`. Without one, the environment says
    /// (`HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`).
    #[must_use]
    pub fn proxy(mut self, proxy: impl Into<String>) -> Self {
        self.proxy = Some(proxy.into());
        self
    }

    /// A certificate (PEM) to trust beside those of the machine: that of a server which signed its own.
    #[must_use]
    pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates.push(pem.into());
        self
    }

    /// Whether redirects are followed. By default they are not, and are an error: a request carries tokens and signatures, and
    /// its answer is believed, so it goes where it was sent and nowhere else.
    #[must_use]
    pub fn follow_redirects(mut self, yes: bool) -> Self {
        self.follow_redirects = yes;
        self
    }

    /// How long connecting may take, instead of 10 seconds.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a call may take, instead of 10 seconds.
    #[must_use]
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// How long a subscribe may take, instead of 310 seconds.
    #[must_use]
    pub fn subscribe_timeout(mut self, timeout: Duration) -> Self {
        self.subscribe_timeout = timeout;
        self
    }

    /// Seconds without a sign of life after which the user is no longer present, instead of 300. Heartbeats are sent to fit, unless
    /// [`heartbeat_interval`](Self::heartbeat_interval) says otherwise.
    #[must_use]
    pub fn presence_timeout(mut self, seconds: u32) -> Self {
        self.presence_timeout = seconds;
        self.subscribing.presence_timeout_is_set = true;
        self
    }

    /// Bytes of the longest answer that is read, instead of 8 MiB. A longer one is an error, and no more of it is read.
    #[must_use]
    pub fn answer_bytes_max(mut self, bytes: usize) -> Self {
        self.answer_bytes_max = bytes;
        self
    }

    /// What tells this client from others of the same user, instead of 32 random digits.
    #[must_use]
    pub fn instance_id(mut self, id: impl Into<String>) -> Self {
        self.instance_id = Some(id.into());
        self
    }

    /// Another clock than the machine's, for the time in signatures.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The user, for a call that cannot do without one.
    pub(crate) fn require_user(&self) -> Result<&str, Error> {
        self.user.as_deref().filter(|user| !user.is_empty()).ok_or_else(|| Error::usage("this call needs a user"))
    }

    /// The publish key, for a call that cannot do without one.
    pub(crate) fn require_publish_key(&self) -> Result<&str, Error> {
        self.publish_key
            .as_deref()
            .filter(|key| !key.is_empty())
            .ok_or_else(|| Error::usage("this call needs a publish key"))
    }

    /// An error without the secret key, for a call that cannot do without it.
    pub(crate) fn require_secret_key(&self) -> Result<(), Error> {
        match self.secret_key.as_deref() {
            Some(key) if !key.is_empty() => Ok(()),
            Some(_) | None => Err(Error::usage("this call needs the secret key")),
        }
    }

    /// Says what is wrong with it, once, when a client is made.
    pub(crate) fn check(&self) -> Result<Origin, Error> {
        if self.subscribe_key.is_empty() {
            return Err(Error::usage("the subscribe key is missing"));
        }
        Origin::parse(&self.origin)
    }
}

/// A browser has a clock, but the standard library does not know it there, and panics. It stands until the client is given one.
#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
fn now() -> Timestamp {
    Timestamp::from_millis(0)
}

/// The edge of the client to time: rules are handed what it says.
#[cfg(not(all(target_arch = "wasm32", target_os = "unknown")))]
#[allow(clippy::disallowed_methods, reason = "a client has no clock but the machine's unless it was given one")]
fn now() -> Timestamp {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
}

/// Without secrets and tokens.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("subscribe_key", &self.subscribe_key)
            .field("publish_key", &self.publish_key)
            .field("user", &self.user)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}
