//! Publish and subscribe (`docs/protocol/pubsub.md`).

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use engine::access::Permit;
use engine::access::acts::{Listen, Places, Publish, Sent};
use engine::filter::MessageFilter;
use engine::groups::GroupStream;
use engine::presence::Seats;
use engine::pubsub::{Gap, Post};
use smallvec::SmallVec;
use wire::names::PRESENCE_SUFFIX;
use wire::pubsub::{Kind, Message, close_envelope};
use wire::{ChannelName, CompactString, Json, Refusal, Timetoken};

use crate::crowd::CrowdPlace;
use crate::keyset::Keyset;
use crate::poll::{LongPoll, Permission, Stream, Streams};
use crate::post::Posted;
use crate::presence::{Arrival, Caller};
use crate::waiter::wake;

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

/// To how many a publisher's answer gives way. A delivery takes some 20 µs, and the answer should not wait for many.
const GIVES_WAY_TO: usize = 4;

/// The answer to a subscribe call.
#[derive(Debug)]
pub struct Batch {
    /// Where to go on.
    pub cursor: Timetoken,
    /// What was waiting, oldest first.
    pub items: SmallVec<[Item; 1]>,
    /// What is missing before it.
    pub gap: Option<Gap>,
    /// When it was read.
    pub at: Timetoken,
}

impl Batch {
    pub(crate) fn empty(cursor: Timetoken) -> Self {
        Self { cursor, items: SmallVec::new(), gap: None, at: cursor }
    }
}

/// A message that was published.
#[derive(Clone, Copy, Debug)]
pub struct Published {
    /// Its place in time.
    pub timetoken: Timetoken,
    /// So few wait for it that it can be on its way to all of them before its publisher is answered.
    pub gives_way: bool,
}

/// One envelope of a batch.
#[derive(Debug)]
pub struct Item {
    pub(crate) post: Arc<Post<Posted>>,
    /// What `b` says, where the request needs it.
    pub(crate) matched: Option<CompactString>,
}

impl Item {
    /// Appends the envelope.
    pub fn write_envelope(&self, out: &mut Vec<u8>, keyset: &Keyset) {
        out.extend_from_slice(Posted::envelope(&self.post, &keyset.subscribe_key));
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

impl Keyset {
    /// Publishes a message or signal. With `deliver` false nobody receives it: it only takes a timetoken.
    pub fn publish(&self, permit: Permit<Publish>, message: Message, deliver: bool) -> Published {
        if !deliver {
            return Published { timetoken: self.timelines.stamp(self.now()), gives_way: false };
        }
        let Publish { kind, channel } = permit.into_act();
        let kind = match kind {
            Sent::Message => Kind::Message,
            Sent::Signal => Kind::Signal,
        };
        let message = Message { kind, channel, ..message };
        let (timetoken, woken) = self.enter(Posted::message(message), self.now());
        let gives_way = (1..=GIVES_WAY_TO).contains(&woken.len());
        wake(woken);
        Published { timetoken, gives_way }
    }

    /// Joins the caller, and opens a poll for what is newer than its cursor. A first call is answered at once.
    ///
    /// # Errors
    /// [`Refusal::EmptySubscription`] when there is nothing to listen to, [`Refusal::TooManyFollowed`] when there is too
    /// much; [`Refusal::TooManyPolls`] when the caller has too many open; [`Refusal::OutOfMemory`] when there is no room for the caller to join.
    pub fn subscribe(self: &Arc<Self>, permit: Permit<Listen>, request: Subscribe) -> Result<LongPoll, Refusal> {
        let (named, grounds) = permit.into_parts();
        let listening = self.resolve(&named)?;
        let place = self.place_of(&request)?;
        // Drawn before the join, so that the caller's own join is above it.
        let start = self.timelines.fence(self.now());
        let seats = match self.join(&named, &request) {
            Ok(seats) => seats,
            Err(refusal) => {
                self.give_back(place);
                return Err(refusal);
            }
        };
        let keyset = Arc::clone(self);
        let Some(cursor) = request.cursor else {
            return Ok(LongPoll::first(keyset, self.before_own_join(&listening, &request, start)));
        };
        let was_open = grounds.is_open();
        let permission = Permission::that_may_end(named, grounds);
        // A cursor from the future waits like a fresh one.
        let mut poll =
            LongPoll::open(keyset, listening, permission, cursor.min(start), request.filter, seats).placed(place);
        // Asked after the poll has noted which settings are in force: it was decided by those before.
        if was_open != self.access.is_open() {
            poll.outdate();
        }
        // Who would wait comes back later; who has something to hear hears it.
        Ok(if self.check_room().is_ok() { poll } else { poll.hurried() })
    }

    /// The place of a poll among those of its caller.
    fn place_of(&self, request: &Subscribe) -> Result<Option<CrowdPlace>, Refusal> {
        let caller = request.caller.as_ref().filter(|_| request.cursor.is_some());
        caller.map(|caller| self.crowd.enter(&caller.user).ok_or(Refusal::TooManyPolls)).transpose()
    }

    pub(crate) fn give_back(&self, place: Option<CrowdPlace>) {
        if let Some(place) = place {
            self.crowd.leave(place);
        }
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

    fn resolve(&self, named: &Listen) -> Result<Streams, Refusal> {
        let Listen { channels, groups } = named;
        let most = self.options().limits.streams_per_subscribe;
        let alone = channels.len() == 1 && groups.is_empty() && !channels[0].is_pattern();
        let streams = SmallVec::with_capacity(channels.len());
        let mut listening = Streams { streams, groups: Vec::new(), alone };
        let patterns: HashSet<&str> =
            channels.iter().filter(|channel| channel.is_pattern()).map(ChannelName::as_str).collect();
        for channel in channels {
            // `a.*` carries what `a.*-pnpres` does: one copy is enough.
            if !(channel.is_presence() && patterns.contains(channel.base())) {
                listening.streams.push(Stream { name: channel.as_str().into(), group: None });
            }
        }
        for GroupStream { group, presence } in groups {
            let held = self.group(group);
            let suffix = if *presence { PRESENCE_SUFFIX } else { "" };
            let matched = CompactString::from(group.as_str()) + suffix;
            for channel in held.channels().iter().filter(|channel| !(*presence && channel.is_presence())) {
                let name = CompactString::from(channel.as_str()) + suffix;
                listening.streams.push(Stream { name, group: Some(matched.clone()) });
            }
            // Asked for each group, so that no more than one of them is read in vain.
            if listening.streams.len() > most {
                return Err(Refusal::TooManyFollowed(most));
            }
            if listening.groups.iter().all(|(known, _)| known != group) {
                listening.groups.push((group.clone(), held.version()));
            }
        }
        match listening.streams.len() {
            0 => Err(Refusal::EmptySubscription),
            streams if streams > most => Err(Refusal::TooManyFollowed(most)),
            _ => Ok(listening),
        }
    }

    fn join(&self, named: &Listen, request: &Subscribe) -> Result<Seats, Refusal> {
        let caller = request.caller.as_ref().filter(|_| self.options().presence.enabled);
        let Some(caller) = caller else { return Ok(Seats::new()) };
        let groups = named.groups.iter().filter(|stream| !stream.presence).map(|stream| stream.group.clone());
        let places = Places { channels: named.channels.clone(), groups: groups.collect() };
        let arrival = Arrival { renews: self.subscribes_renew(), polls: request.cursor.is_some() };
        self.arrive(caller, &places, &request.states, request.timeout, arrival)
    }
}
