//! The client: what every call of it shares.

use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use wire::Timestamp;
use wire::answer::refused_within;

use crate::call::{Answered, Call, Options};
use crate::config::Config;
use crate::error::Error;
use crate::operation::Operation;
use crate::origin::Origin;
use crate::request::{Outgoing, Response};
#[cfg(feature = "http")]
use crate::runtime::Runtime;
use crate::sign;
use crate::status::Status;
use crate::subscribe::{Hub, Lease, Wish};
#[cfg(feature = "http")]
use crate::transport::HttpTransport;
use crate::transport::Transport;

/// What makes calls: [`Client`] and [`blocking::Client`](crate::blocking::Client) are this, and differ only in how a call is run.
///
/// Cheap to clone; clones share connections, the token and subscriptions.
pub struct Caller<M> {
    core: Arc<Core>,
    lease: Arc<Lease>,
    mode: PhantomData<fn() -> M>,
}

/// The client for asynchronous programs: `.await` runs a call.
pub type Client = Caller<Async>;

/// Calls are run by `.await`.
#[derive(Debug)]
pub enum Async {}

/// Calls are run by `.sync()`.
#[derive(Debug)]
pub enum Blocking {}

/// How calls are run.
pub trait Mode: sealed::Mode {}

impl Mode for Async {}
impl Mode for Blocking {}

mod sealed {
    use super::{Async, Blocking};

    pub trait Mode: 'static {
        /// How long the last handle of a client waits for the user to have left.
        const FAREWELL: std::time::Duration;

        /// The runtime of a client that is made now.
        #[cfg(feature = "http")]
        #[allow(private_interfaces, reason = "this module is private, and nobody else sees the trait")]
        fn runtime() -> Result<crate::runtime::Runtime, crate::error::Error>;
    }

    #[allow(private_interfaces, reason = "this module is private, and nobody else sees the trait")]
    impl Mode for Async {
        const FAREWELL: std::time::Duration = std::time::Duration::ZERO;

        #[cfg(feature = "http")]
        fn runtime() -> Result<crate::runtime::Runtime, crate::error::Error> {
            crate::runtime::Runtime::current()
        }
    }

    #[allow(private_interfaces, reason = "this module is private, and nobody else sees the trait")]
    impl Mode for Blocking {
        const FAREWELL: std::time::Duration = crate::subscribe::FAREWELL;

        #[cfg(feature = "http")]
        fn runtime() -> Result<crate::runtime::Runtime, crate::error::Error> {
            crate::runtime::Runtime::shared()
        }
    }
}

/// What all clones of a client share.
pub(crate) struct Core {
    pub(crate) config: Config,
    pub(crate) origin: Origin,
    token: RwLock<Option<String>>,
    /// Tells this client from others of the same user.
    instance: String,
    /// The number of the last message that was published.
    sequence: AtomicU16,
    transport: Box<dyn Transport>,
    pub(crate) hub: Arc<Hub>,
    #[cfg(feature = "http")]
    pub(crate) runtime: Runtime,
}

impl<M: Mode> Caller<M> {
    /// A client with this configuration. Nothing is sent yet.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) when the subscribe key is missing, or the origin, the proxy or a certificate
    /// is not one.
    #[cfg(feature = "http")]
    pub fn new(config: Config) -> Result<Self, Error> {
        let (origin, runtime) = (config.check()?, M::runtime()?);
        let transport = HttpTransport::on(runtime.clone(), &config, &origin)?;
        Ok(Self::of(Core::new(config, origin, transport, runtime)))
    }

    /// A client that sends its requests with a transport of the application's own.
    ///
    /// ```
    /// use hereabouts::{BoxFuture, Client, Config, Error, Outgoing, Response, Transport};
    ///
    /// struct Offline;
    ///
    /// impl Transport for Offline {
    ///     fn send(&self, _: Outgoing) -> BoxFuture<Result<Response, Error>> {
    ///         Box::pin(async { Err(Error::connection("there is no network")) })
    ///     }
    /// }
    ///
    /// let client = Client::with_transport(Config::new("demo"), Offline)?;
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) when the subscribe key is missing, or the origin is not one.
    pub fn with_transport(config: Config, transport: impl Transport) -> Result<Self, Error> {
        let origin = config.check()?;
        #[cfg(feature = "http")]
        let runtime = M::runtime()?;
        Ok(Self::of(Core::new(
            config,
            origin,
            transport,
            #[cfg(feature = "http")]
            runtime,
        )))
    }
}

impl<M: Mode> Caller<M> {
    fn of(core: Core) -> Self {
        let lease = Lease::new(Arc::clone(&core.hub), M::FAREWELL);
        Self::with(Arc::new(core), Arc::new(lease))
    }
}

impl<M> Caller<M> {
    pub(crate) fn with(core: Arc<Core>, lease: Arc<Lease>) -> Self {
        Self { core, lease, mode: PhantomData }
    }

    pub(crate) fn lease(&self) -> &Arc<Lease> {
        &self.lease
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// What it was made with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.core.config
    }

    /// A call of this operation.
    pub fn call<O: Operation>(&self, operation: O) -> Call<M, O> {
        Call::new(self.clone(), operation)
    }

    /// Sends this token, or auth key, with every request from now on; an empty one is none.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
    /// client.set_token("p0F2AkF0…");
    /// assert_eq!(client.token().as_deref(), Some("p0F2AkF0…"));
    /// client.set_token("");
    /// assert_eq!(client.token(), None);
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn set_token(&self, token: impl Into<String>) {
        *self.core.token.write().unwrap_or_else(PoisonError::into_inner) = Some(token.into());
        self.core.hub.wish_if_driven(Wish::Credentials);
    }

    /// The token that is sent, if there is one.
    #[must_use]
    pub fn token(&self) -> Option<String> {
        self.core.token()
    }
}

impl<M> Clone for Caller<M> {
    fn clone(&self) -> Self {
        Self::with(Arc::clone(&self.core), Arc::clone(&self.lease))
    }
}

impl<M> fmt::Debug for Caller<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&self.core.config).finish()
    }
}

impl Core {
    fn new(
        config: Config,
        origin: Origin,
        transport: impl Transport,
        #[cfg(feature = "http")] runtime: Runtime,
    ) -> Self {
        Self {
            token: RwLock::new(config.token.clone()),
            instance: config.instance_id.clone().unwrap_or_else(random_name),
            sequence: AtomicU16::new(0),
            config,
            origin,
            transport: Box::new(transport),
            hub: Arc::default(),
            #[cfg(feature = "http")]
            runtime,
        }
    }

    fn token(&self) -> Option<String> {
        let token = self.token.read().unwrap_or_else(PoisonError::into_inner).clone();
        token.filter(|token| !token.is_empty())
    }

    /// The number of the next message: 1 to 65,535, and from 1 on again.
    pub(crate) fn next_sequence(&self) -> u16 {
        let next = |last: u16| Some(last.checked_add(1).unwrap_or(1));
        let last = self.sequence.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        last.unwrap_or_default().checked_add(1).unwrap_or(1)
    }

    fn now(&self) -> Timestamp {
        (self.config.clock)()
    }

    /// The request of an operation as it is sent: with who asks, the token and the signature.
    pub(crate) fn prepare<O: Operation>(&self, operation: &O, options: &Options) -> Result<Outgoing, Error> {
        let Config { user, publish_key, secret_key, .. } = &self.config;
        let mut request = operation.request(&self.config)?;
        // Whatever reads a URL takes them for steps, encoded or not, and asks for something else.
        if request.path.split('/').any(|segment| matches!(segment, "." | "..")) {
            return Err(Error::usage("a name of one or two dots cannot stand in a URL"));
        }
        request.query.extend(options.query.iter().cloned());
        if request.query.iter().all(|(name, _)| name != "uuid") {
            request = request.with_some("uuid", user.clone());
        }
        request = request.with("pnsdk", SDK).with("instanceid", self.instance.as_str());
        if !O::OPEN {
            request = request.with_some("auth", self.token());
        }
        if let Some(secret_key) = secret_key.as_ref().filter(|_| !O::OPEN) {
            let publish_key = publish_key.as_deref().ok_or_else(|| Error::usage("signing needs a publish key"))?;
            request = sign::signed(request, publish_key, secret_key, self.now());
        }
        Ok(Outgoing {
            method: request.method,
            origin: self.origin.clone(),
            target: request.target(),
            headers: self.config.headers.iter().cloned().chain(request.headers).collect(),
            body: request.body,
            timeout: options.timeout.or(request.timeout).unwrap_or(self.config.request_timeout),
            answer_bytes_max: self.config.answer_bytes_max,
        })
    }

    /// Runs an operation.
    pub(crate) async fn run<O: Operation>(&self, operation: &O, options: &Options) -> Answered<O::Output> {
        let (outcome, affected) = (self.exchange(operation, options).await, operation.affects());
        match outcome {
            Ok((result, code)) => {
                if let Some((places, state)) = operation.sets_state() {
                    self.state_was_set(&places, &state);
                }
                Answered { result: Ok(result), status: Status::done(O::NAME, code, affected) }
            }
            Err(error) => {
                let status = Status::failed(O::NAME, &error, affected);
                Answered { result: Err(error), status }
            }
        }
    }

    async fn exchange<O: Operation>(&self, operation: &O, options: &Options) -> Result<(O::Output, u16), Error> {
        let outgoing = self.prepare(operation, options).map_err(|error| error.during(O::NAME))?;
        let response = self.transport.send(outgoing).await.map_err(|error| error.during(O::NAME))?;
        Ok((self.understand(operation, &response)?, response.status))
    }

    /// What an answer means, refusals included.
    pub(crate) fn understand<O: Operation>(&self, operation: &O, response: &Response) -> Result<O::Output, Error> {
        let outcome = match response.status {
            200..=299 => match refused_within(&response.body) {
                Some(refused) => Err(Error::refused(refused.status.unwrap_or_default(), Some(refused))),
                None => operation.answer(response),
            },
            _ => Err(Error::of(response, self.now())),
        };
        outcome.map_err(|error| {
            let token = self.token();
            let known = [token.as_deref(), self.config.secret_key.as_deref()].into_iter().flatten();
            error.during(O::NAME).without(known.chain(operation.secrets()))
        })
    }
}

/// How this client names itself (`pnsdk`).
const SDK: &str = concat!("hereabouts-rust/", env!("CARGO_PKG_VERSION"));

/// A name that no other client has.
fn random_name() -> String {
    format!("{:032x}", fastrand::u128(..))
}
