//! Bad input: each fault has its place and its words, the same on both paths of the edge.

use serde_json::json;

use super::CALLS;
use crate::both::{Both, get_with, request};

/// A body of this many bytes around a name.
fn record_of(bytes: usize) -> String {
    let text = "x".repeat(bytes - r#"{"id":"ann","name":null,"externalId":null,"profileUrl":null,"email":null,"type":null,"status":null,"custom":{"k":""}}"#.len());
    json!({"custom": {"k": text}}).to_string()
}

#[tokio::test]
async fn every_fault_is_told_with_its_place() {
    let both = Both::start().await;
    let long = |count: usize| "x".repeat(count);
    let text = |field: &str, count: usize| json!({field: long(count)}).to_string();
    let many = |end: &str, count: usize| {
        let entries: Vec<_> = (0..count).map(|n| json!({end: {"id": format!("e{n}")}})).collect();
        json!({"set": entries}).to_string()
    };
    let deep = format!("filter={}name%3D%3D'x'{}", "(".repeat(10_000), ")".repeat(10_000));
    let nested = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let (member, own) = ("/channels/c/uuids", "/uuids/u/channels");
    #[rustfmt::skip]
    let table: Vec<(&str, String, String, &str, &str)> = vec![
        // Ids.
        ("GET", "/uuids/a%2Fb".into(), String::new(), "path", "uuid"),
        ("GET", "/channels/a%2Cb".into(), String::new(), "path", "channel"),
        ("PATCH", "/uuids/a:b".into(), "{}".into(), "path", "uuid"),
        ("PATCH", "/channels/a*".into(), "{}".into(), "path", "channel"),
        ("DELETE", "/channels/a%5Cb".into(), String::new(), "path", "channel"),
        ("DELETE", "/uuids/a%00b".into(), String::new(), "path", "uuid"),
        ("GET", "/uuids/%FF".into(), String::new(), "path", "uuid"),
        ("GET", "/uuids/%".into(), String::new(), "path", "uuid"),
        ("GET", "/uuids/".into(), String::new(), "path", "uuid"),
        ("GET", "/channels//uuids".into(), String::new(), "path", "channel"),
        ("GET", format!("/uuids/{}", long(93)), String::new(), "path", "uuid"),
        ("GET", format!("/uuids/{}", "%F0%9F%8C%BB".repeat(93)), String::new(), "path", "uuid"),
        ("GET", format!("/channels/{}/uuids", long(93)), String::new(), "path", "channel"),
        // Parameters.
        ("GET", "/uuids?limit=-1".into(), String::new(), "query", "limit"),
        ("GET", "/uuids?limit=1.5".into(), String::new(), "query", "limit"),
        ("GET", "/uuids?limit=ten".into(), String::new(), "query", "limit"),
        ("GET", "/uuids?limit=%FF".into(), String::new(), "query", "limit"),
        ("GET", "/channels?count=yes".into(), String::new(), "query", "count"),
        ("GET", "/channels?start=nonsense".into(), String::new(), "query", "start"),
        ("GET", "/channels?end=Mg".into(), String::new(), "query", "end"),
        ("GET", "/channels?sort=name:up".into(), String::new(), "query", "sort"),
        ("GET", "/channels?sort=email".into(), String::new(), "query", "sort"),
        ("GET", "/uuids?sort=description".into(), String::new(), "query", "sort"),
        ("GET", "/uuids?sort=%FF".into(), String::new(), "query", "sort"),
        ("GET", "/uuids?include=%FF".into(), String::new(), "query", "include"),
        ("GET", "/uuids/ann?include=%FF".into(), String::new(), "query", "include"),
        ("GET", format!("{own}?sort=uuid.name"), String::new(), "query", "sort"),
        ("GET", "/uuids?filter=name".into(), String::new(), "query", "filter"),
        ("GET", "/uuids?filter=name%20==%205".into(), String::new(), "query", "filter"),
        ("GET", "/uuids?filter=nick%20==%20'x'".into(), String::new(), "query", "filter"),
        ("GET", format!("/uuids?{deep}"), String::new(), "query", "filter"),
        ("GET", format!("/uuids?filter=name=='{}'", long(9000)), String::new(), "query", "filter"),
        ("PATCH", format!("{own}?filter=uuid.name=='x'"), many("channel", 1), "query", "filter"),
        ("PATCH", format!("{member}?limit=x"), many("uuid", 1), "query", "limit"),
        // Bodies of users and channels.
        ("PATCH", "/uuids/ann".into(), String::new(), "body", ""),
        ("PATCH", "/uuids/ann".into(), "{".into(), "body", ""),
        ("PATCH", "/uuids/ann".into(), "{} {}".into(), "body", ""),
        ("PATCH", "/uuids/ann".into(), "[]".into(), "body", ""),
        ("PATCH", "/uuids/ann".into(), "\"name\"".into(), "body", ""),
        ("PATCH", "/uuids/ann".into(), nested.clone(), "body", ""),
        ("PATCH", "/uuids/ann".into(), format!("{{\"custom\":{{\"k\":{nested}}}}}"), "body", ""),
        ("PATCH", "/uuids/ann".into(), r#"{"name":5}"#.into(), "body", "name"),
        ("PATCH", "/uuids/ann".into(), r#"{"name":""}"#.into(), "body", "name"),
        ("PATCH", "/uuids/ann".into(), r#"{"name":" \t "}"#.into(), "body", "name"),
        ("PATCH", "/uuids/ann".into(), r#"{"name":"a\u0000b"}"#.into(), "body", "name"),
        ("PATCH", "/uuids/ann".into(), text("name", 2049), "body", "name"),
        ("PATCH", "/uuids/ann".into(), text("externalId", 2049), "body", "externalId"),
        ("PATCH", "/uuids/ann".into(), text("profileUrl", 2049), "body", "profileUrl"),
        ("PATCH", "/uuids/ann".into(), text("email", 321), "body", "email"),
        ("PATCH", "/uuids/ann".into(), text("status", 51), "body", "status"),
        ("PATCH", "/channels/c".into(), text("type", 51), "body", "type"),
        ("PATCH", "/channels/c".into(), text("description", 2049), "body", "description"),
        ("PATCH", "/channels/c".into(), r#"{"description":false}"#.into(), "body", "description"),
        ("PATCH", "/uuids/ann".into(), r#"{"custom":"x"}"#.into(), "body", "custom"),
        ("PATCH", "/uuids/ann".into(), r#"{"custom":[]}"#.into(), "body", "custom"),
        ("PATCH", "/uuids/ann".into(), r#"{"custom":{"tags":[]}}"#.into(), "body", "custom.tags"),
        ("PATCH", "/uuids/ann".into(), r#"{"custom":{"a":{"b":1}}}"#.into(), "body", "custom.a"),
        ("PATCH", "/uuids/ann".into(), record_of(33 * 1024), "body", ""),
        ("PATCH", "/uuids/ann".into(), record_of(32 * 1024 + 1), "body", ""),
        // Bodies of memberships and members.
        ("PATCH", own.into(), String::new(), "body", ""),
        ("PATCH", own.into(), "[]".into(), "body", ""),
        ("PATCH", own.into(), r#"{"set":{}}"#.into(), "body", "set"),
        ("PATCH", own.into(), r#"{"delete":"x"}"#.into(), "body", "delete"),
        ("PATCH", own.into(), r#"{"set":["x"]}"#.into(), "body", "set.0"),
        ("PATCH", own.into(), r#"{"set":[{}]}"#.into(), "body", "set.0.channel.id"),
        ("PATCH", own.into(), r#"{"set":[{"uuid":{"id":"u"}}]}"#.into(), "body", "set.0.channel.id"),
        ("PATCH", own.into(), r#"{"set":[{"channel":"c"}]}"#.into(), "body", "set.0.channel.id"),
        ("PATCH", own.into(), r#"{"set":[{"channel":{"id":5}}]}"#.into(), "body", "set.0.channel.id"),
        ("PATCH", own.into(), r#"{"set":[{"channel":{"id":"a/b"}}]}"#.into(), "body", "set.0.channel.id"),
        ("PATCH", member.into(), r#"{"set":[{"uuid":{"id":"u"},"status":7}]}"#.into(), "body", "set.0.status"),
        ("PATCH", member.into(), r#"{"set":[{"uuid":{"id":"u"},"custom":{"a":[]}}]}"#.into(), "body", "set.0.custom.a"),
        ("PATCH", member.into(), r#"{"delete":[{"uuid":{"id":"a"}},{"uuid":{}}]}"#.into(), "body", "delete.1.uuid.id"),
        ("PATCH", member.into(), r#"{"set":[{"uuid":{"id":"a"}}],"delete":[{"uuid":{"id":"a"}}]}"#.into(), "body", "delete.0.uuid.id"),
        ("PATCH", own.into(), many("channel", 101), "body", "set"),
        ("PATCH", member.into(), many("uuid", 101).replace("set", "delete"), "body", "delete"),
        // What is wrong first is told, in the order: id, query, body.
        ("PATCH", "/uuids/a:b/channels?limit=x".into(), "[]".into(), "path", "uuid"),
        ("PATCH", "/uuids/ann?include=%FF".into(), "[]".into(), "query", "include"),
        ("PATCH", format!("{own}?count=x"), "[]".into(), "query", "count"),
    ];
    for (method, path, body, place, location) in table {
        let name: String = format!("{method} {path} {body}").chars().take(120).collect();
        let headers = format!("Content-Length: {}\r\nIf-Match: stale\r\n", body.len());
        let reply = both.reply(request(method, &format!("{CALLS}{path}"), &headers, &body)).await;
        let found = serde_json::from_slice(&reply.body).unwrap_or_default();
        let expected = json!({"status": 400, "error": {
            "message": "Request payload contained invalid input.",
            "source": "objects",
            "details": [{"location": location, "locationType": place, "message": found_message(&found)}],
        }});
        if (reply.status, &found) != (400, &expected) || reply.header("content-type") != Some("application/json") {
            both.complain(&name, &format!("{} {found} instead of {place} {location:?}", reply.status));
        }
    }
}

/// The words of a detail are free, but there are some.
fn found_message(body: &serde_json::Value) -> serde_json::Value {
    let message = &body["error"]["details"][0]["message"];
    if message.as_str().is_some_and(|text| text.len() > 5) { message.clone() } else { "a sentence".into() }
}

#[tokio::test]
async fn what_is_at_its_limit_is_taken() {
    let both = Both::start().await;
    for id in ["x".repeat(92), "%F0%9F%8C%BB".repeat(92), "100%25".into(), "a%20b".into(), "a.b@c~(d)'!%3F%23".into()] {
        for (method, body, status) in [("PATCH", "{}", 200), ("GET", "", 200), ("DELETE", "", 200), ("GET", "", 404)] {
            for kind in ["uuids", "channels"] {
                let headers = format!("Content-Length: {}\r\n", body.len());
                let target = format!("{CALLS}/{kind}/{id}");
                let reply = both.reply(request(method, &target, &headers, body)).await;
                if reply.status != status {
                    both.complain(&format!("{method} {target}"), &reply.text());
                }
            }
        }
    }
    let content = json!({"name": "\u{1f33b}".repeat(2048), "externalId": "e".repeat(2048), "status": "s".repeat(50)});
    for (id, body) in [
        ("ann", record_of(32 * 1024)),
        ("bob", content.to_string()),
        ("cid", json!({"email": "no address", "profileUrl": "", "status": "", "type": ""}).to_string()),
        ("dan", json!({"custom": {"": null, "a.b": 1e300, "c": 9_007_199_254_740_993_i64, "d": -0.5}}).to_string()),
    ] {
        let headers = format!("Content-Length: {}\r\n", body.len());
        let reply = both.reply(request("PATCH", &format!("{CALLS}/uuids/{id}"), &headers, &body)).await;
        if reply.status != 200 {
            both.complain(&body, &reply.text());
        }
    }
}

#[tokio::test]
async fn a_cursor_belongs_to_its_list_and_its_order() {
    let both = Both::start().await;
    for path in ["/uuids/ann", "/uuids/bob", "/channels/ann"] {
        both.reply(request("PATCH", &format!("{CALLS}{path}"), "Content-Length: 2\r\n", "{}")).await;
    }
    let list = both.get(&format!("{CALLS}/uuids?limit=1")).await.json();
    let cursor = list["next"].as_str().unwrap().to_owned();
    for (path, status) in [
        ("/uuids?", 200),
        ("/uuids?limit=50&filter=name%20==%20'x'&", 200),
        ("/channels?", 400),
        ("/uuids?sort=name&", 400),
        ("/uuids/ann/channels?", 400),
        ("/channels/ann/uuids?", 400),
    ] {
        for parameter in ["start", "end"] {
            let reply = both.get(&format!("{CALLS}{path}{parameter}={cursor}")).await;
            if reply.status != status {
                both.complain(path, &reply.text());
            }
        }
    }
    let mut damaged = cursor.into_bytes();
    for at in 0..damaged.len() {
        damaged[at] ^= 1;
        let text = String::from_utf8_lossy(&damaged).into_owned();
        let reply = both.get(&format!("{CALLS}/uuids?start={text}")).await;
        if reply.status != 400 {
            both.complain(&text, &reply.text());
        }
        damaged[at] ^= 1;
    }
}

#[tokio::test]
async fn what_is_not_there_and_what_nobody_does_is_told() {
    let both = Both::start().await;
    let missing = r#"404 {"error":{"message":"Requested object was not found.","source":"objects"},"status":404}"#;
    both.check("no user", get_with(&format!("{CALLS}/uuids/ann"), ""), &[missing]).await;
    both.check("no channel", get_with(&format!("{CALLS}/channels/ann"), ""), &[missing]).await;
    for (kind, words) in [("uuids", "User"), ("channels", "Channel")] {
        let stale = format!("412 {{\"error\":{{\"message\":\"{words} to update has been modified after it was read.\"");
        for (method, headers, body) in
            [("PATCH", "If-Match: *\r\nContent-Length: 2\r\n", "{}"), ("DELETE", "If-Match: x\r\n", "")]
        {
            both.check(kind, request(method, &format!("{CALLS}/{kind}/ann"), headers, body), &[&stale]).await;
        }
    }
    for (method, path) in [
        ("POST", "/uuids/ann"),
        ("PUT", "/uuids/ann"),
        ("DELETE", "/uuids"),
        ("PATCH", "/channels"),
        ("POST", "/uuids/ann/channels"),
        ("DELETE", "/channels/ann/uuids"),
    ] {
        let bytes = request(method, &format!("{CALLS}{path}"), "Content-Length: 0\r\n", "");
        both.check(&format!("{method} {path}"), bytes, &["405 {"]).await;
    }
    for path in ["", "/spaces", "/uuids/a/uuids", "/uuids/a/channels/b"] {
        both.check(path, get_with(&format!("{CALLS}{path}"), ""), &["404 {"]).await;
    }
    let unknown = get_with("/v2/objects/nobody/uuids", "");
    both.check("an unknown key", unknown, &[r#"400 {"error":true,"message":"Invalid Subscribe Key""#]).await;
    let body = "x".repeat(2_097_153);
    let large = request("PATCH", &format!("{CALLS}/uuids/ann"), &format!("Content-Length: {}\r\n", body.len()), &body);
    both.check("a body that is too long", large, &["413 {", crate::both::CLOSED]).await;
}
