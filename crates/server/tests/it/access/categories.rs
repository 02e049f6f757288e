//! Who may list all users or all channels.

use serde_json::json;
use testkit::Edge;

use super::Site;

const CONTEXT: &str = "Supplied authorization key does not have the permissions required to perform this operation.";

impl Site {
    async fn lists(&self, kind: &str, auth: &str) -> bool {
        let reply = self.server.get(&format!("/v2/objects/guarded-sub/{kind}?auth={auth}")).await;
        if reply.status == 403 {
            assert_eq!(reply.json()["error"]["message"], CONTEXT);
        } else {
            assert_eq!(reply.status, 200, "{}", reply.text());
        }
        reply.status == 200
    }
}

#[tokio::test]
async fn a_token_lists_what_its_categories_say_and_permission_on_every_name_is_not_enough() {
    for edge in Edge::ALL {
        let site = Site::start(edge).await;
        let everything = json!({"channels": {".*": 255}, "groups": {".*": 255}, "uuids": {".*": 255}});
        let every_name = site.permit(json!({"patterns": everything}), 15).await;
        assert!(!site.lists("uuids", &every_name).await && !site.lists("channels", &every_name).await);
        let users = site.permit(json!({"categories": {"uuids": 32}}), 15).await;
        assert!(site.lists("uuids", &users).await && !site.lists("channels", &users).await);
        let no_get = site.permit(json!({"categories": {"uuids": 64, "channels": 32}}), 15).await;
        assert!(!site.lists("uuids", &no_get).await && site.lists("channels", &no_get).await);
    }
}

#[tokio::test]
async fn an_auth_key_lists_what_was_granted_to_it() {
    let site = Site::start(Edge::Lean).await;
    site.grant("r=1&w=1&g=1&u=1").await;
    assert!(!site.lists("uuids", "key").await, "what the whole key set may do on each name is not enough");
    site.grant("category=uuids&auth=key&g=1").await;
    assert!(site.lists("uuids", "key").await && !site.lists("channels", "key").await);
    assert!(!site.lists("uuids", "other").await);
    site.grant("category=uuids&auth=key&g=0").await;
    assert!(!site.lists("uuids", "key").await);
}
