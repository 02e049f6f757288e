//! A poll: a subscribe call that waits for its answer.
//!
//! - It is a future without a timer: whoever holds it says when it has waited long enough, so that a connection needs
//!   no timer beside the one it has.
//! - It is one piece of memory for a caller with one channel. Most connections of a server are in a poll, what they
//!   own is cold when a message comes, and every block of it that must be fetched costs as much as parsing a header.
//! - Dropping it closes it: the caller's connection is gone.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Context, Waker, ready};

use engine::access::Grounds;
use engine::access::acts::Listen;
use engine::filter::MessageFilter;
use engine::presence::{Release, Seats};
use engine::pubsub::{Catch, Gap, Watch, Watched};
use smallvec::SmallVec;
use tokio::time::sleep;
use wire::{CompactString, GroupName, Refusal, Timetoken};

use crate::access::Held;
use crate::crowd::CrowdPlace;
use crate::groups::group_stream;
use crate::keyset::Keyset;
use crate::post::Posted;
use crate::pubsub::{Batch, Item};

/// A poll that is open. Comes to its answer when there is something to tell, when it [expires](LongPoll::expire), when
/// a group of it or a setting that it rests on changes, when what permitted it ends, when its key set is removed, or when the node stops.
#[must_use = "a poll that is dropped is closed"]
pub struct LongPoll {
    keyset: Arc<Keyset>,
    listening: Streams,
    permission: Option<Box<Permission>>,
    filter: Option<Box<MessageFilter>>,
    /// Where the caller is present while the poll is open.
    seats: Seats,
    /// Where the caller stands.
    cursor: Timetoken,
    /// Up to here everything was read, and was nothing that the caller wants.
    read_until: Timetoken,
    gap: Option<Gap>,
    parked: Option<Watch>,
    parked_on_groups: Vec<Watch>,
    /// The settings of the key set that it goes by, as their number.
    era: u32,
    /// Its place among the polls of its user.
    place: Option<CrowdPlace>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// A first call, which asks for a cursor only.
    First,
    Open,
    /// It has waited long enough.
    Expired,
    /// There is no room for it to wait: it has what is there already, or is refused.
    Hurried,
}

/// What permitted a poll, where that can end.
pub(crate) struct Permission {
    named: Listen,
    grounds: Grounds,
    held: Option<Held>,
}

impl Permission {
    /// What is to be watched of a permission; none where nothing can end it.
    pub(crate) fn that_may_end(named: Listen, grounds: Grounds) -> Option<Box<Self>> {
        grounds.ends()?;
        Some(Box::new(Self { named, grounds, held: None }))
    }
}

/// What a poll listens to: its streams, and the groups whose change ends it, with their versions.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    pub(crate) streams: SmallVec<[Stream; 1]>,
    pub(crate) groups: Vec<(GroupName, u64)>,
    /// The request names one channel and nothing else, so what was published on exactly it needs no `b`.
    pub(crate) alone: bool,
}

/// A stream of a poll, and what `b` says of it.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) name: CompactString,
    /// The group that brought it, as the caller wrote it.
    pub(crate) group: Option<CompactString>,
}

impl AsRef<str> for Stream {
    fn as_ref(&self) -> &str {
        &self.name
    }
}

impl Future for LongPoll {
    type Output = Result<Batch, Refusal>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> task::Poll<Self::Output> {
        let poll = self.get_mut();
        if poll.stage == Stage::First {
            return task::Poll::Ready(Ok(Batch::empty(poll.cursor)));
        }
        // Where it is parked it was woken, and has something to read.
        if poll.parked.is_none() && poll.park(context.waker()) {
            return task::Poll::Pending;
        }
        if let Some(answer) = poll.read().transpose() {
            poll.unpark();
            if let Ok(batch) = &answer {
                poll.answered(batch);
            }
            return task::Poll::Ready(answer);
        }
        if !poll.park(context.waker()) {
            // Messages that the caller does not want may come faster than they are read. They must neither keep the
            // thread nor the poll.
            context.waker().wake_by_ref();
        }
        task::Poll::Pending
    }
}

impl LongPoll {
    /// A first call, which is answered with this cursor.
    pub(crate) fn first(keyset: Arc<Keyset>, cursor: Timetoken) -> Self {
        let mut poll = Self::open(keyset, Streams::default(), None, cursor, None, Seats::new());
        poll.stage = Stage::First;
        poll
    }

    /// A poll for what is newer than `cursor`.
    pub(crate) fn open(
        keyset: Arc<Keyset>,
        listening: Streams,
        permission: Option<Box<Permission>>,
        cursor: Timetoken,
        filter: Option<MessageFilter>,
        seats: Seats,
    ) -> Self {
        Self {
            era: keyset.era(),
            keyset,
            listening,
            permission,
            filter: filter.map(Box::new),
            seats,
            cursor,
            read_until: cursor,
            gap: None,
            parked: None,
            parked_on_groups: Vec::new(),
            place: None,
            stage: Stage::Open,
        }
    }

    /// The same, at this place among the polls of its user.
    pub(crate) fn placed(mut self, place: Option<CrowdPlace>) -> Self {
        self.place = place;
        self
    }

    /// It goes by settings that are in force no longer, and is answered so that its caller asks again.
    pub(crate) fn outdate(&mut self) {
        self.era = self.era.wrapping_sub(1);
    }

    /// The same, without waiting.
    pub(crate) fn hurried(mut self) -> Self {
        self.stage = Stage::Hurried;
        self
    }

    /// The key set that it was asked of.
    #[must_use]
    pub fn keyset(&self) -> &Keyset {
        &self.keyset
    }

    /// It has waited long enough: the next time it is polled it has an answer, if only an empty one.
    pub fn expire(&mut self) {
        if self.stage == Stage::Open {
            self.stage = Stage::Expired;
        }
    }

    /// Waits for the answer with a timer of its own, once it has to wait.
    ///
    /// # Errors
    /// What ended the permission, or that the key set is gone.
    pub async fn held(mut self) -> Result<Batch, Refusal> {
        let mut end = None;
        poll_fn(|context| {
            if let answer @ task::Poll::Ready(_) = Pin::new(&mut self).poll(context) {
                return answer;
            }
            let end = end.get_or_insert_with(|| Box::pin(sleep(self.keyset.options().pubsub.hold)));
            ready!(end.as_mut().poll(context));
            self.expire();
            Pin::new(&mut self).poll(context)
        })
        .await
    }

    /// Waits on its streams for the next message, unless there is an answer already.
    fn park(&mut self, waker: &Waker) -> bool {
        if matches!(self.stage, Stage::Expired | Stage::Hurried) {
            return false;
        }
        let timelines = &self.keyset.timelines;
        let waits = match &mut self.parked {
            Some(watch) => timelines.watch_on(watch, self.read_until, waker),
            None => self.enter(waker),
        };
        if !waits {
            return false;
        }
        for watch in &mut self.parked_on_groups {
            // Nothing is published there.
            let _ = self.keyset.timelines.watch_on(watch, self.read_until, waker);
        }
        if let Some(permission) = &mut self.permission {
            permission.held.take().into_iter().for_each(|held| self.keyset.access.let_go(held));
            permission.held = self.keyset.access.hold(&permission.grounds, waker);
        }
        // Parked first, asked second: who closes or changes a group does it the other way round.
        !self.keyset.is_closing() && !self.is_outdated() && self.still_permitted().is_ok()
    }

    /// Takes its places on its streams, unless there is an answer already.
    fn enter(&mut self, waker: &Waker) -> bool {
        let timelines = &self.keyset.timelines;
        let Watched::Waiting(watch) = timelines.watch(&self.listening.streams, self.read_until, waker) else {
            return false;
        };
        self.parked = Some(watch);
        for (group, _) in &self.listening.groups {
            if let Watched::Waiting(watch) = timelines.watch(&[group_stream(group)], self.read_until, waker) {
                self.parked_on_groups.push(watch);
            }
        }
        self.count_parked(1);
        true
    }

    fn count_parked(&self, polls: i64) {
        let counters = self.keyset.counters();
        counters.parked.add(polls);
        let more = self.listening.streams.len().saturating_sub(1);
        if more > 0 {
            counters.more_streams.add(polls * i64::try_from(more).unwrap_or(i64::MAX));
        }
    }

    /// Gives its places back.
    fn unpark(&mut self) {
        let timelines = &self.keyset.timelines;
        if let Some(watch) = self.parked.take() {
            timelines.unwatch(watch);
            self.count_parked(-1);
        }
        self.parked_on_groups.drain(..).for_each(|watch| timelines.unwatch(watch));
        if let Some(held) = self.permission.as_mut().and_then(|permission| permission.held.take()) {
            self.keyset.access.let_go(held);
        }
    }

    /// The answer, if there is one by now.
    fn read(&mut self) -> Result<Option<Batch>, Refusal> {
        let (timelines, now) = (&self.keyset.timelines, self.keyset.now());
        let catch = match &self.parked {
            Some(watch) => timelines.catch_up_at(watch, self.read_until, now),
            None => timelines.catch_up(&self.listening.streams, self.read_until, now),
        };
        // Asked after reading: nothing is handed out to whom it is no longer permitted.
        self.still_permitted()?;
        // The same: what is handed out, the cursor above all, must be of the channels and settings of this moment.
        if self.is_outdated() {
            // The caller comes back with the same cursor, and its next poll has the new ones.
            return Ok(Some(Batch::empty(self.cursor)));
        }
        // What was read and filtered away needs no second look.
        self.read_until = catch.until;
        self.gap = Gap::both(self.gap, catch.gap);
        let items = self.select(catch);
        if items.is_empty() && self.stage == Stage::Hurried {
            return Err(Refusal::OutOfMemory);
        }
        let is_over = !items.is_empty() || self.stage == Stage::Expired || self.keyset.is_closing();
        let cursor = items.last().map_or(self.read_until, Item::timetoken);
        Ok(is_over.then_some(Batch { cursor, items, gap: self.gap, at: self.read_until }))
    }

    /// Picks what the caller wants, in the order of time, up to the size of a reply.
    fn select(&self, catch: Catch<Posted>) -> SmallVec<[Item; 1]> {
        let options = self.keyset.options();
        let events_too = options.presence.stream_filtering;
        let mut items: SmallVec<[Item; 1]> = SmallVec::new();
        let mut bytes = 0;
        for caught in catch.posts {
            if self.filter.as_ref().is_some_and(|filter| !caught.post.body.passes(filter, events_too)) {
                continue;
            }
            bytes += Posted::envelope(&caught.post, &self.keyset.subscribe_key).len();
            // Never between two copies of one message: the cursor could not tell them apart.
            let last = items.last().map(Item::timetoken);
            if bytes > options.pubsub.reply_bytes && last.is_some_and(|last| last < caught.post.timetoken) {
                break;
            }
            let Stream { name, group } = &self.listening.streams[caught.stream];
            let bare = self.listening.alone && caught.post.channel.as_str() == name;
            let matched = (!bare).then(|| group.as_ref().unwrap_or(name).clone());
            items.push(Item { post: caught.post, matched });
        }
        items
    }

    fn still_permitted(&self) -> Result<(), Refusal> {
        if self.keyset.is_removed() {
            return Err(Refusal::InvalidSubscribeKey);
        }
        let Some(Permission { named, grounds, .. }) = self.permission.as_deref() else { return Ok(()) };
        self.keyset.access.check(grounds, named, self.keyset.now().timestamp())
    }

    /// Whether a group changed, or a setting that it was opened by.
    fn is_outdated(&self) -> bool {
        self.era != self.keyset.era()
            || self.listening.groups.iter().any(|(group, version)| self.keyset.group(group).version() != *version)
    }

    fn answered(&mut self, batch: &Batch) {
        self.release(Release::Answered);
        let counters = self.keyset.counters();
        counters.delivered.add(batch.items.len() as u64);
        counters.gaps.add(u64::from(batch.gap.is_some()));
    }

    /// Ends the presence that the caller has by its poll.
    fn release(&mut self, how: Release) {
        let seats = std::mem::take(&mut self.seats);
        let renews = self.keyset.subscribes_renew() && how == Release::Answered;
        if !seats.is_empty() && (renews || self.keyset.polls_matter()) {
            self.keyset.with_presence(|presence, now, effects| presence.release(&seats, how, now, effects));
        }
    }
}

impl Drop for LongPoll {
    fn drop(&mut self) {
        self.unpark();
        self.keyset.give_back(self.place.take());
        self.release(Release::Dropped);
    }
}
