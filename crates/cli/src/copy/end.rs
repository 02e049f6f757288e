//! One end of a copy: a server that is asked at a bounded rate, and asked again when it is busy or away for a while.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use futures_util::stream::{self, Stream};
use hereabouts::calls::context::{ListResult, Listing, Page};
use hereabouts::{Async, Call, Client, Error, ErrorKind, Operation};
use tokio::sync::Mutex;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// How many records a page has: as many as the interface allows.
pub(super) const PAGE: u32 = 100;
/// The first delay before something is tried again, and the longest; in between it doubles. A server says otherwise by
/// `Retry-After`.
const FIRST_DELAY: Duration = Duration::from_millis(500);
const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// A server, and how it is treated.
pub(super) struct End {
    client: Client,
    pace: Option<Mutex<Interval>>,
    retries: usize,
}

impl End {
    /// `rate` is how many requests a second it may be asked, at most.
    pub(super) fn new(client: Client, rate: Option<f64>, retries: usize) -> Self {
        let pace = rate.map(|rate| {
            let mut ticks = interval(Duration::from_secs_f64(1.0 / rate));
            // After a pause it goes on at the same rate, and does not make up for it.
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            Mutex::new(ticks)
        });
        Self { client, pace, retries }
    }

    /// Makes a call, and makes it again when what failed may pass.
    pub(super) async fn ask<O: Operation>(&self, call: impl Fn(&Client) -> Call<Async, O>) -> Result<O::Output, Error> {
        let attempt = || async {
            if let Some(pace) = &self.pace {
                pace.lock().await.tick().await;
            }
            call(&self.client).await
        };
        let delays = ExponentialBuilder::new().with_min_delay(FIRST_DELAY).with_max_delay(LONGEST_DELAY).with_jitter();
        attempt
            .retry(delays.with_max_times(self.retries))
            .when(may_pass)
            .adjust(|error, delay| Some(delay?.max(error.retry_after().unwrap_or_default())))
            .await
    }

    /// The pages of a list, each read when it is wanted.
    pub(super) fn pages<'e, O, R>(
        &'e self,
        call: impl Fn(&Client) -> Call<Async, O> + 'e,
    ) -> impl Stream<Item = Result<ListResult<R>, Error>> + 'e
    where
        O: Listing<Output = ListResult<R>>,
        R: 'e,
    {
        let call = std::rc::Rc::new(call);
        stream::try_unfold(Some(None::<Page>), move |at| {
            let call = std::rc::Rc::clone(&call);
            async move {
                let Some(page) = at else { return Ok(None) };
                let first = page.is_none();
                let listed =
                    self.ask(|client| call(client).limit(PAGE).page(page.clone()).include_total_count(first)).await?;
                if listed.data.is_empty() {
                    return Ok(None);
                }
                // A server that leads back to the same page would do so for ever.
                let next = listed.next.clone().filter(|next| Some(next) != page.as_ref());
                Ok(Some((listed, next.map(Some))))
            }
        })
    }
}

/// Whether it may go better in a while.
fn may_pass(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Connection | ErrorKind::RateLimited | ErrorKind::Unavailable)
}
