//! Publish and subscribe (`docs/protocol/pubsub.md`).

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use engine::access::acts::{Listen, Places, Publish, Sent};
use engine::access::{Grounds, Permit};
use engine::filter::MessageFilter;
use engine::groups::GroupStream;
use engine::presence::{Release, Seats};
use engine::pubsub::{Catch, Gap, Post, Watch, Watched};
use tokio::time::Instant;
use wire::names::PRESENCE_SUFFIX;
use wire::pubsub::{Kind, Message, close_envelope};
use wire::{ChannelName, GroupName, Json, Refusal, Timetoken};

use crate::access::Held;
use crate::groups::group_stream;
use crate::keyset::Keyset;
use crate::post::Posted;
use crate::presence::{Arrival, Caller};
use crate::waiter::{Waiter, wake};

/// A subscribe call.
#[derive(Debug)]
pub struct Subscribe {
    /// The position of the caller; none on a first call.
    pub cursor: Option<Timetoken>,
    /// What the caller wants of it.
    pub filter: Option<MessageFilter>,
    /// Who calls. Nobody joins without a caller.
    pub caller: Option<Caller>,
    /// The presence timeout that the caller asks for.
    pub timeout: Duration,
    /// States to join with, by channel or group.
    pub states: Vec<(String, Json)>,
    /// The client's heartbeats go beside its polls, so that one of them may have joined for this first call.
    pub joins_aside: bool,
}

/// How long before a first call its own client may have joined by a heartbeat sent together with it.
const JOINS_TOGETHER: Duration = Duration::from_secs(1);

/// The answer to a subscribe call.
#[derive(Debug)]
pub struct Batch {
    /// Where to go on.
    pub cursor: Timetoken,
    /// What was waiting, oldest first.
    pub items: Vec<Item>,
    /// What is missing before it.
    pub gap: Option<Gap>,
}

/// One envelope of a batch.
#[derive(Debug)]
pub struct Item {
    post: Arc<Post<Posted>>,
    matched: Option<Arc<str>>,
}

impl Item {
    /// Appends the envelope.
    pub fn write_envelope(&self, out: &mut Vec<u8>, keyset: &Keyset) {
        out.extend_from_slice(Posted::envelope(&self.post, &keyset.options().subscribe_key));
        close_envelope(out, self.matched.as_deref());
    }

    /// Appends the payload, as in the first version of subscribe.
    pub fn write_payload(&self, out: &mut Vec<u8>) {
        self.post.body.write_payload(out);
    }

    /// The channel it was published on.
    #[must_use]
    pub fn channel(&self) -> &ChannelName {
        &self.post.channel
    }

    /// The subscription that carried it: the group or pattern, or the channel itself.
    #[must_use]
    pub fn matched(&self) -> &str {
        self.matched.as_deref().unwrap_or(self.post.channel.as_str())
    }

    /// Its place in time.
    #[must_use]
    pub fn timetoken(&self) -> Timetoken {
        self.post.timetoken
    }
}

/// A stream of a request, and what `b` says of it.
#[derive(Debug)]
struct Stream {
    name: String,
    matched: Arc<str>,
    /// The request names nothing else, so what was published on exactly this channel needs no `b`.
    alone: bool,
}

impl AsRef<str> for Stream {
    fn as_ref(&self) -> &str {
        &self.name
    }
}

/// What a request listens to: its streams, and the groups whose change ends the poll.
#[derive(Debug)]
struct Streams {
    streams: Vec<Stream>,
    groups: Vec<(GroupName, u64)>,
    /// What it names.
    named: Listen,
    /// What that was permitted on.
    grounds: Grounds,
}

impl Keyset {
    /// Publishes a message or signal. With `deliver` false nobody receives it: it only takes a timetoken.
    pub fn publish(&self, permit: Permit<Publish>, message: Message, deliver: bool) -> Timetoken {
        if !deliver {
            return self.timelines.stamp(self.now());
        }
        let Publish { kind, channel } = permit.into_act();
        let kind = match kind {
            Sent::Message => Kind::Message,
            Sent::Signal => Kind::Signal,
        };
        let message = Message { kind, channel, ..message };
        let (timetoken, woken) = self.enter(Posted::message(message), self.now());
        wake(woken);
        timetoken
    }

    /// Joins the caller, and answers with what is newer than its cursor, waiting for it if need be.
    ///
    /// Dropping the future ends the poll: the caller's connection is gone.
    ///
    /// # Errors
    /// [`Refusal::EmptySubscription`] when there is nothing to listen to; what ends the permission, should that happen while
    /// the call waits.
    pub async fn subscribe(&self, permit: Permit<Listen>, request: Subscribe) -> Result<Batch, Refusal> {
        let (listen, grounds) = permit.into_parts();
        let listening = self.resolve(listen, grounds)?;
        // Drawn before the join, so that the caller's own join is above it.
        let start = self.timelines.fence(self.now());
        let seats = self.join(&listening.named, &request);
        let Some(cursor) = request.cursor else {
            let cursor = self.before_own_join(&listening, &request, start);
            return Ok(Batch { cursor, items: Vec::new(), gap: None });
        };
        let poll = Poll { keyset: self, seats };
        // A cursor from the future waits like a fresh one.
        let batch = self.wait(&listening, cursor.min(start), request.filter.as_ref()).await?;
        poll.answered();
        self.counters().delivered.add(batch.items.len() as u64);
        self.counters().gaps.add(u64::from(batch.gap.is_some()));
        Ok(batch)
    }

    /// The cursor of a first call: `start`, or a little before, so that the caller hears of its own join.
    ///
    /// Clients with an event loop send their first poll and their first heartbeat at the same moment, on two
    /// connections. Where the heartbeat comes first, it is the one that joins, and `start` is above the event.
    fn before_own_join(&self, listening: &Streams, request: &Subscribe, start: Timetoken) -> Timetoken {
        let Some(caller) = request.caller.as_ref().filter(|_| request.joins_aside) else { return start };
        let presence: Vec<&str> = listening
            .streams
            .iter()
            .map(|stream| stream.name.as_str())
            .filter(|name| name.ends_with(PRESENCE_SUFFIX))
            .collect();
        let recent = self.timelines.catch_up(&presence, start.minus(JOINS_TOGETHER), self.now());
        let own = recent.posts.iter().find(|caught| caught.post.body.is_join_of(&caller.user));
        own.map_or(start, |caught| start.min(caught.post.timetoken.previous()))
    }

    async fn wait(
        &self,
        listening: &Streams,
        cursor: Timetoken,
        filter: Option<&MessageFilter>,
    ) -> Result<Batch, Refusal> {
        let streams = &listening.streams;
        let deadline = Instant::now() + self.options.pubsub.hold;
        let mut read_until = cursor;
        let mut gap = None;
        let mut expired = false;
        loop {
            let mut parked = Parked::new(self, listening);
            // Parked first, asked second: who closes or changes a group does it the other way round.
            let ready = !parked.park(read_until) || expired || self.is_closing();
            if !ready && !self.groups_changed(listening) && self.still_permitted(listening).is_ok() {
                expired = tokio::time::timeout_at(deadline, parked.waiter.notified()).await.is_err();
            }
            drop(parked);
            let catch = self.timelines.catch_up(streams, read_until, self.now());
            // Asked after reading: nothing is handed out to whom it is no longer permitted.
            self.still_permitted(listening)?;
            // The same: what is handed out, the cursor above all, must be of the channels of this moment.
            if self.groups_changed(listening) {
                // The caller comes back with the same cursor, and its next poll has the new channels.
                return Ok(Batch { cursor, items: Vec::new(), gap: None });
            }
            // What was read and filtered away needs no second look.
            read_until = catch.until;
            gap = Gap::both(gap, catch.gap);
            let items = self.select(streams, catch, filter);
            if !items.is_empty() || expired || self.is_closing() {
                let cursor = items.last().map_or(read_until, Item::timetoken);
                return Ok(Batch { cursor, items, gap });
            }
            if ready {
                // Messages that the caller does not want may come faster than they are read. They must neither keep the
                // thread nor the poll.
                tokio::task::yield_now().await;
                expired = Instant::now() >= deadline;
            }
        }
    }

    /// Picks what the caller wants, in the order of time, up to the size of a reply.
    fn select(&self, streams: &[Stream], catch: Catch<Posted>, filter: Option<&MessageFilter>) -> Vec<Item> {
        let events_too = self.options.presence.stream_filtering;
        let mut items: Vec<Item> = Vec::new();
        let mut bytes = 0;
        for caught in catch.posts {
            if filter.is_some_and(|filter| !caught.post.body.passes(filter, events_too)) {
                continue;
            }
            bytes += Posted::envelope(&caught.post, &self.options.subscribe_key).len();
            // Never between two copies of one message: the cursor could not tell them apart.
            let last = items.last().map(Item::timetoken);
            if bytes > self.options.pubsub.reply_bytes && last.is_some_and(|last| last < caught.post.timetoken) {
                break;
            }
            let stream = &streams[caught.stream];
            let bare = stream.alone && caught.post.channel.as_str() == stream.name;
            items.push(Item { matched: (!bare).then(|| Arc::clone(&stream.matched)), post: caught.post });
        }
        items
    }

    fn resolve(&self, named: Listen, grounds: Grounds) -> Result<Streams, Refusal> {
        let mut streams = Vec::new();
        let mut groups = Vec::new();
        let alone = named.channels.len() == 1 && named.groups.is_empty() && !named.channels[0].is_pattern();
        let patterns: HashSet<&str> =
            named.channels.iter().filter(|channel| channel.is_pattern()).map(ChannelName::as_str).collect();
        for channel in &named.channels {
            // `a.*` carries what `a.*-pnpres` does: one copy is enough.
            if !(channel.is_presence() && patterns.contains(channel.base())) {
                streams.push(Stream { name: channel.as_str().into(), matched: channel.as_str().into(), alone });
            }
        }
        for GroupStream { group, presence } in &named.groups {
            let held = self.group(group);
            let suffix = if *presence { PRESENCE_SUFFIX } else { "" };
            let matched: Arc<str> = format!("{group}{suffix}").into();
            for channel in held.channels().iter().filter(|channel| !(*presence && channel.is_presence())) {
                streams.push(Stream {
                    name: format!("{channel}{suffix}"),
                    matched: Arc::clone(&matched),
                    alone: false,
                });
            }
            if groups.iter().all(|(known, _)| known != group) {
                groups.push((group.clone(), held.version()));
            }
        }
        if streams.is_empty() {
            return Err(Refusal::EmptySubscription);
        }
        Ok(Streams { streams, groups, named, grounds })
    }

    /// Whether what the request was permitted on still holds.
    fn still_permitted(&self, listening: &Streams) -> Result<(), Refusal> {
        self.access.check(&listening.grounds, &listening.named, self.now().timestamp())
    }

    fn groups_changed(&self, listening: &Streams) -> bool {
        listening.groups.iter().any(|(group, version)| self.group(group).version() != *version)
    }

    fn join(&self, named: &Listen, request: &Subscribe) -> Seats {
        let presence = &self.options.presence;
        let Some(caller) = request.caller.as_ref().filter(|_| presence.enabled) else { return Seats::new() };
        let groups = named.groups.iter().filter(|stream| !stream.presence).map(|stream| stream.group.clone());
        let places = Places { channels: named.channels.clone(), groups: groups.collect() };
        let arrival = Arrival { renews: self.subscribes_renew(), polls: request.cursor.is_some() };
        self.arrive(caller, &places, &request.states, request.timeout, arrival)
    }
}

/// A poll's places on its streams, given back when it wakes or goes away.
struct Parked<'k> {
    keyset: &'k Keyset,
    listening: &'k Streams,
    waiter: Waiter,
    watch: Option<Watch>,
    groups: Vec<(String, Watch)>,
    held: Option<Held<'k>>,
}

impl<'k> Parked<'k> {
    fn new(keyset: &'k Keyset, listening: &'k Streams) -> Self {
        Self { keyset, listening, waiter: Waiter::default(), watch: None, groups: Vec::new(), held: None }
    }

    /// Waits for messages after `after`. False when there is one already.
    fn park(&mut self, after: Timetoken) -> bool {
        match self.keyset.timelines.watch(&self.listening.streams, after, &self.waiter) {
            Watched::Ready => return false,
            Watched::Waiting(watch) => self.watch = Some(watch),
        }
        for (group, _) in &self.listening.groups {
            let stream = group_stream(group);
            if let Watched::Waiting(watch) = self.keyset.timelines.watch(&[&stream], after, &self.waiter) {
                self.groups.push((stream, watch));
            }
        }
        self.held = self.keyset.access.hold(&self.listening.grounds, &self.waiter);
        self.keyset.counters().parked.add(1);
        true
    }
}

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        if let Some(watch) = self.watch.take() {
            self.keyset.timelines.unwatch(&self.listening.streams, watch);
            self.keyset.counters().parked.add(-1);
        }
        for (stream, watch) in self.groups.drain(..) {
            self.keyset.timelines.unwatch(&[stream], watch);
        }
    }
}

/// The presence of a caller while its poll is open.
struct Poll<'k> {
    keyset: &'k Keyset,
    seats: Seats,
}

impl Poll<'_> {
    fn answered(mut self) {
        self.release(Release::Answered);
    }

    fn release(&mut self, how: Release) {
        let seats = std::mem::take(&mut self.seats);
        let renews = self.keyset.subscribes_renew() && how == Release::Answered;
        if !seats.is_empty() && (renews || self.keyset.polls_matter()) {
            self.keyset.with_presence(|presence, now, effects| presence.release(&seats, how, now, effects));
        }
    }
}

impl Drop for Poll<'_> {
    fn drop(&mut self) {
        self.release(Release::Dropped);
    }
}
