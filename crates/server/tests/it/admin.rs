//! The admin API, and what becomes of clients when key sets change under them.

mod rotation;
mod settings;

use serde_json::{Value, json};
use testkit::vectors::signed;
use testkit::{Connection, Edge, TestServer, eventually};

use crate::both::{get, request};

const KEYSETS: &str = "/admin/v1/keysets";

async fn add(server: &TestServer, body: &Value) -> Value {
    let reply = server.admin("POST", KEYSETS, body).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    reply.json()
}

async fn list(server: &TestServer) -> Vec<Value> {
    server.admin("GET", KEYSETS, &Value::Null).await.json()["keysets"].as_array().unwrap().clone()
}

fn text<'v>(keyset: &'v Value, name: &str) -> &'v str {
    keyset[name].as_str().unwrap_or_else(|| panic!("{name} in {keyset}"))
}

#[tokio::test]
async fn nobody_is_told_anything_without_the_token() {
    let server = TestServer::start().await;
    let token = std::fs::read_to_string(server.data().join("admin.token")).unwrap();
    let token = token.trim();
    for authorization in [
        String::new(),
        "Authorization: Bearer \r\n".to_owned(),
        format!("Authorization: Basic {token}\r\n"),
        format!("Authorization: {token}\r\n"),
        format!("Authorization: Bearer {}\r\n", &token[1..]),
        format!("Authorization: Bearer {token}x\r\n"),
    ] {
        for (method, path) in
            [("GET", KEYSETS), ("POST", KEYSETS), ("GET", "/nowhere"), ("DELETE", "/admin/v1/keysets/x")]
        {
            let mut connection = Connection::open(server.admin_address()).await.unwrap();
            connection.send(request(method, path, &authorization, "")).await.unwrap();
            let reply = connection.receive().await.unwrap();
            assert_eq!((reply.status, reply.header("www-authenticate")), (401, Some("Bearer")), "{authorization}");
            assert!(!reply.text().contains(&token[5..]));
        }
    }
    // The two listeners know nothing of each other.
    assert_eq!(server.get(KEYSETS).await.status, 404);
    assert_eq!(server.admin("GET", "/time/0", &Value::Null).await.status, 404);
    assert_eq!(server.admin("GET", "/metrics", &Value::Null).await.status, 404);
}

#[tokio::test]
async fn a_key_set_is_at_work_at_once_with_its_own_settings_and_no_list_shows_its_secret() {
    for edge in Edge::ALL {
        let server = TestServer::builder().edge(edge).start().await;
        let chat = add(
            &server,
            &json!({
                "name": "chat", "groups": false, "presence": {"announce_max": 0}, "context": {"enabled": false},
            }),
        )
        .await;
        let key = text(&chat, "subscribe_key");
        assert_eq!(server.get(&format!("/v2/presence/sub-key/{key}/channel/room")).await.status, 200);
        assert_eq!(server.get(&format!("/v2/objects/{key}/uuids")).await.status, 403);
        assert_eq!(server.get(&format!("/v1/channel-registration/sub-key/{key}/channel-group/g")).await.status, 403);
        assert_eq!(server.get("/v2/objects/sub/uuids").await.status, 200, "the others have their own");
        assert!(server.get("/metrics").await.text().contains("hereabouts_occupancy{keyset=\"chat\"} 0"));

        let listed = list(&server).await;
        let names: Vec<&str> = listed.iter().map(|keyset| text(keyset, "name")).collect();
        assert_eq!(names, ["chat", "guarded", "open"]);
        let secret = text(&chat, "secret_key");
        assert!(!json!(listed).to_string().contains(secret) && !json!(listed).to_string().contains("guarded-secret"));
        let settings = json!({"groups": false, "presence": {"announce_max": 0}, "context": {"enabled": false}});
        assert_eq!((text(&listed[0], "origin"), &listed[0]["settings"]), ("stored", &settings));
        assert!(text(&listed[1], "origin").contains("hereabouts.toml, line"), "{}", listed[1]);
        let one = server.admin("GET", "/admin/v1/keysets/chat", &Value::Null).await;
        assert_eq!(one.json(), listed[0]);

        let server = server.stop().await.start().await;
        assert_eq!(list(&server).await, listed);
        assert_eq!(server.get(&format!("/v2/objects/{key}/uuids")).await.status, 403, "settings are kept");
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_with_its_status_and_changes_nothing() {
    let server = TestServer::start().await;
    add(&server, &json!({"name": "chat"})).await;
    let before = list(&server).await;
    let file = server.data().join("secret");
    std::fs::write(&file, "").unwrap();
    let file = file.to_str().unwrap();
    for (method, path, body, status, sentence) in [
        ("POST", KEYSETS, json!({}), 400, "keyset"),
        ("POST", KEYSETS, json!([]), 400, "the body is no JSON object"),
        ("POST", KEYSETS, json!({"name": 1}), 400, "keyset.name is 1"),
        ("POST", KEYSETS, json!({"name": "chat"}), 409, "there is a key set with the name chat: choose another"),
        ("POST", KEYSETS, json!({"name": "open"}), 409, "there is a key set with the name open"),
        ("POST", KEYSETS, json!({"name": "x", "subscribe_key": "sub"}), 409, "the key set open has this subscribe key"),
        ("POST", KEYSETS, json!({"name": "x", "subscribe_key": "a/b"}), 400, "keyset.subscribe_key is \"a/b\""),
        ("POST", KEYSETS, json!({"name": "x", "secret-key": "hush"}), 400, "the nearest one is keyset.secret_key"),
        ("POST", KEYSETS, json!({"name": "x", "secret_key": ""}), 400, "secret_key must be text, and not empty"),
        ("POST", KEYSETS, json!({"name": "x", "secret_key": 7}), 400, "secret_key must be text, and not empty"),
        (
            "POST",
            KEYSETS,
            json!({"name": "x", "secret_key": "hush", "secret_key_file": "/x"}),
            400,
            "give the secret once",
        ),
        ("POST", KEYSETS, json!({"name": "x", "secret_key_env": "X"}), 400, "secret_key_env means nothing"),
        ("POST", KEYSETS, json!({"name": "x", "secret_key_file": "x"}), 400, "the whole path of a file"),
        ("POST", KEYSETS, json!({"name": "x", "secret_key_file": file}), 400, "is empty"),
        ("POST", KEYSETS, json!({"name": "x", "presence": 1}), 400, "keyset.presence is 1"),
        ("POST", KEYSETS, json!({"name": "x", "presence": {"devices": "three"}}), 400, "\"single\" or \"counted\""),
        ("POST", KEYSETS, json!({"name": "x", "presence": {"rules": [{"channels": ["a.b.c.*"]}]}}), 400, "rules"),
        ("POST", KEYSETS, json!({"name": "x", "presence": {"announce_max": null}}), 400, "announce_max is null"),
        ("POST", KEYSETS, json!({"name": "x", "presence": {"announce_max": 1.5}}), 400, "announce_max is 1.5"),
        ("POST", "/admin/v1/keysets/chat/rotate", json!({"keep_old_seconds": -1}), 400, "from 0 to 2592000"),
        ("POST", "/admin/v1/keysets/chat/rotate", json!({"keep": 1}), 400, "keep is none of what a rotation takes"),
        ("POST", "/admin/v1/keysets/nobody/rotate", json!({}), 404, "has the name nobody"),
        ("POST", "/admin/v1/keysets/open/rotate", json!({}), 409, "its secret is changed there"),
        ("DELETE", "/admin/v1/keysets/open", Value::Null, 409, "it is removed there"),
        ("DELETE", "/admin/v1/keysets/nobody", Value::Null, 404, "has the name nobody"),
        ("DELETE", "/admin/v1/keysets/chat?data=all", Value::Null, 400, "data=keep or data=forget"),
        ("DELETE", KEYSETS, Value::Null, 405, "this path takes GET, POST"),
        ("GET", "/admin/v1/keysets/chat/rotate", Value::Null, 405, "this path takes POST"),
        ("GET", "/admin/v1/keysets/nobody", Value::Null, 404, "has the name nobody"),
        ("GET", "/admin/v1/keysets/", Value::Null, 404, "nothing under this path"),
        ("GET", "/admin/v2/keysets", Value::Null, 404, "nothing under this path"),
    ] {
        let reply = server.admin(method, path, &body).await;
        let said = reply.json();
        assert_eq!(
            (reply.status, &said["status"], &said["error"]),
            (status, &json!(status), &json!(true)),
            "{body}: {said}"
        );
        let message = text(&said, "message");
        assert!(message.contains(sentence) && !message.contains("hush"), "{method} {path} {body}: {message}");
    }
    let too_long = server.admin("POST", KEYSETS, &json!({"name": "x".repeat(70_000)})).await;
    assert_eq!(too_long.status, 413);
    assert_eq!(list(&server).await, before);
}

#[tokio::test]
async fn a_removed_key_set_answers_its_polls_like_one_that_never_was() {
    for edge in Edge::ALL {
        let server = TestServer::builder().edge(edge).start().await;
        let chat = add(&server, &json!({"name": "chat", "subscribe_key": "sub-chat"})).await;
        assert_eq!(text(&chat, "subscribe_key"), "sub-chat");
        let subscribe = |key: &str, cursor: u64| format!("/v2/subscribe/{key}/room/0?tt={cursor}");
        let cursor = server.get(&subscribe("sub-chat", 0)).await.timetoken();
        let mut poll = server.park(&subscribe("sub-chat", cursor)).await;
        let mut other = server.park(&subscribe("sub", cursor)).await;
        assert_eq!(server.admin("DELETE", "/admin/v1/keysets/chat", &Value::Null).await.status, 200);
        let ended = poll.receive().await.unwrap();
        let fresh = server.get(&subscribe("sub-chat", 0)).await;
        assert_eq!((ended.status, ended.json()), (fresh.status, fresh.json()));
        assert_eq!((ended.status, text(&ended.json(), "message")), (400, "Invalid Subscribe Key"));
        assert_eq!(poll.get("/time/0").await.unwrap().status, 200, "the connection goes on");
        eventually("nothing of it is measured", async || {
            (!server.get("/metrics").await.text().contains("keyset=\"chat\"")).then_some(())
        })
        .await;
        server.get("/publish/pub/sub/0/room/0/1").await;
        assert_eq!(other.receive().await.unwrap().payloads(), [json!(1)]);
    }
}

#[tokio::test]
async fn data_comes_back_with_the_key_unless_it_was_to_be_forgotten() {
    let server = TestServer::start().await;
    let body = json!({"name": "chat", "subscribe_key": "sub-chat", "publish_key": "pub-chat"});
    let user = "/v2/objects/sub-chat/uuids/ann";
    for (query, status) in [("", 200), ("?data=keep", 200), ("?data=forget", 404)] {
        add(&server, &body).await;
        let mut connection = server.connect().await;
        let patch = request("PATCH", user, "Content-Length: 14\r\n", "{\"name\":\"Ann\"}");
        connection.send(patch).await.unwrap();
        assert_eq!(connection.receive().await.unwrap().status, 200);
        let removed = server.admin("DELETE", &format!("/admin/v1/keysets/chat{query}"), &Value::Null).await;
        assert_eq!(removed.status, 200, "{}", removed.text());
        let server = &server;
        add(server, &body).await;
        assert_eq!(server.get(user).await.status, status, "{query}");
        server.admin("DELETE", "/admin/v1/keysets/chat", &Value::Null).await;
    }
}

#[tokio::test]
async fn requests_never_notice_that_others_come_and_go() {
    let server = TestServer::start().await;
    let mut connection = server.connect().await;
    for round in 0..30 {
        let name = format!("chat-{round}");
        let changes = async {
            add(&server, &json!({"name": name})).await;
            let path = format!("/admin/v1/keysets/{name}");
            assert_eq!(server.admin("DELETE", &path, &Value::Null).await.status, 200);
        };
        let requests = async {
            for _ in 0..20 {
                assert_eq!(connection.get("/publish/pub/sub/0/room/0/1").await.unwrap().status, 200);
            }
        };
        tokio::join!(changes, requests);
    }
    assert_eq!(list(&server).await.len(), 2);
}

#[tokio::test]
async fn slow_and_many_callers_of_the_admin_api_do_not_keep_others_out_for_ever() {
    let server = TestServer::start().await;
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(Connection::open(server.admin_address()).await.unwrap());
    }
    drop(silent);
    assert_eq!(list(&server).await.len(), 2);
    let mut nonsense = Connection::open(server.admin_address()).await.unwrap();
    nonsense.send("nonsense\r\n\r\n").await.unwrap();
    let answer = String::from_utf8(nonsense.rest().await.unwrap()).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert_eq!(server.get("/time/0").await.status, 200);
    let mut late = Connection::open(server.admin_address()).await.unwrap();
    late.send(get("/admin")).await.unwrap();
    server.stop().await;
}

/// A GET with a signature, by the clock of the machine.
fn sign(keyset: &Value, secret: &str, method: &str, target: &str, body: &str) -> String {
    let leak = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
    let keys = testkit::Keys {
        subscribe: leak(text(keyset, "subscribe_key")),
        publish: leak(text(keyset, "publish_key")),
        secret: leak(secret),
    };
    let now = node::Clock::now(&node::SystemClock::default()).timestamp().seconds();
    signed(keys, method, target, body, now)
}

#[tokio::test]
async fn a_secret_may_lie_in_a_file_of_which_only_the_path_is_stored() {
    let server = TestServer::start().await;
    let file = server.data().join("chat.secret");
    std::fs::write(&file, "sec-in-a-file\n").unwrap();
    let chat = add(&server, &json!({"name": "chat", "access_manager": true, "secret_key_file": file})).await;
    assert!(chat.get("secret_key").is_none() && chat["secrets"][0]["file"] == file.to_str().unwrap(), "{chat}");
    let target = format!("/publish/{}/{}/0/room/0/1", text(&chat, "publish_key"), text(&chat, "subscribe_key"));
    let status = async |server: &TestServer| server.get(&sign(&chat, "sec-in-a-file", "GET", &target, "")).await.status;
    assert_eq!(status(&server).await, 200);
    let stopped = server.stop().await;
    let database = std::fs::read(stopped.data().join("hereabouts.sqlite")).unwrap();
    assert!(!database.windows(13).any(|window| window == b"sec-in-a-file"));
    let server = stopped.start().await;
    assert_eq!(status(&server).await, 200);

    // Without its file the key set is there, and closed.
    std::fs::remove_file(&file).unwrap();
    let server = server.stop().await.start().await;
    assert_eq!(status(&server).await, 403);
    assert_eq!(server.get("/publish/pub/sub/0/room/0/1").await.status, 200, "the others are as they were");
}
