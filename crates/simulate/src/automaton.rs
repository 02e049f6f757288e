//! What presence events may follow one another, and what they add up to.
//!
//! The automaton knows nothing but the events, as a subscriber does. For each user of each channel joins and ends
//! alternate (R3), and each event has the occupancy that following the events gives (R4). An interval event may say that
//! its lists did not fit; then a subscriber asks here now, and so does whoever drives the automaton.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use wire::presence::{Delta, Event, What};
use wire::{ChannelName, Timestamp, UserId};

use crate::violation::{Gate, Violation};

/// Who is where, by the events alone.
#[derive(Clone, Debug, Default)]
pub struct Automaton {
    rooms: HashMap<ChannelName, Room>,
}

#[derive(Clone, Debug, Default)]
struct Room {
    users: HashSet<UserId>,
    /// The lists of an event did not fit, and nobody has asked here now since.
    lost: bool,
    /// Until when events may tell what here now knew already: it is exact at its moment, and events may be a second late.
    settles: Option<Timestamp>,
}

/// How late an event may be.
const LATE: Duration = Duration::from_secs(1);

impl Automaton {
    /// Takes the next event. Answers with `true` when the follower has to ask here now ([`Automaton::refresh`]).
    ///
    /// # Errors
    /// The gate that the event breaks.
    pub fn follow(&mut self, event: &Event) -> Result<bool, Violation> {
        // Not `entry`: it would cost a copy of the name each time.
        let room = match self.rooms.get_mut(&event.channel) {
            Some(room) => room,
            None => self.rooms.entry(event.channel.clone()).or_default(),
        };
        match &event.what {
            What::Join(user, _) => room.come(user, event)?,
            What::Leave(user, _) | What::Timeout(user, _) => room.go(user, event)?,
            What::StateChange(..) => return Ok(false),
            What::Interval(delta) => room.pass(delta, event)?,
        }
        if room.lost {
            room.settles = Some(event.at + LATE);
            return Ok(true);
        }
        if room.settles.is_some_and(|settles| event.at <= settles) {
            return Ok(false);
        }
        // Who went after here now was asked and is back stands in no list: then a follower asks again.
        let settled = room.users.len() == event.occupancy;
        if room.settles.is_some() && !settled {
            room.settles = Some(event.at + LATE);
            return Ok(true);
        }
        room.settles = None;
        if room.users.len() != event.occupancy {
            let counted = room.users.len();
            return Err(Violation::new(Gate::R4, format!("{counted} are there after {}", shown(event))));
        }
        Ok(false)
    }

    /// Takes an answer of here now in place of events whose lists did not fit.
    pub fn refresh(&mut self, channel: &ChannelName, users: impl IntoIterator<Item = UserId>) {
        let room = self.rooms.entry(channel.clone()).or_default();
        *room = Room { users: users.into_iter().collect(), lost: false, settles: room.settles };
    }

    /// Who is on a channel.
    pub fn here(&self, channel: &ChannelName) -> impl Iterator<Item = &UserId> {
        self.rooms.get(channel).into_iter().flat_map(|room| &room.users)
    }

    /// How many are on a channel.
    #[must_use]
    pub fn count(&self, channel: &ChannelName) -> usize {
        self.rooms.get(channel).map_or(0, |room| room.users.len())
    }

    /// Whether a user is on a channel.
    #[must_use]
    pub fn shows(&self, channel: &ChannelName, user: &UserId) -> bool {
        self.rooms.get(channel).is_some_and(|room| room.users.contains(user))
    }
}

impl Room {
    fn come(&mut self, user: &UserId, event: &Event) -> Result<(), Violation> {
        if self.users.insert(user.clone()) || self.lost || self.settles.is_some() {
            return Ok(());
        }
        Err(Violation::new(Gate::R3, format!("{user} comes twice: {}", shown(event))))
    }

    fn go(&mut self, user: &UserId, event: &Event) -> Result<(), Violation> {
        if self.users.remove(user) || self.lost || self.settles.is_some() {
            return Ok(());
        }
        Err(Violation::new(Gate::R3, format!("{user} goes twice: {}", shown(event))))
    }

    /// Joins are read before ends: who came and went stands in two lists.
    fn pass(&mut self, delta: &Delta, event: &Event) -> Result<(), Violation> {
        self.lost |= delta.here_now_refresh;
        delta.join.iter().try_for_each(|user| self.come(user, event))?;
        delta.leave.iter().chain(&delta.timeout).try_for_each(|user| self.go(user, event))
    }
}

/// An event in a line.
#[must_use]
pub fn shown(event: &Event) -> String {
    let what = match &event.what {
        What::Join(user, _) => format!("join {user}"),
        What::Leave(user, _) => format!("leave {user}"),
        What::Timeout(user, _) => format!("timeout {user}"),
        What::StateChange(user, state) => format!("state-change {user} {}", state.as_str()),
        What::Interval(delta) if delta.here_now_refresh => "interval, lists did not fit".to_owned(),
        What::Interval(delta) => {
            let list = |users: &[UserId]| users.iter().map(UserId::as_str).collect::<Vec<_>>().join(" ");
            format!("interval +[{}] -[{}] ~[{}]", list(&delta.join), list(&delta.leave), list(&delta.timeout))
        }
    };
    format!("{} {what} ({})", event.channel, event.occupancy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> UserId {
        UserId::new(name).unwrap()
    }

    fn users(names: &str) -> Vec<UserId> {
        names.split_whitespace().map(user).collect()
    }

    /// `+ann 1`, `-ann 0` (leave), `~ann 0` (timeout), or an interval event `+ann bob -cho ~dan 5`, or `? 7`.
    fn event(text: &str) -> Event {
        let (what, occupancy) = text.rsplit_once(' ').unwrap();
        let interval = what.starts_with('[');
        let list = |sign: char| {
            let of = what.split(['[', ']']).flat_map(|part| part.split(';'));
            of.filter_map(|part| part.trim().strip_prefix(sign)).flat_map(users).collect::<Vec<_>>()
        };
        let name = || user(&what[1..]);
        let what = match what.chars().next().unwrap() {
            _ if interval => What::Interval(Delta {
                join: list('+'),
                leave: list('-'),
                timeout: list('~'),
                here_now_refresh: what.contains('?'),
            }),
            '+' => What::Join(name(), None),
            '-' => What::Leave(name(), None),
            _ => What::Timeout(name(), None),
        };
        let channel = ChannelName::new("room").unwrap();
        Event { channel, at: Timestamp::from_millis(0), occupancy: occupancy.parse().unwrap(), what }
    }

    fn later_of(automaton: &mut Automaton, text: &str, millis: u64) -> Result<bool, Violation> {
        automaton.follow(&Event { at: Timestamp::from_millis(millis), ..event(text) })
    }

    fn follow(texts: &[&str]) -> Result<(), (usize, Gate)> {
        let mut automaton = Automaton::default();
        for (index, text) in texts.iter().enumerate() {
            automaton.follow(&event(text)).map_err(|violation| (index, violation.gate))?;
        }
        Ok(())
    }

    #[test]
    fn what_happens_in_a_room_is_accepted() {
        for story in [
            &["+ann 1", "+bob 2", "-ann 1", "~bob 0", "+ann 1"][..],
            &["+ann 1", "[+bob cho] 3", "[+dan;-dan;-bob;~cho] 1", "-ann 0"],
        ] {
            assert_eq!(follow(story), Ok(()), "{story:?}");
        }
    }

    /// Each story is right but for its last event.
    #[test]
    fn what_cannot_happen_is_refused_at_the_event_that_shows_it() {
        for (what, story, gate) in [
            ("a second join", &["+ann 1", "+ann 2"][..], Gate::R3),
            ("a second join that counts right", &["+ann 1", "+ann 1"], Gate::R3),
            ("a leave of nobody", &["-ann 0"], Gate::R3),
            ("two ends", &["+ann 1", "-ann 0", "~ann 0"], Gate::R3),
            ("a join in an interval that was told", &["+ann 1", "[+ann] 1"], Gate::R3),
            ("an end in an interval of who is not there", &["+ann 1", "[-bob] 1"], Gate::R3),
            ("a lost join", &["+ann 1", "+cho 3"], Gate::R4),
            ("a lost end", &["+ann 1", "+bob 2", "+cho 2"], Gate::R4),
            ("an interval with one too few", &["+ann 1", "[+bob] 3"], Gate::R4),
            ("an interval that forgot its lists", &["+ann 1", "[] 2"], Gate::R4),
        ] {
            assert_eq!(follow(story), Err((story.len() - 1, gate)), "{what}");
        }
    }

    /// Whichever event of a long right story is lost, told twice or swapped with the next: it is noticed.
    #[test]
    fn a_story_with_one_event_lost_repeated_or_swapped_is_refused() {
        let story =
            ["+ann 1", "+bob 2", "-ann 1", "+cho 2", "~bob 1", "[+dan eve] 3", "[+fay gus;-dan] 4", "-eve 3", "+ann 4"];
        assert_eq!(follow(&story), Ok(()));
        for at in 0..story.len() {
            let mut lost = story.to_vec();
            lost.remove(at);
            // The last one is missed by nobody who hears nothing after it.
            assert_eq!(follow(&lost).is_ok(), at + 1 == story.len(), "lost {at}");
            let mut twice = story.to_vec();
            twice.insert(at, story[at]);
            assert!(follow(&twice).is_err(), "twice {at}");
            let mut swapped = story.to_vec();
            if at + 1 < story.len() {
                swapped.swap(at, at + 1);
                assert!(follow(&swapped).is_err(), "swapped {at}");
            }
        }
    }

    #[test]
    fn after_lists_that_did_not_fit_here_now_is_taken_instead() {
        let mut automaton = Automaton::default();
        automaton.follow(&event("+ann 1")).unwrap();
        assert!(automaton.follow(&event("[?] 2")).unwrap());
        let room = ChannelName::new("room").unwrap();
        automaton.refresh(&room, users("bob cho"));
        assert_eq!((automaton.count(&room), automaton.shows(&room, &user("ann"))), (2, false));
        let mut later = |text, millis| later_of(&mut automaton, text, millis);
        assert!(!later("~ann 5", 900).unwrap(), "here now knew before the events that ann was gone");
        assert!(!later("[+dan;~ann] 3", 5_000).unwrap(), "and an interval may have gathered it");
        assert!(later("[~ann] 3", 6_000).is_err(), "but not a second one");

        assert!(later("[?] 3", 10_000).unwrap());
        automaton.refresh(&room, users("bob"));
        assert!(
            later_of(&mut automaton, "[+eve] 3", 20_000).unwrap(),
            "cho had gone for a moment, so it is asked again"
        );
        automaton.refresh(&room, users("bob cho eve"));
        assert!(later_of(&mut automaton, "-bob 2", 30_000).is_ok_and(|asks| !asks));
    }
}
