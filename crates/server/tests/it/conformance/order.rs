//! Which of two broken rules is told (`docs/protocol/conventions.md`, "Order of checks").

use crate::both::{Both, get, post, request};

const NO_KEY: &str = r#"400 {"error":true,"message":"Invalid Subscribe Key","service":"Access Manager","status":400}"#;
const TOO_LONG: &str = "414 {";
const TOO_LARGE: &str = "413 {";
const NOT_FOUND: &str = r#"404 {"error":true,"message":"Not Found","status":404}"#;
const WRONG_METHOD: &str = r#"405 {"error":true,"message":"Method Not Allowed","status":405}"#;
const FORBIDDEN: &str = r#"403 {"error":true,"message":"Forbidden","payload":{"#;
const WRONG_PUBLISH_KEY: &str = "400 [0,\"Invalid Key\",";
const PRESENCE_OFF: &str =
    r#"402 {"error":1,"message":"This feature is not turned on for this account.","service":"Presence","status":402}"#;
const GROUPS_OFF: &str = r#"403 {"error":true,"message":"This feature is not turned on for this account.","#;

/// Presence and groups are off in `quiet`; access is guarded as well in `shut`.
const KEYSETS: &str = r#"
[[keyset]]
name = "open"
subscribe_key = "sub"
publish_key = "pub"
[[keyset]]
name = "quiet"
subscribe_key = "quiet"
publish_key = "pub"
groups = false
[keyset.presence]
enabled = false
[[keyset]]
name = "shut"
subscribe_key = "shut"
publish_key = "pub"
secret_key = "secret"
access_manager = true
groups = false
[keyset.presence]
enabled = false
"#;

#[tokio::test]
async fn the_first_rule_in_the_order_is_told() {
    let both = Both::with(KEYSETS).await;
    let long = "x".repeat(33_000);
    let huge = "Content-Length: 3000000\r\n";
    let group = "/v1/channel-registration/sub-key";
    let presence = "/v2/presence/sub-key";
    for (first, second, request, reply) in [
        ("target", "route", get(&format!("/nowhere/{long}")), TOO_LONG),
        ("target", "method", request("DELETE", &format!("/time/{long}"), "", ""), TOO_LONG),
        ("target", "key", get(&format!("/v2/subscribe/nobody/{long}/0")), TOO_LONG),
        ("body", "route", request("POST", "/nowhere", huge, ""), TOO_LARGE),
        ("body", "method", request("POST", "/time/0", huge, ""), TOO_LARGE),
        ("body", "key", request("POST", "/publish/pub/nobody/0/room/0", huge, ""), TOO_LARGE),
        ("route", "key", get("/v3/subscribe/nobody/room/0"), NOT_FOUND),
        ("method", "key", request("POST", "/v2/subscribe/nobody/room/0", "Content-Length: 0\r\n", ""), WRONG_METHOD),
        ("key", "publish key", get("/publish/x/nobody/0/room/0/1"), NO_KEY),
        ("key", "JSON", get("/publish/pub/nobody/0/room/0/nonsense"), NO_KEY),
        ("key", "size", post("/publish/pub/nobody/0/room/0", &format!("\"{long}\"")), NO_KEY),
        ("key", "channel", get("/publish/pub/nobody/0/%ff/0/1"), NO_KEY),
        ("key", "timetoken", get("/v2/subscribe/nobody/room/0?tt=x"), NO_KEY),
        ("key", "filter", get("/v2/subscribe/nobody/room/0?filter-expr=%28"), NO_KEY),
        ("key", "user", get(&format!("{presence}/nobody/channel/room/heartbeat")), NO_KEY),
        ("key", "limit", get(&format!("{presence}/nobody?limit=-1")), NO_KEY),
        ("key", "group name", get(&format!("{group}/nobody/channel-group/a:b")), NO_KEY),
        ("access", "publish key", get("/publish/x/shut/0/room/0/1"), FORBIDDEN),
        ("access", "JSON", get("/publish/pub/shut/0/room/0/nonsense"), FORBIDDEN),
        ("access", "levels", get("/publish/pub/shut/0/a.b.c.d/0/1"), FORBIDDEN),
        ("access", "channel", get("/publish/pub/shut/0/%ff/0/1"), FORBIDDEN),
        ("access", "channel", get("/v2/subscribe/shut/%ff/0"), FORBIDDEN),
        ("access", "timetoken", get("/v2/subscribe/shut/room/0?tt=x"), FORBIDDEN),
        ("access", "filter", get("/v2/subscribe/shut/room/0?filter-expr=%28"), FORBIDDEN),
        ("access", "groups", get("/v2/subscribe/shut/room/0?channel-group=g"), FORBIDDEN),
        ("access", "presence", get(&format!("{presence}/shut/channel/room")), FORBIDDEN),
        ("access", "user", get(&format!("{presence}/shut/channel/room/heartbeat")), FORBIDDEN),
        ("access", "channel", get(&format!("{presence}/shut/channel/%ff/leave?uuid=a")), FORBIDDEN),
        ("access", "groups", get(&format!("{group}/shut/channel-group/g")), FORBIDDEN),
        ("access", "group name", get(&format!("{group}/shut/channel-group/a:b")), FORBIDDEN),
        ("publish key", "channel", get("/publish/x/sub/0/%ff/0/1"), WRONG_PUBLISH_KEY),
        ("publish key", "levels", get("/publish/x/sub/0/a.b.c.d/0/1"), WRONG_PUBLISH_KEY),
        ("publish key", "JSON", get("/publish/x/sub/0/room/0/nonsense"), WRONG_PUBLISH_KEY),
        ("publish key", "size", post("/publish/x/sub/0/room/0", &format!("\"{long}\"")), WRONG_PUBLISH_KEY),
        ("publish key", "size", get(&format!("/signal/x/sub/0/room/0/%22{}%22", "x".repeat(70))), WRONG_PUBLISH_KEY),
        ("presence", "user", get(&format!("{presence}/quiet/channel/room/heartbeat")), PRESENCE_OFF),
        ("presence", "channel", get(&format!("{presence}/quiet/channel/%ff/heartbeat?uuid=a")), PRESENCE_OFF),
        ("presence", "limit", get(&format!("{presence}/quiet/channel/room?limit=5000")), PRESENCE_OFF),
        ("presence", "state", get(&format!("{presence}/quiet/channel/room/uuid/ann/data")), PRESENCE_OFF),
        ("groups", "group name", get(&format!("{group}/quiet/channel-group/a:b")), GROUPS_OFF),
        ("groups", "reserved", get(&format!("{group}/quiet/channel-group/g?add=a.*")), GROUPS_OFF),
        ("groups", "timetoken", get("/v2/subscribe/quiet/a.*/0?tt=x"), GROUPS_OFF),
        ("groups", "filter", get("/v2/subscribe/quiet/,/0?channel-group=g&filter-expr=%28"), GROUPS_OFF),
    ] {
        let answer = both.reply(request.as_bytes()).await;
        let shown = format!("{} {}", answer.status, answer.text());
        let line: String = request.lines().next().unwrap().chars().take(90).collect();
        if !shown.starts_with(reply) {
            both.complain(&format!("{first} before {second}, {line}"), &format!("{shown} instead of {reply}"));
        }
    }
}
