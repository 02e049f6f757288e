//! Users under concurrent calls, as one that does one call at a time would have them.
//!
//! `HEREABOUTS_HISTORIES=200` makes more of them than a plain run; `HEREABOUTS_SEED` repeats the choices of a run.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::{Value, json};
use testkit::postgres::Postgres;
use testkit::{Connection, eventually, soon};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::linearizable::{Lived, Sequential, is_linearizable};
use crate::program::{Running, command};
use crate::random::Random;

const CLIENTS: usize = 8;
const CALLS: usize = 60;
const USERS: usize = 3;
/// How often the server is killed in a history of that kind; the last life ends by itself.
const KILLS: usize = 3;

/// A user, as far as this is about.
struct User;

#[derive(Clone, Debug)]
enum Call {
    Get,
    Set {
        name: String,
        only_if: Option<String>,
    },
    /// A merge patch, which puts an entry of `custom` or takes it away.
    Merge {
        entry: &'static str,
        value: Option<u64>,
        only_if: Option<String>,
    },
    Remove {
        only_if: Option<String>,
    },
}

#[derive(Clone, Debug, PartialEq)]
enum Answer {
    There(Held),
    Missing,
    Done,
    Stale,
}

/// What a user is, and its eTag if anybody has seen that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Held {
    name: Option<String>,
    custom: BTreeMap<String, u64>,
    etag: Option<String>,
}

impl Held {
    /// Whether it could be what was answered.
    fn fits(&self, answered: &Self) -> bool {
        let etags = self.etag.as_ref().is_none_or(|etag| answered.etag.as_ref() == Some(etag));
        etags && (&self.name, &self.custom) == (&answered.name, &answered.custom)
    }
}

impl Call {
    fn only_if(&self) -> Option<&String> {
        match self {
            Self::Get => None,
            Self::Set { only_if, .. } | Self::Merge { only_if, .. } | Self::Remove { only_if } => only_if.as_ref(),
        }
    }

    /// What a user is after it; none where it is none.
    fn applied(&self, before: Option<&Held>) -> Option<Held> {
        let mut held = before.cloned().unwrap_or_default();
        match self {
            Self::Get => return before.cloned(),
            Self::Remove { .. } => return None,
            Self::Set { name, .. } => held.name = Some(name.clone()),
            Self::Merge { entry, value: Some(value), .. } => _ = held.custom.insert((*entry).to_owned(), *value),
            Self::Merge { entry, value: None, .. } => _ = held.custom.remove(*entry),
        }
        Some(Held { etag: None, ..held })
    }
}

impl Sequential for User {
    type State = Option<Held>;
    type Call = Call;
    type Answer = Answer;

    fn after(state: &Self::State, call: &Call, answer: Option<&Answer>) -> Option<Self::State> {
        let etag = state.as_ref().map(|held| held.etag.as_ref());
        // A condition on what nobody has seen may be right, and may be wrong.
        let may_hold = match (call.only_if(), etag) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(wanted), Some(etag)) => etag.is_none_or(|etag| etag == wanted),
        };
        let may_fail = call.only_if().is_some() && (!may_hold || etag == Some(None));
        let next = call.applied(state.as_ref());
        match (answer, call) {
            // Lost: it was done, or it was refused, which is the same as if it had never come.
            (None, _) => may_hold.then_some(next),
            (Some(Answer::Stale), _) => may_fail.then(|| state.clone()),
            (Some(Answer::Missing), Call::Get) => state.is_none().then_some(None),
            (Some(Answer::Done), Call::Remove { .. }) => may_hold.then_some(None),
            (Some(Answer::There(answered)), Call::Get | Call::Set { .. } | Call::Merge { .. }) => {
                (may_hold && next?.fits(answered)).then(|| Some(answered.clone()))
            }
            (Some(Answer::Missing | Answer::Done | Answer::There(_)), _) => None,
        }
    }
}

/// The data of a server on each kind of database that there is.
struct Place {
    data: tempfile::TempDir,
    postgres: Option<(Postgres, String)>,
}

impl Place {
    fn all() -> Vec<Self> {
        let postgres = Postgres::start().map(|postgres| {
            let database = postgres.new_database();
            (postgres, database)
        });
        let new = |postgres| Self { data: tempfile::tempdir().unwrap(), postgres };
        std::iter::once(new(None)).chain(postgres.map(|postgres| new(Some(postgres)))).collect()
    }

    async fn serve(&self) -> Running {
        let mut command = command(&[]);
        command.envs(self.postgres.as_ref().map(|(_, database)| ("HEREABOUTS_DATABASE", database)));
        Running::from(command, self.data.path()).await
    }

    fn kind(&self) -> &'static str {
        if self.postgres.is_some() { "PostgreSQL" } else { "SQLite" }
    }
}

/// None when there is no answer, or one that leaves open what was done.
async fn ask(connection: &mut Connection, user: &str, call: &Call) -> Option<Answer> {
    let (method, kind, body) = match call {
        Call::Get => ("GET", "application/json", String::new()),
        Call::Set { name, .. } => ("PATCH", "application/json", json!({ "name": name }).to_string()),
        Call::Merge { entry, value, .. } => {
            ("PATCH", "application/merge-patch+json", json!({"custom": {*entry: value}}).to_string())
        }
        Call::Remove { .. } => ("DELETE", "application/json", String::new()),
    };
    let condition = call.only_if().map(|etag| format!("If-Match: {etag}\r\n")).unwrap_or_default();
    let head = format!("{method} /v2/objects/demo/uuids/{user}?include=custom HTTP/1.1\r\nHost: here\r\n{condition}");
    let head = format!("{head}Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len());
    connection.send(head + &body).await.ok()?;
    let reply = connection.receive().await.ok()?;
    Some(match (reply.status, call) {
        (200, Call::Remove { .. }) => Answer::Done,
        (200, _) => Answer::There(held(&reply.json()["data"])),
        (404, Call::Get) => Answer::Missing,
        (412, _) => Answer::Stale,
        (500.., _) => return None,
        (status, _) => panic!("{status}: {}", reply.text()),
    })
}

fn held(data: &Value) -> Held {
    let text = |name: &str| data[name].as_str().map(str::to_owned);
    let custom = data["custom"].as_object().into_iter().flatten();
    let custom = custom.map(|(entry, value)| (entry.clone(), value.as_u64().unwrap())).collect();
    Held { name: text("name"), custom, etag: Some(text("eTag").unwrap()) }
}

/// Clients at work; each ends with what it lived, and with which user.
type Clients = JoinSet<Vec<(usize, Lived<Call, Answer>)>>;

/// One history: what clients lived with a few users.
struct History {
    number: usize,
    start: Instant,
    users: [Vec<Lived<Call, Answer>>; USERS],
}

impl History {
    fn new(number: usize) -> Self {
        Self { number, start: Instant::now(), users: Default::default() }
    }

    /// Clients at work, until each has made so many calls or the server is gone. `made` counts the calls of all.
    fn go_on(&self, server: &Running, life: usize, calls: usize, made: &Arc<AtomicUsize>) -> Clients {
        let (number, start, address) = (self.number, self.start, server.address());
        let now = move || start.elapsed().as_nanos() as u64;
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let mut random = Random::of_run((number * (KILLS + 1) + life) * CLIENTS + client);
            let made = Arc::clone(made);
            clients.spawn(async move {
                let mut connection = Connection::open(address).await.unwrap();
                let (mut lived, mut seen) = (Vec::new(), vec![None; USERS]);
                for n in 0..calls {
                    let user = random.below(USERS);
                    let call = choose(&mut random, seen[user].clone(), life * 1_000_000 + client * 1_000 + n);
                    let begun = now();
                    let answer = ask(&mut connection, &format!("user-{number}-{user}"), &call).await;
                    let ended = answer.clone().map(|answer| (now(), answer));
                    lived.push((user, Lived { call, begun, ended }));
                    made.fetch_add(1, Ordering::Relaxed);
                    match answer {
                        Some(Answer::There(held)) => seen[user] = held.etag,
                        Some(_) => {}
                        None => match back(address).await {
                            Some(another) => connection = another,
                            None => break,
                        },
                    }
                }
                lived
            });
        }
        clients
    }

    async fn note(&mut self, clients: Clients) {
        // Each call gives up by itself; how long all of them take is the disk's.
        for (user, lived) in clients.join_all().await.into_iter().flatten() {
            self.users[user].push(lived);
        }
    }

    /// Answers how many calls there were.
    fn check(&self, kind: &str) -> usize {
        for (user, calls) in self.users.iter().enumerate() {
            let seed = Random::of_run(0).seed();
            assert!(is_linearizable::<User>(calls), "{kind}, {seed}, history {}, user {user}: {calls:#?}", self.number);
        }
        self.users.iter().map(Vec::len).sum()
    }
}

/// A new connection once the server is ready again; none when it is gone. What is asked before that is lost as well, and
/// a checker that has to think of each such call as done or not, at any time, does not come to an end.
async fn back(address: SocketAddr) -> Option<Connection> {
    soon("the server is ready or gone", async move {
        loop {
            let mut connection = Connection::open(address).await.ok()?;
            if connection.get("/ready").await.ok()?.status == 200 {
                return Some(connection);
            }
        }
    })
    .await
}

fn choose(random: &mut Random, seen: Option<String>, number: usize) -> Call {
    let only_if = if random.below(4) > 0 { seen } else { None };
    match random.below(12) {
        0..4 => Call::Get,
        4..8 => Call::Set { name: format!("{number}"), only_if },
        kind @ 8..11 => {
            let entry = ["one", "other"][random.below(2)];
            Call::Merge { entry, value: (kind < 10).then_some(number as u64), only_if }
        }
        _ => Call::Remove { only_if },
    }
}

fn histories() -> usize {
    std::env::var("HEREABOUTS_HISTORIES").ok().and_then(|number| number.parse().ok()).unwrap_or(4)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn histories_of_get_set_merge_and_remove_are_linearizable() {
    for place in Place::all() {
        let (server, mut calls) = (place.serve().await, 0);
        for number in 0..histories() {
            let mut history = History::new(number);
            let clients = history.go_on(&server, 0, CALLS, &Arc::default());
            history.note(clients).await;
            calls += history.check(place.kind());
        }
        println!("{}: {} histories, {calls} calls, all linearizable", place.kind(), histories());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn histories_are_linearizable_with_kills_in_their_midst() {
    for place in Place::all() {
        let (mut calls, mut lost) = (0, 0);
        for number in 0..histories().div_ceil(4) {
            let (mut history, mut random) = (History::new(number), Random::of_run(number));
            for life in 0..=KILLS {
                let (server, made) = (place.serve().await, Arc::default());
                let clients = history.go_on(&server, life, CALLS / 4, &made);
                if life < KILLS {
                    let enough = 1 + random.below(CLIENTS * CALLS / 8);
                    eventually("calls are made", async || (made.load(Ordering::Relaxed) >= enough).then_some(())).await;
                    match &place.postgres {
                        Some((postgres, _)) if random.below(2) == 0 => postgres.kill_backend(random.below(8)),
                        _ => server.signal("KILL").await,
                    }
                }
                history.note(clients).await;
                server.kill().await.unwrap();
            }
            calls += history.check(place.kind());
            lost += history.users.iter().flatten().filter(|lived| lived.ended.is_none()).count();
        }
        println!("{}: {calls} calls over kills, {lost} of them lost, all linearizable", place.kind());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_writers_with_one_if_match_exactly_one_wins() {
    const RACERS: usize = 16;
    for place in Place::all() {
        let server = place.serve().await;
        let mut connection = server.connect().await;
        for round in 0..25 {
            let set = Call::Set { name: format!("before {round}"), only_if: None };
            let Some(Answer::There(before)) = ask(&mut connection, "ann", &set).await else { panic!("it was not set") };
            let start = Arc::new(Barrier::new(RACERS));
            let mut racers = JoinSet::new();
            for racer in 0..RACERS {
                let (mut connection, start) = (server.connect().await, Arc::clone(&start));
                let only_if = before.etag.clone();
                let call = match racer % 2 {
                    0 => Call::Set { name: format!("{racer}"), only_if },
                    _ => Call::Merge { entry: "racer", value: Some((round * RACERS + racer) as u64), only_if },
                };
                racers.spawn(async move {
                    start.wait().await;
                    ask(&mut connection, "ann", &call).await.expect("there is an answer")
                });
            }
            let answers = soon("racers end", racers.join_all()).await;
            let mut winners = answers.iter().filter(|answer| **answer != Answer::Stale);
            let winner = winners.next().expect("one wins");
            assert_eq!(winners.next(), None, "and no other");
            assert_eq!(ask(&mut connection, "ann", &Call::Get).await.as_ref(), Some(winner));
        }
    }
}
