//! What must be true of one user on one channel, worked out from what the user's clients did.
//!
//! - A stay begins with a renewal and lasts until the last deadline of the clients that hold it, or until none of them
//!   holds it any more because they left.
//! - Where clients are not told apart, all of them are the same one.

use wire::{InstanceId, Json};

/// Deadlines are rounded up to this, and the present is rounded down (`engine::presence`).
const TICK_MILLIS: u64 = 50;

/// A user on a channel.
#[derive(Debug)]
pub(super) struct Place {
    holds: Vec<Hold>,
    /// The stay that goes on, or that ended with its deadline and was not followed by another yet.
    pub(super) stay: Option<Stay>,
    /// The one before, when the present one began just now.
    pub(super) before: Option<Stay>,
    pub(super) left_at: Option<u64>,
    pub(super) state: Option<Json>,
}

/// A client that keeps its user there.
#[derive(Debug)]
struct Hold {
    client: Option<InstanceId>,
    deadline: u64,
    /// Since when it is gone without a leave, if it is.
    gone_since: Option<u64>,
}

/// From a join to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stay {
    pub(super) joined: u64,
    /// The moment before which nobody may say that it is over.
    pub(super) deadline: u64,
}

impl Stay {
    /// Whether it still goes on, to the tick.
    fn goes_on(&self, now: u64) -> bool {
        now / TICK_MILLIS < self.deadline.div_ceil(TICK_MILLIS)
    }
}

/// What a renewal did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Renewal {
    Renewed,
    /// After a leave, a crash, or for the first time.
    Joined,
    /// The client was only late.
    CameBack,
}

impl Place {
    /// Nobody was ever there.
    pub(super) const fn never() -> Self {
        Self { holds: Vec::new(), stay: None, before: None, left_at: None, state: None }
    }

    /// A renewal, or a join. `client` is none where clients are not told apart.
    pub(super) fn renew(&mut self, client: Option<&InstanceId>, deadline: u64, now: u64) -> Renewal {
        self.before = None;
        let going_on = self.stay.filter(|stay| stay.goes_on(now));
        let late = self.stay.is_some() && self.gone_since().is_none();
        if going_on.is_none() {
            self.before = self.stay;
            self.state = None;
            self.holds.clear();
        }
        self.let_go(client);
        self.holds.push(Hold { client: client.cloned(), deadline, gone_since: None });
        let joined = going_on.map_or(now, |stay| stay.joined);
        self.stay = self.last_deadline(now).map(|deadline| Stay { joined, deadline });
        self.left_at = None;
        match going_on {
            Some(_) => Renewal::Renewed,
            None if late => Renewal::CameBack,
            None => Renewal::Joined,
        }
    }

    /// A leave call of one client.
    pub(super) fn leave(&mut self, client: Option<&InstanceId>, now: u64) {
        let Some(stay) = self.stay else { return };
        if !stay.goes_on(now) {
            // It was over before; the leave is nobody's.
            self.before = self.stay.take();
            return;
        }
        if !self.let_go(client) {
            return;
        }
        match self.last_deadline(now) {
            Some(deadline) => self.stay = Some(Stay { deadline, ..stay }),
            None => {
                self.left_at = Some(now);
                (self.stay, self.before) = (None, None);
                self.holds.clear();
            }
        }
    }

    /// A client is gone without a word, since some moment.
    pub(super) fn vanish(&mut self, client: Option<&InstanceId>, since: u64) {
        for hold in self.holds.iter_mut().filter(|hold| hold.client.as_ref() == client) {
            hold.gone_since = Some(since);
        }
    }

    /// Since when nobody of those who held it is there any more, if so.
    pub(super) fn gone_since(&self) -> Option<u64> {
        let since = self.holds.iter().map(|hold| hold.gone_since).collect::<Option<Vec<_>>>()?;
        since.into_iter().max()
    }

    /// Whether the user must be shown.
    pub(super) fn is_present(&self, now: u64) -> bool {
        self.stay.is_some_and(|stay| stay.goes_on(now))
    }

    fn let_go(&mut self, client: Option<&InstanceId>) -> bool {
        let before = self.holds.len();
        self.holds.retain(|hold| hold.client.as_ref() != client);
        self.holds.len() < before
    }

    fn last_deadline(&self, now: u64) -> Option<u64> {
        let goes_on = |hold: &&Hold| now / TICK_MILLIS < hold.deadline.div_ceil(TICK_MILLIS);
        self.holds.iter().filter(goes_on).map(|hold| hold.deadline).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone() -> InstanceId {
        InstanceId::new("phone").unwrap()
    }

    fn laptop() -> InstanceId {
        InstanceId::new("laptop").unwrap()
    }

    #[test]
    fn with_two_clients_a_user_stays_until_the_last_one_left_or_is_over() {
        let mut place = Place::never();
        assert_eq!(place.renew(Some(&phone()), 10_000, 0), Renewal::Joined);
        assert_eq!(place.renew(Some(&laptop()), 15_000, 5_000), Renewal::Renewed);
        place.leave(Some(&laptop()), 6_000);
        assert_eq!((place.left_at, place.stay.map(|stay| stay.deadline)), (None, Some(10_000)));
        assert_eq!(place.renew(Some(&laptop()), 17_000, 7_000), Renewal::Renewed);
        place.leave(Some(&phone()), 8_000);
        place.leave(Some(&laptop()), 9_000);
        assert_eq!((place.left_at, place.is_present(9_000)), (Some(9_000), false));
    }

    #[test]
    fn a_leave_of_a_client_that_is_over_does_not_end_what_another_holds() {
        let mut place = Place::never();
        place.renew(Some(&phone()), 10_000, 0);
        place.renew(Some(&laptop()), 20_000, 8_000);
        place.leave(Some(&phone()), 12_000);
        assert!(place.is_present(19_000) && !place.is_present(20_000));
    }

    #[test]
    fn a_ghost_is_one_when_all_its_clients_are_gone() {
        let mut place = Place::never();
        place.renew(Some(&phone()), 10_000, 0);
        place.renew(Some(&laptop()), 11_000, 1_000);
        place.vanish(Some(&phone()), 2_000);
        assert_eq!(place.gone_since(), None);
        place.vanish(Some(&laptop()), 3_000);
        assert_eq!(place.gone_since(), Some(3_000));
    }

    #[test]
    fn a_client_that_renews_too_late_came_back_and_one_that_crashed_joins() {
        let mut place = Place::never();
        place.renew(None, 10_000, 0);
        assert_eq!(place.renew(None, 20_000, 10_000), Renewal::CameBack);
        assert_eq!(place.before.map(|stay| stay.deadline), Some(10_000));
        place.vanish(None, 12_000);
        assert_eq!(place.renew(None, 31_000, 21_000), Renewal::Joined);
    }
}
