//! Presence over HTTP, with a clock moved by hand.

mod groups;
mod intervals;
mod options;
mod own_join;
mod reads;
mod timeouts;

use std::time::Duration;

use testkit::{ManualClock, TestServer};

/// A server and its clock.
struct Place {
    server: TestServer,
    clock: ManualClock,
}

const CALLS: &str = "/v2/presence/sub-key/sub";

impl Place {
    async fn with(settings: &str) -> Self {
        let clock = ManualClock::default();
        let server = TestServer::builder().settings(settings).clock(clock.clone()).start().await;
        // What happens is after what listeners have as their beginning.
        clock.advance(Duration::from_secs(1));
        Self { server, clock }
    }

    async fn usual() -> Self {
        Self::with("").await
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// A heartbeat; `user` may bring parameters: `ann&heartbeat=20`.
    async fn arrive(&self, channels: &str, user: &str) {
        self.server.ask(&format!("{CALLS}/channel/{channels}/heartbeat?uuid={user}")).await;
    }

    async fn leave(&self, channels: &str, user: &str) {
        self.server.ask(&format!("{CALLS}/channel/{channels}/leave?uuid={user}")).await;
    }

    /// Who is on a channel, oldest first.
    async fn here(&self, channel: &str) -> Vec<String> {
        users(&self.server.ask(&format!("{CALLS}/channel/{channel}")).await["uuids"])
    }

    async fn cursor(&self) -> u64 {
        self.server.get("/v2/subscribe/sub/anything/0?tt=0").await.timetoken()
    }
}

fn users(list: &serde_json::Value) -> Vec<String> {
    let list = list.as_array().unwrap_or_else(|| panic!("no list of users: {list}"));
    list.iter().map(|user| user.as_str().unwrap().to_owned()).collect()
}
