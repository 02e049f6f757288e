//! A whole node in simulated time: its key set, its timelines, its upkeep, its store and its files.
//!
//! The runtime is paused, so its clock goes where the simulation sends it, and every task of the node runs when its time
//! has come. The wall clock is that clock and whatever the jumps have added.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use engine::pubsub::Limits;
use node::acts::{self, Act};
use node::{
    Caller, Clock, ContextOptions, Credentials, HereNow, Keyset, KeysetOptions, LimitOptions, Mode, Node, Permit,
    Places, PresenceOptions, PubsubOptions, Subscribe,
};
use store::{DataDirectory, Settings, Sqlite};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::time::Instant;
use wire::presence::{Delta, Event, What};
use wire::{ChannelName, InstanceId, Json, PublishKey, SubscribeKey, Timestamp, Timetoken, UserId};

use super::engine_site::rules;
use super::site::Site;

/// How often the observer looks.
const LOOK_MILLIS: u64 = 100;
/// What the wall clock says at the beginning.
const BEGIN_TICKS: u64 = 17_000_000_000_000_000;

/// A node in simulated time.
pub struct NodeSite {
    runtime: Runtime,
    options: KeysetOptions,
    clock: Arc<SimulatedClock>,
    directory: DataDirectory,
    _files: TempDir,
    node: Option<Node>,
    streams: Vec<ChannelName>,
    cursor: Timetoken,
    heard: Vec<Event>,
    begun: Instant,
    /// How long the server was down, all restarts together, in milliseconds.
    down: u64,
}

struct SimulatedClock {
    begun: Instant,
    /// What the jumps have added to the wall clock, in milliseconds.
    ahead: AtomicI64,
}

impl SimulatedClock {
    fn passed(&self) -> Duration {
        Instant::now().duration_since(self.begun)
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Timetoken {
        let ahead = self.ahead.load(Ordering::SeqCst) * 10_000;
        Timetoken::from_ticks(BEGIN_TICKS.saturating_add_signed(ahead)) + self.passed()
    }

    fn steady(&self) -> Timestamp {
        Timetoken::from_ticks(BEGIN_TICKS).timestamp() + self.passed()
    }
}

#[expect(clippy::unwrap_used, reason = "a machine that cannot run a node cannot simulate one")]
impl NodeSite {
    /// A node on an empty directory.
    #[must_use]
    pub fn new(options: &super::Options) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        // In memory where there is such a place: the bound of timetokens is written every few simulated seconds.
        let files = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let directory = DataDirectory::open(files.path()).unwrap();
        let begun = runtime.block_on(async { Instant::now() });
        let mut site = Self {
            runtime,
            options: keyset_options(options),
            clock: Arc::new(SimulatedClock { begun, ahead: AtomicI64::new(0) }),
            directory,
            _files: files,
            node: None,
            streams: (0..options.channels.max(1)).map(|number| super::client::channel(number).presence()).collect(),
            cursor: Timetoken::ZERO,
            heard: Vec::new(),
            begun,
            down: 0,
        };
        site.start();
        site.cursor = site.node.as_ref().unwrap().now();
        site
    }

    fn start(&mut self) {
        let store = Sqlite::open(&self.directory, &Settings::default()).unwrap();
        let (directory, clock) = (self.directory.clone(), Arc::clone(&self.clock) as Arc<dyn Clock>);
        let started = Node::start(vec![self.options.clone()], directory, Arc::new(store), clock);
        self.node = Some(self.still(started).unwrap());
    }

    /// Does something in no time. A paused clock goes on by itself while everybody waits, for the store above all; but not
    /// while there is blocking work.
    fn still<T>(&self, what: impl Future<Output = T>) -> T {
        self.runtime.block_on(async {
            let (done, wait) = std::sync::mpsc::channel::<()>();
            let work = tokio::task::spawn_blocking(move || wait.recv());
            let answer = what.await;
            drop(done);
            let _ = work.await;
            answer
        })
    }

    /// Milliseconds that it has been running.
    fn now(&self) -> u64 {
        let _runtime = self.runtime.enter();
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_sub(self.down)
    }

    fn keyset(&self) -> Arc<Keyset> {
        self.node.as_ref().unwrap().keyset("demo").unwrap()
    }

    /// Does something with the key set, as a request does.
    fn ask<A: Act, R>(&mut self, act: A, what: impl FnOnce(&Keyset, Permit<A>) -> R) -> R {
        let _runtime = self.runtime.enter();
        let keyset = self.keyset();
        let permit = permit(&keyset, act);
        what(&keyset, permit)
    }

    /// Polls until there is nothing more.
    fn listen(&mut self, keyset: &Arc<Keyset>) {
        loop {
            let listen = acts::Listen { channels: self.streams.clone(), groups: Vec::new() };
            let poll = keyset.subscribe(permit(keyset, listen), observer(self.cursor)).unwrap();
            // A poll that would wait is given up; the next one begins at the same cursor.
            let batch = self.runtime.block_on(async {
                tokio::select! {
                    biased;
                    batch = poll => Some(batch.unwrap()),
                    () = std::future::ready(()) => None,
                }
            });
            let Some(batch) = batch.filter(|batch| !batch.items.is_empty()) else { return };
            for item in &batch.items {
                assert!(item.timetoken() > self.cursor, "R17: {} after {}", item.timetoken(), self.cursor);
                self.cursor = item.timetoken();
                let mut payload = Vec::new();
                item.write_payload(&mut payload);
                self.heard.push(event(item.channel().base(), &serde_json::from_slice(&payload).unwrap()));
            }
            self.cursor = batch.cursor;
        }
    }

    fn places(channels: &[ChannelName]) -> Places {
        Places { channels: channels.to_vec(), groups: Vec::new() }
    }
}

#[expect(clippy::unwrap_used, reason = "a machine that cannot run a node cannot simulate one")]
impl Site for NodeSite {
    fn pass(&mut self, to: u64) -> u64 {
        let next = to.min(self.now() + LOOK_MILLIS);
        let until = self.begun + Duration::from_millis(next + self.down);
        self.runtime.block_on(async { tokio::time::sleep_until(until).await });
        next
    }

    fn arrive(
        &mut self,
        user: &UserId,
        instance: &InstanceId,
        places: &[(ChannelName, Option<Json>)],
        timeout: u64,
        _now: u64,
    ) {
        let caller = Caller { user: user.clone(), instance: instance.clone() };
        let states: Vec<_> =
            places.iter().filter_map(|(channel, state)| Some((channel.as_str().to_owned(), state.clone()?))).collect();
        let places =
            Places { channels: places.iter().map(|(channel, _)| channel.clone()).collect(), groups: Vec::new() };
        let timeout = Duration::from_secs(timeout);
        self.ask(acts::Heartbeat(places), |keyset, permit| {
            keyset.heartbeat(permit, &caller, &states, timeout).unwrap();
        });
    }

    fn leave(&mut self, user: &UserId, instance: &InstanceId, channels: &[ChannelName], _now: u64) {
        let caller = Caller { user: user.clone(), instance: instance.clone() };
        self.ask(acts::Leave(Self::places(channels)), |keyset, permit| keyset.leave(permit, &caller));
    }

    fn set_state(&mut self, user: &UserId, channels: &[ChannelName], state: &Json, _now: u64) {
        self.ask(acts::SetState(Self::places(channels)), |keyset, permit| {
            keyset.set_state(permit, user, state).unwrap();
        });
    }

    fn here(&mut self, channel: &ChannelName, _now: u64) -> (usize, Vec<(UserId, Option<Json>)>) {
        let page = engine::presence::Page { limit: usize::MAX, offset: 0 };
        let places = Self::places(std::slice::from_ref(channel));
        let request = HereNow { patterns: false, page: Some(page) };
        let mut answer = self.ask(acts::HereNow(places), |keyset, permit| keyset.here_now(permit, request));
        let answer = answer.remove(0);
        let occupants = answer.occupants.into_iter().flatten();
        (answer.occupancy, occupants.map(|occupant| (occupant.user, occupant.state)).collect())
    }

    fn where_now(&mut self, user: &UserId, _now: u64) -> Vec<ChannelName> {
        self.ask(acts::WhereNow, |keyset, permit| keyset.where_now(permit, user, &[]))
    }

    fn jump(&mut self, millis: i64) {
        self.clock.ahead.fetch_add(millis, Ordering::SeqCst);
    }

    fn restart(&mut self, down_millis: u64, _now: u64) {
        let keyset = self.keyset();
        let node = self.node.take().unwrap();
        self.still(node.stop());
        // What was told to the last moment is read from what the polls would have been answered with.
        self.listen(&keyset);
        drop(keyset);
        self.down += down_millis;
        self.runtime.block_on(async { tokio::time::sleep(Duration::from_millis(down_millis)).await });
        self.start();
    }

    fn events(&mut self) -> Vec<Event> {
        let keyset = self.keyset();
        self.listen(&keyset);
        std::mem::take(&mut self.heard)
    }
}

pub(crate) fn observer(cursor: Timetoken) -> Subscribe {
    Subscribe {
        cursor: Some(cursor),
        filter: None,
        caller: None,
        timeout: Duration::from_secs(300),
        states: Vec::new(),
        joins_aside: false,
    }
}

/// Leave to do it, as everyone has it on an open key set.
#[expect(clippy::unwrap_used, reason = "the key set is open")]
pub(crate) fn permit<A: Act>(keyset: &Keyset, act: A) -> Permit<A> {
    keyset.decide(&Credentials::none(), act).unwrap()
}

/// An event from its payload.
#[expect(clippy::unwrap_used, reason = "the server wrote it")]
pub(crate) fn event(channel: &str, payload: &serde_json::Value) -> Event {
    let user = || UserId::new(payload["uuid"].as_str().unwrap()).unwrap();
    let state = || payload.get("data").map(Json::of);
    let list = |name: &str| {
        let users = payload.get(name).and_then(|list| list.as_array()).into_iter().flatten();
        users.map(|user| UserId::new(user.as_str().unwrap()).unwrap()).collect::<Vec<_>>()
    };
    let what = match payload["action"].as_str().unwrap() {
        "join" => What::Join(user(), state()),
        "leave" => What::Leave(user(), state()),
        "timeout" => What::Timeout(user(), state()),
        "state-change" => What::StateChange(user(), state().unwrap()),
        "interval" => What::Interval(Delta {
            join: list("join"),
            leave: list("leave"),
            timeout: list("timeout"),
            here_now_refresh: payload["here_now_refresh"] == true,
        }),
        other => unreachable!("no such action: {other}"),
    };
    Event {
        channel: ChannelName::new(channel).unwrap(),
        at: Timestamp::from_millis(payload["precise_timestamp"].as_u64().unwrap()),
        occupancy: payload["occupancy"].as_u64().unwrap() as usize,
        what,
    }
}

#[expect(clippy::unwrap_used, reason = "names made here are names")]
pub(crate) fn keyset_options(options: &super::Options) -> KeysetOptions {
    KeysetOptions {
        name: "demo".to_owned(),
        subscribe_key: SubscribeKey::new("demo").unwrap(),
        publish_key: PublishKey::new("demo").unwrap(),
        access: Mode::Open,
        gives_way: false,
        secrets: Vec::new(),
        groups: true,
        pubsub: PubsubOptions {
            // Room for whatever comes between two looks.
            queue: Limits { messages: 1_000_000, age: Duration::from_secs(1200), bytes: 256 << 20 },
            hold: Duration::from_secs(280),
            reply_bytes: 1 << 20,
            groups_per_subscribe: 10,
            channels_per_group: 2000,
        },
        presence: PresenceOptions {
            enabled: true,
            rules: rules(options),
            renew_by_subscribe: true,
            stream_filtering: false,
            timeout: Duration::from_secs(300),
            state_bytes: 32 << 10,
            here_now_limit: 1000,
            // A save a simulated second would be most of the work.
            snapshot_every: Duration::from_secs(10),
            notice_channel: None,
        },
        context: ContextOptions {
            enabled: false,
            user_events: false,
            channel_events: false,
            membership_events: false,
            referential_integrity: false,
            disallow_get_all_users: true,
            disallow_get_all_channels: true,
        },
        limits: LimitOptions::default(),
    }
}
