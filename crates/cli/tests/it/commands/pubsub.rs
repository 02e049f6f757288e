//! `publish`, `signal`, `fire`, `time`.

use serde_json::Value;
use testkit::TestServer;

use super::{ask, ask_with};

/// What a subscriber receives that was there before.
async fn received(server: &TestServer, since: u64) -> Vec<Value> {
    server.get(&format!("/v2/subscribe/sub/lobby/0?tt={since}")).await.payloads()
}

#[tokio::test]
async fn messages_come_from_the_command_line_or_from_standard_input() {
    let server = TestServer::start().await;
    let start = server.get("/v2/subscribe/sub/lobby/0?tt=0").await.timetoken();
    let sent = ask(&server, r#"publish lobby {"n":1} --meta {"language":"en"} --message-type note"#).await;
    let timetoken = sent.lines()[0].strip_prefix("sent at ").unwrap().to_owned();
    assert!(timetoken.parse::<u64>().unwrap() > start);
    assert_eq!(ask(&server, "publish lobby 2 --json").await.json()["channel"], "lobby");
    ask(&server, "publish lobby hi --text").await.lines();
    ask(&server, "publish lobby -3").await.lines();
    ask_with(&server, "publish lobby", "[4]\n").await.lines();
    assert_eq!(ask_with(&server, "publish lobby --lines", "5\n6\n").await.lines().len(), 2);
    let long = format!("\"{}\"", "x".repeat(20_000));
    ask_with(&server, "publish lobby", &long).await.lines();
    ask(&server, r#"signal lobby "typing""#).await.lines();
    ask(&server, "fire lobby 7").await.lines();

    let texts: Vec<String> = received(&server, start).await.iter().map(Value::to_string).collect();
    let expected = [r#"{"n":1}"#, "2", r#""hi""#, "-3", "[4]", "5", "6", &long, r#""typing""#];
    assert_eq!(texts, expected, "and nobody received what was fired");
}

#[tokio::test]
async fn what_is_no_message_is_said_and_not_sent() {
    let server = TestServer::start().await;
    ask(&server, "publish lobby hello").await.fails(2, &["no JSON", "--text"]);
    ask_with(&server, "publish lobby --lines", "nothing\n").await.fails(2, &["no JSON"]);
    let long = format!("signal lobby '\"{}\"'", "x".repeat(100));
    ask(&server, &long).await.fails(1, &["signal:", "too large"]);
}

#[tokio::test]
async fn the_time_is_that_of_the_server() {
    let server = TestServer::start().await;
    let [now, json] = [ask(&server, "time").await, ask(&server, "time --json").await];
    let now: u64 = now.lines()[0].parse().unwrap();
    assert!(json.json()["timetoken"].as_str().unwrap().parse::<u64>().unwrap() > now);
}
