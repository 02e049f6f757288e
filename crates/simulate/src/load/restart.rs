//! `kill -9` of a server with very many members, and a start after it (R6): how soon it answers, and that nobody who
//! renews in time is told to be gone.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use testkit::Connection;
use tokio::time::sleep;

use super::{CONFIGURATION, ask};
use crate::process::Server;

/// What is measured.
#[derive(Clone, Debug)]
pub struct Options {
    /// The program.
    pub server: PathBuf,
    /// Members, a hundred on a channel.
    pub members: usize,
}

/// What was seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// From the last join to a snapshot with everyone.
    pub saved: Duration,
    /// From the start of the process to its first answer.
    pub answered: Duration,
    /// How many are present again at that moment.
    pub restored: u64,
    /// How many joined or ended after the start, of those who all renew.
    pub told: u64,
}

/// Seconds; long enough for all to renew one after another.
const TIMEOUT: u64 = 45;
const CONNECTIONS: usize = 4;
/// Requests that are sent before the first is answered.
const AHEAD: usize = 50;

/// Joins everyone, kills the server, starts it, and renews everyone.
///
/// # Errors
/// What went wrong.
pub async fn run(options: &Options) -> Result<Seen> {
    let files = tempfile::tempdir()?;
    let server = Server::start(&options.server, files.path(), CONFIGURATION).await?;
    renew(&server, options.members).await?;
    let begun = Instant::now();
    while saved(files.path())? < options.members {
        sleep(Duration::from_millis(50)).await;
        ensure!(begun.elapsed().as_secs() < 60, "it is not saved");
    }
    let mut seen = Seen { saved: begun.elapsed(), ..Seen::default() };
    server.kill().await?;

    let begun = Instant::now();
    let server = Server::start(&options.server, files.path(), CONFIGURATION).await?;
    let mut calls = Connection::open(server.address).await?;
    let answer = ask(&mut calls, "/v2/presence/sub-key/single/channel/room-0?disable_uuids=1").await?;
    seen.answered = begun.elapsed();
    let first = answer["occupancy"].as_u64().unwrap_or_default();
    ensure!(first == options.members.min(100) as u64, "the first answer is {answer}");
    seen.restored = total(&mut calls).await?;
    while begun.elapsed() < Duration::from_secs(TIMEOUT + 5) {
        let round = Instant::now();
        renew(&server, options.members).await?;
        sleep(Duration::from_secs(TIMEOUT / 3).saturating_sub(round.elapsed())).await;
    }
    let mut calls = Connection::open(server.address).await?;
    ensure!(total(&mut calls).await? == seen.restored, "somebody is gone");
    let metrics = calls.get("/metrics").await?.text();
    for name in ["joins", "leaves", "lapses"] {
        let name = format!("hereabouts_{name}_total{{keyset=\"single\"}} ");
        let line = metrics.lines().find_map(|line| line.strip_prefix(&name));
        seen.told += line.with_context(|| format!("no {name} in the metrics"))?.parse::<u64>()?;
    }
    server.stop().await?;
    Ok(seen)
}

/// How many seats the snapshot holds. It is read from a copy: the directory belongs to the server.
fn saved(files: &Path) -> Result<usize> {
    const SNAPSHOT: &str = "presence.snapshot";
    let copy = tempfile::tempdir()?;
    if std::fs::copy(files.join("data").join(SNAPSHOT), copy.path().join(SNAPSHOT)).is_err() {
        return Ok(0);
    }
    let directory = store::DataDirectory::open(copy.path())?;
    let store::snapshot::Found::Snapshot(mut snapshot) = store::snapshot::read(&directory, u16::MAX)? else {
        return Ok(0);
    };
    let mut seats = 0;
    while let Some(chunk) = snapshot.next_chunk::<engine::presence::SavedSeat>() {
        seats += chunk.records.len();
    }
    Ok(seats)
}

async fn total(calls: &mut Connection) -> Result<u64> {
    let here = ask(calls, "/v2/presence/sub-key/single?disable_uuids=1").await?;
    here["payload"]["total_occupancy"].as_u64().with_context(|| format!("no total in {here}"))
}

async fn renew(server: &Server, members: usize) -> Result<()> {
    let portion = members.div_ceil(CONNECTIONS);
    let portions = (0..CONNECTIONS).map(|turn| {
        let (address, range) = (server.address, turn * portion..members.min((turn + 1) * portion));
        tokio::spawn(async move {
            let mut connection = Connection::open(address).await?;
            let members: Vec<usize> = range.collect();
            for ahead in members.chunks(AHEAD) {
                let requests: String = ahead.iter().map(|member| request(*member)).collect();
                connection.send(requests).await?;
                for _ in ahead {
                    let reply = connection.receive().await?;
                    ensure!(reply.status == 200, "{}", reply.text());
                }
            }
            anyhow::Ok(())
        })
    });
    for portion in portions.collect::<Vec<_>>() {
        portion.await??;
    }
    Ok(())
}

fn request(member: usize) -> String {
    let path = format!("/v2/presence/sub-key/single/channel/room-{}/heartbeat", member / 100);
    format!("GET {path}?uuid=member-{member}&heartbeat={TIMEOUT} HTTP/1.1\r\nHost: here\r\n\r\n")
}
