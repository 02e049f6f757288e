//! Connections that take a place and give nothing: silent ones and slow ones.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use testkit::Connection;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::{CONNECTIONS_OF_ADDRESS, Options, Outcome, Outcomes, address};

/// Connections that are opened at once: as many as come in while the server does other things, too.
const AT_ONCE: usize = 64;
/// How often a slow client sends something.
const TRICKLE: Duration = Duration::from_secs(1);

/// Beginnings of requests that slow clients never finish: of heads, bodies and chunks, and of HTTP/2.
const BEGINNINGS: [&str; 4] = [
    "GET /time/0 HTTP/1.1\r\nHost: here\r\n",
    "POST /publish/victim/victim/0/room/0 HTTP/1.1\r\nHost: here\r\nContent-Length: 30000\r\n\r\n\"",
    "POST /publish/victim/victim/0/room/0 HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n\"half\r\n",
    "PRI * HTTP/2.0\r\n\r\n",
];
/// What they go on with, a few bytes at a time.
const GOES_ON: [&str; 4] = ["x: y\r\n", "xxxxxx", "1\r\nx\r\n", ""];

/// The connections.
pub(super) struct Crowd {
    server: SocketAddr,
    idle: Vec<Connection>,
    slow: Vec<Slow>,
    outcomes: Outcomes,
}

struct Slow {
    number: usize,
    connection: Option<Connection>,
}

const IDLE: &str = "connections that say nothing";
const SLOW: &str = "requests that never end";

/// Opens them, from as many addresses as it takes.
pub(super) async fn gather(server: SocketAddr, options: &Options) -> Result<Crowd> {
    let mut crowd = Crowd { server, idle: Vec::new(), slow: Vec::new(), outcomes: Outcomes::new() };
    for from in (0..options.idle + options.slow).step_by(AT_ONCE) {
        for number in from..(from + AT_ONCE).min(options.idle + options.slow) {
            let source = address(number / (CONNECTIONS_OF_ADDRESS - AT_ONCE));
            let opened = Connection::open_from(source, server).await;
            let mut connection = opened.with_context(|| format!("connection {number} from {source}"))?;
            if number < options.idle {
                crowd.outcomes.entry(IDLE).or_default().tried += 1;
                crowd.idle.push(connection);
            } else {
                crowd.outcomes.entry(SLOW).or_default().tried += 1;
                connection.send(BEGINNINGS[number % BEGINNINGS.len()]).await?;
                crowd.slow.push(Slow { number, connection: Some(connection) });
            }
        }
    }
    Ok(crowd)
}

impl Crowd {
    /// Lets slow clients send a little now and then, until the time has come. Who was cut off comes again. Answers with
    /// how many connections were open.
    pub(super) async fn trickle(&mut self, until: Instant) -> usize {
        while Instant::now() + TRICKLE < until {
            for slow in &mut self.slow {
                let goes_on = GOES_ON[slow.number % GOES_ON.len()];
                let alive = match &mut slow.connection {
                    Some(connection) if !goes_on.is_empty() => connection.send(goes_on).await.is_ok(),
                    Some(connection) => !is_closed(connection).await,
                    None => false,
                };
                if alive {
                    continue;
                }
                // What the server said before it closed is seen in its own figures.
                let outcome = self.outcomes.entry(SLOW).or_default();
                outcome.tried += 1;
                *outcome.answers.entry(408).or_default() += 1;
                let source = address(100 + slow.number % 100);
                slow.connection = Connection::open_from(source, self.server).await.ok();
                if let Some(connection) = &mut slow.connection {
                    let _ = connection.send(BEGINNINGS[slow.number % BEGINNINGS.len()]).await;
                }
            }
            sleep(TRICKLE).await;
        }
        sleep_until(until).await;
        self.idle.len() + self.slow.iter().filter(|slow| slow.connection.is_some()).count()
    }

    pub(super) fn outcomes(&self) -> Outcomes {
        self.outcomes.clone()
    }
}

async fn is_closed(connection: &mut Connection) -> bool {
    timeout(Duration::from_millis(1), connection.rest()).await.is_ok()
}

/// One address opens more connections than it may have: those above it are told so.
pub(super) async fn too_many(server: SocketAddr) -> Outcome {
    let mut outcome = Outcome::default();
    let mut open = Vec::new();
    let source = address(5_000);
    for number in 0..CONNECTIONS_OF_ADDRESS + 50 {
        let Ok(mut connection) = Connection::open_from(source, server).await else {
            outcome.note(0, &[], "a connection that was not accepted");
            continue;
        };
        let expected = if number < CONNECTIONS_OF_ADDRESS { 200 } else { 429 };
        let answer = connection.get("/time/0").await.map_or(0, |reply| reply.status);
        // A request that meets a closed connection may find the answer destroyed.
        outcome.note(answer, if expected == 429 { &[429, 0] } else { &[200] }, "a connection of one address");
        open.push(connection);
    }
    outcome
}
