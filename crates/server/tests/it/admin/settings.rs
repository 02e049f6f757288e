//! Settings that change while clients are at work.

use serde_json::{Value, json};
use testkit::{Connection, Edge, TestServer};

use super::{add, list};

const CHAT: &str = "/admin/v1/keysets/chat";

/// A server with the key set `chat`, keys `s` and `p`.
async fn start(edge: Edge) -> TestServer {
    let server = TestServer::builder().edge(edge).start().await;
    add(&server, &json!({"name": "chat", "subscribe_key": "s", "publish_key": "p"})).await;
    server
}

async fn set(server: &TestServer, settings: Value) -> Value {
    let reply = server.admin("PATCH", CHAT, &settings).await;
    assert_eq!(reply.status, 200, "{settings}: {}", reply.text());
    reply.json()
}

async fn park(server: &TestServer) -> (u64, Connection) {
    let cursor = server.get("/v2/subscribe/s/room/0?tt=0").await.timetoken();
    (cursor, server.park(&format!("/v2/subscribe/s/room/0?tt={cursor}&uuid=ann")).await)
}

#[tokio::test]
async fn limits_and_switches_hold_at_once_and_polls_go_on() {
    for edge in Edge::ALL {
        let server = start(edge).await;
        let (cursor, mut poll) = park(&server).await;
        for (settings, target, before, after) in [
            (json!({"context": {"enabled": false}}), "/v2/objects/s/uuids", 200, 403),
            (json!({"pubsub": {"groups_per_subscribe": 1}}), "/v2/subscribe/s/,/0?channel-group=a,b&tt=1", 200, 400),
            (json!({"limits": {"channels_per_request": 1}}), "/v2/subscribe/s/a,b/0?tt=0", 200, 400),
            (json!({"limits": {"polls_per_user": 1}}), "/v2/subscribe/s/room/0?tt=99999999999999999&uuid=ann", 0, 429),
            (json!({"presence": {"here_now_limit_max": 10}}), "/v2/presence/sub-key/s/channel/room?limit=11", 200, 400),
            (json!({"presence": {"state_bytes": 2}}), STATE, 200, 400),
        ] {
            if before == 200 && target != "/v2/subscribe/s/,/0?channel-group=a,b&tt=1" {
                assert_eq!(server.get(target).await.status, before, "{edge:?}: {target} before {settings}");
            }
            set(&server, settings.clone()).await;
            assert_eq!(server.get(target).await.status, after, "{edge:?}: {target} after {settings}");
        }
        assert_eq!(server.metric("hereabouts_parked_polls").await, 1.0, "{edge:?}: nobody was disturbed");
        set(&server, json!({"pubsub": {"queue_messages": 2}})).await;
        for number in 0..5 {
            assert_eq!(server.get(&format!("/publish/p/s/0/room/0/{number}")).await.status, 200);
        }
        assert_eq!(poll.receive().await.unwrap().payloads(), [0], "{edge:?}");
        let kept = server.get(&format!("/v2/subscribe/s/room/0?tt={cursor}")).await;
        assert_eq!(kept.payloads(), [3, 4], "{edge:?}");
    }
}

const STATE: &str = "/v2/presence/sub-key/s/channel/room/uuid/ann/data?state=%7B%22a%22:1%7D";

#[tokio::test]
async fn with_access_control_switched_polls_ask_again_and_lose_nothing() {
    for edge in Edge::ALL {
        let server = start(edge).await;
        let publish = "/publish/p/s/0/room/0/1";
        let (cursor, mut poll) = park(&server).await;
        let shown = set(&server, json!({"access_manager": true})).await;
        assert_eq!(shown["access_manager"], true);
        let ended = poll.receive().await.unwrap();
        assert_eq!((ended.status, ended.payloads().len(), ended.timetoken()), (200, 0, cursor), "{edge:?}");
        let again = poll.get(&format!("/v2/subscribe/s/room/0?tt={cursor}")).await.unwrap();
        assert_eq!((again.status, server.get(publish).await.status), (403, 403), "{edge:?}");

        set(&server, json!({"access_manager": null})).await;
        assert_eq!(server.get(publish).await.status, 200, "{edge:?}");
        let again = poll.get(&format!("/v2/subscribe/s/room/0?tt={cursor}")).await.unwrap();
        assert_eq!(again.payloads(), [1], "{edge:?}");
    }
}

#[tokio::test]
async fn with_groups_switched_off_who_follows_one_is_told_at_once() {
    for edge in Edge::ALL {
        let server = start(edge).await;
        server.ask("/v1/channel-registration/sub-key/s/channel-group/g?add=room").await;
        let target = "/v2/subscribe/s/,/0?channel-group=g&tt=99999999999999999";
        let mut poll = server.park(target).await;
        set(&server, json!({"groups": false})).await;
        assert_eq!(poll.receive().await.unwrap().status, 200, "{edge:?}");
        assert_eq!(poll.get(target).await.unwrap().status, 403, "{edge:?}");
        set(&server, json!({"groups": true})).await;
        let group = server.ask("/v1/channel-registration/sub-key/s/channel-group/g").await;
        assert_eq!(group["payload"]["channels"], json!(["room"]), "{edge:?}");
    }
}

#[tokio::test]
async fn rules_of_presence_change_around_those_who_are_here() {
    for edge in Edge::ALL {
        let server = start(edge).await;
        let calls = "/v2/presence/sub-key/s/channel/room";
        let here = async || server.ask(calls).await["uuids"].clone();
        server.ask(&format!("{calls}/heartbeat?uuid=ann&state=%7B%22room%22:%7B%22a%22:1%7D%7D")).await;
        let cursor = server.get("/v2/subscribe/s/room-pnpres/0?tt=0").await.timetoken();
        set(&server, json!({"presence": {"devices": "counted", "announce_max": 0, "interval_seconds": 10}})).await;
        assert_eq!(here().await, json!(["ann"]), "{edge:?}");
        assert_eq!(server.ask(&format!("{calls}/uuid/ann")).await["payload"], json!({"a": 1}), "{edge:?}");
        server.ask(&format!("{calls}/heartbeat?uuid=bob")).await;
        set(&server, json!({"presence": null})).await;
        // What was gathered for the interval is told with the change.
        let told = server.get(&format!("/v2/subscribe/s/room-pnpres/0?tt={cursor}")).await.payloads();
        assert_eq!((told.len(), &told[0]["action"]), (1, &json!("interval")), "{edge:?}: {told:?}");
        assert_eq!(here().await, json!(["ann", "bob"]), "{edge:?}");

        set(&server, json!({"presence": {"enabled": false}})).await;
        assert_eq!(server.get(calls).await.status, 402, "{edge:?}");
        set(&server, json!({"presence": {"enabled": true}})).await;
        assert_eq!(here().await, json!([]), "{edge:?}: as after a restart without presence");
    }
}

#[tokio::test]
async fn what_is_set_is_merged_and_kept_over_a_restart() {
    let server = start(Edge::Lean).await;
    set(&server, json!({"groups": false, "presence": {"announce_max": 5, "deltas": true}})).await;
    let shown =
        set(&server, json!({"presence": {"announce_max": 6, "deltas": null}, "context": {"enabled": false}})).await;
    let settings = json!({"groups": false, "presence": {"announce_max": 6}, "context": {"enabled": false}});
    assert_eq!(shown["settings"], settings);
    assert_eq!(shown.get("secret_key"), None);
    let server = server.stop().await.start().await;
    assert_eq!(list(&server).await[0]["settings"], settings);
    assert_eq!(server.get("/v2/objects/s/uuids").await.status, 403);
    assert_eq!(set(&server, json!({"groups": null, "presence": null, "context": null})).await["settings"], json!({}));
    assert_eq!(server.get("/v2/objects/s/uuids").await.status, 200);
}

#[tokio::test]
async fn what_cannot_be_set_is_said_and_changes_nothing() {
    let server = start(Edge::Lean).await;
    let before = list(&server).await;
    for (path, settings, status, sentence) in [
        ("/admin/v1/keysets/nobody", json!({"groups": false}), 404, "no key set that is stored has the name nobody"),
        ("/admin/v1/keysets/open", json!({"groups": false}), 409, "it is changed there, for the next start"),
        (CHAT, json!({"name": "talk"}), 400, "name is no setting"),
        (CHAT, json!({"subscribe_key": "t"}), 400, "subscribe_key is no setting"),
        (CHAT, json!({"secret_key": "hush"}), 400, "secret_key is no setting"),
        (CHAT, json!({"presence": {"anounce_max": 1}}), 400, "the nearest one is keyset.presence.announce_max"),
        (CHAT, json!({"presence": {"announce_max": -1}}), 400, "keyset.presence.announce_max is -1"),
        (CHAT, json!({"presence": 7}), 400, "keyset.presence"),
        (CHAT, json!({"groups": false, "limits": {"polls_per_user": 0}}), 400, "polls_per_user"),
        (CHAT, json!([]), 400, "the body is no JSON object"),
    ] {
        let reply = server.admin("PATCH", path, &settings).await;
        assert_eq!(reply.status, status, "{settings}: {}", reply.text());
        let message = reply.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(sentence) && !message.contains("hush"), "{settings}: {message}");
    }
    assert_eq!(list(&server).await, before);
}
