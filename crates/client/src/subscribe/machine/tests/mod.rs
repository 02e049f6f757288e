//! The machine, with a clock that is moved and a world that is made up.

mod access;
mod asked;
mod cursor;
mod faults;
mod gaps;
mod heartbeats;
mod leaves;
mod world;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use wire::delivery::{Cursor, Delivery, Envelope};
use wire::{Json, Timetoken};

use super::*;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// A machine, and what it wants done.
pub(crate) struct Bench {
    pub(crate) machine: Machine,
    pub(crate) now: Duration,
    /// The poll, heartbeat and leave that are under way.
    pub(crate) poll: Option<Poll>,
    pub(crate) beat: Option<Beat>,
    pub(crate) parting: Option<Parting>,
    pub(crate) told: Vec<(Audience, Event)>,
    /// Who was answered, and whether it was good news.
    pub(crate) answers: Vec<(u64, bool)>,
    pub(crate) ended: bool,
}

/// Delays without a random part that matters: 1 s, 2 s, 4 s, and up to as much again.
pub(crate) fn settings() -> Settings {
    Settings {
        retry: Retry::default(),
        has_user: true,
        heartbeat: None,
        heartbeat_aside: 149 * SECOND,
        leaves: true,
        remembered: 100,
        seed: 7,
    }
}

pub(crate) fn names(texts: &str) -> NameSet {
    let name = |text: &str| match text.strip_prefix("group:") {
        Some(group) => Name::group(group).unwrap(),
        None => Name::channel(text).unwrap(),
    };
    texts.split_whitespace().map(name).collect()
}

pub(crate) fn at(ticks: u64) -> Timetoken {
    Timetoken::from_ticks(ticks)
}

/// A message on a channel that is listed beside others.
pub(crate) fn message(channel: &str, ticks: u64) -> Envelope {
    let text = format!(r#"{{"p":{{"t":"{ticks}","r":1}},"c":"{channel}","d":{ticks},"b":"{channel}"}}"#);
    Envelope::read(&Json::parse(&text).unwrap()).unwrap()
}

pub(crate) fn polled(cursor: u64, envelopes: Vec<Envelope>) -> Polled {
    let cursor = Cursor { timetoken: at(cursor), region: Some(1) };
    let delivery = Delivery { cursor, envelopes: envelopes.into_iter().map(Ok).collect() };
    Polled { delivery, gap: None, tells_gaps: true }
}

pub(crate) fn lost() -> Failure {
    Failure { kind: FailureKind::Temporary(None), error: Arc::new(Error::connection("the cable is cut")) }
}

pub(crate) fn denied(texts: &str) -> Failure {
    Failure { kind: FailureKind::Denied(names(texts)), error: Arc::new(Error::usage("you may not")) }
}

pub(crate) fn refused() -> Failure {
    Failure { kind: FailureKind::Refused, error: Arc::new(Error::usage("bad request")) }
}

impl Bench {
    pub(crate) fn new(settings: Settings) -> Self {
        let machine = Machine::new(settings);
        let (told, answers) = (Vec::new(), Vec::new());
        Self { machine, now: SECOND, poll: None, beat: None, parting: None, told, answers, ended: false }
    }

    /// A machine that is subscribed to these names and receives, from cursor 100.
    pub(crate) fn receiving(texts: &str) -> Self {
        Self::new(settings()).connected(texts)
    }

    pub(crate) fn connected(mut self, texts: &str) -> Self {
        self.subscribe(1, texts, None);
        self.answer(polled(100, vec![]));
        self.told.clear();
        self
    }

    pub(crate) fn subscribe(&mut self, holder: u64, texts: &str, from: Option<u64>) {
        self.machine.subscribe(Holder(holder), &names(texts), from.map(at), self.now);
        self.settle();
    }

    pub(crate) fn unsubscribe(&mut self, holder: u64, texts: &str) {
        self.machine.unsubscribe(Holder(holder), Some(&names(texts)), self.now);
        self.settle();
    }

    pub(crate) fn set_presence(&mut self, connected: bool, texts: &str) {
        self.ask_presence(0, connected, texts);
    }

    /// The same, by somebody who waits for what comes of it.
    pub(crate) fn ask_presence(&mut self, ask: u64, connected: bool, texts: &str) {
        self.machine.set_presence(connected, &names(texts), Ask(ask), self.now);
        self.settle();
    }

    /// Answers the poll that is under way.
    pub(crate) fn answer(&mut self, polled: Polled) {
        let id = self.poll.take().expect("a poll is under way").id;
        self.machine.handle_poll(id, Ok(polled), self.now);
        self.settle();
    }

    pub(crate) fn fail(&mut self, failure: Failure) {
        let id = self.poll.take().expect("a poll is under way").id;
        self.machine.handle_poll(id, Err(failure), self.now);
        self.settle();
    }

    pub(crate) fn beaten(&mut self, outcome: Result<(), Failure>) {
        let id = self.beat.take().expect("a heartbeat is under way").id;
        self.machine.handle_heartbeat(id, outcome, self.now);
        self.settle();
    }

    pub(crate) fn left(&mut self) {
        let id = self.parting.take().expect("a leave is under way").id;
        self.machine.handle_leave(id, Ok(()), self.now);
        self.settle();
    }

    /// Lets time pass, deadline by deadline.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        for _ in 0..10_000 {
            let Some(due) = self.machine.deadline().filter(|due| *due <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(due);
            self.machine.handle_time(self.now);
            self.settle();
        }
        panic!("time does not pass: {:?}", self.machine);
    }

    /// Goes on at the next deadline, and says how long that took.
    pub(crate) fn wait(&mut self) -> Duration {
        let due = self.machine.deadline().expect("something is due");
        let waited = due.saturating_sub(self.now);
        self.pass(waited);
        waited
    }

    /// Does what the machine wants done.
    pub(crate) fn settle(&mut self) {
        while let Some(output) = self.machine.next_output() {
            match output {
                Output::Poll(poll) => {
                    assert!(self.poll.replace(poll).is_none(), "one poll at a time");
                }
                Output::Cancel => drop(self.poll.take().expect("there is a poll to cancel")),
                Output::Heartbeat(beat) => assert!(self.beat.replace(beat).is_none(), "one heartbeat at a time"),
                Output::Leave(parting) => assert!(self.parting.replace(parting).is_none(), "one leave at a time"),
                Output::Tell(audience, event) => self.told.push((audience, event)),
                Output::Answer(Ask(0), _) => {}
                Output::Answer(ask, outcome) => self.answers.push((ask.0, outcome.is_ok())),
                Output::Ended => self.ended = true,
            }
        }
    }

    /// The poll that is under way: what it names, and from where it goes on.
    pub(crate) fn under_way(&self) -> Option<(NameSet, Option<u64>)> {
        let poll = self.poll.as_ref()?;
        Some((poll.names.clone(), poll.cursor.map(|cursor| cursor.timetoken.ticks())))
    }

    /// The timetokens of the messages that everyone or this holder was told of, since it was asked last.
    pub(crate) fn messages(&mut self, holder: u64) -> Vec<u64> {
        let heard = |(audience, event): &(Audience, Event)| match (audience, event) {
            (Audience::Some(holders), Event::Message(message)) if holders.contains(&Holder(holder)) => {
                Some(message.timetoken.ticks())
            }
            _ => None,
        };
        let messages = self.told.iter().filter_map(heard).collect();
        self.told.retain(|(_, event)| !matches!(event, Event::Message(_)));
        messages
    }

    /// The statuses that were told since they were asked for last.
    pub(crate) fn statuses(&mut self) -> Vec<SubscribeStatus> {
        let mut statuses = Vec::new();
        self.told.retain(|(_, event)| match event {
            Event::Status(status) => {
                statuses.push(status.clone());
                false
            }
            _ => true,
        });
        statuses
    }

    pub(crate) fn categories(&mut self) -> Vec<Category> {
        self.statuses().into_iter().map(|status| status.category).collect()
    }

    pub(crate) fn gaps(&self) -> Vec<(u64, u64, crate::subscribe::event::GapCause)> {
        let gap = |(_, event): &(Audience, Event)| match event {
            Event::Gap(gap) => Some((gap.after.ticks(), gap.until.ticks(), gap.cause)),
            _ => None,
        };
        self.told.iter().filter_map(gap).collect()
    }
}

pub(crate) fn holders(ids: &[u64]) -> Audience {
    Audience::Some(ids.iter().copied().map(Holder).collect::<BTreeSet<_>>())
}
