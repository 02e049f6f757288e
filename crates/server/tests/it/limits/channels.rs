//! How much one request may name, and one user have open.

use testkit::{Edge, eventually};

use super::{refused, start};
use crate::both::{Both, get};

fn names(count: usize) -> String {
    (0..count).map(|n| format!("c{n}")).collect::<Vec<_>>().join(",")
}

#[tokio::test]
async fn a_request_names_as_many_channels_as_it_may_and_no_more() {
    let both = Both::with("limits.channels_per_request = 5").await;
    let presence = |rest: &str, count| get(&format!("/v2/presence/sub-key/sub/channel/{}{rest}", names(count)));
    let subscribe = |count| get(&format!("/v2/subscribe/sub/{}/0?tt=0", names(count)));
    both.check("a subscribe at the limit", subscribe(5), &["200 "]).await;
    let too_many =
        r#"400 {"error":true,"message":"Invalid channel: more than 5 of them","service":"PubSub","status":400}"#;
    both.check("a subscribe above it", subscribe(6), &[too_many]).await;
    both.check("the older subscribe above it", get(&format!("/subscribe/sub/{}/0/0", names(6))), &[too_many]).await;
    both.check("one channel many times", get("/v2/subscribe/sub/a,a,a,a,a,a,a,a/0?tt=0"), &["200 "]).await;
    let too_many =
        r#"400 {"error":1,"message":"Invalid channel: more than 5 of them","service":"Presence","status":400}"#;
    for (name, rest) in [
        ("here now", ""),
        ("a heartbeat", "/heartbeat?uuid=ann"),
        ("a leave", "/leave?uuid=ann"),
        ("a state", "/uuid/ann/data?state=%7B%7D"),
        ("the question for a state", "/uuid/ann"),
    ] {
        both.check(&format!("{name} at the limit"), presence(rest, 5), &["200 "]).await;
        both.check(&format!("{name} above it"), presence(rest, 6), &[too_many]).await;
    }
    let among = |count| get(&format!("/v2/presence/sub-key/sub/uuid/ann?channel={}", names(count)));
    both.check("where now at the limit", among(5), &["200 "]).await;
    both.check("where now above it", among(6), &[too_many]).await;
    let add = |count| get(&format!("/v1/channel-registration/sub-key/sub/channel-group/g?add={}", names(count)));
    both.check("a group at the limit", add(5), &["200 "]).await;
    both.check("a group above it", add(6), &["400 {\"error\":true,\"message\":\"Maximum channel group"]).await;
}

#[tokio::test]
async fn a_group_holds_as_many_channels_as_it_may_and_no_more() {
    let both = Both::with("pubsub.channels_per_group = 3").await;
    let add = |names: &str| get(&format!("/v1/channel-registration/sub-key/sub/channel-group/g?add={names}"));
    both.check("three", add("a,b,c"), &["200 "]).await;
    both.check("the same again", add("c"), &["200 "]).await;
    let full = r#"400 {"error":true,"message":"Maximum channel group count exceeded.","service":"channel-registry","status":400}"#;
    both.check("a fourth", add("d"), &[full]).await;
}

#[tokio::test]
async fn a_subscribe_follows_as_many_streams_as_it_may_and_no_more_those_of_its_groups_included() {
    let both = Both::with("limits.streams_per_subscribe = 4").await;
    let add = get("/v1/channel-registration/sub-key/sub/channel-group/g?add=a,b");
    both.check("a group of two", add, &["200 "]).await;
    let too_many = r#"400 {"error":true,"message":"Invalid subscribe: more than 4 streams, those of channel groups included","service":"PubSub","status":400}"#;
    for (name, channels, groups, status) in [
        ("four channels", "a,b,c,d", "", "200 "),
        ("five", "a,b,c,d,e", "", too_many),
        ("two and a group of two", "c,d", "g", "200 "),
        ("three and the group", "c,d,e", "g", too_many),
        ("the group and its presence", ",", "g,g-pnpres", "200 "),
        ("these and one more", "c", "g,g-pnpres", too_many),
    ] {
        let target = |path: &str| get(&format!("{path}&channel-group={groups}"));
        both.check(name, target(&format!("/v2/subscribe/sub/{channels}/0?tt=0")), &[status]).await;
        both.check(&format!("{name}, of old"), target(&format!("/subscribe/sub/{channels}/0/0?")), &[status]).await;
    }
    for server in both.each() {
        assert_eq!(refused(server, "streams_per_subscribe").await, 6.0);
    }
}

#[tokio::test]
async fn every_call_names_as_many_groups_as_a_subscribe_and_no_more() {
    let both = Both::start().await;
    let groups = |count: usize| (0..count).map(|n| format!("g{n}")).collect::<Vec<_>>().join(",");
    let full = r#"400 {"error":true,"message":"Maximum channel group count exceeded.","service":"channel-registry","status":400}"#;
    for (name, target) in [
        ("a subscribe", "/v2/subscribe/sub/room/0?tt=0&"),
        ("a heartbeat", "/v2/presence/sub-key/sub/channel/room/heartbeat?uuid=ann&"),
        ("a leave", "/v2/presence/sub-key/sub/channel/room/leave?uuid=ann&"),
        ("here now", "/v2/presence/sub-key/sub/channel/room?"),
        ("a state", "/v2/presence/sub-key/sub/channel/room/uuid/ann/data?state=%7B%7D&"),
    ] {
        let naming = |count| get(&format!("{target}channel-group={}", groups(count)));
        both.check(&format!("{name} with ten groups"), naming(10), &["200 "]).await;
        both.check(&format!("{name} with eleven"), naming(11), &[full]).await;
    }
}

#[tokio::test]
async fn a_user_has_as_many_polls_open_as_it_may_and_no_more() {
    for edge in Edge::ALL {
        let server = start(edge, "limits.polls_per_user = 2").await;
        let cursor = server.get("/v2/subscribe/sub/room/0?tt=0&uuid=ann").await.timetoken();
        let poll = |user: &str| format!("/v2/subscribe/sub/room/0?tt={cursor}&uuid={user}");
        let first = server.park(&poll("ann")).await;
        let _second = server.park(&poll("ann")).await;
        let reply = server.get(&poll("ann")).await;
        assert_eq!((reply.status, reply.header("retry-after")), (429, Some("1")), "{edge:?}");
        assert_eq!(reply.text(), r#"{"error":true,"message":"Too many requests.","status":429}"#);
        assert_eq!(refused(&server, "polls_per_user").await, 1.0);
        let _other = server.park(&poll("bob")).await;
        assert_eq!(
            server.get("/v2/subscribe/sub/room/0?tt=0&uuid=ann").await.status,
            200,
            "a first call does not wait"
        );
        drop(first);
        eventually("the place of a closed poll is free", async || {
            (server.metric("hereabouts_parked_polls").await < 3.0).then_some(())
        })
        .await;
        let _third = server.park(&poll("ann")).await;
    }
}
