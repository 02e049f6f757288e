//! The memory of our server while its table grows.

use std::time::{Duration, Instant};

use super::http::Http;
use super::load::{self, Plan};
use super::operation::{Counted, Depth, Listing, Operation};
use super::process::Memory;
use super::table::grouped;

/// The same requests at each size, before its memory is looked at.
const MIX: [Operation; 6] = [
    Operation::Get,
    Operation::List(Listing::ByName, Depth::Far),
    Operation::List(Listing::ActiveByName, Depth::First),
    Operation::List(Listing::TeamByName, Depth::First),
    Operation::Count(Counted::Active),
    Operation::Update,
];
const MIX_TIME: Duration = Duration::from_secs(1);
/// Each size is so many times the one before.
const STEP: usize = 10;
const SMALLEST: usize = 10_000;

/// What was seen at each size.
pub(super) struct Growth {
    stages: Vec<Stage>,
}

struct Stage {
    users: usize,
    /// Users written a second, on the way from the size before.
    rate: f64,
    memory: Memory,
    stored: u64,
}

/// Lets a server without users grow to the largest size.
pub(super) async fn measure(http: &mut Http<'_>, plan: Plan, largest: usize) -> anyhow::Result<Growth> {
    let mut growth = Growth { stages: Vec::new() };
    let (mut before, mut users) = (0, SMALLEST.min(largest));
    loop {
        eprintln!("growing to {users} users");
        let begun = Instant::now();
        http.grow(users).await?;
        let rate = (users - before) as f64 / begun.elapsed().as_secs_f64();
        // Each new user is an event that waits for subscribers who are away: it is of what was told, and not of the table.
        http.restart().await?;
        for operation in MIX {
            load::measure(http, operation, Plan { users, time: MIX_TIME, ..plan }).await?;
        }
        growth.stages.push(Stage { users, rate, memory: http.memory()?, stored: http.stored()? });
        if users == largest {
            return Ok(growth);
        }
        (before, users) = (users, (users * STEP).min(largest));
    }
}

impl Growth {
    pub(super) fn text(&self) -> String {
        let head =
            ["users", "memory of the program, MB", "with mapped files, MB", "its folder, MB", "users added a second"];
        let mut text = format!("\n### Memory while the table grows\n\n| {} |\n|", head.join(" | "));
        text += &" ---: |".repeat(head.len());
        text.push('\n');
        for Stage { users, rate, memory, stored } in &self.stages {
            let megabytes = |bytes: u64| grouped(bytes as f64 / 1e6);
            let [own, resident, stored] = [memory.own, memory.resident, *stored].map(megabytes);
            let cells = [grouped(*users as f64), own, resident, stored, grouped(*rate)];
            text += &format!("| {} |\n", cells.join(" | "));
        }
        text
    }
}
