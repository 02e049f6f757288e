//! Who hears what about memberships that they may not change.

use serde_json::json;
use testkit::Edge;

use super::Site;

/// What is wrong with a request, told to those alone who may do what it asks.
const WRONG: [(&str, &str); 4] = [("", "bad"), ("", "{\"set\":5}"), ("", ""), ("&limit=x", "{}")];

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_after_that_it_is_not_allowed() {
    let owners = [("uuids/ann/channels", "uuids", "ann", 64), ("channels/room/uuids", "channels", "room", 4)];
    for edge in Edge::ALL {
        let site = Site::start(edge).await;
        for (path, kind, name, permission) in owners {
            let allowed = site.token(json!({kind: {name: permission}}), 15).await;
            let others = site.token(json!({kind: {"other": permission}}), 15).await;
            let less = site.token(json!({kind: {name: 32}}), 15).await;
            for (query, body) in WRONG {
                let ask = |token: &str| format!("/v2/objects/guarded-sub/{path}?auth={token}{query}");
                for (token, status) in [(&allowed, 400), (&others, 403), (&less, 403)] {
                    let reply = site.call("PATCH", &ask(token), body).await;
                    assert_eq!(reply.status, status, "{path} {query} {body:?}: {}", reply.text());
                }
            }
        }
    }
}
