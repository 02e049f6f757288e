//! An attack on a real server, and an honest client in its midst: `cargo xtask attack`.
//!
//! - Many connections that say nothing, and many that say something very slowly; beside them, workers that send what is
//!   too large, too deep, too much or no HTTP at all, over HTTP/1.1 and HTTP/2, one after the other, until it is over.
//! - Attackers come from addresses of this machine other than the honest client's, 127.0.0.0/8 being all ours.
//! - The honest client publishes at a steady pace to a subscriber of its own, before, during and after. None of its calls
//!   may be refused, and no message lost; how long each took is measured.
//! - Every answer to an attack is looked at: what must be refused is refused with the status that it should have, and no
//!   answer is a failure of the server.
//! - It is bounded in count and time, and stays on this machine.

mod crowd;
mod floods;
mod honest;
mod oversized;
mod report;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use testkit::Connection;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::process::Server;
use honest::Honest;

pub use honest::Latencies;
pub use report::{markdown, write_into};

/// What is done.
#[derive(Clone, Debug)]
pub struct Options {
    /// The program.
    pub server: PathBuf,
    /// Connections that say nothing.
    pub idle: usize,
    /// Connections that send a head, or a body, a few bytes at a time.
    pub slow: usize,
    /// Workers of each kind that send what they should not.
    pub workers: usize,
    /// How long the honest client is alone, before and again after.
    pub quiet: Duration,
    /// How long the attack lasts, once all connections are open.
    pub attack: Duration,
}

/// What was seen.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Of the honest client: before, during and after.
    pub phases: [Latencies; 3],
    /// Of the server: before, in the midst of the attack, and after.
    pub server: [Figures; 3],
    /// Connections of attackers that were open at once.
    pub connections: usize,
    /// What was sent by the name of the attack, and what came of it.
    pub attacks: BTreeMap<&'static str, Outcome>,
    /// Refusals by the limit that was met, as the server counts them.
    pub refused: BTreeMap<String, u64>,
}

/// What the server says of itself at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Connections that are open.
    pub connections: u64,
    /// Memory that it counts, in bytes.
    pub used: u64,
    /// Memory of the process, in bytes.
    pub resident: u64,
}

/// What came of one kind of attack.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// How often it was tried.
    pub tried: u64,
    /// Answers by status; 0 for a connection that was closed without one.
    pub answers: BTreeMap<u16, u64>,
    /// Answers that should have been others, each in words; the first few of them.
    pub wrong: Vec<String>,
}

/// Wrong answers of one kind that are shown.
const WRONG_SHOWN: usize = 5;
/// How long an attacker waits for an answer, and the server for what is slow: the attack is over sooner.
const PATIENCE: Duration = Duration::from_secs(15);
/// The time between two looks at whether the last request of an attacker is done.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Limits that an operator on the open internet would choose, and times that fit into a minute. What attackers may publish is
/// kept as anybody's messages are; their key set keeps one, so that whatever else is left behind shows.
const CONFIGURATION: &str = r#"
edge.head_seconds = 10
edge.idle_seconds = 60
address.exempt = ["127.0.0.1"]
address.connections_max = 1000

[[keyset]]
name = "demo"
subscribe_key = "demo"
publish_key = "demo"

[[keyset]]
name = "victim"
subscribe_key = "victim"
publish_key = "victim"
[keyset.pubsub]
queue_messages = 1
"#;
/// What [`CONFIGURATION`] says an address may have open.
const CONNECTIONS_OF_ADDRESS: usize = 1000;

impl Outcome {
    /// Notes an answer, and whether it is one of those it should be.
    fn note(&mut self, answer: u16, expected: &[u16], what: &str) {
        self.tried += 1;
        *self.answers.entry(answer).or_default() += 1;
        if !expected.contains(&answer) && self.wrong.len() < WRONG_SHOWN {
            self.wrong.push(format!("{what}: {answer} in place of {expected:?}"));
        }
    }

    fn add(&mut self, other: Self) {
        self.tried += other.tried;
        for (answer, count) in other.answers {
            *self.answers.entry(answer).or_default() += count;
        }
        self.wrong.extend(other.wrong);
        self.wrong.truncate(WRONG_SHOWN);
    }
}

/// What came of attacks, by their names.
type Outcomes = BTreeMap<&'static str, Outcome>;

/// An attacker's address, of so many.
fn address(number: usize) -> IpAddr {
    let [.., third, fourth] = (number as u32).to_be_bytes();
    Ipv4Addr::new(127, 1, third, fourth.max(1)).into()
}

/// Starts a server, attacks it, and measures the honest client.
///
/// # Errors
/// What went wrong for the honest client, or with the server. Wrong answers to attackers are in what was seen.
pub async fn run(options: &Options) -> Result<Seen> {
    let files = tempfile::tempdir()?;
    let server = Server::start(&options.server, files.path(), CONFIGURATION).await?;
    let honest = Honest::start(server.address).await?;
    sleep(options.quiet).await;
    let before = honest.latencies()?;
    let calm = figures(server.address).await?;

    let (attack, mut over) = watch::channel(());
    let mut crowd = crowd::gather(server.address, options).await?;
    honest.latencies().context("while connections were opened")?;
    let mut workers = JoinSet::new();
    for number in 0..options.workers {
        let from = address(10_000 + number);
        workers.spawn(oversized::attack(server.address, from, over.clone()));
        workers.spawn(floods::attack(server.address, from, over.clone()));
    }
    let end = Instant::now() + options.attack;
    let connections = crowd.trickle(end - options.attack / 2).await;
    let midst = figures(server.address).await?;
    crowd.trickle(end).await;
    let during = honest.latencies().context("during the attack")?;
    drop(attack);
    // Nothing is ever sent: an error is the end.
    let _ = over.changed().await;
    let mut attacks = crowd.outcomes();
    while let Some(outcomes) = workers.join_next().await {
        for (name, outcome) in outcomes? {
            attacks.entry(name).or_default().add(outcome);
        }
    }
    attacks.insert("an address with too many connections", crowd::too_many(server.address).await);
    drop(crowd);

    sleep(options.quiet).await;
    let after = honest.latencies().context("after the attack")?;
    let refused = refused(server.address).await?;
    let calm_again = settled(server.address, &calm).await?;
    honest.stop().await?;
    let health = Connection::open(server.address).await?.get("/health").await?;
    ensure!(health.status == 200, "the server is not well: {}", health.text());
    server.stop().await?;
    Ok(Seen { phases: [before, during, after], server: [calm, midst, calm_again], connections, attacks, refused })
}

/// Raises the number of files that this process may have open, as far as the system lets it.
///
/// # Errors
/// When it is too low for so many connections.
pub fn allow_connections(connections: usize) -> Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    /// For everything beside them.
    const OTHERS: u64 = 200;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let needed = connections as u64 + OTHERS;
    if current.is_some_and(|current| current < needed) {
        let enough = maximum.is_none_or(|maximum| maximum >= needed);
        ensure!(enough, "{needed} open files are needed, and {maximum:?} are allowed: ulimit -Hn");
        setrlimit(Resource::Nofile, Rlimit { current: Some(needed), maximum })?;
    }
    Ok(())
}

/// Whether the attack goes on.
fn goes_on(over: &watch::Receiver<()>) -> bool {
    over.has_changed().is_ok()
}

async fn metrics(address: SocketAddr) -> Result<String> {
    let reply = Connection::open(address).await?.get("/metrics").await?;
    ensure!(reply.status == 200, "/metrics: {}", reply.text());
    Ok(reply.text())
}

async fn figures(address: SocketAddr) -> Result<Figures> {
    let text = metrics(address).await?;
    let figure = |name: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse::<f64>().ok());
        value.map_or(0, |value| value as u64)
    };
    Ok(Figures {
        connections: figure("hereabouts_connections"),
        used: figure("hereabouts_memory_used_bytes"),
        resident: figure("hereabouts_memory_resident_bytes"),
    })
}

/// The figures once the last request of an attacker is done: unpacking a bomb takes a busy machine its time. What they are
/// after [`PATIENCE`], if that is never.
async fn settled(address: SocketAddr, calm: &Figures) -> Result<Figures> {
    let end = Instant::now() + PATIENCE;
    loop {
        let now = figures(address).await?;
        if now.connections <= calm.connections || Instant::now() >= end {
            return Ok(now);
        }
        sleep(LOOK_AGAIN).await;
    }
}

async fn refused(address: SocketAddr) -> Result<BTreeMap<String, u64>> {
    let text = metrics(address).await?;
    let limit = |line: &str| {
        let (limit, count) = line.strip_prefix("hereabouts_refused_total{limit=\"")?.split_once("\"} ")?;
        Some((limit.to_owned(), count.parse().ok()?))
    };
    Ok(text.lines().filter_map(limit).collect())
}
