//! Somebody who listens to the presence of all rooms of a key set, and asks nothing else.

use std::net::SocketAddr;

use testkit::Connection;
use tokio::sync::watch;
use wire::UserId;
use wire::presence::{Event, What};

use super::truth::{Heard, hear};
use super::{ROOMS, room};
use crate::automaton::{Automaton, shown};
use crate::presence::event;

/// What was heard.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) automaton: Automaton,
    /// Of events that tell of one user.
    pub(super) heard: Heard,
    pub(super) events: u64,
    /// Users in the lists of interval events.
    pub(super) listed: u64,
    pub(super) refreshes: u64,
}

/// Listens until the cursor has passed `until`.
pub(super) async fn listen(
    address: SocketAddr,
    keyset: &'static str,
    mut cursor: u64,
    until: watch::Receiver<u64>,
) -> anyhow::Result<Record> {
    let mut connection = Connection::open(address).await?;
    let streams = (0..ROOMS).map(|number| format!("{}-pnpres", room(number))).collect::<Vec<_>>().join(",");
    let mut record = Record::default();
    let mut last = 0_u64;
    while cursor < *until.borrow() {
        let reply = connection.get(&format!("/v2/subscribe/{keyset}/{streams}/0?tt={cursor}&uuid=observer")).await?;
        anyhow::ensure!(reply.header("hereabouts-gap").is_none(), "{keyset}: the observer missed events");
        anyhow::ensure!(reply.timetoken() >= cursor, "{keyset}: the cursor goes back from {cursor}");
        let json = reply.json();
        for envelope in json["m"].as_array().into_iter().flatten() {
            let timetoken = envelope["p"]["t"].as_str().and_then(|text| text.parse().ok()).unwrap_or(0);
            anyhow::ensure!(timetoken > last, "{keyset}: {timetoken} after {last}");
            last = timetoken;
            let channel = envelope["c"].as_str().and_then(|name| name.strip_suffix("-pnpres")).unwrap_or_default();
            record.take(&event(channel, &envelope["d"]), &mut connection, keyset).await?;
        }
        cursor = reply.timetoken();
    }
    Ok(record)
}

impl Record {
    async fn take(&mut self, event: &Event, connection: &mut Connection, keyset: &str) -> anyhow::Result<()> {
        self.events += 1;
        if let What::Interval(delta) = &event.what {
            self.listed += (delta.join.len() + delta.leave.len() + delta.timeout.len()) as u64;
        }
        hear(&mut self.heard, event);
        let lost = self.automaton.follow(event).map_err(|why| anyhow::anyhow!("{keyset}: {why}: {}", shown(event)))?;
        if lost {
            self.refreshes += 1;
            let target = format!("/v2/presence/sub-key/{keyset}/channel/{}?limit=1000", event.channel);
            let here = connection.get(&target).await?.json();
            let users = here["uuids"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str);
            self.automaton.refresh(&event.channel, users.filter_map(|user| UserId::new(user).ok()));
        }
        Ok(())
    }
}
