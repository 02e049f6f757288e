//! A simulated client: what it does, and when.

use wire::{ChannelName, InstanceId, Json, UserId};

use super::Options;
use crate::dice::Dice;

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
    /// It leaves one of its channels and stays on the others.
    LeaveOne,
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
    /// The number of the one that it has left, staying on the others.
    without: Option<usize>,
    timeout: u64,
    /// Whether it thinks that it is there.
    awake: bool,
    /// When it was last heard of.
    renewed: u64,
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
            user: name(&format!("user-{}", number / options.devices.max(1))),
            instance: InstanceId::unnamed(),
            channels: own,
            without: None,
            timeout: options.timeout,
            awake: false,
            renewed: 0,
        }
    }

    /// The numbers of the channels on which it is, when it is there.
    pub(super) fn on(&self) -> impl Iterator<Item = usize> + use<> {
        let without = self.without;
        (0..self.channels.len()).filter(move |index| Some(*index) != without)
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
            self.without = None;
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
                let gone_since = self.renewed + self.dice.below(now.saturating_sub(self.renewed) + 1);
                return (Deed::Crash { gone_since }, now + away);
            }
            return (Deed::Leave, now + away);
        }
        if self.dice.chance(options.pauses / 400.0) {
            return (Deed::Stall, now + timeout / 2 + self.dice.below(timeout * 3 / 2));
        }
        // Its renewal follows soon enough, also after the longest pause.
        let soon = |dice: &mut Dice| now + dice.below(900);
        let deed = match self.dice.below(50) {
            0 => Deed::ArriveWithState,
            1 => return (Deed::SetState, soon(&mut self.dice)),
            2 if self.channels.len() > 1 && self.without.is_none() => {
                return (Deed::LeaveOne, soon(&mut self.dice));
            }
            3..10 => {
                self.without = None;
                Deed::Arrive
            }
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

    /// It was heard of.
    pub(super) fn renew(&mut self, now: u64) {
        self.renewed = now;
    }

    /// Takes it off one of its channels; answers which.
    pub(super) fn leave_one(&mut self) -> usize {
        let one = self.dice.below(self.channels.len() as u64) as usize;
        self.without = Some(one);
        one
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
