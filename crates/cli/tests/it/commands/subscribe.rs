//! `subscribe`: what it shows, and that it leaves.

use std::process::Stdio;

use serde_json::{Value, json};
use testkit::{OPEN, TestServer, eventually, soon};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

use super::{ask, ask_guarded, asking, words};

/// A subscriber at work, which is present.
struct Following {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Following {
    async fn start(server: &TestServer, line: &str) -> Self {
        let mut command = asking(server, OPEN);
        let mut child = command.args(words(line)).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let parked = async || (server.metric("hereabouts_parked_polls").await > 0.0).then_some(());
        eventually("the subscriber waits", parked).await;
        Self { child, lines }
    }

    async fn next(&mut self) -> String {
        soon("a line", self.lines.next_line()).await.unwrap().unwrap()
    }

    /// The next document that is no status.
    async fn next_event(&mut self) -> Value {
        loop {
            let event: Value = serde_json::from_str(&self.next().await).unwrap();
            if event["event"] != "status" {
                return event;
            }
        }
    }

    /// Ends it by a signal, and returns its exit code.
    async fn end(mut self, signal: &str) -> Option<i32> {
        let id = self.child.id().unwrap().to_string();
        tokio::process::Command::new("kill").args([format!("-{signal}"), id]).status().await.unwrap();
        soon("it ends", self.child.wait()).await.unwrap().code()
    }
}

#[tokio::test]
async fn messages_signals_and_changes_are_shown_as_they_come() {
    let server = TestServer::start().await;
    let mut following = Following::start(&server, "subscribe lobby --json").await;
    ask(&server, r#"publish lobby {"n":1} --user bob --meta {"m":1} --message-type note"#).await.lines();
    ask(&server, "signal lobby 2").await.lines();
    ask(&server, "channels set lobby --name Lobby").await.lines();
    let mut message = following.next_event().await;
    assert!(message["timetoken"].take().as_str().unwrap().parse::<u64>().unwrap() > 0);
    assert_eq!(
        message,
        json!({"event": "message", "channel": "lobby", "subscription": "lobby", "timetoken": null, "publisher": "bob",
               "message": {"n": 1}, "meta": {"m": 1}, "message_type": "note"})
    );
    let signal = following.next_event().await;
    assert_eq!((&signal["event"], &signal["message"]), (&json!("signal"), &json!(2)));
    let object = following.next_event().await;
    assert_eq!(
        (&object["event"], &object["change"]["event"], &object["change"]["type"], &object["change"]["data"]["name"]),
        (&json!("object"), &json!("set"), &json!("channel"), &json!("Lobby"))
    );
    assert_eq!(following.end("INT").await, Some(0));
}

#[tokio::test]
async fn groups_patterns_presence_and_filters_are_followed_too() {
    let server = TestServer::start().await;
    ask(&server, "group add house kitchen").await.lines();
    let line = "subscribe room.* --group house --presence --filter 'meta.loud != true' --json --user eve";
    let mut following = Following::start(&server, line).await;
    ask(&server, "publish room.1 1 --meta {\"loud\":true}").await.lines();
    ask(&server, "publish room.2 2").await.lines();
    ask(&server, "publish kitchen 3").await.lines();
    let mut messages = Vec::new();
    while messages.len() < 2 {
        let event = following.next_event().await;
        if event["event"] == "message" {
            messages.push((event["channel"].clone(), event["subscription"].clone(), event["message"].clone()));
        }
    }
    assert_eq!(messages, [(json!("room.2"), json!("room.*"), json!(2)), (json!("kitchen"), json!("house"), json!(3))]);
    ask(&server, "heartbeat kitchen --user bob").await.lines();
    loop {
        let event = following.next_event().await;
        if event["event"] == "presence" && event["user"] == "bob" {
            assert_eq!((&event["action"], &event["channel"]), (&json!("join"), &json!("kitchen")));
            break;
        }
    }
    assert_eq!(following.end("TERM").await, Some(0));
}

#[tokio::test]
async fn ctrl_c_leaves() {
    let server = TestServer::start().await;
    let following = Following::start(&server, "subscribe lobby --state {\"mood\":\"fine\"}").await;
    eventually("the state is set", async || {
        (ask(&server, "here-now lobby --state").await.out.contains("fine")).then_some(())
    })
    .await;
    assert_eq!(following.end("INT").await, Some(0));
    assert_eq!(ask(&server, "here-now lobby").await.lines(), ["nobody is here"], "without waiting for a timeout");
}

#[tokio::test]
async fn people_read_when_where_who_and_what() {
    let server = TestServer::start().await;
    let before = server.get("/v2/subscribe/sub/lobby/0?tt=0").await.timetoken();
    ask(&server, r#"publish lobby "hi" --user bob"#).await.lines();
    let said = ask(&server, &format!("subscribe lobby --from {before} --limit 1")).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let (when, rest) = said.out.trim_end().split_once(' ').unwrap();
    assert!(when.ends_with('Z') && when.len() == 20, "{when}");
    assert_eq!(rest, "lobby bob \"hi\"");
    assert!(said.err.contains("Connected"), "{}", said.err);
}

#[tokio::test]
async fn people_read_of_signals_and_of_what_changed_in_words() {
    let server = TestServer::start().await;
    let before = server.get("/v2/subscribe/sub/lobby/0?tt=0").await.timetoken();
    ask(&server, "signal lobby 7 --user bob").await.lines();
    ask(&server, "channels set lobby --name Lobby").await.lines();
    ask(&server, "members set lobby bob").await.lines();
    ask(&server, "users set bob --custom {\"a\":1}").await.lines();
    ask(&server, "members remove lobby bob").await.lines();
    let said = ask(&server, &format!("subscribe lobby --from {before} --limit 5")).await;
    let lines: Vec<&str> = said.out.lines().map(|line| line.split_once(' ').unwrap().1).collect();
    let expected = [
        "lobby bob signal 7",
        "lobby - set channel lobby {\"name\":\"Lobby\"}",
        "lobby bob set membership of lobby",
        "lobby bob set user {\"custom\":{\"a\":1}}",
        "lobby bob removed membership of lobby",
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn what_may_not_be_followed_ends_it() {
    let server = TestServer::start().await;
    let said = ask_guarded(&server, [], "subscribe lobby").await;
    assert_eq!(said.code, 1);
    assert!(said.err.contains("AccessDenied") && said.err.contains("--token"), "{}", said.err);
    ask(&server, "subscribe a/b").await.fails(2, &["a/b"]);
}
