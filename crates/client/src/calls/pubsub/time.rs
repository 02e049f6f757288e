//! The server's time.

use wire::{Timetoken, pubsub};

use crate::call::Call;
use crate::client::Caller;
use crate::config::Config;
use crate::error::Error;
use crate::operation::Operation;
use crate::request::{Request, Response};

/// The server's time: made by [`Caller::time`].
#[derive(Clone, Copy, Default)]
pub struct Time(());

impl<M> Caller<M> {
    /// The server's time, in 100 ns since the Unix epoch. Needs no key and no permission.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
    /// let now = client.time().await?;
    /// assert!(now.ticks() > 17_000_000_000_000_000, "ten millionths of a second since 1970");
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn time(&self) -> Call<M, Time> {
        self.call(Time::default())
    }
}

impl Operation for Time {
    type Output = Timetoken;

    const NAME: &'static str = "time";
    const OPEN: bool = true;

    fn request(&self, _: &Config) -> Result<Request, Error> {
        Ok(Request::get(["time", "0"]))
    }

    fn answer(&self, response: &Response) -> Result<Timetoken, Error> {
        Ok(pubsub::read_time(&response.body)?)
    }
}
