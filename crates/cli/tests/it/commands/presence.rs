//! `here-now`, `where-now`, `state`, `heartbeat`, `leave`.

use std::process::Stdio;

use serde_json::json;
use testkit::{OPEN, TestServer, eventually, soon};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{ask, asking};

#[tokio::test]
async fn who_is_here_and_where_and_what_they_say_of_themselves() {
    let server = TestServer::start().await;
    assert_eq!(ask(&server, "here-now lobby").await.lines(), ["nobody is here"]);
    assert_eq!(ask(&server, "where-now").await.lines(), ["nowhere"]);
    assert_eq!(ask(&server, "heartbeat lobby kitchen").await.lines(), ["present for 300 s"]);
    assert_eq!(ask(&server, "heartbeat lobby --user bob").await.lines(), ["present for 300 s"]);
    assert_eq!(ask(&server, r#"state set {"mood":"fine"} lobby"#).await.lines(), [r#"{"mood":"fine"}"#]);
    assert_eq!(ask(&server, "state get lobby").await.lines(), ["CHANNEL  STATE", r#"lobby    {"mood":"fine"}"#]);
    assert_eq!(ask(&server, "state get lobby --json").await.json(), json!({"channels": {"lobby": {"mood": "fine"}}}));
    assert_eq!(
        ask(&server, "here-now lobby,kitchen --state").await.lines(),
        [
            "CHANNEL  HERE  USER  STATE",
            "kitchen  1     ann",
            r#"lobby    2     ann   {"mood":"fine"}"#,
            "               bob"
        ]
    );
    assert_eq!(
        ask(&server, "here-now lobby --limit 1 --json").await.json(),
        json!({"total_channels": 1, "total_occupancy": 2, "next_offset": 1,
               "channels": [{"channel": "lobby", "occupancy": 2, "occupants": [{"user": "ann"}]}]})
    );
    assert_eq!(ask(&server, "here-now --count").await.lines(), ["CHANNEL  HERE", "kitchen  1", "lobby    2"]);
    assert_eq!(ask(&server, "where-now ann").await.lines(), ["kitchen", "lobby"]);
    assert_eq!(ask(&server, "where-now bob --json").await.json(), json!({"channels": ["lobby"]}));
    assert_eq!(ask(&server, "where-now --among lobby --json").await.json(), json!({"channels": ["lobby"]}));

    assert_eq!(ask(&server, "leave lobby").await.lines(), ["left"]);
    assert_eq!(ask(&server, "where-now").await.lines(), ["kitchen"]);
}

#[tokio::test]
async fn names_of_others_cannot_move_the_cursor() {
    let server = TestServer::start().await;
    server.ask("/v2/presence/sub-key/sub/channel/lobby/heartbeat?uuid=%1b%5b2Jeve").await;
    assert_eq!(ask(&server, "here-now lobby").await.lines(), ["CHANNEL  HERE  USER", "lobby    1     \\u{1b}[2Jeve"]);
    let said = ask(&server, "here-now lobby --json").await;
    assert_eq!(said.json()["channels"][0]["occupants"][0]["user"], "\u{1b}[2Jeve");
    assert!(said.out.contains("\\u001b") && !said.out.contains('\u{1b}'));
}

#[tokio::test]
async fn watching_prints_each_change_until_it_is_ended() {
    let server = TestServer::start().await;
    let mut command = asking(&server, OPEN);
    let mut child =
        command.args(["here-now", "lobby", "--watch", "--every", "0.1"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = async || soon("a line", lines.next_line()).await.unwrap().unwrap();
    assert_eq!(next().await, "nobody is here");
    ask(&server, "heartbeat lobby").await.lines();
    assert_eq!([next().await, next().await], ["CHANNEL  HERE  USER", "lobby    1     ann"]);
    ask(&server, "leave lobby").await.lines();
    assert_eq!(next().await, "nobody is here");

    let id = child.id().unwrap().to_string();
    tokio::process::Command::new("kill").args(["-INT", &id]).status().await.unwrap();
    assert!(soon("it ends", child.wait()).await.unwrap().success());
}

#[tokio::test]
async fn a_reader_that_has_enough_ends_it_quietly() {
    let server = TestServer::start().await;
    let mut command = asking(&server, OPEN);
    let mut child = command.args(["here-now", "--watch", "--every", "0.1"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    eventually("a change is printed to nobody", async || {
        ask(&server, "heartbeat lobby").await.lines();
        ask(&server, "leave lobby").await.lines();
        child.try_wait().unwrap()
    })
    .await;
    let output = child.wait_with_output().await.unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
