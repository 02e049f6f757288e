//! Present without a subscription: by heartbeats, for as long as the client is there.

use std::sync::Arc;

use futures_channel::oneshot;

use super::builders::{names_of, on_places};
use super::hub::Wish;
use super::name::NameSet;
use crate::call::Answered;
use crate::calls::presence::PresenceResult;
#[cfg(feature = "http")]
use crate::client::Blocking;
use crate::client::{Async, Caller};
use crate::error::Error;
use crate::names::Names;
use crate::places::Places;
use crate::status::Status;
use crate::transport::BoxFuture;

/// Channels and groups to be present on without a subscription: made by [`Caller::presence`].
///
/// It is run like a call, and then waits for the first heartbeat or the leave; or by [`execute`](Self::execute), which does not.
///
/// ```
/// # testkit::example::run(async |origin| {
/// # use hereabouts::{Client, Config};
/// # let client = Client::new(Config::new("demo").user("ann").origin(origin))?;
/// client.presence().connected(true).channels("kitchen").await?;
/// assert_eq!(client.here_now().channels("kitchen").await?.total_occupancy, 1);
///
/// client.presence().connected(false).channels("kitchen").await?;
/// assert_eq!(client.here_now().channels("kitchen").await?.total_occupancy, 0);
/// # Ok::<(), hereabouts::Error>(()) });
/// ```
#[must_use = "nothing changes until it is awaited, or run by sync(), pn_async() or execute()"]
pub struct SetPresence<M> {
    caller: Caller<M>,
    places: Places,
    connected: Option<bool>,
}

on_places!(SetPresence);

impl<M> SetPresence<M> {
    /// The documented name of the call.
    const NAME: &'static str = "presence";

    pub(crate) fn new(caller: Caller<M>) -> Self {
        Self { caller, places: Places::default(), connected: None }
    }

    /// Whether the user is to be present on them (`true`) or to leave them (`false`). Needed.
    pub fn connected(mut self, connected: bool) -> Self {
        self.connected = Some(connected);
        self
    }

    /// Begins to send heartbeats for these channels and groups, or ends it and leaves them. It happens in the background;
    /// failures are told as [`SubscribeStatus`](crate::SubscribeStatus).
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) when there is no user, no name, a name that cannot be one, or it was not said
    /// which of the two.
    pub fn execute(self) -> Result<(), Error> {
        let (connected, names) = self.checked()?;
        self.caller.wish(Wish::Presence { connected, names, reply: None });
        Ok(())
    }

    /// Does it, and returns at once; the callback is handed the result and the status. See
    /// [`Call::pn_async`](crate::Call::pn_async).
    ///
    /// The status has no HTTP status: what keeps a user present is more than one request.
    #[cfg(feature = "http")]
    pub fn pn_async(self, callback: impl FnOnce(Result<PresenceResult, Error>, Status) + Send + 'static)
    where
        M: 'static,
    {
        let runtime = self.caller.core().runtime.clone();
        let task = runtime.clone().spawn(async move {
            let Answered { result, status } = self.run().await;
            runtime.call(move || callback(result, status));
        });
        task.detach();
    }

    fn checked(&self) -> Result<(bool, NameSet), Error> {
        let connected = self.connected.ok_or_else(|| Error::usage("connected(true) or connected(false)?"));
        let checked = connected.and_then(|connected| {
            self.caller.config().require_user()?;
            Ok((connected, names_of(&self.places)?))
        });
        checked.map_err(|error| error.during(Self::NAME))
    }

    async fn run(self) -> Answered<PresenceResult> {
        let result = self.outcome().await;
        let status = match &result {
            Ok(_) => Status { status_code: None, ..Status::done(Self::NAME, 0, self.places) },
            Err(error) => Status::failed(Self::NAME, error, self.places),
        };
        Answered { result, status }
    }

    async fn outcome(&self) -> Result<PresenceResult, Error> {
        let (connected, names) = self.checked()?;
        let (reply, outcome) = oneshot::channel();
        self.caller.wish(Wish::Presence { connected, names, reply: Some(reply) });
        match outcome.await {
            Ok(Ok(())) => Ok(PresenceResult {}),
            Ok(Err(error)) => Err(Arc::unwrap_or_clone(error).during(Self::NAME)),
            Err(_) => Err(Error::connection("the client was stopped").during(Self::NAME)),
        }
    }
}

/// `.await` waits for the first heartbeat, or for the leave. One that failed is an error; heartbeats go on all the same, until the user
/// is to leave.
///
/// While the client is [disconnected](Caller::disconnect), it waits.
impl IntoFuture for SetPresence<Async> {
    type Output = Result<PresenceResult, Error>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.run().await.result })
    }
}

#[cfg(feature = "http")]
impl SetPresence<Blocking> {
    /// Does it, and waits for the first heartbeat, or for the leave; like `.await` in an asynchronous program.
    ///
    /// # Errors
    /// [`Error`] says what went wrong.
    pub fn sync(self) -> Result<PresenceResult, Error> {
        let runtime = self.caller.core().runtime.clone();
        let result = runtime.wait(async move { self.run().await.result });
        result.unwrap_or_else(|| Err(Error::connection("the call was given up").during(Self::NAME)))
    }
}
