//! The rules of a subscription, without I/O: what is asked next, what an answer means, and what is told to whom.
//!
//! - What is wanted comes in by name ([`Machine::subscribe`], [`Machine::set_presence`], …), what the world did by `handle_…`, each with
//!   the time since some fixed point. What is to be done next is polled: [`Machine::next_output`], until it is none, and
//!   [`Machine::deadline`], at which [`Machine::handle_time`] is called.
//! - At most one poll, one heartbeat and one leave are under way. What comes of one that was cancelled is ignored.
//! - The cursor moves by answers alone. Whatever fails is asked again from the same cursor, so nothing is lost by a failure, and
//!   nothing handed out is asked for again.
//! - Nothing here knows sockets, tasks, clocks or runtimes.
//!
//! The life of a subscription:
//!
//! ```text
//!            first call         answered            answered
//!    Idle ──────────────▶ Connecting ─────▶ Receiving ◀─────┐
//!     ▲                       ▲                 │  └────────┘ the next poll, from the new cursor
//!     │ nothing is            │ later           │ failed
//!     │ wanted any more       │                 ▼
//!     │        Refused ◀── Waiting ◀────────────┤
//!     │      (4xx, or tried     │ later         │
//!     │       often enough)     ▼               │
//!     │                   Reconnecting ─────────┘ a first call, then on from the last cursor: catching up
//! ```
//!
//! A reconnect begins with a first call although the cursor is known: it is answered at once, so it is known at once whether the
//! server is there, the user joins again with its state, and the server's own time says how far away it is.

mod asked;
mod polls;
mod presence;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use wire::delivery::{self, Cursor, Delivery};
use wire::{Json, Timetoken};

pub(crate) use self::asked::Ask;
use self::asked::Asked;
use self::polls::{Flight, Phase};
use self::presence::Pulse;
use super::event::{Event, SubscribeStatus};
use super::interest::{Holder, Interest};
use super::name::{Name, NameSet, apart, places};
use super::recent::Recent;
use super::retry::{Backoff, Retry};
use crate::error::Error;
use crate::places::Places;
use crate::status::Category;

/// What a machine is set to.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// How polls and heartbeats are tried again.
    pub(crate) retry: Retry,
    /// Whether there is a user, who can be present.
    pub(crate) has_user: bool,
    /// The time between two heartbeats for what is subscribed to; without it, polls alone keep the user present.
    pub(crate) heartbeat: Option<Duration>,
    /// The time between two heartbeats for what the user is connected to without a subscription.
    pub(crate) heartbeat_aside: Duration,
    /// Whether unsubscribing leaves.
    pub(crate) leaves: bool,
    /// How many envelopes are remembered, to drop those that a server sends again.
    pub(crate) remembered: usize,
    /// For the random part of delays.
    pub(crate) seed: u64,
}

/// The number of a request, for what comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Id(u64);

/// What is to be done.
#[derive(Clone, Debug)]
pub(crate) enum Output {
    /// Send a poll. The one before it is answered or given up.
    Poll(Poll),
    /// Give up the poll that is under way.
    Cancel,
    /// Send a heartbeat.
    Heartbeat(Beat),
    /// Send a leave.
    Leave(Parting),
    /// Hand an event to these, or to everyone.
    Tell(Audience, Event),
    /// Tell whoever waits for it what came of being connected, or of leaving.
    Answer(Ask, Result<(), Arc<Error>>),
    /// All is left; there is nothing more to do.
    Ended,
}

/// Who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    Everyone,
    Some(BTreeSet<Holder>),
}

impl Audience {
    fn one(holder: Holder) -> Self {
        Self::Some(BTreeSet::from([holder]))
    }
}

/// A poll to send.
#[derive(Clone, Debug)]
pub(crate) struct Poll {
    pub(crate) id: Id,
    pub(crate) names: NameSet,
    /// Where to go on; without one it is a first call.
    pub(crate) cursor: Option<Cursor>,
    /// The states to join with, by channel or group.
    pub(crate) states: BTreeMap<Name, Json>,
}

/// A heartbeat to send.
#[derive(Clone, Debug)]
pub(crate) struct Beat {
    pub(crate) id: Id,
    pub(crate) names: NameSet,
    pub(crate) states: BTreeMap<Name, Json>,
}

/// A leave to send.
#[derive(Clone, Debug)]
pub(crate) struct Parting {
    pub(crate) id: Id,
    pub(crate) names: NameSet,
}

/// What a poll was answered.
#[derive(Clone, Debug)]
pub(crate) struct Polled {
    pub(crate) delivery: Delivery,
    /// What the server says is missing.
    pub(crate) gap: Option<delivery::Gap>,
    /// Whether it is a server that says so.
    pub(crate) tells_gaps: bool,
}

/// Why a request failed, sorted by what follows from it.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) error: Arc<Error>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// The caller may not use these names; all, if there are none.
    Denied(NameSet),
    /// The server does not take it: asking again would change nothing.
    Refused,
    /// It may work later, and not before that time has passed.
    Temporary(Option<Duration>),
}

/// Why nothing is asked although something is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    /// The application wants it so.
    Asked,
    /// There is no network.
    Offline,
}

/// The state of all subscriptions of one client.
#[derive(Debug)]
pub(crate) struct Machine {
    settings: Settings,
    interest: Interest,
    /// The user's states, of what is wanted or connected to.
    states: BTreeMap<Name, Json>,
    // Polls: see `polls`.
    phase: Phase,
    paused: bool,
    cursor: Option<Cursor>,
    /// Whether there was a connection since something is wanted.
    was_connected: bool,
    /// When the last answer came.
    heard: Duration,
    tells_gaps: bool,
    flight: Option<Flight>,
    /// What the last poll named: its user has joined there.
    joined: NameSet,
    /// Rises when there is another token.
    credentials: u64,
    /// Answers in a row that came at once and said nothing.
    idle_answers: u32,
    backoff: Backoff,
    recent: Recent,
    // Heartbeats and leaves: see `presence`.
    pulse: Pulse,
    asked: Asked,
    last_id: u64,
    outbox: VecDeque<Output>,
}

impl Machine {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            interest: Interest::default(),
            states: BTreeMap::new(),
            phase: Phase::Idle,
            paused: false,
            cursor: None,
            was_connected: false,
            heard: Duration::ZERO,
            tells_gaps: false,
            flight: None,
            joined: NameSet::new(),
            credentials: 0,
            idle_answers: 0,
            backoff: Backoff::new(settings.retry, settings.seed),
            recent: Recent::new(settings.remembered),
            pulse: Pulse::new(Backoff::new(settings.retry, settings.seed.rotate_left(32))),
            asked: Asked::default(),
            last_id: 0,
            outbox: VecDeque::new(),
            settings,
        }
    }

    // What is wanted.

    /// Subscribes a holder to names: from that timetoken on, or from wherever the others are.
    pub(crate) fn subscribe(&mut self, holder: Holder, names: &NameSet, from: Option<Timetoken>, now: Duration) {
        let before = self.interest.all();
        if from.is_some() {
            names.iter().for_each(|name| self.recent.forget(name.as_str(), from.unwrap_or_default()));
        }
        // Whoever asks for a name that was denied wants it to be tried again.
        let back = self.interest.admit(Some(names), self.position());
        self.go_back(back);
        let back = self.interest.add(holder, names, from, self.position());
        self.go_back(back);
        self.pulse.keep(names);
        if self.phase == Phase::Refused {
            self.reconnect();
        }
        if self.is_receiving() && before == self.interest.all() {
            // The others were told long ago.
            self.tell_status(Audience::one(holder), Category::Connected, "subscribe", names, None, None);
        }
        self.changed(&before, now);
    }

    /// Ends what a holder has of these names, or of all.
    pub(crate) fn unsubscribe(&mut self, holder: Holder, names: Option<&NameSet>, now: Duration) {
        let before = self.interest.all();
        let gone = self.interest.remove(holder, names);
        self.forget(&gone);
        self.changed(&before, now);
    }

    /// Ends everything that anybody subscribed to.
    pub(crate) fn unsubscribe_all(&mut self, now: Duration) {
        let before = self.interest.all();
        let gone = self.interest.clear();
        self.forget(&gone);
        self.changed(&before, now);
    }

    /// Makes the user present on names without a subscription, or absent. [`Output::Answer`] says what came of it.
    pub(crate) fn set_presence(&mut self, connected: bool, names: &NameSet, ask: Ask, now: Duration) {
        self.asked.add(ask, connected, places(names));
        if connected {
            self.pulse.connect(names);
        } else {
            self.pulse.disconnect(names);
            self.drop_states(names);
            self.part(names);
        }
        self.settle(now);
    }

    /// The user's state on names was set; it is repeated whenever the user joins there.
    pub(crate) fn set_state(&mut self, names: &NameSet, state: &Json) {
        for name in names.iter().filter(|name| self.interest.contains(name) || self.pulse.is_connected(name)) {
            if state.is_empty_object() {
                self.states.remove(name);
            } else {
                self.states.insert(name.clone(), state.clone());
            }
        }
    }

    /// There is another token: what was denied is tried again, from where it stood.
    pub(crate) fn set_credentials(&mut self, now: Duration) {
        self.credentials += 1;
        self.try_again();
        self.settle(now);
    }

    /// Asks for nothing until [`resume`](Self::resume). Nothing is left, and the cursor stays.
    pub(crate) fn pause(&mut self, why: Pause, now: Duration) {
        if !std::mem::replace(&mut self.paused, true) && self.was_connected {
            let category = match why {
                Pause::Asked => Category::Disconnected,
                Pause::Offline => Category::UnexpectedDisconnect,
            };
            self.tell_everyone(category, "subscribe", &self.interest.all(), None, None);
        }
        self.settle(now);
    }

    /// Goes on at once, whatever it waited for.
    pub(crate) fn resume(&mut self, now: Duration) {
        let had_paused = std::mem::replace(&mut self.paused, false);
        self.try_again();
        if had_paused || matches!(self.phase, Phase::Waiting { .. }) {
            self.reconnect();
        }
        self.pulse.hurry(now);
        self.settle(now);
    }

    /// Ends everything, and leaves. [`Output::Ended`] says when that is done.
    pub(crate) fn stop(&mut self, now: Duration) {
        let names = self.interest.clear().into_iter().chain(self.pulse.disconnect_all()).collect();
        self.part(&names);
        self.phase = Phase::Ended;
        self.settle(now);
    }

    // What happens.

    /// A poll came to its end.
    pub(crate) fn handle_poll(&mut self, id: Id, outcome: Result<Polled, Failure>, now: Duration) {
        if let Some(flight) = self.flight.take_if(|flight| flight.id == id) {
            match outcome {
                Ok(polled) => self.polled(&flight, polled, now),
                Err(_) if self.interest.is_empty() => {}
                Err(failure) => self.poll_failed(&flight, failure, now),
            }
            self.settle(now);
        }
    }

    /// A heartbeat came to its end.
    pub(crate) fn handle_heartbeat(&mut self, id: Id, outcome: Result<(), Failure>, now: Duration) {
        self.beaten(id, outcome, now);
        self.settle(now);
    }

    /// A leave came to its end.
    pub(crate) fn handle_leave(&mut self, id: Id, outcome: Result<(), Failure>, now: Duration) {
        self.parted(id, outcome);
        self.settle(now);
    }

    /// Time has passed: [`deadline`](Self::deadline) is here.
    pub(crate) fn handle_time(&mut self, now: Duration) {
        self.settle(now);
    }

    // What follows.

    /// What is to be done next.
    pub(crate) fn next_output(&mut self) -> Option<Output> {
        self.outbox.pop_front()
    }

    /// When [`handle_time`](Self::handle_time) has something to do, unless something happens before.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        [self.poll_due(), self.beat_due()].into_iter().flatten().min()
    }

    /// Brings what is under way in line with what is wanted.
    fn settle(&mut self, now: Duration) {
        self.settle_polls(now);
        self.settle_presence(now);
    }

    fn next_id(&mut self) -> Id {
        self.last_id += 1;
        Id(self.last_id)
    }

    fn position(&self) -> Option<Timetoken> {
        self.cursor.map(|cursor| cursor.timetoken)
    }

    fn go_back(&mut self, to: Option<Timetoken>) {
        if let (Some(to), Some(cursor)) = (to, &mut self.cursor) {
            cursor.timetoken = to;
        }
    }

    /// NameSet that nobody wants any more: their states go, and the user leaves.
    fn forget(&mut self, gone: &NameSet) {
        self.drop_states(gone);
        self.part(gone);
    }

    fn drop_states(&mut self, names: &NameSet) {
        let Self { states, interest, pulse, .. } = self;
        states.retain(|name, _| !names.contains(name) || interest.contains(name) || pulse.is_connected(name));
    }

    /// What is wanted may have changed.
    fn changed(&mut self, before: &NameSet, now: Duration) {
        let after = self.interest.all();
        if *before != after {
            if self.phase == Phase::Refused {
                self.reconnect();
            }
            if self.is_receiving() && !after.is_empty() {
                self.tell_everyone(Category::SubscriptionChanged, "subscribe", &after, None, None);
            }
        }
        self.settle(now);
    }

    /// What was denied is wanted again, and what was given up is tried again.
    fn try_again(&mut self) {
        let back = self.interest.admit(None, self.position());
        self.go_back(back);
        if self.phase == Phase::Refused {
            self.reconnect();
        }
    }

    fn tell_everyone(
        &mut self,
        category: Category,
        operation: &'static str,
        names: &NameSet,
        error: Option<Arc<Error>>,
        retry_in: Option<Duration>,
    ) {
        self.tell_status(Audience::Everyone, category, operation, names, error, retry_in);
    }

    fn tell_status(
        &mut self,
        audience: Audience,
        category: Category,
        operation: &'static str,
        names: &NameSet,
        error: Option<Arc<Error>>,
        retry_in: Option<Duration>,
    ) {
        let (channels, groups) = apart(names);
        let affected = Places { channels, groups };
        let status = SubscribeStatus { category, operation, affected, error, retry_in, timetoken: self.position() };
        self.outbox.push_back(Output::Tell(audience, Event::Status(status)));
    }

    /// The states that belong to these names.
    fn states_of(&self, names: &NameSet) -> BTreeMap<Name, Json> {
        self.states
            .iter()
            .filter(|(name, _)| names.contains(name))
            .map(|(name, state)| (name.clone(), state.clone()))
            .collect()
    }

    /// Where the user is present by its polls.
    fn polled_places(&self) -> NameSet {
        places(&self.interest.active())
    }
}
