//! The honest client: publishes at a steady pace, and hears itself.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use testkit::{Connection, Reply};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// Fifty messages a second: enough to see every pause, too few to be a load.
const PACE: Duration = Duration::from_millis(20);

/// From a publish that is sent to its message that was received, in microseconds.
#[derive(Clone, Debug)]
pub struct Latencies {
    histogram: Histogram<u32>,
}

impl Latencies {
    fn new() -> Result<Self> {
        Ok(Self { histogram: Histogram::new_with_bounds(1, 60_000_000, 3)? })
    }

    /// Messages that were received.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// What so many of a hundred do not exceed.
    #[must_use]
    pub fn percentile(&self, percent: f64) -> Duration {
        Duration::from_micros(self.histogram.value_at_percentile(percent))
    }

    /// The longest.
    #[must_use]
    pub fn max(&self) -> Duration {
        Duration::from_micros(self.histogram.max())
    }
}

/// A publisher and a subscriber at work.
pub(super) struct Honest {
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    publisher: JoinHandle<Result<usize>>,
    subscriber: JoinHandle<Result<usize>>,
}

struct Shared {
    address: SocketAddr,
    /// When each message was sent.
    sent: Mutex<Vec<Instant>>,
    latencies: Mutex<Latencies>,
}

const CHANNEL: &str = "honest";

impl Honest {
    pub(super) async fn start(address: SocketAddr) -> Result<Self> {
        let latencies = Mutex::new(Latencies::new()?);
        let shared = Arc::new(Shared { address, sent: Mutex::default(), latencies });
        let (stop, stopped) = watch::channel(false);
        let mut connection = Connection::open(address).await?;
        let cursor = right(connection.get(&poll(0)).await)?.timetoken();
        let subscriber = tokio::spawn(subscribe(Arc::clone(&shared), connection, cursor));
        let publisher = tokio::spawn(publish(Arc::clone(&shared), stopped));
        Ok(Self { shared, stop, publisher, subscriber })
    }

    /// What was measured since the last time.
    pub(super) fn latencies(&self) -> Result<Latencies> {
        ensure!(!self.publisher.is_finished() && !self.subscriber.is_finished(), "the honest client was let down");
        let mut latencies = self.shared.latencies.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(std::mem::replace(&mut *latencies, Latencies::new()?))
    }

    /// Ends it: every message must have been received, once and in order.
    pub(super) async fn stop(self) -> Result<()> {
        self.stop.send_replace(true);
        let published = self.publisher.await?.context("the publisher")?;
        let received = self.subscriber.await?.context("the subscriber")?;
        ensure!(published == received, "{published} messages were sent and {received} received");
        Ok(())
    }
}

fn poll(cursor: u64) -> String {
    format!("/v2/subscribe/demo/{CHANNEL}/0?tt={cursor}&uuid=honest-subscriber&heartbeat=300")
}

/// The last message has no number.
async fn publish(shared: Arc<Shared>, stopped: watch::Receiver<bool>) -> Result<usize> {
    let mut connection = Connection::open(shared.address).await?;
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut count = 0;
    while !*stopped.borrow() {
        pace.tick().await;
        shared.sent.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
        right(connection.get(&format!("/publish/demo/demo/0/{CHANNEL}/0/{count}?uuid=honest-publisher")).await)?;
        count += 1;
    }
    right(connection.get(&format!("/publish/demo/demo/0/{CHANNEL}/0/%22end%22?uuid=honest-publisher")).await)?;
    Ok(count)
}

async fn subscribe(shared: Arc<Shared>, mut connection: Connection, mut cursor: u64) -> Result<usize> {
    let mut count = 0;
    loop {
        let reply = right(connection.get(&poll(cursor)).await)?;
        let now = Instant::now();
        cursor = reply.timetoken();
        for payload in reply.payloads() {
            let Some(number) = payload.as_u64() else { return Ok(count) };
            ensure!(number == count as u64, "message {number} came in place of {count}");
            count += 1;
            let sent = shared.sent.lock().unwrap_or_else(PoisonError::into_inner)[number as usize];
            let mut latencies = shared.latencies.lock().unwrap_or_else(PoisonError::into_inner);
            latencies.histogram.saturating_record(now.duration_since(sent).as_micros() as u64);
        }
    }
}

fn right(reply: std::io::Result<Reply>) -> Result<Reply> {
    let reply = reply?;
    ensure!(reply.status == 200, "the honest client is answered {} {}", reply.status, reply.text());
    Ok(reply)
}
