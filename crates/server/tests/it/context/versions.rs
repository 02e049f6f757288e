//! `If-Match` and `If-None-Match`.

use std::sync::Arc;

use serde_json::json;
use testkit::{Edge, TestServer};
use tokio::task::JoinSet;

use super::{call, everywhere, set};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_changes_to_one_version_exactly_one_is_made() {
    for server in everywhere("").await {
        let server = Arc::new(server);
        for round in 0..5 {
            let ann = set(&server, "/uuids/ann", json!({"name": format!("round {round}")})).await;
            let mut calls = JoinSet::new();
            for number in 0..20 {
                let (server, etag) = (Arc::clone(&server), ann["eTag"].as_str().unwrap().to_owned());
                calls.spawn(async move {
                    let (method, body) = match number % 4 {
                        0 => ("DELETE", String::new()),
                        _ => ("PATCH", json!({"name": format!("{round}.{number}")}).to_string()),
                    };
                    call(&server, method, "/uuids/ann", &format!("If-Match: \"{etag}\"\r\n"), &body).await.status
                });
            }
            let mut statuses = calls.join_all().await;
            statuses.sort_unstable();
            assert_eq!((statuses[0], &statuses[1..]), (200, &[412; 19][..]));
        }
    }
}

#[tokio::test]
async fn a_version_that_the_caller_has_is_not_sent_again() {
    for edge in Edge::ALL {
        let server = TestServer::builder().edge(edge).start().await;
        let ann = set(&server, "/uuids/ann", json!({"name": "Ann"})).await;
        let etag = ann["eTag"].as_str().unwrap();
        for (value, status) in
            [(etag, 304), (&format!("\"{etag}\""), 304), ("*", 304), ("other", 200), ("", 200), ("\u{e9}", 200)]
        {
            let reply = call(&server, "GET", "/uuids/ann", &format!("If-None-Match: {value}\r\n"), "").await;
            assert_eq!(reply.status, status, "{edge:?} {value:?}");
            if status == 304 {
                assert!(reply.body.is_empty());
                assert!(
                    ["content-length", "content-type"].iter().all(|name| reply.header(name).is_none()),
                    "{reply:?}"
                );
            }
        }
        // The connection can be used after a reply without a body.
        let mut connection = server.connect().await;
        for status in [304, 304, 200] {
            let value = if status == 304 { etag } else { "other" };
            let headers = format!("If-None-Match: {value}\r\n");
            connection.send(crate::both::get_with("/v2/objects/sub/uuids/ann", &headers)).await.unwrap();
            assert_eq!(connection.receive().await.unwrap().status, status);
        }
        let missing = call(&server, "GET", "/uuids/bob", "If-None-Match: *\r\n", "").await;
        assert_eq!(missing.status, 404);
    }
}

#[tokio::test]
async fn a_condition_that_is_no_text_is_one_that_does_not_hold() {
    for edge in Edge::ALL {
        let server = TestServer::builder().edge(edge).start().await;
        set(&server, "/uuids/ann", json!({"name": "Ann"})).await;
        let request = "PATCH /v2/objects/sub/uuids/ann HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\nIf-Match: ";
        let request = [request.as_bytes(), b"\xff\xfe", b"\r\n\r\n{}"].concat();
        let mut connection = server.connect().await;
        connection.send(request).await.unwrap();
        assert_eq!(connection.receive().await.unwrap().status, 412, "{edge:?}");
    }
}

#[tokio::test]
async fn reads_and_memberships_pass_over_if_match() {
    let server = TestServer::start().await;
    set(&server, "/uuids/ann", json!({"name": "Ann"})).await;
    for (method, path, body) in [
        ("GET", "/uuids/ann", ""),
        ("GET", "/uuids", ""),
        ("GET", "/uuids/ann/channels", ""),
        ("PATCH", "/uuids/ann/channels", r#"{"set": [{"channel": {"id": "lobby"}}]}"#),
        ("PATCH", "/channels/lobby/uuids", r#"{"delete": [{"uuid": {"id": "ann"}}]}"#),
    ] {
        assert_eq!(call(&server, method, path, "If-Match: other\r\n", body).await.status, 200, "{method} {path}");
    }
}
