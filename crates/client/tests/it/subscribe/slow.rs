//! Readers that are slow, or do not read at all, with a transport that is made up and a clock that is moved.

use std::sync::Mutex;

use hereabouts::{BoxFuture, Error, GapCause, Outgoing, Response, Transport};

use super::timer::ManualTimer;
use super::*;

/// Sends ten messages with each answer, up to a last one.
struct Flood {
    sent: Mutex<u64>,
    last: u64,
}

impl Transport for Flood {
    fn send(&self, request: Outgoing) -> BoxFuture<Result<Response, Error>> {
        let mut sent = self.sent.lock().unwrap();
        if request.target.contains("tt=0&") {
            return Box::pin(async { Ok(response(1000, 0..0)) });
        }
        if !request.target.starts_with("/v2/subscribe") {
            return Box::pin(async { Ok(Response::new(200, "{}")) });
        }
        if *sent >= self.last {
            return Box::pin(std::future::pending());
        }
        let range = *sent..*sent + 10;
        *sent += 10;
        Box::pin(async move { Ok(response(1000 + range.end, range)) })
    }
}

fn response(cursor: u64, numbers: std::ops::Range<u64>) -> Response {
    let messages: Vec<String> =
        numbers.map(|number| format!(r#"{{"p":{{"t":"{}","r":1}},"c":"room","d":{number}}}"#, 1001 + number)).collect();
    let body = format!(r#"{{"t":{{"t":"{cursor}","r":1}},"m":[{}]}}"#, messages.join(","));
    let mut response = Response::new(200, body);
    response.headers.push(("hereabouts-gap".into(), "none".into()));
    response
}

fn flooded(last: u64) -> Client {
    Client::with_transport(Config::new("demo").user("ann"), Flood { sent: Mutex::new(0), last }).unwrap()
}

/// The numbers that come until the last one, and how many are said to be missing.
async fn read(subscription: &mut Subscription<hereabouts::Async>, last: u64) -> (Vec<u64>, u64) {
    let (mut numbers, mut missing) = (Vec::new(), 0);
    while numbers.last() != Some(&last) {
        match subscription.next().await.unwrap() {
            Event::Message(message) => numbers.push(message.message.read().unwrap()),
            Event::Gap(gap) => match gap.cause {
                GapCause::SlowReader { dropped } => missing += dropped,
                cause => panic!("{cause:?}"),
            },
            _ => {}
        }
    }
    (numbers, missing)
}

#[tokio::test]
async fn a_reader_that_is_slower_than_the_server_loses_nothing() {
    let client = flooded(200);
    let mut room = client.subscribe().channels("room").capacity(3).stream().unwrap();
    assert_eq!(read(&mut room, 199).await, ((0..200).collect(), 0));
}

#[tokio::test]
async fn a_reader_that_does_not_read_delays_the_others_once_and_is_told_what_it_lost() {
    let client = flooded(200);
    let timer = ManualTimer::driving(&client);
    let mut forgotten = client.subscribe().channels("room").capacity(20).stream().unwrap();
    let mut room = client.subscribe().channels("room").capacity(20).stream().unwrap();
    assert_eq!(timer.until(read(&mut room, 199)).await, ((0..200).collect(), 0));
    assert_eq!(timer.seconds(), 10);
    let (numbers, missing) = read(&mut forgotten, 199).await;
    assert_eq!(numbers, (180..200).collect::<Vec<u64>>(), "the newest are there");
    // The status that it was told first is among what it lost.
    assert!(missing >= 180, "{missing}");
}
