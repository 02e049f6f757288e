//! No route lets anybody in who shows nothing, but those that the page names.

use serde_json::{Value, json};
use testkit::Edge;
use wire::route::EXAMPLES;

use super::{Site, refusal};

/// What answers whoever comes.
pub(super) const FREE: [&str; 2] = ["/time/", "/v2/presence/sub-key/guarded-sub/uuid/"];

const CONTEXT: &str = "Supplied authorization key does not have the permissions required to perform this operation.";

/// The body of the refusal of a request that shows nothing.
fn expected(target: &str) -> Value {
    let grant = |source: &str| {
        let detail = json!({
            "message": "It must be in seconds since the epoch, and within 60 seconds of now.",
            "location": "timestamp",
            "locationType": "query",
        });
        json!({
            "error": {"message": "Invalid timestamp", "source": source, "details": [detail]},
            "service": "Access Manager",
            "status": 400,
        })
    };
    if target.ends_with("/grant") {
        return grant("grant");
    }
    if target.starts_with("/v3/pam") {
        return grant("revoke");
    }
    if target.starts_with("/v2/auth") {
        return json!({"message": "Invalid Timestamp", "error": true, "service": "Access Manager", "status": 400});
    }
    if target.starts_with("/v2/objects") {
        return json!({"status": 403, "error": {"source": "objects", "message": CONTEXT}});
    }
    let mut payload = json!({});
    if target.contains("room") && !target.contains("channel-registration") {
        payload["channels"] = json!(["room"]);
    }
    if target.contains("family") {
        payload["channel-groups"] = json!([":family"]);
    }
    if payload == json!({}) {
        payload["channels"] = json!([]);
    }
    json!({"message": "Forbidden", "payload": payload, "error": true, "service": "Access Manager", "status": 403})
}

/// A body that suits a route.
pub(super) fn body(method: &str, target: &str) -> &'static str {
    match method {
        "POST" if target.contains("/objects/") => r#"[{"id": "ann"}]"#,
        "PATCH" => r#"{"name": "Ann"}"#,
        "POST" => "1",
        _ => "",
    }
}

#[tokio::test]
async fn every_route_refuses_whoever_shows_nothing_in_its_own_words_and_takes_a_signature() {
    for edge in Edge::ALL {
        let site = Site::start(edge).await;
        for (method, target) in EXAMPLES {
            let target = target.replace("/demo/demo/", "/guarded-pub/guarded-sub/").replace("/demo", "/guarded-sub");
            let body = body(method, &target);
            let reply = site.call(method, &target, body).await;
            if FREE.iter().any(|free| target.starts_with(free)) {
                assert_eq!(reply.status, 200, "{method} {target}: {}", reply.text());
                continue;
            }
            assert_eq!(reply.json(), expected(&target), "{method} {target}");
            assert_eq!(json!(reply.status), expected(&target)["status"], "{method} {target}");
            let script = if target.starts_with("/v2/objects") { "application/json" } else { "text/javascript" };
            assert!(reply.header("content-type").unwrap().starts_with(script), "{method} {target}");

            let garbage = format!("{target}{}timestamp=1&signature=x", if target.contains('?') { '&' } else { '?' });
            let reply = site.call(method, &garbage, body).await;
            assert_eq!(reply.status, 400, "{method} {garbage}: {}", reply.text());

            let reply = site.signed(method, &target, body).await;
            assert!(!matches!(reply.status, 401 | 403), "{method} {target}: {}", reply.text());
            assert_ne!(refusal(&reply).1, "Invalid Timestamp", "{method} {target}");
        }
    }
}
