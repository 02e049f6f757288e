//! Presence.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tempfile::TempDir;

use super::{Bench, Goal, Measured, Metric, Row};
use crate::load::{Calls, Crowd, Outcome, calls, crowd, longest_wait};
use crate::servers::{Kind, Running, Settings};
use crate::talk::{Centrifuge, HttpCaller, LongPoll, RedisCaller, Role, SocketIo, Talk, command};

/// Connections of calls.
const CONNECTIONS: usize = 64;
/// Users that heartbeats renew in turn.
const RENEWED: u64 = 1000;
/// Channels that one heartbeat names where many members are wanted quickly.
const CHANNELS: u64 = 1000;
/// Without end: a row of calls runs for its time.
const ENDLESS: u64 = u64::MAX;

const SHOWN: &[Metric] =
    &[Metric::PerCore, Metric::PerSecond, Metric::CpuMicros, Metric::P50, Metric::P99, Metric::Generator];

const PRESENCE: &str = "/v2/presence/sub-key/demo/channel";

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::new(
            "time",
            "`/time/0`, 64 connections",
            &[Kind::Ours, Kind::Framework, Kind::Raw, Kind::Constant],
            SHOWN,
            time,
        ),
        Row::new(
            "heartbeat",
            "a renewal, 1,000 users in turn, 64 connections",
            &[Kind::Ours, Kind::Framework, Kind::Constant, Kind::Redis],
            SHOWN,
            heartbeat,
        )
        .asks(
            Goal::new("heartbeat over HTTP, 64 connections", Metric::PerCore)
                .rivals(&[Kind::Constant])
                .of_limit("time", Kind::Ours, 1.0 / 1.3)
                .floor(70_000.0)
                .goal(100_000.0),
        ),
        Row::new(
            "joins",
            "a join, each into a channel of its own, 64 connections",
            &[Kind::Ours, Kind::Redis, Kind::Centrifuge, Kind::SocketIo],
            SHOWN,
            joins,
        )
        .asks(
            Goal::new("joins over HTTP, distinct channels", Metric::PerCore)
                .rivals(&[Kind::Centrifuge, Kind::SocketIo])
                .floor(40_000.0)
                .goal(70_000.0),
        ),
        Row::new(
            "crowd",
            "2,000 join one channel, each is told of all who come after it",
            &[Kind::Ours, Kind::Centrifuge, Kind::SocketIo],
            CROWD,
            |bench, kind| gather(bench, kind, true),
        )
        .asks(
            Goal::new("2,000 joins into one channel, each told to all", Metric::PerSecond)
                .rivals(&[Kind::Centrifuge, Kind::SocketIo])
                .ahead_of(&[Kind::Centrifuge, Kind::SocketIo]),
        ),
        Row::new(
            "crowd-default",
            "2,000 join one channel, all listening, as it is set by default: above 20 there are summaries",
            &[Kind::Ours],
            CROWD,
            |bench, kind| gather(bench, kind, false),
        )
        .asks(Goal::new("2,000 joins into one channel, all listening", Metric::PerSecond).floor(5000.0).goal(20_000.0)),
        Row::new(
            "occupancy",
            "here now, occupancy of a channel with 100,000",
            &[Kind::Ours, Kind::Redis],
            SHOWN,
            occupancy,
        )
        .asks(Goal::new("here now, occupancy only", Metric::PerCore).floor(70_000.0).goal(100_000.0)),
        Row::new("here-now", "here now, 1,000 of 100,000", &[Kind::Ours, Kind::Redis], SHOWN, here_now)
            .asks(
                Goal::new("here now, 1,000 of 100,000", Metric::PerCore)
                    .rivals(&[Kind::Redis])
                    .floor(5000.0)
                    .goal(15_000.0),
            )
            .asks(Goal::new("here now, 1,000 of 100,000, p99", Metric::P99).rivals(&[Kind::Redis]).floor(3000.0)),
        Row::new(
            "deadlines",
            "1,000,000 deadlines due at the same instant",
            &[Kind::Ours, Kind::Redis],
            &[Metric::Longest, Metric::P99, Metric::CpuSeconds],
            deadlines,
        )
        .once()
        .asks(
            Goal::new("1 M deadlines due at once, longest wait of anybody", Metric::Longest)
                .rivals(&[Kind::Redis])
                .floor(20.0)
                .goal(10.0),
        )
        .asks(
            Goal::new("1 M deadlines due at once, CPU", Metric::CpuSeconds).rivals(&[Kind::Redis]).floor(1.0).goal(0.5),
        ),
    ]
}

const CROWD: &[Metric] = &[Metric::PerSecond, Metric::Milliseconds, Metric::CpuSeconds, Metric::P50, Metric::P99];

/// What a renewal costs, and a member takes, as there are more of them.
pub(super) fn growth(quick: bool) -> Vec<Row> {
    const GROWN: &[Metric] = &[Metric::CpuMicros, Metric::P50, Metric::P99, Metric::BytesEach];
    let members: &[usize] = if quick { &[10_000, 100_000] } else { &[10_000, 100_000, 1_000_000, 5_000_000] };
    let row = |&members: &usize| {
        let what = format!("a renewal among {members} members of 1,000 channels");
        Row::new(format!("members-{members}"), what, &[Kind::Ours], GROWN, move |bench, kind| {
            let server = bench.place.start(kind, &[])?;
            let empty = server.process().memory()?;
            fill(&server, members as u64, 300)?;
            let each = server.process().memory()?.saturating_sub(empty) as f64 / members as f64;
            let users = members as u64 / CHANNELS;
            let outcome = ask(bench, &server, CONNECTIONS, ENDLESS, &|_| {
                http(move |number| {
                    // Steps of a number that shares no factor with the channels go through all of them.
                    let (channel, user) = (number * 7919 % CHANNELS, number / CHANNELS * 31 % users);
                    format!("{PRESENCE}/room-{channel}/heartbeat?uuid=user-{user:08}&heartbeat=300")
                })
            })?;
            server.stop()?;
            Ok(Measured::of(&outcome).with(Metric::BytesEach, each))
        })
        .once()
    };
    members.iter().map(row).collect()
}

fn time(bench: &Bench, kind: Kind) -> Result<Measured> {
    started(bench, kind, &|_| http(|_| "/time/0".to_owned()))
}

fn heartbeat(bench: &Bench, kind: Kind) -> Result<Measured> {
    started(bench, kind, &|_| match kind {
        Kind::Redis => Box::new(RedisCaller::new(2, |number, out| {
            redis_join("room", &format!("user-{:04}", number % RENEWED), number, out);
        })),
        _ => http(|number| {
            let user = number % RENEWED;
            format!("{PRESENCE}/room/heartbeat?uuid=user-{user:04}&heartbeat=300")
        }),
    })
}

fn joins(bench: &Bench, kind: Kind) -> Result<Measured> {
    started(bench, kind, &|connection| match kind {
        Kind::Redis => Box::new(RedisCaller::new(2, move |number, out| {
            redis_join(&format!("room-{number}"), &format!("user-{connection:04}"), number, out);
        })),
        Kind::Centrifuge => Box::new(Centrifuge::new(Role::Caller(r##""subscribe":{"channel":"room-#"}"##.to_owned()))),
        Kind::SocketIo => Box::new(SocketIo::caller(r#"["join","room-#"]"#)),
        _ => http(move |number| format!("{PRESENCE}/room-{number}/heartbeat?uuid=user-{connection:04}&heartbeat=300")),
    })
}

fn gather(bench: &Bench, kind: Kind, told: bool) -> Result<Measured> {
    // A channel that keeps as many events as there are joins, and announces each.
    const TOLD: Settings<'static> =
        &[("HEREABOUTS_PRESENCE__ANNOUNCE_MAX", "100000"), ("HEREABOUTS_PUBSUB__QUEUE_MESSAGES", "10000")];
    let server = bench.place.start(kind, if told { TOLD } else { &[] })?;
    let joiner = |number: usize| -> Box<dyn Talk> {
        match kind {
            Kind::Centrifuge => Box::new(Centrifuge::new(Role::Joiner("room".to_owned()))),
            Kind::SocketIo => Box::new(SocketIo::caller(r#"["join","room"]"#)),
            _ => Box::new(LongPoll::joining("room", &format!("user-{number:08}"))),
        }
    };
    let joiners = bench.pick(2000, 500);
    let plan = Crowd { server: server.process(), address: server.address, joiner: &joiner, joiners, told };
    let outcome = crowd(&plan)?;
    server.stop()?;
    Ok(Measured::of(&outcome))
}

fn occupancy(bench: &Bench, kind: Kind) -> Result<Measured> {
    let server = crowded(bench, kind)?;
    let outcome = ask(bench, &server, CONNECTIONS, ENDLESS, &|_| match kind {
        Kind::Redis => Box::new(RedisCaller::new(1, |_, out| command(&["HLEN", "members:room"], out))),
        _ => http(|_| format!("{PRESENCE}/room?disable_uuids=1")),
    })?;
    server.stop()?;
    Ok(Measured::of(&outcome))
}

fn here_now(bench: &Bench, kind: Kind) -> Result<Measured> {
    let server = crowded(bench, kind)?;
    let outcome = ask(bench, &server, 8, ENDLESS, &|_| match kind {
        Kind::Redis => Box::new(RedisCaller::new(1, |_, out| command(&["ZRANGE", "deadlines:room", "0", "999"], out))),
        _ => http(|_| format!("{PRESENCE}/room?limit=1000")),
    })?;
    server.stop()?;
    Ok(Measured::of(&outcome))
}

/// A server with one crowded channel.
fn crowded(bench: &Bench, kind: Kind) -> Result<Running> {
    let server = bench.place.start(kind, &[])?;
    let members = bench.pick(100_000, 20_000) as u64;
    ask(bench, &server, CONNECTIONS, members, &|_| match kind {
        Kind::Redis => Box::new(RedisCaller::new(2, |number, out| {
            redis_join("room", &format!("user-{number:08}"), number, out);
        })),
        _ => http(|number| format!("{PRESENCE}/room/heartbeat?uuid=user-{number:08}&heartbeat=3600")),
    })?;
    Ok(server)
}

/// Ours: members of a server that crashed get their full timeout to come back, all the same one, all from one instant.
/// Redis: one sorted set and one hash, removed by a script.
fn deadlines(bench: &Bench, kind: Kind) -> Result<Measured> {
    const OFTEN: Settings<'static> = &[("HEREABOUTS_PRESENCE__SNAPSHOT_SECONDS", "1")];
    /// The timeout of all members.
    const TIMEOUT: u64 = 8;
    let members = bench.pick(1_000_000, 100_000) as u64;
    if kind == Kind::Redis {
        return redis_deadlines(bench, members);
    }
    let data = TempDir::new_in(&bench.place.installed)?;
    let server = bench.place.start_on(kind, OFTEN, data.path())?;
    fill(&server, members, TIMEOUT)?;
    // Until a snapshot that was begun after the last join is there.
    let presence = saved(data.path())?;
    let until = Instant::now() + Duration::from_secs(20);
    let mut seen = presence;
    for _ in 0..2 {
        while saved(data.path())? == seen {
            ensure!(Instant::now() < until, "no snapshot was taken");
            std::thread::sleep(Duration::from_millis(50));
        }
        seen = saved(data.path())?;
    }
    server.crash()?;

    // As operators run it: at its default pace, saving does not go on and on beside what is measured.
    let server = bench.place.start_on(kind, &[], data.path())?;
    let due = Duration::from_secs(TIMEOUT);
    let window = due + Duration::from_secs(3);
    let probe = || http(|_| format!("{PRESENCE}/elsewhere/heartbeat?uuid=ann&heartbeat=300"));
    // What the questions themselves cost is known from as many of them when nothing is due.
    let with = longest_wait(server.process(), server.address, probe(), |elapsed| elapsed > window)?;
    let without = longest_wait(server.process(), server.address, probe(), |elapsed| elapsed > Duration::from_secs(3))?;
    let idle = without.cpu.as_secs_f64() / without.operations as f64 * with.operations as f64;
    server.stop()?;
    Ok(Measured::of(&with).with(Metric::CpuSeconds, (with.cpu.as_secs_f64() - idle).max(0.0)))
}

/// When the newest file of the presence snapshot was written.
fn saved(data: &Path) -> Result<Option<std::time::SystemTime>> {
    let mut newest = None;
    for entry in std::fs::read_dir(data)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().contains("presence") {
            newest = newest.max(entry.metadata().and_then(|about| about.modified()).ok());
        }
    }
    Ok(newest)
}

fn redis_deadlines(bench: &Bench, members: u64) -> Result<Measured> {
    /// All that is due, at once.
    const SWEEP: &str =
        "redis.call('ZREMRANGEBYSCORE','deadlines:room','-inf','+inf') return redis.call('DEL','members:room')";
    let server = bench.place.start(Kind::Redis, &[])?;
    ask(bench, &server, CONNECTIONS, members, &|_| {
        Box::new(RedisCaller::new(2, |number, out| redis_join("room", &format!("user-{number:08}"), number, out)))
    })?;
    let ping = || Box::new(RedisCaller::new(1, |_, out| command(&["PING"], out)));
    let without = longest_wait(server.process(), server.address, ping(), |elapsed| elapsed > Duration::from_secs(1))?;
    let idle = without.cpu.as_secs_f64() / without.operations as f64;
    let mut sweep = std::net::TcpStream::connect(server.address)?;
    let mut words = Vec::new();
    command(&["EVAL", SWEEP, "0"], &mut words);
    let mut swept = false;
    let with = longest_wait(server.process(), server.address, ping(), |elapsed| {
        if !swept && elapsed > Duration::from_secs(1) {
            swept = true;
            // When it fails, no wait is long, which shows.
            let _ = std::io::Write::write_all(&mut sweep, &words);
        }
        elapsed > Duration::from_secs(3)
    })?;
    server.stop()?;
    let cpu = with.cpu.as_secs_f64() - idle * with.operations as f64;
    Ok(Measured::of(&with).with(Metric::CpuSeconds, cpu.max(0.0)))
}

/// Members of 1,000 channels, each user in all of them.
pub(super) fn fill(server: &Running, members: u64, timeout: u64) -> Result<()> {
    let channels: Vec<_> = (0..CHANNELS).map(|number| format!("room-{number}")).collect();
    let channels = channels.join(",");
    let filled = calls(&Calls {
        server: server.process(),
        address: server.address,
        caller: &|_| {
            let channels = channels.clone();
            http(move |number| format!("{PRESENCE}/{channels}/heartbeat?uuid=user-{number:08}&heartbeat={timeout}"))
        },
        connections: 4,
        time: Duration::from_secs(600),
        most: members / CHANNELS,
    })?;
    ensure!(filled.operations == members / CHANNELS, "not all members joined");
    Ok(())
}

/// What a presence kept in Redis does for each join or renewal.
fn redis_join(channel: &str, user: &str, number: u64, out: &mut Vec<u8>) {
    command(&["HSET", &format!("members:{channel}"), user, ""], out);
    command(&["ZADD", &format!("deadlines:{channel}"), &number.to_string(), user], out);
}

fn http(target: impl FnMut(u64) -> String + 'static) -> Box<dyn Talk> {
    Box::new(HttpCaller::new(target))
}

fn started(bench: &Bench, kind: Kind, caller: &dyn Fn(usize) -> Box<dyn Talk>) -> Result<Measured> {
    let server = bench.place.start(kind, &[])?;
    let outcome = ask(bench, &server, CONNECTIONS, ENDLESS, caller)?;
    server.stop()?;
    Ok(Measured::of(&outcome))
}

fn ask(
    bench: &Bench,
    server: &Running,
    connections: usize,
    most: u64,
    caller: &dyn Fn(usize) -> Box<dyn Talk>,
) -> Result<Outcome> {
    let time = if most == ENDLESS { bench.time } else { Duration::from_secs(600) };
    calls(&Calls { server: server.process(), address: server.address, caller, connections, time, most })
}
