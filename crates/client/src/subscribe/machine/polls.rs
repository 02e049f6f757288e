//! The loop of polls: first calls, the cursor, and what becomes of it when something fails.

use std::sync::Arc;
use std::time::Duration;

use wire::Timetoken;
use wire::delivery::{Cursor, Delivery};

use super::{Audience, Failure, FailureKind, Id, Machine, Output, Poll, Polled};
use crate::error::Error;
use crate::status::Category;
use crate::subscribe::event::{Event, Gap, GapCause};
use crate::subscribe::name::NameSet;

/// How many messages a server keeps for whoever is between two polls, by the protocol. One that says nothing of gaps drops
/// the oldest beyond it silently.
const QUEUE_MESSAGES: usize = 100;
/// For how long a server keeps them, by the protocol.
const QUEUE_AGE: Duration = Duration::from_secs(20 * 60);
/// A timeline that is so far behind where a subscription stands is another one. Servers of one cluster differ by less.
const TIMELINE_SLACK: Duration = Duration::from_secs(60);
/// A poll that was open for so long before it failed shows that the way to the server works.
const STEADY: Duration = Duration::from_secs(30);
/// An answer without messages that comes sooner says nothing: a server holds a poll for minutes.
const AT_ONCE: Duration = Duration::from_secs(1);
/// So many of them in a row, and it is asked more slowly. Some are right: a group of the poll has changed.
const IDLE_ANSWERS: u32 = 5;

/// Where a subscription is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing is wanted.
    Idle,
    /// There was no cursor yet.
    Connecting,
    /// Polling from the cursor.
    Receiving,
    /// A poll failed, and is tried again later.
    Waiting { until: Duration },
    /// Polling from the cursor, but not before.
    Slowed { until: Duration },
    /// The server is asked whether it is there; then on from the cursor.
    Reconnecting,
    /// Not asked any more until something changes.
    Refused,
    /// For good.
    Ended,
}

/// A poll that is under way.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) id: Id,
    names: NameSet,
    /// None for a first call.
    cursor: Option<Cursor>,
    credentials: u64,
    sent: Duration,
}

impl Flight {
    /// A first call that names some of these. It is answered at once.
    pub(super) fn is_joining(&self, names: &NameSet) -> bool {
        self.cursor.is_none() && !self.names.is_disjoint(names)
    }
}

impl Machine {
    pub(super) fn is_over(&self) -> bool {
        self.phase == Phase::Ended
    }

    pub(super) fn is_receiving(&self) -> bool {
        matches!(self.phase, Phase::Receiving | Phase::Slowed { .. })
    }

    /// When a poll is to be sent that is not sent yet.
    pub(super) fn poll_due(&self) -> Option<Duration> {
        match self.phase {
            Phase::Waiting { until } | Phase::Slowed { until } if !self.paused => Some(until),
            _ => None,
        }
    }

    /// A first call is next.
    pub(super) fn reconnect(&mut self) {
        self.backoff.reset();
        self.phase = if self.cursor.is_some() { Phase::Reconnecting } else { Phase::Connecting };
    }

    /// Brings the poll in line with what is wanted.
    pub(super) fn settle_polls(&mut self, now: Duration) {
        if self.interest.is_empty() {
            return self.nothing_wanted();
        }
        let names = self.interest.active();
        if names.is_empty() {
            self.phase = Phase::Refused;
        }
        if self.paused || names.is_empty() {
            return self.cancel();
        }
        match self.phase {
            Phase::Idle => self.phase = Phase::Connecting,
            Phase::Waiting { until } if now >= until => {
                self.phase = if self.cursor.is_some() { Phase::Reconnecting } else { Phase::Connecting };
            }
            Phase::Slowed { until } if now >= until => self.phase = Phase::Receiving,
            Phase::Waiting { .. } | Phase::Slowed { .. } | Phase::Refused | Phase::Ended => return,
            Phase::Connecting | Phase::Receiving | Phase::Reconnecting => {}
        }
        let cursor = self.cursor.filter(|_| self.phase == Phase::Receiving);
        if let Some(flight) = &self.flight {
            let same = flight.names == names && flight.cursor == cursor && flight.credentials == self.credentials;
            // A first call that names more than is wanted by now is answered soon. A leave that overtakes it would be undone.
            if same || flight.cursor.is_none() && cursor.is_none() && !flight.names.is_subset(&names) {
                return;
            }
        }
        // A leave of the same names that is under way must not be overtaken either.
        if !self.pulse.is_parting(&names) {
            self.cancel();
            self.send(names, cursor, now);
        }
    }

    fn nothing_wanted(&mut self) {
        if self.phase == Phase::Ended {
            return self.cancel();
        }
        // Whoever comes next begins from then on.
        self.cursor = None;
        self.interest.restart();
        self.recent.clear();
        // As above: a first call is waited for.
        if self.flight.as_ref().is_some_and(|flight| flight.cursor.is_none()) && !self.paused {
            self.phase = Phase::Connecting;
            return;
        }
        self.cancel();
        if std::mem::take(&mut self.was_connected) {
            self.tell_everyone(Category::Disconnected, "unsubscribe", &NameSet::new(), None, None);
        }
        self.phase = Phase::Idle;
        self.joined.clear();
        self.idle_answers = 0;
        self.backoff.reset();
    }

    fn cancel(&mut self) {
        if self.flight.take().is_some() {
            self.outbox.push_back(Output::Cancel);
        }
    }

    fn send(&mut self, names: NameSet, cursor: Option<Cursor>, now: Duration) {
        let joins = cursor.is_none() || !names.is_subset(&self.joined);
        let states = if joins { self.states_of(&names) } else { Default::default() };
        let id = self.next_id();
        self.joined = names.clone();
        self.flight = Some(Flight { id, names: names.clone(), cursor, credentials: self.credentials, sent: now });
        self.outbox.push_back(Output::Poll(Poll { id, names, cursor, states }));
    }

    /// A poll was answered.
    pub(super) fn polled(&mut self, flight: &Flight, polled: Polled, now: Duration) {
        match flight.cursor {
            None => self.connected(flight, &polled, now),
            Some(cursor) => self.received(flight, cursor, polled, now),
        }
        self.heard = now;
    }

    /// A first call was answered.
    fn connected(&mut self, flight: &Flight, polled: &Polled, now: Duration) {
        let at = polled.delivery.cursor;
        self.tells_gaps = polled.tells_gaps;
        let category = if self.was_connected { Category::Reconnected } else { Category::Connected };
        match self.cursor {
            None => self.cursor = Some(Cursor { timetoken: self.interest.begin(at.timetoken), region: at.region }),
            Some(cursor) => self.look_back(cursor.timetoken, at.timetoken, now),
        }
        self.phase = Phase::Receiving;
        // What is unsubscribed from meanwhile is not connected.
        if !self.interest.is_empty() {
            self.was_connected = true;
            self.tell_everyone(category, "subscribe", &flight.names, None, None);
        }
    }

    /// Compares where the subscription stands with the server's own time, after a reconnect.
    fn look_back(&mut self, position: Timetoken, server: Timetoken, now: Duration) {
        if server < position {
            // Whoever waits for a time that the server has yet to come to hears nothing until then.
            self.go_back(Some(server));
            if server + TIMELINE_SLACK < position {
                self.interest.restart();
                self.tell_gap(server, position, GapCause::TimelineReset);
            }
        } else if !self.tells_gaps && now.saturating_sub(self.heard) > QUEUE_AGE {
            let until = server.minus(QUEUE_AGE);
            if until > position {
                self.tell_gap(position, until, GapCause::Away);
            }
        }
    }

    /// A poll from the cursor was answered.
    fn received(&mut self, flight: &Flight, asked: Cursor, polled: Polled, now: Duration) {
        let Polled { delivery: Delivery { cursor, envelopes }, gap, tells_gaps } = polled;
        self.tells_gaps |= tells_gaps;
        self.backoff.reset();
        self.phase = Phase::Receiving;
        match (gap, envelopes.first()) {
            (Some(gap), _) => self.tell_gap(gap.after, gap.until, GapCause::Told),
            (None, Some(Ok(first))) if !self.tells_gaps && envelopes.len() >= QUEUE_MESSAGES => {
                self.tell_gap(asked.timetoken, first.published.timetoken.previous(), GapCause::QueueFull);
            }
            (None, _) => {}
        }
        self.idle_answers = match envelopes.is_empty() && now.saturating_sub(flight.sent) < AT_ONCE {
            true => self.idle_answers + 1,
            false => 0,
        };
        if self.idle_answers > IDLE_ANSWERS {
            self.phase = Phase::Slowed { until: now + AT_ONCE };
        }
        for envelope in envelopes {
            match envelope {
                Err(unreadable) => self.tell(Audience::Everyone, Event::Other(unreadable)),
                Ok(envelope) => {
                    let names = self.interest.matched(&envelope);
                    let hearers = self.interest.hearers(&names, envelope.published.timetoken);
                    // One that matches nothing we know of is for whoever hears everything; nobody else asked for it.
                    let is_wanted = names.is_empty() || !hearers.is_empty();
                    // Remembered in any case: who had it before does not want it from a replay either.
                    if self.recent.is_new(&envelope) && is_wanted {
                        self.tell(Audience::Some(hearers), Event::of(&envelope));
                    }
                }
            }
        }
        self.cursor = Some(Cursor { timetoken: cursor.timetoken, region: cursor.region.or(asked.region) });
        self.interest.passed(cursor.timetoken);
    }

    /// A poll failed.
    pub(super) fn poll_failed(&mut self, flight: &Flight, failure: Failure, now: Duration) {
        let Failure { kind, error } = failure;
        if now.saturating_sub(flight.sent) >= STEADY {
            self.backoff.reset();
        }
        match kind {
            FailureKind::Denied(names) => self.denied(flight, &names, error),
            FailureKind::Refused => self.refused(&flight.names, error),
            FailureKind::Temporary(asked) => match self.backoff.next(asked) {
                None => self.refused(&flight.names, error),
                Some(delay) => {
                    self.phase = Phase::Waiting { until: now + delay };
                    self.tell_failure(&flight.names, error, Some(delay));
                }
            },
        }
    }

    /// The caller may not use some names: the others go on without them.
    fn denied(&mut self, flight: &Flight, names: &NameSet, error: Arc<Error>) {
        let mut denied = self.interest.deny(names, self.position());
        if denied.is_empty() {
            // Those that are not named are all of them.
            denied = self.interest.deny(&flight.names, self.position());
        }
        self.tell_everyone(Category::AccessDenied, "subscribe", &denied, Some(error), None);
    }

    fn refused(&mut self, names: &NameSet, error: Arc<Error>) {
        self.phase = Phase::Refused;
        self.tell_failure(names, error, None);
    }

    fn tell_failure(&mut self, names: &NameSet, error: Arc<Error>, retry_in: Option<Duration>) {
        self.tell_everyone(error.kind().into(), "subscribe", names, Some(error), retry_in);
    }

    fn tell_gap(&mut self, after: Timetoken, until: Timetoken, cause: GapCause) {
        let missers = self.interest.missers(until);
        self.tell(Audience::Some(missers), Event::Gap(Gap { after, until, cause }));
    }

    fn tell(&mut self, audience: Audience, event: Event) {
        self.outbox.push_back(Output::Tell(audience, event));
    }
}
