//! App context past crashes: what was answered is there, whole, and is told.
//!
//! - A lane is a server on data of its own, writers that count, and a listener. Lanes are killed at the same time, again and
//!   again, at random instants: our server, and with PostgreSQL also a process of the database or all of it.
//! - Each record carries a checksum over its fields, and each user is in exactly one channel: a torn write would show.
//! - The listener keeps its cursor over kills. It hears each change at least once, and of each record in order; again it
//!   hears only what was told shortly before our server was killed.
//! - `HEREABOUTS_KILLS=1000` is the gate; a plain run makes a few. `HEREABOUTS_SEED` repeats the choices of a run.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use testkit::postgres::Postgres;
use testkit::{Connection, PATIENCE, Reply, eventually, soon};
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};

use crate::program::{Running, command};
use crate::random::Random;
use crate::records::{USER_FIELDS, USERS, move_to, patch, room, user_of, whole};

const WRITERS: usize = 4;
const LANES: usize = 4;

fn kills(by_default: usize) -> usize {
    std::env::var("HEREABOUTS_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(by_default)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_kill_9_whole_and_is_told() {
    lanes("SQLite", kills(16), (0..LANES).map(|lane| Lane::start(lane, None)).collect()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_kill_9_of_server_and_database_with_postgres() {
    let Some(one) = Postgres::start() else { return };
    let databases = std::iter::once(one).chain((1..LANES / 2).filter_map(|_| Postgres::start()));
    let all = databases.enumerate().map(|(lane, postgres)| Lane::start(lane, Some(postgres))).collect();
    lanes("PostgreSQL", kills(10), all).await;
}

/// Runs lanes side by side, each on this thread; their servers, writers and listeners have others.
async fn lanes(database: &str, kills: usize, lanes: Vec<Lane>) {
    let each = kills.div_ceil(lanes.len());
    let patience = Duration::from_secs(60) + Duration::from_secs(5) * u32::try_from(kills).unwrap();
    let together = LocalSet::new();
    let lanes: Vec<_> = lanes.into_iter().map(|lane| together.spawn_local(lane.run(each))).collect();
    let all = together.run_until(async {
        let mut figures = Vec::new();
        for lane in lanes {
            figures.push(lane.await.unwrap());
        }
        figures
    });
    summary(database, &tokio::time::timeout(patience, all).await.expect("no lane hangs"));
}

fn summary(database: &str, lanes: &[Figures]) {
    let sum = |figure: fn(&Figures) -> usize| lanes.iter().map(figure).sum::<usize>();
    println!(
        "{database}: {} kills ({} of the server, {} of a process of the database, {} of the whole database), {} answered \
         changes, {} events, none lost, none torn; {} told again",
        sum(|figures| figures.kills.iter().sum()),
        sum(|figures| figures.kills[0]),
        sum(|figures| figures.kills[1]),
        sum(|figures| figures.kills[2]),
        sum(|figures| figures.answered),
        sum(|figures| figures.heard),
        sum(|figures| figures.again),
    );
}

#[derive(Clone, Copy, Debug, Default)]
struct Figures {
    kills: [usize; 3],
    answered: usize,
    heard: usize,
    again: usize,
}

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    Server,
    Backend(usize),
    Database,
}

struct Lane {
    postgres: Option<Postgres>,
    database: Option<String>,
    random: Random,
    /// The last numbers that were answered: of the user, and of its membership.
    answered: [[u64; 2]; WRITERS],
    figures: Figures,
}

impl Lane {
    fn start(lane: usize, postgres: Option<Postgres>) -> Self {
        let database = postgres.as_ref().map(Postgres::new_database);
        Self {
            postgres,
            database,
            random: Random::of_run(lane),
            answered: Default::default(),
            figures: Figures::default(),
        }
    }

    async fn serve(&self, data: &Path) -> Running {
        let mut command = command(&[]);
        command.envs(self.database.as_ref().map(|address| ("HEREABOUTS_DATABASE", address)));
        Running::from(command, data).await
    }

    fn victim(&mut self) -> Victim {
        match self.random.below(10) {
            0..2 if self.postgres.is_some() => Victim::Backend(self.random.below(8)),
            2..4 if self.postgres.is_some() => Victim::Database,
            _ => Victim::Server,
        }
    }

    async fn run(mut self, kills: usize) -> Figures {
        let place = tempfile::tempdir().unwrap();
        let mut server = self.serve(place.path()).await;
        let mut listener = Listener::at_start(&server).await;
        for _ in 0..kills {
            let victim = self.victim();
            let load = Load::start(&server, self.answered).await;
            let hearing = tokio::spawn(listener.listen(server.connect().await, load.stops.subscribe()));
            load.answers(1 + self.random.below(40)).await;
            // Where inside a commit the kill falls is left to chance.
            tokio::time::sleep(Duration::from_micros(self.random.below(4000) as u64)).await;
            match victim {
                Victim::Server => {
                    self.figures.kills[0] += 1;
                    server.kill().await.unwrap();
                    server = self.serve(place.path()).await;
                }
                Victim::Backend(nth) => {
                    self.figures.kills[1] += 1;
                    self.postgres.as_ref().unwrap().kill_backend(nth);
                }
                Victim::Database => {
                    self.figures.kills[2] += 1;
                    let mut postgres = self.postgres.take().unwrap();
                    let again = tokio::task::spawn_blocking(move || {
                        postgres.kill();
                        postgres.start_again();
                        postgres
                    });
                    self.postgres = Some(again.await.unwrap());
                }
            }
            self.figures.answered += load.stop(&mut self.answered).await;
            listener = soon("the listener ends", hearing).await.unwrap();
            listener.may_hear_again = victim == Victim::Server;
            ready(&server).await;
            for writer in 0..WRITERS {
                let found = self.compare(&server, writer, victim).await;
                self.answered[writer] = found;
            }
            listener.catch_up(&server, self.answered).await;
        }
        self.figures.heard = listener.heard;
        self.figures.again = listener.again;
        self.figures
    }

    /// What is there of a writer, which is what was answered, or one more that was under way.
    async fn compare(&self, server: &Running, writer: usize, victim: Victim) -> [u64; 2] {
        let [set, joined] = self.answered[writer];
        let within = |found: u64, last: u64, what: &str| {
            let allowed: RangeInclusive<u64> = last..=last + 1;
            let seed = self.random.seed();
            assert!(
                allowed.contains(&found),
                "{what} of writer {writer} after {victim:?}: {found}, {last} was answered; {seed}"
            );
            found
        };
        let found = server.get(&format!("{USERS}/{}?include=custom", user(writer))).await;
        let set = match found.status {
            404 => within(0, set, "user"),
            _ => within(whole(&found.json()["data"], &USER_FIELDS), set, "user"),
        };
        let target = format!("{USERS}/{}/channels?include=custom&limit=10", user(writer));
        let memberships = server.ask(&target).await;
        let joined = match &memberships["data"].as_array().unwrap()[..] {
            [] => within(0, joined, "membership"),
            [membership] => {
                let number = whole(membership, &[]);
                assert_eq!(membership["channel"]["id"], room(number), "the membership is another's");
                within(number, joined, "membership")
            }
            several => panic!("half of a move between channels: {several:?}"),
        };
        [set, joined]
    }
}

/// Waits until the server says that it can be used.
async fn ready(server: &Running) {
    eventually("the server is ready", async || (server.get("/ready").await.status == 200).then_some(())).await;
}

fn user(writer: usize) -> String {
    format!("writer-{writer}")
}

/// Writers at work.
struct Load {
    writers: JoinSet<(usize, [u64; 2])>,
    answers: Arc<AtomicUsize>,
    /// Whether they are to end, with what is under way, and the listener with them.
    stops: watch::Sender<bool>,
}

impl Load {
    async fn start(server: &Running, from: [[u64; 2]; WRITERS]) -> Self {
        let (answers, stops) = (Arc::new(AtomicUsize::new(0)), watch::Sender::new(false));
        let mut writers = JoinSet::new();
        for (writer, last) in from.into_iter().enumerate() {
            let mut connection = server.connect().await;
            let (answers, stops) = (Arc::clone(&answers), stops.subscribe());
            writers.spawn(async move {
                let mut last = last;
                let calls = [format!("{USERS}/{}", user(writer)), format!("{USERS}/{}/channels", user(writer))];
                while !*stops.borrow() {
                    // The one that is behind comes next, so that neither is ever more than one ahead.
                    let what = usize::from(last[1] < last[0]);
                    let number = last[what] + 1;
                    let body = if what == 0 { user_of(number) } else { move_to(number) };
                    match patch(&mut connection, &calls[what], &body).await {
                        Some(200) => last[what] = number,
                        // With the server gone, or the database, nobody was told that it was done.
                        None | Some(500..) => break,
                        Some(status) => panic!("{status} for {body}"),
                    }
                    answers.fetch_add(1, Ordering::Relaxed);
                }
                (writer, last)
            });
        }
        Self { writers, answers, stops }
    }

    async fn answers(&self, number: usize) {
        let enough = async || (self.answers.load(Ordering::Relaxed) >= number).then_some(());
        eventually("writers are answered", enough).await;
    }

    /// Ends the writers; notes what each was answered last, and tells how many answers there were.
    async fn stop(mut self, last: &mut [[u64; 2]; WRITERS]) -> usize {
        self.stops.send_replace(true);
        while let Some(ended) = soon("a writer ends", self.writers.join_next()).await {
            let (writer, answered) = ended.unwrap();
            last[writer] = answered;
        }
        self.answers.load(Ordering::Relaxed)
    }
}

/// Who hears of all changes.
struct Listener {
    cursor: u64,
    /// The highest numbers that were heard: of users, and of their memberships.
    highest: [[u64; 2]; WRITERS],
    may_hear_again: bool,
    heard: usize,
    again: usize,
}

impl Listener {
    async fn at_start(server: &Running) -> Self {
        let cursor = server.get(&target(0)).await.timetoken();
        Self { cursor, highest: Default::default(), may_hear_again: false, heard: 0, again: 0 }
    }

    /// Listens until the server is gone or the writers are stopped. Who gives up before that would be away while changes are told, for longer
    /// perhaps than they are told again.
    async fn listen(mut self, mut connection: Connection, mut stops: watch::Receiver<bool>) -> Self {
        loop {
            let target = target(self.cursor);
            tokio::select! {
                Ok(reply) = connection.get(&target) => self.take(&reply),
                // A poll that is given up has moved no cursor.
                _ = stops.wait_for(|stops| *stops) => return self,
            }
        }
    }

    fn take(&mut self, reply: &Reply) {
        self.cursor = reply.timetoken();
        for event in reply.payloads() {
            let (data, membership) = (&event["data"], event["type"] == "membership");
            // Who left a channel is told without a number.
            let Some(number) = data["custom"]["n"].as_u64() else { continue };
            let user = if membership { &data["uuid"]["id"] } else { &data["id"] };
            let writer: usize = user.as_str().unwrap().strip_prefix("writer-").unwrap().parse().unwrap();
            let highest = &mut self.highest[writer][usize::from(membership)];
            match number.checked_sub(*highest) {
                Some(1) => {
                    *highest = number;
                    self.heard += 1;
                }
                Some(2..) => panic!("{number} was told after {highest}: what is between is lost"),
                None | Some(0) => {
                    assert!(self.may_hear_again, "{number} was told again, and {highest} before");
                    self.again += 1;
                }
            }
        }
    }

    /// Hears everything up to these numbers.
    async fn catch_up(&mut self, server: &Running, last: [[u64; 2]; WRITERS]) {
        let mut connection = server.connect().await;
        while self.highest != last {
            let reply = tokio::time::timeout(PATIENCE, connection.get(&target(self.cursor))).await;
            let Ok(reply) = reply else { panic!("never heard: {last:?}, but {:?}", self.highest) };
            self.take(&reply.unwrap());
        }
    }
}

fn target(cursor: u64) -> String {
    let users: Vec<String> = (0..WRITERS).map(user).collect();
    format!("/v2/subscribe/demo/{}/0?tt={cursor}", users.join(","))
}
