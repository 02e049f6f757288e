//! What access control costs: the same calls with the same token, on a key set that looks at it and on one that does not.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use engine::access::Secret;
use tempfile::TempDir;
use wire::access::{Categories, Permissions, Scope, Token};

use super::{Bench, Goal, Measured, Metric, Row};
use crate::load::{Calls, Fanout, calls, fanout};
use crate::servers::{Kind, Running};
use crate::talk::{HttpCaller, LongPoll, Talk, message};

const CONNECTIONS: usize = 64;
/// Users that heartbeats renew in turn.
const RENEWED: u64 = 1000;
const SUBSCRIBERS: usize = 1000;
const SECRET: &str = "secret-of-the-bench";

const SHOWN: &[Metric] =
    &[Metric::PerCore, Metric::PerSecond, Metric::CpuMicros, Metric::P50, Metric::P99, Metric::Generator];

/// What a request shows.
#[derive(Clone, Copy)]
enum Shown {
    /// One token, which names the channel.
    Named,
    /// One token, with a pattern for the channel.
    Pattern,
    /// A token that was not seen before, each time.
    Fresh,
    /// A token that was not seen before, signed with another secret, each time. It is refused.
    Forged,
}

pub(super) fn rows() -> Vec<Row> {
    let ours = &[Kind::Ours];
    let row = |id: &str, what: &str, guarded: bool, shown: Shown| {
        Row::new(id, what, ours, SHOWN, move |bench, kind| renewals(bench, kind, guarded, shown))
    };
    let goal = |what: &str, beside: &'static str, part: f64| {
        Goal::new(what, Metric::PerCore).of_limit(beside, Kind::Ours, part)
    };
    vec![
        row("access-open", "a renewal with a token, which an open key set does not look at", false, Shown::Named),
        row("access-guarded", "the same on a guarded key set; the token names the channel", true, Shown::Named)
            .asks(goal("a guarded renewal beside an open one", "access-open", 0.9)),
        row("access-pattern", "the same; the token has a pattern for the channel", true, Shown::Pattern).asks(goal(
            "a renewal by a pattern beside an open one",
            "access-open",
            0.8,
        )),
        row("access-fresh", "the same; each request has a token that was not seen before", true, Shown::Fresh),
        row("access-forged", "the same; each such token is forged, and refused", true, Shown::Forged),
        Row::new("access-publish-open", "a publish with a token, open", ours, SHOWN, |bench, kind| {
            publishes(bench, kind, false)
        }),
        Row::new("access-publish-guarded", "the same, guarded", ours, SHOWN, |bench, kind| {
            publishes(bench, kind, true)
        })
        .asks(goal("a guarded publish beside an open one", "access-publish-open", 0.9)),
        Row::new(
            "access-fan-open",
            "one message to 1,000 subscribers, each with a token, open",
            ours,
            SHOWN,
            |bench, kind| deliveries(bench, kind, false),
        ),
        Row::new("access-fan-guarded", "the same, guarded", ours, SHOWN, |bench, kind| deliveries(bench, kind, true))
            .asks(goal("a guarded subscribe beside an open one", "access-fan-open", 0.9)),
    ]
}

fn renewals(bench: &Bench, kind: Kind, guarded: bool, shown: Shown) -> Result<Measured> {
    ask(bench, kind, guarded, &|connection| {
        let (own, other) = (Secret::new(SECRET), Secret::new("another secret"));
        let one = token(&own, matches!(shown, Shown::Pattern), connection as u64);
        let target = move |number: u64| {
            let token = match shown {
                Shown::Named | Shown::Pattern => one.clone(),
                // Apart from those of the connections.
                Shown::Fresh => token(&own, false, number + 1_000_000),
                Shown::Forged => token(&other, false, number),
            };
            let user = number % RENEWED;
            format!("/v2/presence/sub-key/demo/channel/room/heartbeat?uuid=user-{user:04}&heartbeat=300&auth={token}")
        };
        match shown {
            Shown::Forged => Box::new(HttpCaller::refused(target)),
            Shown::Named | Shown::Pattern | Shown::Fresh => Box::new(HttpCaller::new(target)),
        }
    })
}

fn publishes(bench: &Bench, kind: Kind, guarded: bool) -> Result<Measured> {
    ask(bench, kind, guarded, &|connection| Box::new(publisher(connection as u64)))
}

fn deliveries(bench: &Bench, kind: Kind, guarded: bool) -> Result<Measured> {
    let (server, _data) = started(bench, kind, guarded)?;
    let secret = Secret::new(SECRET);
    let outcome = fanout(Fanout {
        server: server.process(),
        address: server.address,
        subscriber: &|number| Box::new(LongPoll::with_token("room", &token(&secret, false, number as u64))),
        publisher: Box::new(publisher(0)),
        subscribers: SUBSCRIBERS,
        stalled: 0,
        in_flight: 1,
        time: bench.time,
    })?;
    server.stop()?;
    Ok(Measured::of(&outcome))
}

fn publisher(number: u64) -> HttpCaller<impl FnMut(u64) -> String> {
    let token = token(&Secret::new(SECRET), false, number);
    HttpCaller::new(move |number| format!("/publish/demo/demo/0/room/0/%22{}%22?auth={token}", message(number, 24)))
}

fn ask(bench: &Bench, kind: Kind, guarded: bool, caller: &dyn Fn(usize) -> Box<dyn Talk>) -> Result<Measured> {
    let (server, _data) = started(bench, kind, guarded)?;
    let plan = Calls {
        server: server.process(),
        address: server.address,
        caller,
        connections: CONNECTIONS,
        time: bench.time,
        most: u64::MAX,
    };
    let outcome = calls(&plan)?;
    server.stop()?;
    Ok(Measured::of(&outcome))
}

/// Our server with one key set, and its folder.
fn started(bench: &Bench, kind: Kind, guarded: bool) -> Result<(Running, TempDir)> {
    let data = TempDir::new_in(&bench.place.installed)?;
    let settings = data.path().join("hereabouts.toml");
    std::fs::write(
        &settings,
        format!(
            "[[keyset]]\nname = \"demo\"\nsubscribe_key = \"demo\"\npublish_key = \"demo\"\nsecret_key = \"{SECRET}\"\n\
             access_manager = {guarded}\n"
        ),
    )?;
    let settings = settings.to_str().context("a path that is not text")?;
    let server = bench.place.start_on(kind, &[("HEREABOUTS_CONFIG", settings)], data.path())?;
    Ok((server, data))
}

/// A token for the channel `room`, for an hour. Each number is another token.
fn token(secret: &Secret, by_pattern: bool, number: u64) -> String {
    let both = Permissions::READ | Permissions::WRITE;
    let scope = |name: &str| Scope { channels: BTreeMap::from([(name.to_owned(), both)]), ..Scope::default() };
    let (resources, patterns) =
        if by_pattern { (Scope::default(), scope("^room(?:-[0-9]+)?$")) } else { (scope("room"), Scope::default()) };
    #[allow(clippy::disallowed_methods, reason = "a token says when it was granted, by the clock of the server")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let meta = serde_json::Map::from_iter([("number".to_owned(), number.into())]);
    let categories = Categories::new();
    let token = Token { granted: now, ttl: 60, resources, patterns, categories, meta, user: None };
    token.signed(&secret.sign(&[b"demo", b"\n", &token.unsigned()]))
}
