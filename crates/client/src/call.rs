//! A call is a value until it is run: with `.await`, `.sync()` or `.pn_async(callback)`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::client::{Async, Blocking, Caller, Core};
use crate::config::Config;
use crate::error::Error;
use crate::operation::Operation;
use crate::places::Places;
use crate::request::{Outgoing, Request, Response};
use crate::status::{Envelope, Status};
use crate::transport::BoxFuture;

/// A call that was not made yet. Its options chain; see [`Caller`] for all calls there are.
///
/// ```no_run
/// # async fn example(client: hereabouts::Client) -> Result<(), hereabouts::Error> {
/// let here = client.here_now().channels("lobby").include_state(true).await?;
/// # Ok(()) }
/// ```
#[must_use = "a call does nothing until it is awaited, or run by sync() or pn_async()"]
pub struct Call<M, O> {
    caller: Caller<M>,
    pub(crate) operation: O,
    options: Options,
}

/// Options that every call has.
#[derive(Clone, Default)]
pub(crate) struct Options {
    pub(crate) query: Vec<(String, String)>,
    pub(crate) timeout: Option<Duration>,
}

/// What came of a call.
pub(crate) struct Answered<T> {
    pub(crate) result: Result<T, Error>,
    #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "callbacks alone are handed it"))]
    pub(crate) status: Status,
}

impl<M, O: Operation> Call<M, O> {
    pub(crate) fn new(caller: Caller<M>, operation: O) -> Self {
        Self { caller, operation, options: Options::default() }
    }

    /// Parameters of the application's own, added to the query of the URL.
    ///
    /// ```no_run
    /// # async fn example(client: hereabouts::Client) -> Result<(), hereabouts::Error> {
    /// client.here_now().channels("lobby").query_param([("trace", "7")]).await?;
    /// # Ok(()) }
    /// ```
    pub fn query_param<N: Into<String>, V: Into<String>>(
        mut self,
        parameters: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.options.query.extend(parameters.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// How long this call may take, instead of what the client is set to.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
    /// use std::time::Duration;
    ///
    /// client.time().timeout(Duration::from_secs(60)).await?;
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// The same call, resulting in its [`Status`] as well.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
    /// use hereabouts::{Category, Envelope};
    ///
    /// let Envelope { result, status } = client.time().envelope().await?;
    /// assert_eq!((status.category, status.status_code, status.operation), (Category::Acknowledgment, Some(200), "time"));
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn envelope(self) -> Call<M, Enveloped<O>> {
        Call { caller: self.caller, operation: Enveloped(self.operation), options: self.options }
    }

    /// The request that it would send now, for whoever wants to send it otherwise or look at it.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
    /// let request = client.where_now().user("bob").to_request()?;
    /// assert!(request.target.starts_with("/v2/presence/sub-key/demo/uuid/bob?uuid=ann&"));
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) when something that it needs is missing.
    pub fn to_request(&self) -> Result<Outgoing, Error> {
        self.caller.core().prepare(&self.operation, &self.options).map_err(|error| error.during(O::NAME))
    }

    /// What a response to it means, as if it had come from the server.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
    /// use hereabouts::Response;
    ///
    /// let time = client.time().interpret(&Response::new(200, "[17000000000000000]"))?;
    /// assert_eq!(time.ticks(), 17_000_000_000_000_000);
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    ///
    /// # Errors
    /// Whatever the response says went wrong.
    pub fn interpret(&self, response: &Response) -> Result<O::Output, Error> {
        self.caller.core().understand(&self.operation, response)
    }

    fn into_parts(self) -> (Arc<Core>, O, Options) {
        (Arc::clone(self.caller.core()), self.operation, self.options)
    }

    /// Makes the call and returns at once; the callback is handed the result and the status.
    ///
    /// The callback runs on a thread where it may block, and make calls with [`Call::sync`]. It is not called any more once
    /// the program has ended, or the runtime in which the client was made.
    ///
    /// ```no_run
    /// # let client = hereabouts::blocking::Client::new(hereabouts::Config::new("demo")).unwrap();
    /// client.publish().channel("lobby").message("hi").pn_async(|result, status| match result {
    ///     Ok(sent) => println!("TT: {}, status: {}", sent.timetoken, status.category.name()),
    ///     Err(error) => eprintln!("{error}"),
    /// });
    /// ```
    #[cfg(feature = "http")]
    pub fn pn_async(self, callback: impl FnOnce(Result<O::Output, Error>, Status) + Send + 'static) {
        let (core, operation, options) = self.into_parts();
        let runtime = core.runtime.clone();
        let task = runtime.clone().spawn(async move {
            let Answered { result, status } = core.run(&operation, &options).await;
            runtime.call(move || callback(result, status));
        });
        task.detach();
    }
}

/// `.await` makes the call. It works on any executor.
impl<O: Operation> IntoFuture for Call<Async, O> {
    type Output = Result<O::Output, Error>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let (core, operation, options) = self.into_parts();
        Box::pin(async move { core.run(&operation, &options).await.result })
    }
}

impl<O: Operation> Call<Blocking, O> {
    /// Makes the call and waits for its answer.
    ///
    /// ```
    /// use hereabouts::{Config, blocking::Client};
    ///
    /// # let config = Config::new("demo").origin(testkit::example::origin());
    /// let client = Client::new(config)?;
    /// println!("{}", client.time().sync()?);
    /// # Ok::<(), hereabouts::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error`] says what went wrong.
    #[cfg(feature = "http")]
    pub fn sync(self) -> Result<O::Output, Error> {
        let (core, operation, options) = self.into_parts();
        let runtime = core.runtime.clone();
        let result = runtime.wait(async move { core.run(&operation, &options).await.result });
        result.unwrap_or_else(|| Err(Error::connection("the call was given up").during(O::NAME)))
    }
}

/// Its name alone: options hold states and messages.
impl<M, O: Operation> fmt::Debug for Call<M, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Call").field(&O::NAME).finish()
    }
}

/// An operation whose status is wanted as well: what [`Call::envelope`] makes.
#[derive(Clone)]
pub struct Enveloped<O>(O);

impl<O: Operation> Operation for Enveloped<O> {
    type Output = Envelope<O::Output>;

    const NAME: &'static str = O::NAME;
    const OPEN: bool = O::OPEN;

    fn request(&self, config: &Config) -> Result<Request, Error> {
        self.0.request(config)
    }

    fn answer(&self, response: &Response) -> Result<Self::Output, Error> {
        let status = Status::done(O::NAME, response.status, self.0.affects());
        Ok(Envelope { result: self.0.answer(response)?, status })
    }

    fn affects(&self) -> Places {
        self.0.affects()
    }

    fn sets_state(&self) -> Option<(Places, wire::Json)> {
        self.0.sets_state()
    }

    fn secrets(&self) -> Vec<&str> {
        self.0.secrets()
    }
}
