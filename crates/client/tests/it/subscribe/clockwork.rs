//! What is sent, and when, with a transport that writes down and a clock that is moved.

use std::sync::{Arc, Mutex, OnceLock};

use hereabouts::{BoxFuture, Error, Outgoing, Response, Transport};

use super::timer::ManualTimer;
use super::*;

/// Writes down what was sent after how many seconds, and answers first calls, heartbeats and leaves.
#[derive(Clone)]
struct Log {
    timer: Arc<OnceLock<ManualTimer>>,
    lines: Arc<Mutex<Vec<(u64, String)>>>,
    /// How the first so many polls fail.
    failing: Arc<Mutex<usize>>,
}

impl Log {
    fn new(failing: usize) -> Self {
        Self { timer: Arc::default(), lines: Arc::default(), failing: Arc::new(Mutex::new(failing)) }
    }

    /// What was sent whose path holds this.
    fn lines(&self, part: &str) -> Vec<(u64, String)> {
        self.lines.lock().unwrap().iter().filter(|(_, target)| target.contains(part)).cloned().collect()
    }
}

impl Transport for Log {
    fn send(&self, request: Outgoing) -> BoxFuture<Result<Response, Error>> {
        self.lines.lock().unwrap().push((self.timer.get().unwrap().seconds(), request.target.clone()));
        let body = if request.target.contains("tt=0&") {
            let mut failing = self.failing.lock().unwrap();
            if *failing > 0 {
                *failing -= 1;
                return Box::pin(async { Err(Error::connection("the cable is cut")) });
            }
            r#"{"t":{"t":"17000000000000000","r":1},"m":[]}"#
        } else if request.target.starts_with("/v2/subscribe") {
            return Box::pin(std::future::pending());
        } else {
            "{}"
        };
        Box::pin(async move { Ok(Response::new(200, body)) })
    }
}

fn client(config: Config, log: &Log) -> (Client, ManualTimer) {
    let client = Client::with_transport(config, log.clone()).unwrap();
    let timer = ManualTimer::driving(&client);
    let _ = log.timer.set(timer.clone());
    (client, timer)
}

#[tokio::test]
async fn heartbeats_keep_to_half_the_timeout_less_a_second() {
    let log = Log::new(0);
    let (ann, timer) = client(Config::new("demo").user("ann").presence_timeout(20), &log);
    let mut kitchen = ann.subscribe().channels("kitchen").with_presence().stream().unwrap();
    timer.until(connected(&mut kitchen)).await;
    timer.pass(Duration::from_secs(30)).await;
    let heartbeats = log.lines("/heartbeat");
    let times: Vec<u64> = heartbeats.iter().map(|(seconds, _)| *seconds).collect();
    assert_eq!(times, [9, 18, 27]);
    let path = "/v2/presence/sub-key/demo/channel/kitchen/heartbeat?heartbeat=20&uuid=ann";
    assert!(heartbeats[0].1.starts_with(path), "{}", heartbeats[0].1);
}

#[tokio::test]
async fn retries_grow_further_apart_and_end_with_a_connection() {
    let log = Log::new(5);
    let (ann, timer) = client(Config::new("demo").user("ann"), &log);
    let mut kitchen = ann.subscribe().channels("kitchen").stream().unwrap();
    timer.until(until(&mut kitchen, Category::Connected)).await;
    let times: Vec<u64> = log.lines("tt=0&").iter().map(|(seconds, _)| *seconds).collect();
    assert_eq!(times.len(), 6);
    let gaps: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (gap, least) in gaps.iter().zip([1, 2, 4, 8, 16]) {
        assert!(*gap >= least - 1 && *gap <= 2 * least + 1, "{gaps:?}");
    }
}

#[tokio::test]
async fn without_a_network_nothing_is_sent() {
    let log = Log::new(0);
    let (ann, timer) = client(Config::new("demo").user("ann").presence_timeout(20), &log);
    let mut kitchen = ann.subscribe().channels("kitchen").stream().unwrap();
    timer.until(connected(&mut kitchen)).await;
    ann.network_lost();
    timer.until(until(&mut kitchen, Category::UnexpectedDisconnect)).await;
    let before = log.lines("").len();
    timer.pass(Duration::from_secs(3600)).await;
    assert_eq!(log.lines("").len(), before);
    ann.reconnect();
    timer.until(until(&mut kitchen, Category::Reconnected)).await;
}

#[tokio::test]
async fn the_last_handle_leaves_within_a_bound_even_if_nobody_answers() {
    /// Answers first calls, and nothing else.
    struct Deaf;
    impl Transport for Deaf {
        fn send(&self, request: Outgoing) -> BoxFuture<Result<Response, Error>> {
            match request.target.contains("tt=0&") {
                true => Box::pin(async { Ok(Response::new(200, r#"{"t":{"t":"17000000000000000","r":1},"m":[]}"#)) }),
                false => Box::pin(std::future::pending()),
            }
        }
    }
    let ann = Client::with_transport(Config::new("demo").user("ann"), Deaf).unwrap();
    let timer = ManualTimer::driving(&ann);
    let mut kitchen = ann.subscribe().channels("kitchen").stream().unwrap();
    timer.until(connected(&mut kitchen)).await;
    timer.until(ann.stop()).await;
    assert_eq!(timer.seconds(), 2);
}
