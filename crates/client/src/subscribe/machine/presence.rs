//! Heartbeats and leaves.
//!
//! Heartbeats and leaves name the same places, and travel on different connections. So a leave is sent when no heartbeat and no
//! first call that names the same is under way, and the other way round: none of them undoes another.

use std::time::Duration;

use super::{Beat, Failure, FailureKind, Id, Machine, Output, Parting};
use crate::status::Category;
use crate::subscribe::name::{Name, NameSet, places};
use crate::subscribe::retry::Backoff;

/// Where the user is present beside its polls, and what is under way for it.
#[derive(Debug)]
pub(super) struct Pulse {
    /// Where the user is connected without a subscription.
    connected: NameSet,
    /// When the next heartbeat is due.
    due: Option<Duration>,
    /// What the last heartbeat named.
    beaten: NameSet,
    /// The heartbeat that is under way, and what it names.
    beating: Option<(Id, NameSet)>,
    /// Where the user is to leave.
    parting: NameSet,
    leaving: Option<(Id, NameSet)>,
    backoff: Backoff,
}

impl Pulse {
    pub(super) fn new(backoff: Backoff) -> Self {
        Self {
            connected: NameSet::new(),
            due: None,
            beaten: NameSet::new(),
            beating: None,
            parting: NameSet::new(),
            leaving: None,
            backoff,
        }
    }

    pub(super) fn connect(&mut self, names: &NameSet) {
        self.keep(names);
        self.connected.extend(places(names));
        // Whoever says it again wants a sign of life now.
        self.beaten.retain(|name| !names.contains(name));
    }

    pub(super) fn disconnect(&mut self, names: &NameSet) {
        self.connected.retain(|name| !names.contains(name));
        self.beaten.retain(|name| !names.contains(name));
    }

    pub(super) fn disconnect_all(&mut self) -> NameSet {
        std::mem::take(&mut self.connected)
    }

    pub(super) fn is_connected(&self, name: &Name) -> bool {
        self.connected.contains(name)
    }

    /// These are wanted again: a leave that was not sent yet is not sent.
    pub(super) fn keep(&mut self, names: &NameSet) {
        self.parting.retain(|name| !names.contains(name));
    }

    /// Whether a leave of some of these is under way.
    pub(super) fn is_parting(&self, names: &NameSet) -> bool {
        self.leaving.as_ref().is_some_and(|(_, leaving)| !leaving.is_disjoint(names))
    }

    /// The next heartbeat is due now.
    pub(super) fn hurry(&mut self, now: Duration) {
        self.due = self.due.map(|_| now);
    }
}

impl Machine {
    /// When a heartbeat is to be sent.
    pub(super) fn beat_due(&self) -> Option<Duration> {
        // What comes of a heartbeat or a leave that is under way brings it up again.
        self.pulse.due.filter(|_| self.pulse.beating.is_none() && self.pulse.leaving.is_none())
    }

    /// The user leaves these, unless they are wanted otherwise.
    pub(super) fn part(&mut self, names: &NameSet) {
        if self.settings.leaves && self.settings.has_user {
            let connected = &self.pulse.connected;
            self.pulse.parting.extend(places(names).into_iter().filter(|name| !connected.contains(name)));
        }
    }

    /// Brings heartbeats and leaves in line with where the user is present.
    pub(super) fn settle_presence(&mut self, now: Duration) {
        self.settle_heartbeat(now);
        self.settle_leave();
        self.settle_asked();
    }

    /// Answers whoever waits for nothing more.
    fn settle_asked(&mut self) {
        let Pulse { connected, parting, leaving, .. } = &self.pulse;
        let departs =
            |name: &Name| parting.contains(name) || leaving.as_ref().is_some_and(|(_, leaving)| leaving.contains(name));
        let answers = self.asked.settle(|name| connected.contains(name), departs);
        self.outbox.extend(answers.map(|(ask, outcome)| Output::Answer(ask, outcome)));
    }

    /// Where heartbeats keep the user present.
    fn kept_alive(&self) -> NameSet {
        let mut names = self.pulse.connected.clone();
        if self.settings.heartbeat.is_some() {
            names.extend(self.polled_places());
        }
        names
    }

    fn settle_heartbeat(&mut self, now: Duration) {
        let names = self.kept_alive();
        if names.is_empty() || self.paused || !self.settings.has_user {
            self.pulse.due = None;
            self.pulse.beaten.clear();
            return;
        }
        let interval = self.settings.heartbeat.unwrap_or(self.settings.heartbeat_aside);
        // A poll joins by itself; what is connected to without one begins with a heartbeat.
        let hurries = !self.pulse.connected.is_subset(&self.pulse.beaten);
        let due = if hurries { now } else { self.pulse.due.unwrap_or(now + interval) };
        self.pulse.due = Some(due);
        if now < due || self.pulse.beating.is_some() || self.pulse.is_parting(&names) {
            return;
        }
        self.pulse.due = Some(now + interval);
        let id = self.next_id();
        self.pulse.beating = Some((id, names.clone()));
        self.pulse.beaten.clone_from(&names);
        self.outbox.push_back(Output::Heartbeat(Beat { id, states: self.states_of(&names), names }));
    }

    /// A heartbeat came to its end.
    pub(super) fn beaten(&mut self, id: Id, outcome: Result<(), Failure>, now: Duration) {
        let Some((_, names)) = self.pulse.beating.take_if(|(beating, _)| *beating == id) else { return };
        let error = outcome.as_ref().err().map(|failure| &failure.error);
        self.asked.heard(true, &names, error);
        let Err(Failure { kind, error }) = outcome else { return self.pulse.backoff.reset() };
        if let FailureKind::Temporary(asked) = kind
            && let Some(delay) = self.pulse.backoff.next(asked)
        {
            // Not later than the next one that is due anyway.
            self.pulse.due = self.pulse.due.map(|due| due.min(now + delay));
        }
        let retry_in = self.pulse.due.map(|due| due.saturating_sub(now));
        self.tell_everyone(Category::from(error.kind()), "heartbeat", &names, Some(error), retry_in);
    }

    fn settle_leave(&mut self) {
        let Pulse { parting, leaving, beating, .. } = &self.pulse;
        let joining = self.flight.as_ref().is_some_and(|flight| flight.is_joining(parting));
        if !parting.is_empty() && leaving.is_none() && beating.is_none() && !joining {
            let names = std::mem::take(&mut self.pulse.parting);
            let id = self.next_id();
            self.pulse.leaving = Some((id, names.clone()));
            self.outbox.push_back(Output::Leave(Parting { id, names }));
        }
        if self.is_over() && self.pulse.parting.is_empty() && self.pulse.leaving.is_none() {
            self.outbox.push_back(Output::Ended);
        }
    }

    /// A leave came to its end. One that failed is not repeated: the user times out by itself.
    pub(super) fn parted(&mut self, id: Id, outcome: Result<(), Failure>) {
        let Some((_, names)) = self.pulse.leaving.take_if(|(leaving, _)| *leaving == id) else { return };
        self.asked.heard(false, &names, outcome.as_ref().err().map(|failure| &failure.error));
        if let Err(Failure { error, .. }) = outcome {
            self.tell_everyone(Category::from(error.kind()), "leave", &names, Some(error), None);
        }
    }
}
