//! What few seats have: state, open polls, and the devices of a user that counts them.
//!
//! - A device has its own deadline; when it has passed, the device is forgotten without a word.
//! - A device that lapsed or left and comes back is another one: it has a new number, so a poll that was opened before
//!   cannot speak for it.

use wire::{InstanceId, Json};

use super::term::{Term, Tick};

/// The most devices of one user on one channel. A person has a handful; a client that makes up a new `instanceid` for
/// each request must not fill the memory. Beyond it, the device that was not heard of for longest is forgotten.
pub(super) const DEVICES_MAX: usize = 16;

/// The part of a seat that most seats do without.
#[derive(Debug, Default)]
pub(super) struct Extra {
    pub(super) state: Option<Json>,
    /// Open polls, where devices are not told apart.
    pub(super) polls: u32,
    /// Where they are: the one heard of last stands last.
    pub(super) devices: Vec<DeviceSeat>,
}

/// One device of a user on a channel.
#[derive(Debug)]
pub(super) struct DeviceSeat {
    pub(super) instance: InstanceId,
    /// Tells apart what one device is before it leaves and after it came back.
    pub(super) number: u32,
    pub(super) term: Term,
    /// Its open polls.
    pub(super) polls: u32,
}

impl Extra {
    /// Whether a poll is open.
    pub(super) fn polled(&self) -> bool {
        self.polls > 0 || self.devices.iter().any(|device| device.polls > 0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.state.is_none() && self.polls == 0 && self.devices.is_empty()
    }

    /// Forgets the devices whose deadline has passed; an open poll keeps one when `polls_count`.
    pub(super) fn prune(&mut self, now: Tick, polls_count: bool) {
        self.devices.retain(|device| device.term.end() > now || polls_count && device.polls > 0);
    }

    /// The deadline of the user: that of the device that is kept longest.
    pub(super) fn end(&self) -> Option<Tick> {
        self.devices.iter().map(|device| device.term.end()).max()
    }

    /// Notes that a device was heard of. Answers with its number; `next` is used when it is new.
    pub(super) fn heard(&mut self, instance: &InstanceId, term: Term, next: u32) -> u32 {
        let device = match self.devices.iter().position(|device| device.instance == *instance) {
            Some(index) => DeviceSeat { term, ..self.devices.remove(index) },
            None => {
                if self.devices.len() >= DEVICES_MAX {
                    self.devices.remove(0);
                }
                DeviceSeat { instance: instance.clone(), number: next, term, polls: 0 }
            }
        };
        let number = device.number;
        self.devices.push(device);
        number
    }

    pub(super) fn device(&mut self, number: u32) -> Option<&mut DeviceSeat> {
        self.devices.iter_mut().find(|device| device.number == number)
    }
}
