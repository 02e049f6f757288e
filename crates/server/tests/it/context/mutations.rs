//! Requests that were right once, and had an accident: never a fault of the server, and always an answer.

use testkit::{Edge, TestServer};

use super::{CALLS, everywhere};
use crate::both::request;
use crate::dice::{self, Dice};

const ROUNDS: usize = if cfg!(debug_assertions) { 2_000 } else { 10_000 };

const RIGHT: [(&str, &str, &str); 18] = [
    (
        "GET",
        "/uuids?limit=5&count=true&sort=name:desc,custom.a&include=custom,status,type&filter=name%20LIKE%20'A*'",
        "",
    ),
    ("GET", "/channels?filter=(custom.a%20%3E%205%20%26%26%20!(status%20==%20null))%20%7C%7C%20id%20!=%20%22x%22", ""),
    ("GET", "/channels?filter=updated%20%3C%20'2024-03-07T08:46:53.26Z'&sort=updated&sort=description:asc", ""),
    ("GET", "/uuids?start=AQAAAAAAAAAAAAAA&end=AQAAAAAAAAAAAAAA&limit=100", ""),
    ("GET", "/uuids/ann?include=custom", ""),
    ("GET", "/channels/lobby?include=type,status", ""),
    ("GET", "/uuids/ann/channels?include=channel.custom,custom,totalCount&sort=channel.name:desc&limit=2", ""),
    ("GET", "/channels/lobby/uuids?include=uuid.type&filter=uuid.custom%5B%22a%22%5D%20==%20true&sort=-1", ""),
    (
        "PATCH",
        "/uuids/ann?include=custom",
        r#"{"name":"Ann \u00e9","email":null,"custom":{"a":1,"b":"\ud83d\ude00","c":null}}"#,
    ),
    ("PATCH", "/channels/lobby", r#"{"description":"d","status":"on","type":"t","custom":{}}"#),
    (
        "PATCH",
        "/uuids/ann/channels",
        r#"{"set":[{"channel":{"id":"lobby"},"status":"s","custom":{"k":1.5e10}}],"delete":[{"channel":{"id":"p"}}]}"#,
    ),
    ("PATCH", "/channels/lobby/uuids?sort=uuid.name", r#"{"set":null,"delete":[{"uuid":{"id":"bob"}}]}"#),
    ("DELETE", "/uuids/ann", ""),
    ("DELETE", "/channels/lobby", ""),
    ("POST", "/uuids", r#"[{"id":"ann","name":"Ann","custom":{"a":[1]}},{"id":"bob"},5,{"id":"a/b"}]"#),
    ("POST", "/channels", r#"[{"id":"lobby","description":"d"}]"#),
    ("GET", "/v2/subscribe/sub/ann/0?tt=0&filter-expr=a%20==%201", ""),
    ("GET", "/uuids?filter=custom.a%20==%20-1.5e300%20%7C%7C%20custom%20!=%20null&count=1", ""),
];

const HEADERS: [&str; 7] = [
    "",
    "If-Match: *\r\n",
    "If-Match: \"abc\"\r\n",
    "If-None-Match: \u{e9}\r\n",
    "Content-Type: application/merge-patch+json\r\n",
    "Content-Encoding: gzip\r\n",
    "Accept-Encoding: gzip\r\n",
];

#[tokio::test]
async fn no_damaged_request_is_a_fault_of_the_server() {
    let mut dice = Dice::seeded();
    let with_integrity = "context.referential_integrity = true";
    let mut servers = everywhere("").await;
    servers.push(TestServer::builder().edge(Edge::Framework).settings(with_integrity).start().await);
    let mut answered = std::collections::BTreeMap::new();
    for round in 0..ROUNDS {
        let server = &servers[round % servers.len()];
        let (method, path, body) = RIGHT[dice.roll(RIGHT.len())];
        let method = if dice.roll(30) == 0 { ["GET", "PATCH", "POST", "DELETE"][dice.roll(4)] } else { method };
        let (mut path, mut body) = (path.to_owned(), body.to_owned());
        match dice.roll(4) {
            0 => path = dice.damage(&path),
            1 => body = dice.damage(&body),
            2 => (path, body) = (dice.damage(&path), dice.damage(&body)),
            _ => {}
        }
        let path = dice::sendable(&path);
        let prefix = if path.starts_with("/v2/") { "" } else { CALLS };
        let path = if path.starts_with('/') { path } else { format!("/{path}") };
        let headers = format!("{}Content-Length: {}\r\n", HEADERS[dice.roll(HEADERS.len())], body.len());
        let bytes = request(method, &format!("{prefix}{path}"), &headers, &body);
        let mut connection = server.connect().await;
        // Who is refused may find the connection closed before everything is sent.
        let _ = connection.send(&bytes).await;
        let reply = connection.receive().await;
        let shown: String = bytes.chars().take(2_000).collect();
        let reply = reply.unwrap_or_else(|why| panic!("round {round}: {why}\n{shown}"));
        assert!(reply.status < 500, "round {round}: {} {}\n{shown}", reply.status, reply.text());
        *answered.entry(reply.status).or_insert(0) += 1;
    }
    println!("{answered:?}");
    assert!(answered.contains_key(&200) && answered.contains_key(&400), "{answered:?}");
    for server in servers {
        // Whatever was asked of it, it stops without a panic.
        server.stop().await;
    }
}
