//! Groups in calls of presence and in subscribes.

use super::{CALLS, Place};

impl Place {
    async fn group(&self, group: &str, channels: &str) {
        self.server.ask(&format!("/v1/channel-registration/sub-key/sub/channel-group/{group}?add={channels}")).await;
    }
}

#[tokio::test]
async fn nobody_comes_or_goes_by_the_presence_stream_of_a_group() {
    let place = Place::usual().await;
    place.group("g", "room").await;
    place.server.ask(&format!("{CALLS}/channel/,/heartbeat?uuid=spy&channel-group=g-pnpres")).await;
    assert!(place.here("room").await.is_empty());
    place.arrive("room", "ann").await;
    place.server.ask(&format!("{CALLS}/channel/,/leave?uuid=ann&channel-group=g-pnpres")).await;
    assert_eq!(place.here("room").await, ["ann"]);
}

#[tokio::test]
async fn a_group_and_its_presence_stream_count_as_one_group() {
    let place = Place::usual().await;
    let streams = |count: usize| (0..count).map(|n| format!("g{n},g{n}-pnpres")).collect::<Vec<_>>().join(",");
    for n in 0..11 {
        place.group(&format!("g{n}"), "room").await;
    }
    for (groups, status) in [(6, 200), (10, 200), (11, 400)] {
        let target = format!("/v2/subscribe/sub/,/0?tt=0&channel-group={}", streams(groups));
        assert_eq!(place.server.get(&target).await.status, status, "{groups} groups");
    }
}
