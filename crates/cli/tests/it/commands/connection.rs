//! Where the settings of a connection come from, and what is said when one is missing or wrong.

use std::net::TcpListener;

use testkit::{OPEN, TestServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Said, ask, asking, said, words};
use crate::program::command;

/// A command in an environment without any of our settings, in a home of its own.
async fn alone(home: &std::path::Path, line: &str) -> Said {
    let mut command = command(&[]);
    command.env("HOME", home).args(words(line));
    said(command).await
}

#[tokio::test]
async fn options_are_over_variables_over_a_profile() {
    let server = TestServer::start().await;
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".config/hereabouts");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("secret"), "guarded-secret\n").unwrap();
    let origin = format!("http://{}", server.address());
    let profiles = format!(
        "[default]\norigin = \"{origin}\"\nsubscribe_key = \"sub\"\nuser = \"default-user\"\n\
         [guarded]\norigin = \"{origin}\"\nsubscribe_key = \"guarded-sub\"\npublish_key = \"guarded-pub\"\nsecret_key = \"@secret\"\n"
    );
    std::fs::write(folder.join("profiles.toml"), profiles).unwrap();

    alone(home.path(), "heartbeat lobby").await.lines();
    alone(home.path(), "heartbeat lobby --user option-user").await.lines();
    let mut variable = command(&[]);
    variable.env("HOME", home.path()).env("HEREABOUTS_USER", "variable-user").args(["heartbeat", "lobby"]);
    said(variable).await.lines();
    assert_eq!(
        alone(home.path(), "here-now lobby").await.lines(),
        [
            "CHANNEL  HERE  USER",
            "lobby    3     default-user",
            "               option-user",
            "               variable-user"
        ]
    );
    alone(home.path(), "publish lobby 1 --profile guarded").await.lines();
    alone(home.path(), "publish lobby 1").await.fails(2, &["publish key", "HEREABOUTS_"]);
    alone(home.path(), "time --profile gaurded").await.fails(2, &["gaurded", "guarded"]);
    alone(home.path(), "time --profiles nowhere.toml").await.fails(2, &["nowhere.toml"]);
}

#[tokio::test]
async fn the_server_passes_over_the_variables_of_the_commands() {
    let place = tempfile::tempdir().unwrap();
    let mut command = command(&[]);
    command
        .env("HEREABOUTS_ORIGIN", "http://elsewhere:1")
        .env("HEREABOUTS_TOKEN", "p0F2")
        .env("HEREABOUTS_USER", "ann");
    crate::program::Running::from(command, place.path()).await.ask("/time/0").await;
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_said_with_what_to_do() {
    let server = TestServer::start().await;
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let home = tempfile::tempdir().unwrap();
    for (line, words) in [
        ("here-now --origin http://127.0.0.1:1", &["subscribe key", "--subscribe-key", "HEREABOUTS_SUBSCRIBE_KEY"][..]),
        ("here-now --origin ftp://x --subscribe-key s", &["origin", "http"]),
        ("here-now --origin http://x/path --subscribe-key s", &["origin", "host and port"]),
        ("heartbeat lobby --subscribe-key s", &["user", "--help"]),
        ("publish lobby 1 --subscribe-key s", &["publish key"]),
        ("time --token @nowhere", &["token", "nowhere"]),
    ] {
        let said = alone(home.path(), line).await;
        said.fails(2, words);
        assert!(!said.err.contains("127.0.0.1:7700"), "where it was to go does not matter: {}", said.err);
    }
    let away = format!("time --origin http://{free} --subscribe-key s");
    alone(home.path(), &away).await.fails(1, &["time:", &free.to_string(), "--origin"]);
    ask(&server, "here-now lobby --subscribe-key none").await.fails(1, &["here_now", "400"]);
}

#[tokio::test]
async fn what_is_asked_wrongly_is_answered_with_the_usage() {
    let home = tempfile::tempdir().unwrap();
    for line in
        ["here-nwo", "state set nonsense lobby", "users list --limit 1000", "heartbeat", "users", "here-now --every 5"]
    {
        let said = alone(home.path(), line).await;
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{line}");
        assert!(said.err.starts_with("error: ") || said.err.contains("Usage: "), "{line}: {}", said.err);
    }
}

#[tokio::test]
async fn a_token_is_never_shown_in_help_and_colours_are_for_terminals() {
    let server = TestServer::start().await;
    let mut help = asking(&server, OPEN);
    help.env("HEREABOUTS_TOKEN", "very-private")
        .env("HEREABOUTS_SECRET_KEY", "very-private")
        .args(["here-now", "--help"]);
    let help = said(help).await;
    assert!(help.out.contains("HEREABOUTS_TOKEN") && !help.out.contains("very-private"), "{}", help.out);
    let listed = ask(&server, "here-now").await;
    assert!(!listed.out.contains('\u{1b}'), "{}", listed.out);
}

/// A server of something else, which answers everything with this.
async fn something_else(answer: &'static str) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    format!("time --origin http://{address} --subscribe-key s")
}

#[tokio::test]
async fn what_answers_and_is_no_such_server_is_recognised() {
    let home = tempfile::tempdir().unwrap();
    let page = "HTTP/1.1 200 OK\r\ncontent-length: 13\r\nconnection: close\r\n\r\n<html></html>";
    alone(home.path(), &something_else(page).await).await.fails(1, &["time:", "--origin"]);
    let elsewhere =
        "HTTP/1.1 301 Moved\r\nlocation: http://example.org/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    alone(home.path(), &something_else(elsewhere).await).await.fails(1, &["time:", "redirect"]);
    let busy = "HTTP/1.1 503 Busy\r\nretry-after: 5\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    alone(home.path(), &something_else(busy).await).await.fails(1, &["time:", "503", "again"]);
}

#[tokio::test]
async fn the_proxy_of_the_environment_is_asked() {
    let home = tempfile::tempdir().unwrap();
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 19\r\nconnection: close\r\n\r\n[17000000000000000]";
    let proxy = something_else(answer).await;
    let address = proxy.split(' ').nth(2).unwrap();
    let mut command = command(&[]);
    command.env("HOME", home.path()).env("http_proxy", address);
    command.args(words("time --json --origin http://no-such-host.invalid --subscribe-key s"));
    assert_eq!(said(command).await.json()["timetoken"], "17000000000000000");
}
