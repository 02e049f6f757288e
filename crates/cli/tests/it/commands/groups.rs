//! `group add|list|remove|delete`.

use serde_json::json;
use testkit::TestServer;

use super::ask;

#[tokio::test]
async fn groups_are_filled_shown_emptied_and_deleted() {
    let server = TestServer::start().await;
    assert_eq!(ask(&server, "group add house kitchen hall").await.lines(), ["added to house"]);
    assert_eq!(ask(&server, "group add barn hay").await.lines(), ["added to barn"]);
    assert_eq!(ask(&server, "group list").await.lines(), ["barn", "house"]);
    assert_eq!(ask(&server, "group list house").await.lines(), ["hall", "kitchen"]);
    assert_eq!(ask(&server, "group remove house hall").await.lines(), ["removed from house"]);
    assert_eq!(ask(&server, "group list house --json").await.json(), json!({"channels": ["kitchen"]}));
    assert_eq!(ask(&server, "group delete house --json").await.json(), json!({"done": true}));
    assert_eq!(ask(&server, "group list --json").await.json(), json!({"groups": ["barn"]}));

    ask(&server, "heartbeat hay").await.lines();
    assert_eq!(ask(&server, "here-now --group barn").await.lines(), ["CHANNEL  HERE  USER", "hay      1     ann"]);
}
