//! What a simulated client talks to.

use wire::presence::Event;
use wire::{ChannelName, InstanceId, Json, UserId};

/// A server in simulated time, in milliseconds since some moment. Moments never go back from call to call.
pub trait Site {
    /// Lets time pass until something may have been told, at most up to `to`, and answers with the moment reached.
    fn pass(&mut self, to: u64) -> u64;

    /// A heartbeat.
    fn arrive(
        &mut self,
        user: &UserId,
        instance: &InstanceId,
        places: &[(ChannelName, Option<Json>)],
        timeout: u64,
        now: u64,
    );

    /// A leave call.
    fn leave(&mut self, user: &UserId, instance: &InstanceId, channels: &[ChannelName], now: u64);

    /// A set-state call.
    fn set_state(&mut self, user: &UserId, channels: &[ChannelName], state: &Json, now: u64);

    /// The users on a channel, with their states, and the occupancy.
    fn here(&mut self, channel: &ChannelName, now: u64) -> (usize, Vec<(UserId, Option<Json>)>);

    /// The channels of a user.
    fn where_now(&mut self, user: &UserId, now: u64) -> Vec<ChannelName>;

    /// The wall clock of the server jumps.
    fn jump(&mut self, millis: i64);

    /// An orderly stop, and a start so much later. Both are at `now`: nobody counts the time in between.
    fn restart(&mut self, down_millis: u64, now: u64);

    /// The events that came since the last call.
    fn events(&mut self) -> Vec<Event>;
}
