//! Words for the scenarios: a place with a data directory and a clock, and short ways to say what happens there.

use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake};
use std::thread::ThreadId;
use std::time::Duration;

use engine::filter::MessageFilter;
use engine::pubsub::Limits;
use node::acts::{self, ChangeGroup, Listen as Names, Publish, Sent};
use node::{
    Batch, Caller, Clock, ContextOptions, Credentials, GroupStream, HereNow, Item, Keyset, KeysetOptions, LimitOptions,
    Mode, Node, Permit, Places, PresenceOptions, PubsubOptions, Subscribe,
};
use store::{DataDirectory, Settings, Sqlite, Store};
use tempfile::TempDir;
use wire::pubsub::{Kind, Message};
use wire::{ChannelName, GroupName, InstanceId, Json, PublishKey, Refusal, SubscribeKey, Timetoken, UserId};

/// Longer than any test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A clock that stands still until it is moved, and that can do something at the moment it is asked.
pub(crate) struct HandClock {
    now: AtomicU64,
    act: Mutex<Option<Act>>,
}

struct Act {
    on: Box<dyn Fn(ThreadId) -> bool + Send>,
    what: Box<dyn FnOnce() + Send>,
}

impl HandClock {
    fn new() -> Arc<Self> {
        Arc::new(Self { now: AtomicU64::new(17_000_000_000_000_000), act: Mutex::new(None) })
    }

    pub(crate) fn forward(&self, by: Duration) {
        self.now.fetch_add(ticks(by), Ordering::SeqCst);
    }

    pub(crate) fn back(&self, by: Duration) {
        self.now.fetch_sub(ticks(by), Ordering::SeqCst);
    }

    /// Does something, once, when the time is asked for the next time on one of these threads, before it is told.
    pub(crate) fn when_asked(
        &self,
        on: impl Fn(ThreadId) -> bool + Send + 'static,
        what: impl FnOnce() + Send + 'static,
    ) {
        *self.act.lock().unwrap() = Some(Act { on: Box::new(on), what: Box::new(what) });
    }
}

fn ticks(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos() / 100).unwrap()
}

impl Clock for HandClock {
    fn now(&self) -> Timetoken {
        let act = self.act.lock().unwrap().take_if(|act| (act.on)(std::thread::current().id()));
        if let Some(act) = act {
            (act.what)();
        }
        Timetoken::from_ticks(self.now.load(Ordering::SeqCst))
    }
}

/// A data directory and a clock, on which nodes start and stop one after another.
pub(crate) struct Place {
    pub(crate) clock: Arc<HandClock>,
    directory: DataDirectory,
    _temporary: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open(temporary.path()).unwrap();
        Self { clock: HandClock::new(), directory, _temporary: temporary }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn directory(&self) -> &DataDirectory {
        &self.directory
    }

    pub(crate) async fn start(&self, options: KeysetOptions) -> Node {
        let store = Sqlite::open(&self.directory, &Settings::default()).unwrap();
        self.start_on(Arc::new(store), options).await
    }

    pub(crate) async fn start_on(&self, store: Arc<dyn Store>, options: KeysetOptions) -> Node {
        Node::start(vec![options], self.directory.clone(), store, Arc::clone(&self.clock) as _).await.unwrap()
    }
}

/// A node with one key set, on a place of its own.
pub(crate) struct Site {
    pub(crate) place: Place,
    pub(crate) node: Node,
    pub(crate) keyset: Arc<Keyset>,
}

pub(crate) async fn site() -> Site {
    site_with(|_| {}).await
}

pub(crate) async fn site_with(choose: impl FnOnce(&mut KeysetOptions)) -> Site {
    let mut options = options();
    choose(&mut options);
    let place = Place::new();
    let node = place.start(options).await;
    let keyset = demo(&node);
    Site { place, node, keyset }
}

pub(crate) fn demo(node: &Node) -> Arc<Keyset> {
    node.keyset("demo").unwrap()
}

/// The defaults, but a poll outlasts every test.
pub(crate) fn options() -> KeysetOptions {
    KeysetOptions {
        name: "demo".to_owned(),
        subscribe_key: SubscribeKey::new("demo").unwrap(),
        publish_key: PublishKey::new("demo").unwrap(),
        access: Mode::Open,
        gives_way: false,
        secrets: Vec::new(),
        groups: true,
        pubsub: PubsubOptions {
            queue: Limits { messages: 100, age: seconds(1200), bytes: 64 << 20 },
            hold: seconds(3600),
            reply_bytes: 1 << 20,
            groups_per_subscribe: 10,
            channels_per_group: 2000,
        },
        presence: PresenceOptions {
            enabled: true,
            rules: engine::presence::Options::default(),
            renew_by_subscribe: true,
            stream_filtering: false,
            timeout: seconds(300),
            state_bytes: 32 << 10,
            here_now_limit: 1000,
            snapshot_every: seconds(10),
            notice_channel: None,
        },
        context: ContextOptions {
            enabled: true,
            user_events: true,
            channel_events: true,
            membership_events: true,
            referential_integrity: false,
            disallow_get_all_users: true,
            disallow_get_all_channels: true,
        },
        limits: LimitOptions::default(),
    }
}

pub(crate) fn channel(text: &str) -> ChannelName {
    ChannelName::new(text).unwrap()
}

/// Names with spaces between them.
pub(crate) fn channels(texts: &str) -> Vec<ChannelName> {
    texts.split_whitespace().map(channel).collect()
}

pub(crate) fn group(text: &str) -> GroupName {
    GroupName::new(text).unwrap()
}

pub(crate) fn user(text: &str) -> UserId {
    UserId::new(text).unwrap()
}

pub(crate) fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}

/// `ann`, or `ann/phone` on a device.
pub(crate) fn caller(text: &str) -> Caller {
    let (name, instance) = text.split_once('/').unwrap_or((text, ""));
    Caller { user: user(name), instance: InstanceId::new(instance).unwrap() }
}

pub(crate) fn places(texts: &str) -> Places {
    Places { channels: channels(texts), groups: Vec::new() }
}

/// Leave to do it, as everyone has it on an open key set.
pub(crate) fn permit<A: acts::Act>(keyset: &Keyset, act: A) -> Permit<A> {
    keyset.decide(&Credentials::none(), act).unwrap()
}

/// Leave to publish on a channel.
pub(crate) fn to_publish(keyset: &Keyset, name: &str) -> Permit<Publish> {
    permit(keyset, Publish { kind: Sent::Message, channel: channel(name) })
}

pub(crate) fn message(channel_name: &str, payload: &str) -> Message {
    Message {
        kind: Kind::Message,
        channel: channel(channel_name),
        publisher: None,
        sequence: None,
        original: None,
        meta: None,
        message_type: None,
        payload: json(payload),
    }
}

pub(crate) fn publish(keyset: &Keyset, channel: &str, payload: &str) -> Timetoken {
    keyset.publish(to_publish(keyset, channel), message(channel, payload), true).timetoken
}

/// A timetoken between what was published before and what comes after.
pub(crate) fn stamp(keyset: &Keyset) -> Timetoken {
    keyset.publish(to_publish(keyset, "nowhere"), message("nowhere", "0"), false).timetoken
}

pub(crate) async fn add(keyset: &Arc<Keyset>, name: &str, members: &str) {
    keyset.change_group(permit(keyset, ChangeGroup(group(name))), channels(members), Vec::new()).await.unwrap();
}

pub(crate) async fn remove(keyset: &Arc<Keyset>, name: &str, members: &str) {
    keyset.change_group(permit(keyset, ChangeGroup(group(name))), Vec::new(), channels(members)).await.unwrap();
}

/// Who is on a channel, in the order of joining.
pub(crate) fn here(keyset: &Keyset, channel: &str) -> String {
    let page = engine::presence::Page { limit: 1000, offset: 0 };
    let request = HereNow { patterns: false, page: Some(page) };
    let answer = keyset.here_now(permit(keyset, acts::HereNow(places(channel))), request);
    let users = answer[0].occupants.iter().flatten().map(|occupant| occupant.user.to_string());
    users.collect::<Vec<_>>().join(" ")
}

/// A subscribe call: names with spaces between them, a group as `@family`, its presence streams as `@family-pnpres`.
pub(crate) fn listen(names: &str) -> Listen {
    let (groups, plain): (Vec<&str>, Vec<&str>) = names.split_whitespace().partition(|name| name.starts_with('@'));
    let stream = |name: &&str| {
        let name = &name[1..];
        let base = name.strip_suffix("-pnpres");
        GroupStream { group: group(base.unwrap_or(name)), presence: base.is_some() }
    };
    let names = Names {
        channels: plain.iter().map(|name| channel(name)).collect(),
        groups: groups.iter().map(stream).collect(),
    };
    let request = Subscribe {
        cursor: None,
        filter: None,
        caller: None,
        timeout: seconds(300),
        states: Vec::new(),
        joins_aside: false,
    };
    Listen(request, names)
}

pub(crate) struct Listen(pub(crate) Subscribe, pub(crate) Names);

impl Listen {
    pub(crate) fn after(mut self, cursor: Timetoken) -> Self {
        self.0.cursor = Some(cursor);
        self
    }

    pub(crate) fn by(mut self, who: &str) -> Self {
        self.0.caller = Some(caller(who));
        self
    }

    pub(crate) fn timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout = timeout;
        self
    }

    pub(crate) fn filter(mut self, expression: &str) -> Self {
        self.0.filter = Some(MessageFilter::parse(expression).unwrap());
        self
    }

    /// Asks, and waits for the answer.
    pub(crate) async fn try_ask(self, keyset: &Arc<Keyset>) -> Result<Batch, Refusal> {
        soon(keyset.subscribe(permit(keyset, self.1), self.0)?.held()).await
    }

    /// Asks for what is there. There must be something.
    pub(crate) fn now(self, keyset: &Arc<Keyset>) -> Batch {
        self.park(keyset).answer()
    }

    /// Asks, and goes as far as it goes without waiting.
    pub(crate) fn park(self, keyset: &Arc<Keyset>) -> Parked {
        let poll = keyset.subscribe(permit(keyset, self.1), self.0).unwrap();
        let future = Box::pin(tokio::task::unconstrained(async { poll.held().await.unwrap() }));
        // It begins like a task that was just spawned.
        let bell = Arc::new(Bell(AtomicBool::new(true)));
        let mut parked = Parked { future: Some(future), bell, answer: None };
        parked.is_answered();
        parked
    }
}

/// A poll that was begun. Dropping it closes its connection.
pub(crate) struct Parked {
    future: Option<Pin<Box<dyn Future<Output = Batch> + Send>>>,
    bell: Arc<Bell>,
    answer: Option<Batch>,
}

/// Whether a poll was woken since it went on last.
struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Parked {
    /// Goes on, if it was woken, as far as it goes without waiting. Whether it is answered.
    pub(crate) fn is_answered(&mut self) -> bool {
        if let (None, Some(future)) = (&self.answer, self.future.as_mut())
            && self.bell.0.swap(false, Ordering::SeqCst)
            && let Poll::Ready(batch) = future.as_mut().poll(&mut Context::from_waker(&Arc::clone(&self.bell).into()))
        {
            self.answer = Some(batch);
        }
        self.answer.is_some()
    }

    /// The answer, which must be there.
    #[track_caller]
    pub(crate) fn answer(mut self) -> Batch {
        assert!(self.is_answered(), "the poll still waits");
        self.answer.take().unwrap()
    }

    /// The answer, once it is there.
    pub(crate) async fn answered(mut self) -> Batch {
        match self.answer.take() {
            Some(batch) => batch,
            None => soon(self.future.take().unwrap()).await,
        }
    }
}

/// What must come, comes. Bounds the test and no more.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("it did not come")
}

/// Waits until the upkeep has made it so.
pub(crate) async fn eventually(mut is_so: impl FnMut() -> bool) {
    soon(async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

pub(crate) fn payload(item: &Item) -> String {
    let mut out = Vec::new();
    item.write_payload(&mut out);
    String::from_utf8(out).unwrap()
}

/// The envelope as a tree.
pub(crate) fn envelope(item: &Item, keyset: &Keyset) -> serde_json::Value {
    let mut out = Vec::new();
    item.write_envelope(&mut out, keyset);
    serde_json::from_slice(&out).unwrap()
}

/// The payloads of a batch, one after another.
pub(crate) fn payloads(batch: &Batch) -> String {
    batch.items.iter().map(payload).collect::<Vec<_>>().join(" ")
}

/// The messages as `channel` or `channel<b`, presence events with what happened: `room-pnpres<g:join ann 1`.
pub(crate) fn shown(batch: &Batch, keyset: &Keyset) -> Vec<String> {
    batch
        .items
        .iter()
        .map(|item| {
            let envelope = envelope(item, keyset);
            let mut line = envelope["c"].as_str().unwrap().to_owned();
            if let Some(matched) = envelope.get("b") {
                line += &format!("<{}", matched.as_str().unwrap());
            }
            if let Some(action) = envelope["d"].get("action") {
                let user = envelope["d"].get("uuid").map_or("", |user| user.as_str().unwrap());
                line += &format!(":{} {user} {}", action.as_str().unwrap(), envelope["d"]["occupancy"]);
            }
            line
        })
        .collect()
}

/// Random numbers from a seed (SplitMix64).
pub(crate) struct Dice(u64);

impl Dice {
    /// The seed is new each time, unless `HEREABOUTS_SEED` gives one. It is printed: the output of a test that fails.
    pub(crate) fn seed() -> u64 {
        let given = std::env::var("HEREABOUTS_SEED").ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| BuildHasher::hash_one(&RandomState::new(), "seed"));
        println!("HEREABOUTS_SEED={seed}");
        seed
    }

    pub(crate) fn new(seed: u64, who: usize) -> Self {
        Self(seed ^ (who as u64).wrapping_mul(0xD1B5_4A32_D192_ED03))
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }

    pub(crate) fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    pub(crate) fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len())]
    }
}
