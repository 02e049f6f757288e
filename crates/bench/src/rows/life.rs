//! A server's start, and what it takes while nobody asks for anything.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tempfile::TempDir;

use super::{Bench, Goal, Measured, Metric, Row, presence};
use crate::load::{Calls, calls};
use crate::servers::Kind;
use crate::talk::{RedisCaller, Talk, command};

/// All that can be left alone.
const ALL: [Kind; 7] =
    [Kind::Ours, Kind::Nchan, Kind::Redis, Kind::Nats, Kind::Mosquitto, Kind::Centrifuge, Kind::SocketIo];
/// From the start until memory is looked at.
const SETTLE: Duration = Duration::from_millis(500);
/// No start takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn rows(quick: bool) -> Vec<Row> {
    let mut rows = vec![
        Row::new("start", "from the start to the first answer, empty", &ALL, &[Metric::Milliseconds], |bench, kind| {
            let server = bench.place.start(kind, &[])?;
            let took = server.took;
            server.stop()?;
            Ok(Measured::default().with(Metric::Milliseconds, took.as_secs_f64() * 1000.0))
        })
        .asks(Goal::new("start to first answer, empty", Metric::Milliseconds).rivals(&ALL[1..]).floor(30.0).goal(10.0)),
    ];
    let sizes: &[(usize, f64, f64)] =
        if quick { &[(100_000, 500.0, 150.0)] } else { &[(100_000, 500.0, 150.0), (1_000_000, 2000.0, 2000.0)] };
    for &(members, floor, goal) in sizes {
        let what = format!("from the start to the first answer, {members} members saved");
        let servers = [Kind::Ours, Kind::Redis];
        let row = Row::new(
            format!("start-{members}"),
            what.clone(),
            &servers,
            &[Metric::Milliseconds],
            move |bench, kind| restart(bench, kind, members as u64),
        );
        let goal = Goal::new(&what, Metric::Milliseconds).rivals(&[Kind::Redis]).floor(floor).goal(goal);
        rows.push(row.once().asks(goal));
    }
    rows.push(
        Row::new("idle", "memory of its own when idle", &ALL, &[Metric::Bytes], |bench, kind| {
            let server = bench.place.start(kind, &[])?;
            std::thread::sleep(SETTLE);
            let memory = server.process().memory()?;
            server.stop()?;
            Ok(Measured::default().with(Metric::Bytes, memory as f64 / 1e6))
        })
        .asks(Goal::new("idle memory", Metric::Bytes).rivals(&ALL[1..]).floor(15.0).goal(8.0)),
    );
    // A program of Node.js is the runtime and a folder of files; its size says nothing.
    rows.push(
        Row::new("size", "size of the program", &ALL[..6], &[Metric::Bytes], |bench, kind| {
            let size = fs::metadata(bench.place.program(kind)?)?.len();
            Ok(Measured::default().with(Metric::Bytes, size as f64 / 1e6))
        })
        .once()
        .asks(Goal::new("size of the program", Metric::Bytes).rivals(&ALL[1..6]).floor(20.0).goal(10.0)),
    );
    rows
}

/// Saves members, and starts again on them. The first answer is one that knows of them.
fn restart(bench: &Bench, kind: Kind, members: u64) -> Result<Measured> {
    let data = TempDir::new_in(&bench.place.installed)?;
    let server = bench.place.start_on(kind, &[], data.path())?;
    if kind == Kind::Redis {
        let caller = || -> Box<dyn Talk> {
            Box::new(RedisCaller::new(2, |number, out| {
                let (channel, user) = (number % 1000, number / 1000);
                let user = format!("user-{user:08}");
                command(&["HSET", &format!("members:{channel}"), &user, ""], out);
                command(&["ZADD", &format!("deadlines:{channel}"), &number.to_string(), &user], out);
            }))
        };
        asked(&server, &|_| caller(), 64, members)?;
        asked(&server, &|_| Box::new(RedisCaller::new(1, |_, out| command(&["SAVE"], out))), 1, 1)?;
    } else {
        presence::fill(&server, members, 3600)?;
    }
    server.stop()?;

    let begun = Instant::now();
    let server = bench.place.start_on(kind, &[], data.path())?;
    if kind == Kind::Redis {
        // It listens before it has read everything, and answers with an error until then.
        let mut words = Vec::new();
        command(&["HLEN", "members:0"], &mut words);
        while !answers(server.address, &words, &format!(":{}\r\n", members / 1000))? {
            ensure!(begun.elapsed() < PATIENCE, "it does not know its members");
        }
    } else {
        let request =
            b"GET /v2/presence/sub-key/demo/channel/room-0?disable_uuids=1 HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let known = format!("\"occupancy\":{}", members / 1000);
        ensure!(answers(server.address, request, &known)?, "it does not know its members");
    }
    let took = begun.elapsed();
    server.stop()?;
    Ok(Measured::default().with(Metric::Milliseconds, took.as_secs_f64() * 1000.0))
}

fn asked(
    server: &crate::servers::Running,
    caller: &dyn Fn(usize) -> Box<dyn Talk>,
    connections: usize,
    most: u64,
) -> Result<()> {
    let time = Duration::from_secs(600);
    calls(&Calls { server: server.process(), address: server.address, caller, connections, time, most }).map(drop)
}

/// Whether the answer to these bytes has this text in it.
fn answers(address: std::net::SocketAddr, request: &[u8], text: &str) -> Result<bool> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address)?;
    stream.write_all(request)?;
    let mut answer = [0; 4096];
    let count = stream.read(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer[..count]).contains(text))
}
