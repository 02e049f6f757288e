//! What subscribers hear of changes, and when.

use std::sync::Arc;

use serde_json::{Value, json};
use testkit::TestServer;

use super::{call, everywhere, get, join, remove, set};
use crate::listener::Listener;

/// In words: `lobby: set uuid ann`, where it was told, what was done, and to what.
fn in_words(message: &Value) -> String {
    let (told, event) = (&message["c"], &message["d"]);
    assert_eq!((&event["source"], &event["version"]), (&json!("objects"), &json!("2.0")), "{message}");
    let data = &event["data"];
    let about = match event["type"].as_str() {
        Some("membership") => format!("{} in {}", word(&data["uuid"]["id"]), word(&data["channel"]["id"])),
        _ => word(&data["id"]),
    };
    format!("{}: {} {} {about}", word(told), word(&event["event"]), word(&event["type"]))
}

fn word(text: &Value) -> String {
    text.as_str().unwrap_or("?").to_owned()
}

async fn heard(listener: &mut Listener<'_>) -> Vec<String> {
    listener.envelopes().await.iter().map(in_words).collect()
}

#[tokio::test]
async fn a_change_of_a_user_is_told_on_its_own_channel_and_wherever_it_is_a_member() {
    for server in everywhere("").await {
        join(&server, "ann", "lobby").await;
        join(&server, "ann", "porch").await;
        join(&server, "bob", "cellar").await;
        let mut listener = Listener::on(&server, "ann,lobby,porch,cellar").await;
        set(&server, "/uuids/ann", json!({"name": "Ann"})).await;
        assert_eq!(heard(&mut listener).await, ["ann: set uuid ann", "lobby: set uuid ann", "porch: set uuid ann"]);
        remove(&server, "/uuids/ann").await;
        assert_eq!(
            heard(&mut listener).await,
            ["ann: delete uuid ann", "lobby: delete uuid ann", "porch: delete uuid ann"]
        );
    }
}

#[tokio::test]
async fn a_change_of_a_channel_is_told_there_and_to_no_member() {
    let server = TestServer::start().await;
    join(&server, "ann", "lobby").await;
    let mut listener = Listener::on(&server, "ann,lobby").await;
    set(&server, "/channels/lobby", json!({"name": "Lobby"})).await;
    remove(&server, "/channels/lobby").await;
    assert_eq!(heard(&mut listener).await, ["lobby: set channel lobby", "lobby: delete channel lobby"]);
}

#[tokio::test]
async fn each_membership_that_changes_is_told_at_both_its_ends() {
    for server in everywhere("").await {
        join(&server, "ann", "porch").await;
        join(&server, "ann", "attic").await;
        let mut listener = Listener::on(&server, "ann,lobby,porch,attic,cellar").await;
        let change = json!({
            "set": [{"channel": {"id": "lobby"}}, {"channel": {"id": "attic"}}],
            "delete": [{"channel": {"id": "porch"}}, {"channel": {"id": "cellar"}}],
        });
        set(&server, "/uuids/ann/channels", change).await;
        // What was so already, or was not there, is not told.
        let expected = [
            "lobby: set membership ann in lobby",
            "ann: set membership ann in lobby",
            "porch: delete membership ann in porch",
            "ann: delete membership ann in porch",
        ];
        assert_eq!(heard(&mut listener).await, expected);
        set(&server, "/channels/lobby/uuids", json!({"set": [{"uuid": {"id": "ann"}, "status": "away"}]})).await;
        assert_eq!(heard(&mut listener).await, expected[..2], "whichever side a request used");
    }
}

#[tokio::test]
async fn a_user_that_is_called_like_its_channel_hears_of_itself_once() {
    let server = TestServer::start().await;
    join(&server, "ann", "ann").await;
    let mut listener = Listener::on(&server, "ann").await;
    set(&server, "/uuids/ann", json!({"name": "Ann"})).await;
    set(&server, "/uuids/ann/channels", json!({"delete": [{"channel": {"id": "ann"}}]})).await;
    assert_eq!(heard(&mut listener).await, ["ann: set uuid ann", "ann: delete membership ann in ann"]);
}

#[tokio::test]
async fn what_changes_nothing_is_not_told() {
    for server in everywhere("").await {
        let ann = set(&server, "/uuids/ann", json!({"name": "Ann", "custom": {"a": 1, "b": 2}})).await;
        set(&server, "/uuids/ann/channels", json!({"set": [{"channel": {"id": "lobby"}, "status": "on"}]})).await;
        let mut listener = Listener::on(&server, "ann,bob,lobby").await;

        let again = set(&server, "/uuids/ann", json!({"name": "Ann", "custom": {"b": 2, "a": 1}})).await;
        assert_eq!(again, ann, "the same to the eTag");
        set(&server, "/uuids/ann/channels", json!({"set": [{"channel": {"id": "lobby"}, "status": "on"}]})).await;
        remove(&server, "/uuids/bob").await;
        get(&server, "/uuids").await;
        for (path, headers, body, status) in [
            ("/uuids/ann", "", r#"{"name": 5}"#, 400),
            ("/uuids/ann", "If-Match: other\r\n", r#"{"name": "Anne"}"#, 412),
            ("/uuids/ann/channels?filter=%3D", "", r#"{"set": [{"channel": {"id": "porch"}}]}"#, 400),
            ("/uuids/ann/channels", "", r#"{"set": [{"channel": {"id": "porch"}}, {"channel": {}}]}"#, 400),
        ] {
            assert_eq!(call(&server, "PATCH", path, headers, body).await.status, status, "{path}");
        }
        assert!(listener.envelopes().await.is_empty());
        assert_eq!(get(&server, "/uuids/ann/channels").await["data"].as_array().map(Vec::len), Some(1));
    }
}

#[tokio::test]
async fn an_event_names_what_the_request_named_and_nobody_as_its_publisher() {
    let server = TestServer::start().await;
    set(&server, "/uuids/ann", json!({"email": "ann@example.com"})).await;
    let mut listener = Listener::on(&server, "ann").await;
    let body = json!({"email": null, "profileUrl": null, "custom": {"a": 1}, "name": "Ann"});
    let ann = set(&server, "/uuids/ann?include=custom", body).await;
    let [message] = listener.envelopes().await.try_into().unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(message["e"], 2);
    assert!(["i", "u", "s", "o", "cmt"].iter().all(|key| message.get(key).is_none()), "{message}");
    let data = &message["d"]["data"];
    assert_eq!(keys(data).split(' ').count(), 6, "{data}");
    assert_eq!(
        (&data["name"], &data["email"], &data["custom"]),
        (&json!("Ann"), &Value::Null, &json!({"a": 1})),
        "a cleared field is null, one that was not named or was null already is not there"
    );
    assert_eq!((&data["updated"], &data["eTag"]), (&ann["updated"], &ann["eTag"]));
}

#[tokio::test]
async fn groups_and_patterns_bring_events_as_they_bring_messages() {
    let server = TestServer::start().await;
    server.ask("/v1/channel-registration/sub-key/sub/channel-group/house?add=room.a").await;
    let cursor = server.get("/v2/subscribe/sub/none/0?tt=0").await.timetoken();
    set(&server, "/channels/room.a", json!({"name": "A"})).await;
    for listening in ["none/0?channel-group=house&", "room.*/0?"] {
        let reply = server.ask(&format!("/v2/subscribe/sub/{listening}tt={cursor}")).await;
        assert_eq!(in_words(&reply["m"][0]), "room.a: set channel room.a");
        assert_eq!(reply["m"][0]["b"], if listening.contains("group") { "house" } else { "room.*" });
    }
}

#[tokio::test]
async fn a_name_that_cannot_be_heard_is_written_all_the_same() {
    let server = TestServer::start().await;
    let mut listener = Listener::on(&server, "room,room-pnpres").await;
    set(&server, "/uuids/room-pnpres", json!({"name": "odd"})).await;
    join(&server, "room-pnpres", "room").await;
    assert_eq!(heard(&mut listener).await, ["room: set membership room-pnpres in room"]);
    assert_eq!(get(&server, "/uuids/room-pnpres").await["data"]["name"], "odd");
}

/// Whoever read a version and changed just that is answered once; nobody's change is lost, and all are told in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_of_one_record_have_the_order_of_its_changes() {
    const WRITERS: u64 = 8;
    const CHANGES: u64 = 10;
    for server in everywhere("pubsub.queue_messages = 1000").await {
        let server = Arc::new(server);
        set(&server, "/uuids/ann", json!({"custom": {"n": 0}})).await;
        let mut listener = Listener::on(&server, "ann").await;
        let writer = |server: Arc<TestServer>| async move {
            let mut done = 0;
            while done < CHANGES {
                let ann = get(&server, "/uuids/ann?include=custom").await["data"].clone();
                let headers = format!("If-Match: {}\r\n", ann["eTag"].as_str().unwrap());
                let body = json!({"custom": {"n": ann["custom"]["n"].as_u64().unwrap() + 1}}).to_string();
                match call(&server, "PATCH", "/uuids/ann", &headers, &body).await.status {
                    200 => done += 1,
                    412 => {}
                    other => panic!("status {other}"),
                }
            }
        };
        let mut writers = tokio::task::JoinSet::new();
        for _ in 0..WRITERS {
            writers.spawn(writer(Arc::clone(&server)));
        }
        testkit::soon("all writers are done", writers.join_all()).await;
        let told: Vec<u64> =
            listener.heard().await.iter().map(|event| event["data"]["custom"]["n"].as_u64().unwrap()).collect();
        assert_eq!(told, (1..=WRITERS * CHANGES).collect::<Vec<_>>());
    }
}
