//! The records of the rows, the same for everybody who is measured.
//!
//! - Ids and names have different orders, and neither is the order of writing: no list is read off the table as it lies.
//! - Half of the users are active. Of the users below a power of ten, every team has 2,000, all over that stretch: so a
//!   filter on a team finds 2,000 of 10,000 and 2,000 of 1,000,000.

use std::ops::Range;

use serde_json::{Value, json};

/// Users of a team.
pub(super) const TEAM: usize = 2000;
/// Channels of the user who has many memberships, [`CROWDED`].
pub(super) const MEMBERSHIPS: usize = 1000;
/// The user who has them.
pub(super) const CROWDED: u32 = 0;

/// Memberships in one request.
const JOINED_AT_ONCE: usize = 100;
/// A stretch has at least so many users.
const SHORTEST: usize = 10_000;

/// Eight letters that stand for a number, in another order than the numbers.
pub(super) fn letters(n: u32) -> String {
    // An odd factor: no two numbers have the same letters.
    format!("{:08x}", n.wrapping_mul(0x9e37_79b1))
}

pub(super) fn user(n: u32) -> String {
    format!("user-{}", letters(n))
}

pub(super) fn channel(n: usize) -> String {
    format!("room-{n:04}")
}

pub(super) fn channel_name(n: usize) -> String {
    format!("Room {n}")
}

/// Requests to join all channels, each with as many as one may have.
pub(super) fn joins() -> impl Iterator<Item = String> + Send {
    let join = |n| json!({"channel": {"id": channel(n)}});
    (0..MEMBERSHIPS).step_by(JOINED_AT_ONCE).map(move |first| {
        let channels: Value = (first..first + JOINED_AT_ONCE).map(join).collect();
        json!({"set": channels}).to_string()
    })
}

pub(super) fn team(n: usize) -> String {
    format!("team-{n}")
}

/// Some 300 bytes as JSON.
pub(super) struct Person {
    pub(super) name: String,
    pub(super) email: String,
    pub(super) profile_url: String,
    pub(super) status: &'static str,
    pub(super) custom: Value,
}

impl Person {
    pub(super) fn new(n: u32) -> Self {
        let custom = json!({"team": team(team_of(n as usize)), "age": n % 90, "admin": n.is_multiple_of(100)});
        Self {
            name: format!("Person {:06} {n}", n.wrapping_mul(0x85eb_ca6b) % 1_000_000),
            email: format!("person.{n}@example.org"),
            profile_url: format!("https://example.org/people/{n}.png"),
            status: if n.is_multiple_of(2) { "active" } else { "away" },
            custom,
        }
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "name": self.name,
            "email": self.email,
            "profileUrl": self.profile_url,
            "status": self.status,
            "type": "member",
            "custom": self.custom,
        })
    }
}

/// A name that a user has not had in an earlier round.
pub(super) fn new_name(n: u32, round: usize) -> String {
    format!("Person {:06} renamed {round}", n.wrapping_mul(0xc2b2_ae35) % 1_000_000)
}

/// A change of name and status, each round another one.
pub(super) fn update(n: u32, round: usize) -> Value {
    json!({"name": new_name(n, round), "status": "active"})
}

/// The teams that are asked for when there are so many users: those of the last stretch.
pub(super) fn teams(users: usize) -> Range<usize> {
    let stretch = stretch(users.saturating_sub(1));
    stretch.start / TEAM..stretch.end / TEAM
}

fn team_of(n: usize) -> usize {
    let stretch = stretch(n);
    stretch.start / TEAM + (n - stretch.start) % (stretch.len() / TEAM)
}

fn stretch(n: usize) -> Range<usize> {
    let mut end = SHORTEST;
    while n >= end {
        end *= 10;
    }
    if end == SHORTEST { 0..end } else { end / 10..end }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_team_that_is_asked_for_has_as_many_users_whatever_their_number() {
        for users in [10_000, 100_000, 1_000_000] {
            let teams = teams(users);
            for team in [teams.start, teams.end - 1] {
                let found = (0..users).filter(|n| team_of(*n) == team).count();
                assert_eq!(found, TEAM, "team {team} of {users} users");
            }
        }
    }
}
