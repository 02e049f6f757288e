//! What can be asked of presence.

use wire::presence::{Occupancy, Occupant};
use wire::{ChannelName, Json, Timestamp, UserId};

use super::{Page, Presence};

/// Questions. They are exact at any `now`. While something is due that [`Presence::advance`] has not taken, they look at
/// members of the channel that may be over, which takes longer on a large one: so a caller advances first, a little.
impl Presence {
    /// The state of a user on a channel.
    #[must_use]
    pub fn state(&self, user: &UserId, channel: &ChannelName, now: Timestamp) -> Option<Json> {
        let slot = self.roster.find(channel, user, self.roster.hash_user(user))?;
        let seat = self.roster.seat(slot)?;
        if self.roster.is_over(seat, self.tick(now)) { None } else { seat.state().cloned() }
    }

    /// Whether a user is on a channel.
    #[must_use]
    pub fn is_present(&self, user: &UserId, channel: &ChannelName, now: Timestamp) -> bool {
        let slot = self.roster.find(channel, user, self.roster.hash_user(user));
        let seat = slot.and_then(|slot| self.roster.seat(slot));
        seat.is_some_and(|seat| seat.is_present() && !self.roster.is_over(seat, self.tick(now)))
    }

    /// Who is on a channel, in the order of joining; only how many when no page is asked for.
    #[must_use]
    pub fn here_now(&self, channel: &ChannelName, page: Option<Page>, now: Timestamp) -> Occupancy {
        let tick = self.tick(now);
        let Some(room) = self.roster.room(channel) else {
            return Occupancy { channel: channel.clone(), occupancy: 0, occupants: page.map(|_| Vec::new()) };
        };
        let occupancy = self.roster.occupancy(room, tick);
        let occupants = page.map(|page| {
            let mut listed = Vec::with_capacity(page.limit.min(occupancy.saturating_sub(page.offset)));
            self.roster.occupants(room, page, tick, |seat| {
                listed.push(Occupant { user: seat.user.clone(), state: seat.state().cloned() });
            });
            listed
        });
        Occupancy { channel: channel.clone(), occupancy, occupants }
    }

    /// The channels on which somebody is, in no order: all of them, or those whose name begins with `prefix`.
    #[must_use]
    pub fn occupied(&self, prefix: Option<&str>, now: Timestamp) -> Vec<ChannelName> {
        self.roster.occupied(prefix.unwrap_or_default(), self.tick(now)).cloned().collect()
    }

    /// The channels on which a user is, in no order.
    #[must_use]
    pub fn where_now(&self, user: &UserId, now: Timestamp) -> Vec<ChannelName> {
        self.roster.places(user, self.tick(now)).cloned().collect()
    }

    /// How many stays there are in the key set, ends that have not been told included.
    #[must_use]
    pub fn occupancy_total(&self) -> usize {
        self.roster.present()
    }

    /// About how much memory everybody takes, states included: what counts against a budget.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.roster.bytes()
    }
}
