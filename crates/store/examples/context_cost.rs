//! What app context costs in the store itself, without HTTP: figures to read, nothing is asserted.
//!
//! ```console
//! $ cargo run --release -p hereabouts-store --example context_cost -- 100000
//! $ cargo run --release -p hereabouts-store --example context_cost -- 100000 postgres
//! $ cargo run --release -p hereabouts-store --example context_cost -- 100000 postgres://postgres@localhost/empty
//! $ cargo run --release -p hereabouts-store --example context_cost -- 100000 postgres writes
//! ```
//!
//! The word `postgres` alone starts a PostgreSQL of its own. With `writes` nobody lists, so no index is made for a list.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program to look at figures with")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::context::{Condition, CustomMode, Filter, List, Manage, Position, Query, Range, Set, Sort};
use serde_json::{Value, json};
use store::{DataDirectory, Postgres, Settings, Sqlite, Store};
use wire::context::{Include, Kind, Moment, Shown};
use wire::{RecordId, SubscribeKey};

#[allow(unreachable_pub, dead_code)]
#[path = "../../testkit/src/postgres.rs"]
mod server;

const WINDOW: Duration = Duration::from_secs(1);

fn id(text: &str) -> RecordId {
    RecordId::new(text).unwrap()
}

fn set(kind: Kind, name: &str, body: &Value) -> Set {
    Set::parse(kind, id(name), body.to_string().as_bytes(), CustomMode::Replace, Condition::None).unwrap()
}

/// A name for a number, spread over the alphabet.
fn user(n: usize) -> String {
    format!("user-{:08x}", (n as u32).wrapping_mul(0x9e37_79b1))
}

/// Some 300 bytes as JSON.
fn body(n: usize, teams: usize) -> Value {
    let mixed = (n as u32).wrapping_mul(0x85eb_ca6b);
    json!({
        "name": format!("Person {:06} {}", mixed % 1_000_000, n),
        "email": format!("person.{n}@example.org"),
        "profileUrl": format!("https://example.org/people/{n}.png"),
        "status": if n.is_multiple_of(2) { "active" } else { "away" },
        "type": "member",
        "custom": {"team": format!("team-{}", mixed as usize % teams), "age": n % 90, "admin": n.is_multiple_of(100)},
    })
}

fn query(list: List, filter: &str, sort: &str) -> Query {
    let kind = list.kind();
    let mut query = Query::new(list);
    query.filter = Filter::parse(filter, kind).unwrap();
    query.sort = Sort::parse(sort, kind).unwrap();
    query
}

struct Bench {
    store: Arc<dyn Store>,
    key: SubscribeKey,
    users: usize,
    teams: usize,
    /// The address, if it is PostgreSQL.
    database: Option<String>,
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let users: usize = arguments.next().map_or(100_000, |text| text.parse().unwrap());
    let temporary = tempfile::tempdir().unwrap();
    let mut address = arguments.next();
    let server = if address.as_deref() == Some("postgres") { server::Postgres::start() } else { None };
    if let Some(server) = &server {
        address = Some(server.new_database());
    }
    let database = address.clone();
    let only_writes = arguments.next().is_some_and(|word| word == "writes");
    let store: Arc<dyn Store> = match address {
        Some(address) => Arc::new(Postgres::open(&address).await.unwrap()),
        None => {
            let directory = DataDirectory::open(temporary.path()).unwrap();
            Arc::new(Sqlite::open(&directory, &Settings::default()).unwrap())
        }
    };
    // 2,000 users a team, or 50 teams.
    let bench =
        Bench { store, key: SubscribeKey::new("demo").unwrap(), users, teams: (users / 2000).max(50), database };
    bench.run(only_writes).await;
}

impl Bench {
    async fn run(&self, only_writes: bool) {
        let start = Instant::now();
        for begin in (0..self.users).step_by(1000) {
            let sets = (begin..(begin + 1000).min(self.users)).map(|n| set(Kind::User, &user(n), &body(n, self.teams)));
            let last =
                self.store.set_many(&self.key, sets.collect(), Moment::from_micros(begin as i64)).await.unwrap().last;
            self.store.told(last).await.unwrap();
        }
        println!("{} users by thousands: {:.0}/s", self.users, self.users as f64 / start.elapsed().as_secs_f64());

        if let Some(database) = &self.database {
            // PostgreSQL does this by itself, a minute later.
            let (db, connection) = tokio_postgres::connect(database, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            db.batch_execute("VACUUM ANALYZE").await.unwrap();
        }
        if only_writes {
            return self.writes().await;
        }
        self.rate("get, 1 task", 1, |n| self.get(n)).await;
        self.rate("get, 64 tasks", 64, |n| self.get(n)).await;
        let users = || List::Records(Kind::User);
        self.page("first page, by id", query(users(), "", "")).await;
        self.page("first page, by name", query(users(), "", "name")).await;
        self.page("first page, by updated:desc", query(users(), "", "updated:desc")).await;
        self.page("by name, status == active", query(users(), "status == 'active'", "name")).await;
        self.have_indexes_made().await;
        self.page("by name, custom.team == x", query(users(), "custom.team == 'team-7'", "name")).await;
        self.page("by id, custom.team == x", query(users(), "custom.team == 'team-7'", "")).await;
        self.page("by id, custom.admin == true", query(users(), "custom.admin == true", "")).await;
        self.page("by id, name LIKE 'Person 0001*'", query(users(), "name LIKE 'Person 0001*'", "")).await;
        self.deep("", 900).await;
        self.deep("name", 900).await;
        self.deep("status:desc,name", 900).await;
        for (name, filter) in
            [("count", ""), ("count, status", "status == 'active'"), ("count, team", "custom.team == 'team-7'")]
        {
            let mut query = query(users(), filter, "");
            query.count = true;
            query.limit = 1;
            self.page(name, query).await;
        }
        self.memberships().await;
        self.writes().await;
    }

    async fn get(&self, n: usize) {
        let found = self.store.record(&self.key, Kind::User, &id(&user(n * 7919 % self.users))).await.unwrap();
        assert!(found.is_some());
    }

    /// How often it can be done, by so many tasks at once.
    async fn rate<F: Future<Output = ()>>(&self, name: &str, tasks: usize, call: impl Fn(usize) -> F) {
        let start = Instant::now();
        let mut done = 0;
        let mut slowest = Duration::ZERO;
        let mut times = Vec::new();
        while start.elapsed() < WINDOW {
            let round = Instant::now();
            let calls = (0..tasks).map(|task| call(done + task));
            together(calls).await;
            done += tasks;
            slowest = slowest.max(round.elapsed());
            times.push(round.elapsed());
        }
        times.sort_unstable();
        let rate = done as f64 / start.elapsed().as_secs_f64();
        println!("{name:36} {rate:>9.0}/s   median {:?}", times[times.len() / 2]);
    }

    async fn page(&self, name: &str, query: Query) {
        let query = &query;
        self.rate(name, 1, |_| async move {
            self.store.records(&self.key, query).await.unwrap();
        })
        .await;
    }

    /// An index of an entry is made when a list first asks for it, and filled while nobody writes.
    async fn have_indexes_made(&self) {
        let start = Instant::now();
        for (filter, sort) in
            [("custom.team == 'team-7'", "name"), ("custom.team == 'team-7'", ""), ("custom.admin == true", "")]
        {
            self.store.records(&self.key, &query(List::Records(Kind::User), filter, sort)).await.unwrap();
            println!("{:36} {:>9.1?}", format!("first time, {filter}, sort '{sort}'"), start.elapsed());
        }
        tokio::time::sleep(Duration::from_secs(2 + self.users as u64 / 20_000)).await;
    }

    async fn deep(&self, sort: &str, pages: usize) {
        let mut query = query(List::Records(Kind::User), "", sort);
        let pages = pages.min(self.users / query.limit - 1);
        for _ in 1..pages {
            let page = self.store.records(&self.key, &query).await.unwrap();
            let next = page.next.unwrap();
            query.range = Range::From(Position::decode(&next, &query.list, &query.sort).unwrap());
        }
        self.page(&format!("page {pages}, sort '{sort}'"), query).await;
    }

    async fn memberships(&self) {
        let ann = id("ann");
        for begin in (0..1000).step_by(100) {
            for n in begin..begin + 100 {
                let body = json!({"name": format!("Room {n}")});
                self.store
                    .set(&self.key, set(Kind::Channel, &format!("room-{n}"), &body), Moment::default())
                    .await
                    .unwrap()
                    .outcome
                    .unwrap();
            }
            let entries: Vec<Value> =
                (begin..begin + 100).map(|n| json!({"channel": {"id": format!("room-{n}")}})).collect();
            let body = json!({"set": entries}).to_string();
            let manage = Manage::parse(Kind::User, ann.clone(), body.as_bytes(), CustomMode::Replace, false).unwrap();
            self.store.manage(&self.key, manage, Moment::default()).await.unwrap().outcome.unwrap();
        }
        let list = List::Memberships { owner: Kind::User, id: ann };
        let mut by_id = query(list.clone(), "", "");
        by_id.include = Include { joined: Some(Shown::ALL), ..Include::default() };
        let mut by_name = query(list, "channel.name LIKE 'Room*'", "channel.name:desc");
        by_name.include = by_id.include;
        by_name.count = true;
        for (name, query) in [("memberships of 1,000, by id", &by_id), ("memberships, name, filter, count", &by_name)] {
            self.rate(name, 1, |_| async move {
                self.store.memberships(&self.key, query).await.unwrap();
            })
            .await;
        }
    }

    /// Writers that each wait for their answer, beside somebody who publishes the events.
    async fn writes(&self) {
        let mut events = self.store.events().await.unwrap();
        let store = Arc::clone(&self.store);
        tokio::spawn(async move {
            let mut batch = Vec::new();
            while events.recv_many(&mut batch, 10_000).await > 0 {
                let last = batch.drain(..).next_back().map_or(0, |event| event.number);
                let _ = store.told(last).await;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        for (name, change) in [
            ("new users, 64 writers", 0),
            ("changed status, 64 writers", 1),
            ("changed name, 64 writers", 2),
            ("changed entry of custom, 64 writers", 3),
        ] {
            let start = Instant::now();
            let writers = (0..64).map(|writer| {
                let (store, key, users, teams) = (Arc::clone(&self.store), self.key.clone(), self.users, self.teams);
                tokio::spawn(async move {
                    let mut times = Vec::new();
                    for n in (writer..).step_by(64).take_while(|_| start.elapsed() < WINDOW * 2) {
                        let name = user(n * 7919 % users);
                        let set = match change {
                            0 => set(Kind::User, &format!("new-{name}"), &body(n, teams)),
                            1 => set(Kind::User, &name, &json!({"status": format!("s{}", n % 10)})),
                            2 => set(Kind::User, &name, &json!({"name": format!("Somebody {n}")})),
                            _ => Set::parse(
                                Kind::User,
                                id(&name),
                                format!(r#"{{"custom":{{"team":"t{n}"}}}}"#).as_bytes(),
                                CustomMode::Merge,
                                Condition::None,
                            )
                            .unwrap(),
                        };
                        let asked = Instant::now();
                        store.set(&key, set, Moment::from_micros(n as i64)).await.unwrap().outcome.unwrap();
                        times.push(asked.elapsed());
                    }
                    times
                })
            });
            let mut times = Vec::new();
            for writer in writers.collect::<Vec<_>>() {
                times.extend(writer.await.unwrap());
            }
            times.sort_unstable();
            println!(
                "{name:36} {:>9.0}/s   p50 {:?}  p99 {:?}",
                times.len() as f64 / start.elapsed().as_secs_f64(),
                times[times.len() / 2],
                times[times.len() * 99 / 100]
            );
        }
    }
}

async fn together<F: Future<Output = ()>>(calls: impl Iterator<Item = F>) {
    let mut calls: Vec<_> = calls.map(|call| Some(Box::pin(call))).collect();
    std::future::poll_fn(|context| {
        let mut waiting = false;
        for call in &mut calls {
            if let Some(running) = call {
                match running.as_mut().poll(context) {
                    std::task::Poll::Ready(()) => *call = None,
                    std::task::Poll::Pending => waiting = true,
                }
            }
        }
        if waiting { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
}
