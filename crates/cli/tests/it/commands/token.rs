//! `token grant|parse|revoke`, and commands that need one.

use serde_json::json;
use testkit::{GUARDED, TestServer};

use super::ask_guarded;

const SECRET: (&str, &str) = ("HEREABOUTS_SECRET_KEY", GUARDED.secret);

#[tokio::test]
async fn a_token_is_granted_read_used_and_revoked() {
    let server = TestServer::start().await;
    ask_guarded(&server, [], "publish lobby 1").await.fails(1, &["publish", "403", "lobby", "--token"]);
    ask_guarded(&server, [("HEREABOUTS_TOKEN", "nonsense")], "publish lobby 1").await.fails(1, &["40"]);

    let grant = "token grant --ttl 15 --authorized-user ann --channel lobby=read,write --channel-pattern '^room-=read' \
                 --group family=read --uuid ann=get,update --meta {\"plan\":\"free\"}";
    ask_guarded(&server, [], grant).await.fails(2, &["secret key", "--help"]);
    let granted = ask_guarded(&server, [SECRET], grant).await;
    let token = granted.lines()[0];
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("token");
    std::fs::write(&file, format!("{token}\n")).unwrap();
    let from_file = format!("@{}", file.display());

    let parsed = ask_guarded(&server, [], &format!("token parse {token} --json")).await.json();
    assert_eq!(
        (
            &parsed["ttl"],
            &parsed["authorized_user"],
            &parsed["resources"],
            &parsed["patterns"]["channels"],
            &parsed["meta"]
        ),
        (
            &json!(15),
            &json!("ann"),
            &json!({"channels": {"lobby": ["read", "write"]}, "groups": {"family": ["read"]},
                    "uuids": {"ann": ["get", "update"]}}),
            &json!({"^room-": ["read"]}),
            &json!({"plan": "free"})
        )
    );
    let shown = ask_guarded(&server, [], &format!("token parse {from_file}")).await;
    assert_eq!(shown.lines()[4..6], ["channels         lobby   read, write", "groups           family  read"]);
    ask_guarded(&server, [], "token parse nonsense").await.fails(2, &["no token"]);

    ask_guarded(&server, [("HEREABOUTS_TOKEN", token)], "publish lobby 1").await.lines();
    ask_guarded(&server, [("HEREABOUTS_TOKEN", &from_file)], "publish lobby 1").await.lines();
    ask_guarded(&server, [], &format!("publish lobby 1 --token {from_file}")).await.lines();
    ask_guarded(&server, [("HEREABOUTS_TOKEN", token)], "publish hall 1").await.fails(1, &["403", "hall"]);

    assert_eq!(ask_guarded(&server, [SECRET], &format!("token revoke {from_file}")).await.lines(), ["revoked"]);
    ask_guarded(&server, [("HEREABOUTS_TOKEN", token)], "publish lobby 1").await.fails(1, &["publish", "403"]);
    ask_guarded(&server, [SECRET], "publish lobby 1").await.lines();
}
