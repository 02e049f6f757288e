//! `application/merge-patch+json`: `custom` is merged by the server.

use std::sync::Arc;

use serde_json::{Value, json};
use testkit::{Edge, TestServer};
use tokio::task::JoinSet;

use super::{call, done, everywhere, get, set};
use crate::listener::Listener;

const MERGE: &str = "Content-Type: application/merge-patch+json; charset=utf-8\r\n";

async fn merge(server: &TestServer, path: &str, body: Value) -> Value {
    done(&call(server, "PATCH", path, MERGE, &body.to_string()).await)["data"].clone()
}

#[tokio::test]
async fn keys_are_added_replaced_kept_and_taken_away() {
    for edge in Edge::ALL {
        let server = TestServer::builder().edge(edge).start().await;
        for path in ["/uuids/ann", "/channels/lobby"] {
            let shown = format!("{path}?include=custom");
            set(&server, path, json!({"name": "n", "custom": {"keep": 1, "swap": 1, "drop": 1}})).await;
            let merged = merge(&server, &shown, json!({"custom": {"swap": "2", "drop": null, "add": true}})).await;
            assert_eq!(merged["custom"], json!({"keep": 1, "swap": "2", "add": true}));
            assert_eq!(merged["name"], "n");
            assert_eq!(merge(&server, &shown, json!({"custom": {"no": null}})).await, merged, "nothing changed");
            assert_eq!(merge(&server, &shown, json!({"custom": null})).await["custom"], Value::Null);
            assert_eq!(merge(&server, &shown, json!({"custom": {"a": null}})).await["custom"], json!({}));
        }
        let entry = |custom: Value| json!({"set": [{"channel": {"id": "lobby"}, "custom": custom}]});
        set(&server, "/uuids/ann/channels", entry(json!({"a": 1, "b": 2}))).await;
        let list = merge(&server, "/uuids/ann/channels?include=custom", entry(json!({"b": null, "c": 3}))).await;
        assert_eq!(list[0]["custom"], json!({"a": 1, "c": 3}));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_who_merges_at_once_loses_a_key() {
    for server in everywhere("").await {
        let server = Arc::new(server);
        let mut merges = JoinSet::new();
        for n in 0..40 {
            let server = Arc::clone(&server);
            merges.spawn(async move { merge(&server, "/uuids/ann", json!({"custom": {format!("k{n}"): n}})).await });
        }
        merges.join_all().await;
        let ann = get(&server, "/uuids/ann?include=custom").await;
        assert_eq!(ann["data"]["custom"].as_object().unwrap().len(), 40);
    }
}

#[tokio::test]
async fn versions_faults_and_events_are_those_of_any_change() {
    let server = TestServer::start().await;
    let ann = set(&server, "/uuids/ann", json!({"custom": {"a": 1}})).await;
    let mut listener = Listener::on(&server, "ann").await;
    let stale = format!("{MERGE}If-Match: {}\r\n", ann["eTag"].as_str().unwrap());
    let body = json!({"custom": {"b": 2}}).to_string();
    assert_eq!(call(&server, "PATCH", "/uuids/ann", &stale, &body).await.status, 200);
    assert_eq!(call(&server, "PATCH", "/uuids/ann", &stale, &body).await.status, 412);
    let nested = call(&server, "PATCH", "/uuids/ann", MERGE, r#"{"custom": {"a": {"b": 1}}}"#).await;
    assert_eq!((nested.status, &nested.json()["error"]["details"][0]["location"]), (400, &json!("custom.a")));
    let [event] = listener.heard().await.try_into().unwrap();
    assert_eq!(event["data"]["custom"], json!({"a": 1, "b": 2}), "the whole new object");
}

#[tokio::test]
async fn a_record_does_not_grow_beyond_its_limit_by_merging() {
    let server = TestServer::start().await;
    set(&server, "/uuids/ann", json!({"custom": {"a": "x".repeat(20_000)}})).await;
    let body = json!({"custom": {"b": "x".repeat(20_000)}}).to_string();
    let reply = call(&server, "PATCH", "/uuids/ann", MERGE, &body).await;
    assert_eq!((reply.status, &reply.json()["error"]["details"][0]["location"]), (400, &json!("")));
    assert_eq!(get(&server, "/uuids/ann?include=custom").await["data"]["custom"].as_object().unwrap().len(), 1);
}
