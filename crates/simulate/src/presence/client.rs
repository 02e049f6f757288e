//! A simulated client: what it does, and what must be true of it.

use wire::{ChannelName, InstanceId, Json, UserId};

use super::Options;
use crate::dice::Dice;

/// Deadlines are rounded up to this, and the present is rounded down (`engine::presence`).
const TICK_MILLIS: u64 = 50;

/// Milliseconds in an hour.
pub(super) const HOUR_MILLIS: u64 = 3_600_000;

/// What a client does when its time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// It subscribes, or its heartbeat is due.
    Arrive,
    /// Its heartbeat is due, and carries state.
    ArriveWithState,
    /// It sets its state.
    SetState,
    /// It leaves.
    Leave,
    /// Its process is gone, and was since some moment between its last renewal and now.
    Crash { gone_since: u64 },
    /// Its heartbeat is late: it does nothing yet.
    Stall,
}

#[derive(Debug)]
pub(super) struct Client {
    dice: Dice,
    pub(super) user: UserId,
    pub(super) instance: InstanceId,
    /// Where it is when it is there.
    pub(super) channels: Vec<ChannelName>,
    /// The same, as a heartbeat takes it.
    pub(super) places: Vec<(ChannelName, Option<Json>)>,
    pub(super) timeout: u64,
    /// Whether it thinks that it is there.
    awake: bool,
    /// The stay that goes on, or that ended with its deadline and was not followed by another yet.
    pub(super) stay: Option<Stay>,
    /// The one before, when the present one began just now.
    pub(super) before: Option<Stay>,
    pub(super) left_at: Option<u64>,
    pub(super) state: Option<Json>,
    /// Since when it is gone without a leave, if it is.
    pub(super) gone_since: Option<u64>,
}

/// From a join to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stay {
    pub(super) joined: u64,
    pub(super) renewed: u64,
    /// The moment before which nobody may say that it is over.
    pub(super) deadline: u64,
}

impl Stay {
    /// Whether it still goes on, to the tick.
    pub(super) fn goes_on(&self, now: u64) -> bool {
        now / TICK_MILLIS < self.deadline.div_ceil(TICK_MILLIS)
    }
}

impl Client {
    pub(super) fn new(number: usize, options: &Options, channels: &[ChannelName]) -> Self {
        let mut dice = Dice::new(options.seed, number as u64);
        let mut own = Vec::new();
        if number.is_multiple_of(10) {
            own.push(channels[0].clone());
        }
        for _ in 0..1 + dice.below(3) {
            let channel = dice.pick(channels);
            if !own.contains(channel) {
                own.push(channel.clone());
            }
        }
        Self {
            dice,
            user: name(&format!("user-{number}")),
            instance: InstanceId::unnamed(),
            places: own.iter().map(|channel| (channel.clone(), None)).collect(),
            channels: own,
            timeout: options.timeout,
            awake: false,
            stay: None,
            before: None,
            left_at: None,
            state: None,
            gone_since: None,
        }
    }

    /// When it comes for the first time.
    pub(super) fn first(&mut self) -> u64 {
        self.dice.below(self.timeout * 1000)
    }

    /// What it does now, and when it does something again.
    pub(super) fn act(&mut self, options: &Options, now: u64) -> (Deed, u64) {
        let timeout = self.timeout * 1000;
        if !self.awake {
            self.awake = true;
            // On another connection than last time.
            self.instance = instance(self.dice.below(1 << 20));
            return (Deed::Arrive, now + self.period(options));
        }
        let period_minutes = (timeout / 2) as f64 / 60_000.0;
        if self.dice.chance(1.0 - (1.0 - options.churn / 100.0).max(0.0).powf(period_minutes)) {
            self.awake = false;
            // One in four is back at once, the others when they like.
            let away = match self.dice.below(4) {
                0 => self.dice.below(timeout / 4),
                _ => self.dice.below(timeout * 3),
            };
            if self.dice.chance(options.crashes / 100.0) {
                let renewed = self.stay.map_or(now, |stay| stay.renewed);
                let gone_since = renewed + self.dice.below(now.saturating_sub(renewed) + 1);
                return (Deed::Crash { gone_since }, now + away);
            }
            return (Deed::Leave, now + away);
        }
        if self.dice.chance(options.pauses / 400.0) {
            return (Deed::Stall, now + timeout / 2 + self.dice.below(timeout * 3 / 2));
        }
        let deed = match self.dice.below(50) {
            0 => Deed::ArriveWithState,
            // Its renewal follows soon enough, also after the longest pause.
            1 => return (Deed::SetState, now + self.dice.below(900)),
            _ => Deed::Arrive,
        };
        (deed, now + self.period(options))
    }

    /// Clients renew at half of their timeout less a second. A pause of up to half the timeout on top is still in time.
    fn period(&mut self, options: &Options) -> u64 {
        let half = self.timeout * 500;
        let late = if self.dice.chance(options.pauses / 100.0) { half } else { 300 };
        // Half of the pauses are the longest that is in time.
        half - 1_000 + if self.dice.chance(0.5) { self.dice.below(late) } else { late }
    }

    /// A state of its own.
    pub(super) fn new_state(&mut self) -> Json {
        let number = self.dice.below(1_000);
        json(&format!(r#"{{"mood":{number}}}"#))
    }

    /// A renewal, or a join. Answers whether it joins.
    pub(super) fn renew(&mut self, now: u64) -> bool {
        let deadline = now + self.timeout * 1000;
        self.gone_since = None;
        self.before = None;
        match self.stay.filter(|stay| stay.goes_on(now)) {
            Some(stay) => {
                self.stay = Some(Stay { renewed: now, deadline, ..stay });
                false
            }
            None => {
                self.before = self.stay;
                self.state = None;
                self.stay = Some(Stay { joined: now, renewed: now, deadline });
                true
            }
        }
    }

    /// Whether it must be shown.
    pub(super) fn is_present(&self, now: u64) -> bool {
        self.stay.is_some_and(|stay| stay.goes_on(now))
    }
}

#[expect(clippy::unwrap_used, reason = "names made here are names")]
pub(super) fn channel(number: usize) -> ChannelName {
    ChannelName::new(format!("room-{number}")).unwrap()
}

#[expect(clippy::unwrap_used, reason = "names made here are names")]
fn name(text: &str) -> UserId {
    UserId::new(text).unwrap()
}

#[expect(clippy::unwrap_used, reason = "names made here are names")]
fn instance(number: u64) -> InstanceId {
    InstanceId::new(format!("device-{number}")).unwrap()
}

#[expect(clippy::unwrap_used, reason = "it is JSON")]
fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}
