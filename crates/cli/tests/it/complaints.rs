//! What cannot work is said in one sentence, and the program ends with a failure.

use std::net::TcpListener;
use std::path::Path;
use std::process::Output;

use crate::program::{Running, command, run};
use testkit::soon;

/// The program ended with a failure, and said one sentence that holds all of the words.
fn check(output: &Output, words: &[&str]) {
    let (told, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!output.status.success() && told.is_empty(), "{told} {said}");
    assert!(said.starts_with("hereabouts: ") && said.lines().count() == 1, "not one sentence: {said}");
    for word in words {
        assert!(said.contains(word), "{word} is not in: {said}");
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn a_setting_that_nobody_knows_is_refused_with_the_nearest_known_name() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("hereabouts.toml");
    for (settings, words) in [
        ("presence.anounce_max = 5", &["anounce_max", "announce_max"][..]),
        ("[egde]\nlean = true", &["egde", "edge"]),
        ("edge.idle_seconds = 0", &["idle_seconds", "1", "3600"]),
        ("edge.idle_seconds = \"long\"", &["idle_seconds"]),
        ("edge.idle_seconds", &["hereabouts.toml"]),
        ("[[keyset]]\nname = \"chat\"", &["subscribe_key"]),
    ] {
        std::fs::write(&file, settings).unwrap();
        check(&run(["serve", "--config", text(&file)]).await, words);
    }
    check(&run(["serve", "--config", "nowhere.toml"]).await, &["nowhere.toml"]);
}

#[tokio::test]
async fn a_variable_that_nobody_knows_is_refused_as_well() {
    let mut serve = command(&[]);
    let serve = serve.arg("serve").env("HEREABOUTS_EGDE__LEAN", "true");
    check(
        &soon("the program ends", serve.output()).await.unwrap(),
        &["HEREABOUTS_EGDE__LEAN", "HEREABOUTS_EDGE__LEAN"],
    );
}

#[tokio::test]
async fn a_flag_that_nobody_knows_is_refused_with_the_usage() {
    for arguments in [&["serve", "--lisen", "127.0.0.1:0"][..], &["server"], &[]] {
        let output = run(arguments).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains("Usage: hereabouts"), "{arguments:?}: {said}");
    }
}

#[tokio::test]
async fn an_address_that_cannot_be_listened_on_is_named() {
    let place = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (listen, words) in [
        (address.as_str(), &["cannot listen on", address.as_str(), "--listen"][..]),
        ("localhost", &["--listen", "localhost", "127.0.0.1:7700"]),
        ("203.0.113.1:7700", &["cannot listen on", "203.0.113.1:7700"]),
    ] {
        check(&run(["serve", "--listen", listen, "--data", text(place.path())]).await, words);
    }
}

#[tokio::test]
async fn a_second_server_on_the_same_data_is_refused_and_the_first_one_does_not_mind() {
    let place = tempfile::tempdir().unwrap();
    let first = Running::on(place.path()).await;
    let data = text(place.path());
    check(&run(["serve", "--listen", "127.0.0.1:0", "--data", data]).await, &[data, "another"]);
    first.ask("/time/0").await;
    assert!(first.terminate("TERM").await.success());
    Running::on(place.path()).await.ask("/time/0").await;
}

#[tokio::test]
async fn data_that_cannot_be_kept_is_said_with_its_place() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    std::fs::write(&file, "").unwrap();
    for data in [file.clone(), file.join("below")] {
        check(&run(["serve", "--listen", "127.0.0.1:0", "--data", text(&data)]).await, &[text(&data)]);
    }
}

#[tokio::test]
async fn a_database_that_is_not_there_is_named_without_its_password() {
    let place = tempfile::tempdir().unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let there = format!("postgres://ann:very-private@{free}/chat");
    for (address, words) in [
        (there.as_str(), &[&free.to_string(), "database"][..]),
        ("mysql://ann:very-private@localhost/chat", &["--database", "postgres://"]),
        ("postgres://ann:very-private@localhost:port/chat", &["postgres://"]),
    ] {
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--data", text(place.path()), "--database", address];
        let output = run(arguments).await;
        check(&output, words);
        assert!(!String::from_utf8_lossy(&output.stderr).contains("very-private"), "{address}");
    }
}
