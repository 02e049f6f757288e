//! Every example of the documents, in each of the three ways, against a real server: what they say is what they must say.

use std::collections::BTreeMap;

use hereabouts::{Client, Config};
use serde_json::json;
use testkit::{OPEN, TestServer};

use crate::run::{Example, Run, Way};

#[path = "../../examples/app_context/all.rs"]
mod app_context;
#[path = "../../examples/presence/all.rs"]
mod presence;

/// The user of the documents.
const OWN: &str = "my_custom_user_id";

fn config(server: &TestServer, user: &str) -> Config {
    Config::new(OPEN.subscribe).publish_key(OPEN.publish).user(user).origin(format!("http://{}", server.address()))
}

/// Runs every example of a document in the order of the table, and compares what it says.
async fn check(examples: &[Example], expected: &[(&str, &str)], prepare: impl AsyncFn(&TestServer)) {
    let by_name: BTreeMap<_, _> = examples.iter().copied().collect();
    let named: Vec<_> = expected.iter().map(|(name, _)| *name).collect();
    assert!(by_name.keys().all(|name| named.contains(name)), "{:?} are not all in the table", by_name.keys());
    for way in Way::ALL {
        let server = TestServer::start().await;
        prepare(&server).await;
        let run = Run::new(config(&server, OWN), way).unwrap();
        for (name, expected) in expected {
            let text = by_name[name](&run).await.unwrap_or_else(|error| panic!("{name} by {way:?}: {error}"));
            let text = text.strip_prefix("TT: 1").map_or(text.as_str(), |digits| {
                assert!(digits.len() == 16 && digits.bytes().all(|digit| digit.is_ascii_digit()), "{text}");
                "TT: …"
            });
            assert_eq!(text, *expected, "{name} by {way:?}");
        }
    }
}

#[tokio::test]
async fn the_examples_of_the_presence_documents_say_who_is_here() {
    let age = r#"{"age": Number(20)}"#;
    let typing = r#"{"is_typing": Bool(true)}"#;
    let table = [
        ("here_now", "1 channels, 1 occupants\nmy_channel: 1\n  ann None"),
        (
            "here_now_state",
            "1 channels, 1 occupants\nmy_channel: 1\n  ann Some({\"abcd\": Object {\"age\": Number(15)}})",
        ),
        ("here_now_occupancy", "1 channels, 1 occupants\nmy_channel: 1"),
        ("here_now_query_param", "1 channels, 1 occupants\nmy_channel: 1\n  ann None"),
        ("here_now_several", "2 channels, 2 occupants\ncool_channel1: 1\n  bob None\ncool_channel2: 1\n  cho None"),
        ("here_now_groups", "1 channels, 1 occupants\ng1: 1\n  dan None"),
        (
            "here_now_everywhere",
            "6 channels, 6 occupants\ncool_channel1: 1\n  bob None\ncool_channel2: 1\n  cho None\ng1: 1\n  dan None\n\
             home: 1\n  my_custom_user_id None\nmy_channel: 1\n  ann None\nthere: 1\n  some-other-uuid None",
        ),
        (
            "here_now_everywhere_occupancy",
            "6 channels, 6 occupants\ncool_channel1: 1\ncool_channel2: 1\ng1: 1\nhome: 1\nmy_channel: 1\nthere: 1",
        ),
        ("where_now", "home"),
        ("where_now_other", "there"),
        ("presence_connected", "present"),
        ("where_now", "home\nmg1\nmy-channel"),
        ("presence_disconnected", "gone"),
        ("where_now", "home"),
        ("set_state", age),
        ("set_state_groups", age),
        ("set_state_both", age),
        ("set_state_typing", typing),
        ("get_state", "ch1: {\"age\": Number(20)}\nch2: {}\nch3: {}"),
        ("get_state_groups", "ch1: {}\nch2: {}\nch3: {}\ng1: {\"age\": Number(30)}\ng2: {}"),
        ("get_state_on_change", "ch1: {\"is_typing\": Bool(true)}"),
        ("publish", "TT: …"),
    ];
    check(presence::EXAMPLES, &table, async |server| {
        let client = |user| Client::new(config(server, user)).unwrap();
        for (user, channel) in [
            ("bob", "cool_channel1"),
            ("cho", "cool_channel2"),
            ("dan", "g1"),
            (OWN, "home"),
            ("some-other-uuid", "there"),
        ] {
            client(user).heartbeat().channels(channel).await.unwrap();
        }
        let here = client("ann").heartbeat().channels("my_channel");
        here.state(json!({"my_channel": {"abcd": {"age": 15}}})).await.unwrap();
        for (group, channels) in [("cg1", "g1"), ("cg2", "g2"), ("cg3", "g1,g2"), ("gr1", "r1"), ("gr2", "r2")] {
            client(OWN).add_channel_to_channel_group().channel_group(group).channels(channels).await.unwrap();
        }
        client(OWN).add_channel_to_channel_group().channel_group("my-channel-group").channels("mg1").await.unwrap();
        client("such_uuid").set_state().channels("ch1").state(json!({"age": 20})).await.unwrap();
        client("suchUUID").set_state().channels("g1").state(json!({"age": 30})).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn the_examples_of_the_app_context_document_say_who_they_are() {
    let values = r#"Some({"key1": String("val1"), "key2": String("val2")})"#;
    let three = r#"Some({"key1": String("val1"), "key2": String("val2"), "key3": String("val3")})"#;
    let joined = r#"Some({"key5": String("val1"), "key6": String("val2")})"#;
    let set_user = format!(r#"Some UUID Some("Some Name") Some("test@example.com") {values}"#);
    let set_channel = format!(r#"channel id Some("Channel Name") Some("Description") {values}"#);
    let all_users = format!("Some(2) in all\n{OWN} Some(\"Me\") None\nSome UUID Some(\"Some Name\") {values}");
    let all_channels =
        format!("Some(2) in all\nchannel Some(\"A channel\") None\nchannel id Some(\"Channel Name\") {three}");
    let both_channels = format!(
        "status 200\nsomechannel Some(\"some name\") None\nsomechannel_with_custom Some(\"some name with custom\") {joined}"
    );
    let both_users = format!(
        "status 200\nsome_uuid Some(\"some name\") None\nsome_uuid_with_custom Some(\"some name with custom\") {joined}"
    );
    let table = [
        ("set_uuid_metadata", set_user.as_str()),
        ("set_channel_metadata", &set_channel),
        ("update_channel_metadata", three),
        ("get_uuid_metadata", "my_custom_user_id Some(\"Me\") None"),
        ("get_channel_metadata", "channel Some(\"A channel\") None"),
        ("get_all_uuid_metadata", &all_users),
        ("get_all_channel_metadata", &all_channels),
        ("get_memberships", "status 200\nchannel Some(\"A channel\") None"),
        ("set_memberships", &both_channels),
        ("manage_memberships", "status 200\nsomechannel Some(\"some name\") None"),
        ("remove_memberships", "status 200"),
        ("get_channel_members", "status 200\nSome UUID Some(\"Some Name\") None"),
        ("set_channel_members", &both_users),
        ("manage_channel_members", "status 200\nsome_uuid Some(\"some name\") None"),
        ("remove_channel_members", "status 200"),
        ("remove_uuid_metadata", "status 200"),
        ("remove_channel_metadata", "status 200"),
    ];
    check(app_context::EXAMPLES, &table, async |server| {
        let client = Client::new(config(server, OWN)).unwrap();
        client.set_user_metadata().set_name("Me").await.unwrap();
        client.set_channel_metadata().channel("channel").set_name("A channel").await.unwrap();
        let member = hereabouts::calls::context::ChannelMemberEntry::user("Some UUID");
        client.set_channel_members().channel("channel").users([member]).await.unwrap();
    })
    .await;
}
