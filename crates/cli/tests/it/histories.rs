//! Users under concurrent calls, as one that does one call at a time would have them.
//!
//! `HEREABOUTS_HISTORIES=200` makes more of them than a plain run; `HEREABOUTS_SEED` repeats the choices of a run.

use std::sync::Arc;
use std::time::Instant;

use serde_json::json;
use testkit::postgres::Postgres;
use testkit::{Connection, soon};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::linearizable::{Lived, Sequential, is_linearizable};
use crate::program::{Running, command};
use crate::random::Random;

const CLIENTS: usize = 8;
const CALLS: usize = 60;
const USERS: usize = 3;

/// A user, as far as this is about: its name, and its eTag if anybody has seen that.
struct User;

#[derive(Clone, Debug)]
enum Call {
    Get,
    Set { name: String, only_if: Option<String> },
    Remove { only_if: Option<String> },
}

#[derive(Clone, Debug, PartialEq)]
enum Answer {
    There { name: String, etag: String },
    Missing,
    Done,
    Stale,
}

impl Sequential for User {
    type State = Option<(String, Option<String>)>;
    type Call = Call;
    type Answer = Answer;

    fn after(state: &Self::State, call: &Call, answer: Option<&Answer>) -> Option<Self::State> {
        let holds = |only_if: &Option<String>| match (only_if, state) {
            (None, _) => true,
            (Some(_), None) => false,
            // A condition on what nobody has seen may be right.
            (Some(wanted), Some((_, etag))) => etag.as_ref().is_none_or(|etag| etag == wanted),
        };
        let is_unseen = matches!(state, Some((_, None)));
        match (call, answer) {
            (Call::Get, None) => Some(state.clone()),
            (Call::Get, Some(Answer::Missing)) => state.is_none().then_some(None),
            (Call::Get, Some(Answer::There { name, etag })) => {
                let (named, seen) = state.as_ref()?;
                let fits = named == name && seen.as_ref().is_none_or(|seen| seen == etag);
                fits.then(|| Some((name.clone(), Some(etag.clone()))))
            }
            (Call::Set { name, only_if }, Some(Answer::There { name: named, etag })) => {
                (holds(only_if) && name == named).then(|| Some((name.clone(), Some(etag.clone()))))
            }
            (Call::Remove { only_if }, Some(Answer::Done)) => holds(only_if).then_some(None),
            (Call::Set { only_if, .. } | Call::Remove { only_if }, Some(Answer::Stale)) => {
                (only_if.is_some() && (!holds(only_if) || is_unseen)).then(|| state.clone())
            }
            (Call::Set { name, only_if }, None) => holds(only_if).then(|| Some((name.clone(), None))),
            (Call::Remove { only_if }, None) => holds(only_if).then_some(None),
            _ => None,
        }
    }
}

/// The real server on each database that there is.
async fn servers() -> Vec<(Running, tempfile::TempDir, Option<Postgres>)> {
    let mut servers = Vec::new();
    for postgres in [Some(None), Postgres::start().map(Some)].into_iter().flatten() {
        let place = tempfile::tempdir().unwrap();
        let mut command = command(&[]);
        command.envs(postgres.as_ref().map(|postgres| ("HEREABOUTS_DATABASE", postgres.new_database())));
        servers.push((Running::from(command, place.path()).await, place, postgres));
    }
    servers
}

async fn ask(connection: &mut Connection, user: &str, call: &Call) -> Answer {
    let (method, only_if, body) = match call {
        Call::Get => ("GET", &None, String::new()),
        Call::Set { name, only_if } => ("PATCH", only_if, json!({ "name": name }).to_string()),
        Call::Remove { only_if } => ("DELETE", only_if, String::new()),
    };
    let condition = only_if.as_ref().map(|etag| format!("If-Match: {etag}\r\n")).unwrap_or_default();
    let head = format!("{method} /v2/objects/demo/uuids/{user} HTTP/1.1\r\nHost: here\r\n{condition}");
    connection.send(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len())).await.unwrap();
    let reply = connection.receive().await.unwrap();
    match (reply.status, call) {
        (200, Call::Remove { .. }) => Answer::Done,
        (200, _) => {
            let data = &reply.json()["data"];
            let text = |name: &str| data[name].as_str().unwrap().to_owned();
            Answer::There { name: text("name"), etag: text("eTag") }
        }
        (404, Call::Get) => Answer::Missing,
        (412, _) => Answer::Stale,
        (status, _) => panic!("{status}: {}", reply.text()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn histories_of_get_set_and_remove_are_linearizable() {
    let histories = std::env::var("HEREABOUTS_HISTORIES").ok().and_then(|number| number.parse().ok()).unwrap_or(4);
    for (server, ..) in servers().await {
        for history in 0..histories {
            let seed = Random::of_run(0).seed();
            for (user, calls) in live(&server, history).await.into_iter().enumerate() {
                assert!(is_linearizable::<User>(&calls), "{seed}, history {history}, user {user}: {calls:#?}");
            }
        }
    }
}

/// Clients at work on a few users; answers with the calls about each of these.
async fn live(server: &Running, history: usize) -> Vec<Vec<Lived<Call, Answer>>> {
    let start = Instant::now();
    let now = move || start.elapsed().as_nanos() as u64;
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let mut connection = server.connect().await;
        let mut random = Random::of_run(history * CLIENTS + client);
        clients.spawn(async move {
            let (mut lived, mut seen) = (Vec::new(), vec![None; USERS]);
            for n in 0..CALLS {
                let user = random.below(USERS);
                let only_if = if random.below(4) > 0 { seen[user].clone() } else { None };
                let call = match random.below(10) {
                    0..4 => Call::Get,
                    4..9 => Call::Set { name: format!("{client} {n}"), only_if },
                    _ => Call::Remove { only_if },
                };
                let begun = now();
                let answer = ask(&mut connection, &format!("user-{history}-{user}"), &call).await;
                let ended = now();
                if let Answer::There { etag, .. } = &answer {
                    seen[user] = Some(etag.clone());
                }
                lived.push((user, Lived { call, begun, ended: Some((ended, answer)) }));
            }
            lived
        });
    }
    let mut users = vec![Vec::new(); USERS];
    for (user, lived) in soon("clients end", clients.join_all()).await.into_iter().flatten() {
        users[user].push(lived);
    }
    users
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_writers_with_one_if_match_exactly_one_wins() {
    const RACERS: usize = 16;
    for (server, ..) in servers().await {
        let mut connection = server.connect().await;
        for round in 0..25 {
            let set = Call::Set { name: format!("before {round}"), only_if: None };
            let Answer::There { etag, .. } = ask(&mut connection, "ann", &set).await else { panic!("it was not set") };
            let start = Arc::new(Barrier::new(RACERS));
            let mut racers = JoinSet::new();
            for racer in 0..RACERS {
                let (mut connection, start) = (server.connect().await, Arc::clone(&start));
                let call = Call::Set { name: format!("{racer}"), only_if: Some(etag.clone()) };
                racers.spawn(async move {
                    start.wait().await;
                    ask(&mut connection, "ann", &call).await
                });
            }
            let answers = soon("racers end", racers.join_all()).await;
            let mut winners = answers.iter().filter(|answer| **answer != Answer::Stale);
            let winner = winners.next().expect("one wins");
            assert_eq!(winners.next(), None, "and no other");
            assert_eq!(ask(&mut connection, "ann", &Call::Get).await, *winner);
        }
    }
}
