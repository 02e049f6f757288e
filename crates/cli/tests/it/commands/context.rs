//! `users`, `channels`, `memberships`, `members`.

use serde_json::{Value, json};
use testkit::TestServer;

use super::{Said, ask, ask_with};

/// The document without what differs from run to run.
fn settled(said: &Said) -> Value {
    fn settle(value: &mut Value) {
        match value {
            Value::Object(object) => {
                object.retain(|key, _| !["updated", "eTag", "next", "prev"].contains(&key.as_str()));
                object.values_mut().for_each(settle);
            }
            Value::Array(items) => items.iter_mut().for_each(settle),
            _ => {}
        }
    }
    let mut document = said.json();
    settle(&mut document);
    document
}

#[tokio::test]
async fn users_are_set_shown_listed_and_removed() {
    let server = TestServer::start().await;
    let set = r#"users set ann --name Ann --email a@example.org --status active --type host --custom {"team":"x"}"#;
    let said = ask(&server, set).await;
    let lines = said.lines();
    let shown = ["FIELD    VALUE", r#"custom   {"team":"x"}"#, lines[2], "email    a@example.org", "id       ann"];
    assert_eq!(lines[..5], shown);
    ask(&server, "users set bob --name Bob --external-id 7 --profile-url http://b").await.lines();

    let ann = json!({"id": "ann", "name": "Ann", "email": "a@example.org", "externalId": null, "profileUrl": null,
                     "status": "active", "type": "host", "custom": {"team": "x"}});
    assert_eq!(settled(&ask(&server, "users get ann --json").await), ann);
    assert_eq!(
        ask(&server, "users list --sort name:desc").await.lines(),
        [
            "ID   NAME  EXTERNAL ID  EMAIL          PROFILE URL  TYPE  STATUS  CUSTOM",
            "bob  Bob   7                           http://b",
            r#"ann  Ann                a@example.org               host  active  {"team":"x"}"#,
        ]
    );
    let list = ask(&server, "users list --filter 'custom.team == \"x\"' --count --include type --json").await;
    let listed = json!({"id": "ann", "name": "Ann", "email": "a@example.org", "externalId": null, "profileUrl": null, "type": "host"});
    assert_eq!(settled(&list), json!({"data": [listed], "total_count": 1}));

    let changed = ask(&server, r#"users set ann --clear email --merge-custom {"team":null,"draft":true} --json"#).await;
    assert_eq!((&changed.json()["email"], &changed.json()["custom"]), (&Value::Null, &json!({"draft": true})));
    let etag = changed.json()["eTag"].as_str().unwrap().to_owned();
    ask(&server, "users set ann --name Anne --if-match stale")
        .await
        .fails(1, &["set_uuid_metadata", "412", "read the record"]);
    ask(&server, &format!("users set ann --name Anne --if-match {etag}")).await.lines();
    ask(&server, "users set ann --clear nmae").await.fails(2, &["nmae", "name"]);
    assert_eq!(ask(&server, "users remove ann").await.lines(), ["removed ann"]);
    ask(&server, "users get ann").await.fails(1, &["404", "not found"]);
    ask(&server, "users set a:b --name x").await.fails(1, &["400", "uuid"]);
    ask(&server, "users list --filter nmae").await.fails(1, &["400", "filter"]);
}

#[tokio::test]
async fn pages_follow_each_other_by_cursor_or_by_themselves() {
    let server = TestServer::start().await;
    let records: String = (0..25).map(|n| format!("{{\"id\":\"u{n:02}\",\"name\":\"N{n}\"}}\n")).collect();
    let written = ask_with(&server, "users write", &records).await;
    assert_eq!(written.lines()[..2], ["ID   RESULT", "u00  created"]);
    let again = ask_with(&server, "users write --json", &records).await;
    assert!(again.lines().iter().all(|line| line.contains("unchanged")), "{}", again.out);
    let refused = ask_with(&server, "users write", "{\"id\":\"a:b\"}\n{\"id\":\"fine\"}\n").await;
    assert_eq!(refused.code, 1, "{}", refused.err);
    assert!(refused.out.contains("refused") && refused.out.contains("created"), "{}", refused.out);
    ask_with(&server, "users write", "{\"name\":\"nobody\"}\n").await.fails(2, &["line 1", "id"]);

    let first = ask(&server, "users list --limit 10 --json").await.json();
    assert_eq!(first["data"].as_array().unwrap().len(), 10);
    let next = first["next"].as_str().unwrap();
    let second = ask(&server, &format!("users list --limit 10 --page {next} --json")).await.json();
    assert_eq!(second["data"][0]["id"], "u09", "after fine and u00 to u08");
    let prev = second["prev"].as_str().unwrap();
    let before = ask(&server, &format!("users list --limit 10 --before {prev} --json")).await.json();
    assert_eq!(before["data"], first["data"]);
    let all = ask(&server, "users list --limit 10 --all --json").await;
    let sizes: Vec<usize> = all
        .lines()
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["data"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [10, 10, 6], "a document a page");
    let people = ask(&server, "users list --limit 10 --count").await;
    let lines = people.lines();
    assert_eq!(lines[11], "26 in all");
    assert!(lines[12].starts_with("the next page: --page "), "{lines:?}");
}

#[tokio::test]
async fn channels_are_set_shown_listed_and_removed() {
    let server = TestServer::start().await;
    ask(&server, "channels set lobby --name Lobby --description 'Where all meet'").await.lines();
    assert_eq!(
        ask(&server, "channels list").await.lines(),
        ["ID     NAME   DESCRIPTION", "lobby  Lobby  Where all meet"]
    );
    let lobby = json!({"id": "lobby", "name": "Lobby", "description": "Where all meet"});
    assert_eq!(settled(&ask(&server, "channels get lobby --json").await), lobby);
    ask_with(&server, "channels write", "{\"id\":\"hall\",\"description\":\"Long\"}\n").await.lines();
    assert_eq!(ask(&server, "channels remove lobby --json").await.json(), json!({"removed": "lobby"}));
    assert_eq!(ask(&server, "channels list").await.lines(), ["ID    DESCRIPTION", "hall  Long"]);
    assert_eq!(ask(&server, "channels remove hall").await.lines(), ["removed hall"]);
    assert_eq!(ask(&server, "channels list").await.lines(), ["none"]);
}

#[tokio::test]
async fn memberships_are_the_same_from_either_end() {
    let server = TestServer::start().await;
    ask(&server, "channels set lobby --name Lobby").await.lines();
    ask(&server, "users set max --name Max").await.lines();
    let set = r#"memberships set max lobby {"id":"hall","custom":{"role":"guest"},"status":"old"} --status new --type member"#;
    assert_eq!(
        ask(&server, set).await.lines(),
        ["ID     TYPE    STATUS  CUSTOM", r#"hall   member  old     {"role":"guest"}"#, "lobby  member  new"]
    );
    let listed = settled(&ask(&server, "memberships list max --include channel,status --count --json").await);
    assert_eq!(
        listed,
        json!({"total_count": 2, "data": [
            {"channel": {"id": "hall"}, "status": "old"},
            {"channel": {"id": "lobby", "name": "Lobby", "description": null}, "status": "new"},
        ]})
    );
    assert_eq!(
        ask(&server, "members list lobby --include user,type").await.lines(),
        ["ID   NAME  TYPE", "max  Max   member"]
    );
    assert_eq!(
        ask(&server, "members manage lobby --set ann --remove max").await.lines(),
        ["ID", "ann"],
        "the page of what there is then"
    );
    assert_eq!(ask(&server, "members set lobby eve --filter 'uuid.id == \"eve\"'").await.lines(), ["ID", "eve"]);
    assert_eq!(ask(&server, "members remove lobby ann eve").await.lines(), ["none"]);
    assert_eq!(ask(&server, "memberships remove max hall").await.lines(), ["none"]);
    assert_eq!(ask(&server, "memberships list").await.lines(), ["none"], "of the user who asks");
    ask(&server, "members list").await.fails(2, &["channel"]);
    ask(&server, r#"members set lobby {"id":"ann","rle":1}"#).await.fails(2, &["rle"]);
}
