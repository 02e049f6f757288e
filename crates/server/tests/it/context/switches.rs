//! What a key set may choose.

use serde_json::json;
use testkit::TestServer;

use super::{call, everywhere, get, join, remove, set};
use crate::listener::Listener;

#[tokio::test]
async fn each_kind_of_event_can_be_switched_off() {
    for (switch, kinds) in [
        ("user_events", ["channel", "membership", "membership"]),
        ("channel_events", ["uuid", "membership", "membership"]),
        ("membership_events", ["uuid", "channel", "-"]),
    ] {
        let server = TestServer::builder().settings(&format!("context.{switch} = false")).start().await;
        let mut listener = Listener::on(&server, "ann,lobby").await;
        set(&server, "/uuids/ann", json!({"name": "n"})).await;
        set(&server, "/channels/lobby", json!({"name": "n"})).await;
        join(&server, "ann", "lobby").await;
        let told: Vec<String> =
            listener.heard().await.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect();
        let expected: Vec<&str> = kinds.into_iter().filter(|kind| *kind != "-").collect();
        assert_eq!(told, expected, "{switch}");
    }
}

#[tokio::test]
async fn with_referential_integrity_a_membership_needs_both_its_ends() {
    let server = TestServer::builder().settings("context.referential_integrity = true").start().await;
    let refused = async |path: &str, body: serde_json::Value, location: &str, place: &str| {
        let reply = call(&server, "PATCH", path, "", &body.to_string()).await;
        let detail = reply.json()["error"]["details"][0].clone();
        assert_eq!(
            (reply.status, &detail["location"], &detail["locationType"]),
            (400, &json!(location), &json!(place)),
            "{path}"
        );
    };
    let lobby = json!({"set": [{"channel": {"id": "lobby"}}]});
    refused("/uuids/ann/channels", lobby.clone(), "uuid", "path").await;
    set(&server, "/uuids/ann", json!({})).await;
    refused("/uuids/ann/channels", lobby.clone(), "set.0.channel.id", "body").await;
    refused("/channels/lobby/uuids", json!({"set": [{"uuid": {"id": "ann"}}]}), "channel", "path").await;
    set(&server, "/channels/lobby", json!({})).await;
    refused("/channels/lobby/uuids", json!({"set": [{"uuid": {"id": "bob"}}]}), "set.0.uuid.id", "body").await;
    set(&server, "/uuids/ann/channels", lobby).await;
    // Deleting needs neither.
    set(&server, "/uuids/bob/channels", json!({"delete": [{"channel": {"id": "lobby"}}]})).await;
}

#[tokio::test]
async fn with_referential_integrity_memberships_go_with_either_end() {
    for server in everywhere("context.referential_integrity = true").await {
        for (user, channel) in [("ann", "lobby"), ("bob", "porch")] {
            set(&server, &format!("/uuids/{user}"), json!({})).await;
            set(&server, &format!("/channels/{channel}"), json!({})).await;
            join(&server, user, channel).await;
        }
        let mut listener = Listener::on(&server, "ann,bob,lobby,porch").await;
        remove(&server, "/uuids/ann").await;
        remove(&server, "/channels/porch").await;
        for path in ["/uuids/ann/channels", "/uuids/bob/channels", "/channels/lobby/uuids", "/channels/porch/uuids"] {
            assert_eq!(get(&server, path).await["data"], json!([]), "{path}");
        }
        let told = listener.envelopes().await;
        let told: Vec<String> =
            told.iter().map(|message| format!("{} {}", message["c"], message["d"]["type"]).replace('"', "")).collect();
        assert_eq!(
            told,
            [
                "ann uuid",
                "lobby uuid",
                "lobby membership",
                "ann membership",
                "porch channel",
                "porch membership",
                "bob membership"
            ]
        );
    }
}

#[tokio::test]
async fn a_key_set_may_have_no_app_context_and_a_guarded_one_refuses() {
    let server = TestServer::builder().settings("context.enabled = false").start().await;
    for (method, path, body) in [
        ("GET", "/uuids", ""),
        ("POST", "/channels", "[]"),
        ("PATCH", "/uuids/a:b", "nonsense"),
        ("DELETE", "/channels/a", ""),
        ("PATCH", "/channels/a/uuids", "{}"),
    ] {
        let off = call(&server, method, path, "", body).await;
        assert_eq!((off.status, &off.json()["error"]["source"]), (403, &json!("objects")), "{method} {path}");
    }
    let guarded = server.get("/v2/objects/guarded-sub/uuids?limit=-1").await;
    assert_eq!(guarded.status, 403, "{}", guarded.text());
    assert_eq!(guarded.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn getting_all_needs_a_permission_unless_that_is_switched_off() {
    let settings = "context.disallow_get_all_users = false";
    let server = TestServer::builder().settings(settings).start().await;
    assert_eq!(server.get("/v2/objects/guarded-sub/uuids").await.status, 200);
    assert_eq!(server.get("/v2/objects/guarded-sub/channels").await.status, 403);
    assert_eq!(server.get("/v2/objects/guarded-sub/uuids/ann").await.status, 403);
}
