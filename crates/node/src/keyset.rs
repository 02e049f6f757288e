//! A key set: everything that lives under one subscribe key.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use engine::access::{Guard, Mode, Policy, Secret};
use engine::groups::Registry;
use engine::presence::{Effects, Notice, Presence};
use engine::pubsub::{Limits, Ticker, Timelines};
use engine::rate::{Bucket, Rate};
use store::Store;
use tokio::sync::watch;
use wire::presence::Event;
use wire::pubsub::{Kind, Message};
use wire::{ChannelName, Json, PublishKey, Refusal, SubscribeKey, Timestamp, Timetoken};

use crate::access::Access;
use crate::clock::Clock;
use crate::context::ContextOptions;
use crate::counters::{Counters, Gauge};
use crate::crowd::Crowd;
use crate::memory::Memory;
use crate::post::Posted;
use crate::waiter::{Waiter, wake};

/// What an operator decides about a key set.
#[derive(Clone, Debug)]
pub struct KeysetOptions {
    /// What people, logs and metrics call it.
    pub name: String,
    /// What clients put into the path.
    pub subscribe_key: SubscribeKey,
    /// What publishers put into the path as well.
    pub publish_key: PublishKey,
    /// Whether it asks for permission.
    pub access: Mode,
    /// The secret keys that are good now; the first one signs. More than one while a new one takes over.
    pub secrets: Vec<Secret>,
    /// Whether there are channel groups and patterns.
    pub groups: bool,
    /// How messages are kept and delivered.
    pub pubsub: PubsubOptions,
    /// How presence is kept and announced.
    pub presence: PresenceOptions,
    /// What there is of app context.
    pub context: ContextOptions,
    /// It is there to try things with, and goes when another is added.
    pub gives_way: bool,
    /// How much may be asked of it.
    pub limits: LimitOptions,
}

/// What an operator has decided at some moment.
pub struct Settings(arc_swap::Guard<Arc<KeysetOptions>>);

impl Deref for Settings {
    type Target = KeysetOptions;

    fn deref(&self) -> &KeysetOptions {
        &self.0
    }
}

/// How much may be asked of a key set. By default, as much as it can do.
#[derive(Clone, Copy, Debug)]
pub struct LimitOptions {
    /// How many requests, all clients together.
    pub requests: Option<Rate>,
    /// How many polls one user may have open.
    pub polls_per_user: u32,
    /// How many channels one request may name.
    pub channels_per_request: usize,
    /// How many streams one subscribe may follow, those of its groups included.
    pub streams_per_subscribe: usize,
}

impl Default for LimitOptions {
    fn default() -> Self {
        Self {
            requests: None,
            polls_per_user: u32::MAX,
            channels_per_request: usize::MAX,
            streams_per_subscribe: usize::MAX,
        }
    }
}

/// How messages are kept and delivered.
#[derive(Clone, Copy, Debug)]
pub struct PubsubOptions {
    /// What is kept for subscribers that come back.
    pub queue: Limits,
    /// How long a poll waits.
    pub hold: Duration,
    /// Most bytes of envelopes in one reply; what is beyond comes with the next poll.
    pub reply_bytes: usize,
    /// Most groups in one subscribe.
    pub groups_per_subscribe: usize,
    /// Most channels in one group.
    pub channels_per_group: usize,
}

/// How presence is kept and announced.
#[derive(Clone, Debug)]
pub struct PresenceOptions {
    /// Whether there is presence at all.
    pub enabled: bool,
    /// The rules that need no I/O.
    pub rules: engine::presence::Options,
    /// Whether a subscribe renews; heartbeats always do.
    pub renew_by_subscribe: bool,
    /// Whether filter expressions apply to presence events.
    pub stream_filtering: bool,
    /// The timeout of callers that do not name one.
    pub timeout: Duration,
    /// Most bytes of one state.
    pub state_bytes: usize,
    /// Most users in one page of here now.
    pub here_now_limit: usize,
    /// The longest time for which a changed roster is not saved; a small one is saved sooner.
    pub snapshot_every: Duration,
    /// Where first joins and last leaves are told.
    pub notice_channel: Option<ChannelName>,
}

/// A key set at work.
pub struct Keyset {
    pub(crate) name: String,
    pub(crate) subscribe_key: SubscribeKey,
    options: ArcSwap<KeysetOptions>,
    /// Raised with each change of what polls are opened by: access control, groups, presence.
    era: AtomicU32,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) timelines: Timelines<Posted, Waiter>,
    pub(crate) access: Access,
    pub(crate) registry: RwLock<Registry>,
    /// Orders the changes of groups: the store's order must be memory's.
    pub(crate) registry_changes: tokio::sync::Mutex<()>,
    /// The number of the last event of app context that was told, of all key sets.
    pub(crate) told: watch::Receiver<u64>,
    pub(crate) crowd: Crowd,
    memory: Arc<Memory>,
    requests: Bucket,
    presence: Mutex<Presence>,
    counters: Counters,
    closing: AtomicBool,
    /// It was taken off: whoever is still at work here is too late.
    removed: AtomicBool,
}

/// What a parked poll takes beside its connection, and each further stream of it: a place there, and the stream itself,
/// which may be nobody else's.
const POLL_BYTES: usize = 2048;
const STREAM_BYTES: usize = 320;

/// How many lapses an operation lets pass before its own change. Bounds what an operation pays for others.
const LAPSES_AN_OPERATION: usize = 64;

impl Keyset {
    pub(crate) fn new(
        options: KeysetOptions,
        clock: Arc<dyn Clock>,
        ticker: Arc<Ticker>,
        store: Arc<dyn Store>,
        told: watch::Receiver<u64>,
        memory: Arc<Memory>,
        start: Timetoken,
    ) -> Self {
        Self {
            access: Access::new(guard(&options)),
            timelines: Timelines::new(ticker, options.pubsub.queue, start),
            registry: RwLock::default(),
            registry_changes: tokio::sync::Mutex::default(),
            crowd: Crowd::new(options.limits.polls_per_user),
            memory,
            requests: Bucket::default(),
            presence: Mutex::new(Presence::new(options.presence.rules.clone())),
            counters: Counters::default(),
            closing: AtomicBool::new(false),
            removed: AtomicBool::new(false),
            era: AtomicU32::new(0),
            name: options.name.clone(),
            subscribe_key: options.subscribe_key.clone(),
            options: ArcSwap::from_pointee(options),
            clock,
            store,
            told,
        }
    }

    /// What the operator decided, as of this moment. Not to be held across an await.
    #[must_use]
    pub fn options(&self) -> Settings {
        Settings(self.options.load())
    }

    /// Which settings polls are opened by, as a number that grows.
    pub(crate) fn era(&self) -> u32 {
        self.era.load(Ordering::SeqCst)
    }

    /// Goes on by other settings; keys, name and secrets stay what they are. Called by one at a time.
    ///
    /// Polls go on. Where access control, groups or presence change, which polls are opened by, they are answered with their
    /// cursor, so that their callers ask again by the new ones.
    pub(crate) fn reconfigure(&self, options: KeysetOptions) {
        let (before, options) = (self.options.load_full(), Arc::new(options));
        self.options.store(Arc::clone(&options));
        self.access.set_mode(options.access, policy(&options));
        self.timelines.set_limits(options.pubsub.queue);
        self.crowd.set_most(options.limits.polls_per_user);
        let PresenceOptions { enabled, rules, .. } = &options.presence;
        let same_presence = (before.presence.enabled, &before.presence.rules) == (*enabled, rules);
        if !same_presence {
            self.with_presence(|presence, now, effects| {
                presence.reconfigure(rules.clone(), now, effects);
                if !enabled {
                    presence.clear();
                }
            });
        }
        if !same_presence || (before.access, before.groups) != (options.access, options.groups) {
            self.era.fetch_add(1, Ordering::SeqCst);
            self.rouse_everyone();
        }
    }

    /// What happened here.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Bytes of messages that are kept now.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.timelines.bytes()
    }

    /// Counts a request of a client. False when there were more than the operator allows.
    #[must_use]
    pub fn admits_request(&self) -> bool {
        self.options().limits.requests.is_none_or(|rate| self.requests.take(rate, self.clock.steady()).is_ok())
    }

    /// Whether there is room for new work.
    ///
    /// # Errors
    /// [`Refusal::OutOfMemory`]
    pub fn check_room(&self) -> Result<(), Refusal> {
        self.memory.check()
    }

    /// About how much memory everything takes that it keeps.
    pub(crate) fn bytes(&self) -> usize {
        let count = |gauge: &Gauge| usize::try_from(gauge.get()).unwrap_or(0);
        let polls = POLL_BYTES * count(&self.counters.parked) + STREAM_BYTES * count(&self.counters.more_streams);
        self.timelines.bytes() + self.lock_presence().bytes() + self.read_registry().bytes() + polls
    }

    /// How many places on streams are held by polls. Nobody waits for anything when it is 0.
    #[must_use]
    pub fn places_held(&self) -> usize {
        self.timelines.places()
    }

    /// How many users are on channels; a user on two channels counts twice.
    #[must_use]
    pub fn occupancy(&self) -> usize {
        self.lock_presence().occupancy_total()
    }

    /// What people and what clients call it.
    pub(crate) fn identity(&self) -> (String, SubscribeKey) {
        (self.name.clone(), self.subscribe_key.clone())
    }

    pub(crate) fn now(&self) -> Timetoken {
        self.clock.now()
    }

    /// The one door to presence: what is due passes first, then `change` happens, then all of it is announced.
    pub(crate) fn with_presence<R>(&self, change: impl FnOnce(&mut Presence, Timestamp, &mut Effects) -> R) -> R {
        let mut woken = Vec::new();
        let mut presence = self.lock_presence();
        // Inside the lock, so that presence sees time in one order.
        let now = self.clock.steady();
        let mut effects = Effects::default();
        presence.advance(now, LAPSES_AN_OPERATION, &mut effects);
        let result = change(&mut presence, now, &mut effects);
        self.announce(effects, &mut woken);
        drop(presence);
        wake(woken);
        result
    }

    pub(crate) fn lock_presence(&self) -> MutexGuard<'_, Presence> {
        self.presence.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn announce(&self, effects: Effects, woken: &mut Vec<Waiter>) {
        if effects.is_empty() {
            return;
        }
        // Deadlines are measured by a steady clock; people read the one on the wall.
        let now = self.now();
        let at = now.timestamp();
        self.counters.joined.add(effects.joined as u64);
        self.counters.left.add(effects.left as u64);
        self.counters.lapsed.add(effects.lapsed as u64);
        self.counters.refused.add(effects.refused as u64);
        for event in effects.events {
            woken.extend(self.enter(Posted::event(Event { at, ..event }), now).1);
        }
        for notice in effects.notices {
            if let Some(channel) = &self.options().presence.notice_channel {
                woken.extend(self.enter(Posted::message(notice_message(channel, &Notice { at, ..notice })), now).1);
            }
        }
    }

    /// Puts a message or event into its timelines. Returns its timetoken, and whom to wake.
    pub(crate) fn enter(&self, posted: Posted, now: Timetoken) -> (Timetoken, Vec<Waiter>) {
        self.counters.published.add(1);
        let (post, woken) = self.timelines.publish(posted.channel(), now, posted.bytes(), posted);
        (post.timetoken, woken)
    }

    /// Tells what was gathered, then answers every poll, now and from now on.
    pub(crate) fn close(&self) {
        self.with_presence(Presence::flush);
        self.answer_everyone();
    }

    /// Refuses every poll, now and from now on: there is no such key set any more.
    pub(crate) fn end(&self) {
        self.removed.store(true, Ordering::SeqCst);
        self.answer_everyone();
    }

    fn answer_everyone(&self) {
        self.closing.store(true, Ordering::SeqCst);
        self.rouse_everyone();
    }

    /// Lets every poll look whether it still has to wait.
    fn rouse_everyone(&self) {
        for turn in 0..self.timelines.shards() {
            wake(self.timelines.rouse_all(turn));
        }
    }

    pub(crate) fn is_removed(&self) -> bool {
        self.removed.load(Ordering::SeqCst)
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }
}

fn guard(options: &KeysetOptions) -> Guard {
    let KeysetOptions { access, secrets, subscribe_key, publish_key, .. } = options;
    Guard::new(*access, policy(options), subscribe_key.clone(), publish_key.clone(), secrets.clone())
}

fn policy(options: &KeysetOptions) -> Policy {
    let context = &options.context;
    Policy { all_users: !context.disallow_get_all_users, all_channels: !context.disallow_get_all_channels }
}

/// A channel has its first occupant, or none any more (`docs/protocol/beyond.md`, "Active notice channel").
fn notice_message(channel: &ChannelName, notice: &Notice) -> Message {
    let action = if notice.active { "active" } else { "inactive" };
    let payload = serde_json::json!({
        "action": action,
        "channel": notice.channel.as_str(),
        "timestamp": notice.at.seconds(),
        "precise_timestamp": notice.at.millis(),
    });
    Message {
        kind: Kind::Message,
        channel: channel.clone(),
        publisher: None,
        sequence: None,
        original: None,
        meta: None,
        message_type: None,
        payload: Json::of(&payload),
    }
}
