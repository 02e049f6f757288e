//! `hereabouts keyset` beside a server that runs.

use std::fs::File;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::{Value, json};
use testkit::soon;

use crate::program::{Running, command, run};

async fn keyset(data: &Path, arguments: &[&str]) -> Output {
    let arguments = [&["keyset"], arguments, &["--data", data.to_str().unwrap()]].concat();
    run(arguments).await
}

/// What it prints for programs, when it succeeds.
async fn told(data: &Path, arguments: &[&str]) -> Value {
    let output = keyset(data, &[arguments, &["--json"]].concat()).await;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The one sentence that it fails with.
async fn refused(data: &Path, arguments: &[&str]) -> String {
    let output = keyset(data, arguments).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len(), said.lines().count()), (Some(1), 0, 1), "{said}");
    said.trim_end().strip_prefix("hereabouts: ").unwrap().to_owned()
}

async fn here_now(server: &Running, key: &str) -> u16 {
    server.get(&format!("/v2/presence/sub-key/{key}/channel/room")).await.status
}

#[tokio::test]
async fn a_key_set_is_added_listed_rotated_and_removed_while_the_server_runs_and_kept_over_a_restart() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path();
    let server = Running::on(data).await;
    assert_eq!(here_now(&server, "demo").await, 200);
    let added = told(data, &["add", "chat", "--access-manager", "--set", "presence.announce_max=7"]).await;
    let text = |name: &str| added[name].as_str().unwrap().to_owned();
    let (subscribe, secret) = (text("subscribe_key"), text("secret_key"));
    assert!(subscribe.starts_with("sub-") && text("publish_key").starts_with("pub-") && secret.starts_with("sec-"));
    assert_eq!((here_now(&server, &subscribe).await, here_now(&server, "demo").await), (403, 400));

    let list = told(data, &["list"]).await;
    assert_eq!(list["keysets"].as_array().unwrap().len(), 1);
    assert_eq!(list["keysets"][0]["settings"], json!({"presence": {"announce_max": 7}}));
    assert!(!list.to_string().contains(&secret));
    let shown = keyset(data, &["list"]).await.stdout;
    let shown = String::from_utf8(shown).unwrap();
    assert!(
        shown.starts_with("NAME  SUBSCRIBE KEY") && shown.contains(&subscribe) && !shown.contains(&secret),
        "{shown}"
    );

    let changed = told(data, &["set", "chat", "presence.announce_max=9", "groups=false"]).await;
    assert_eq!(changed["settings"], json!({"presence": {"announce_max": 9}, "groups": false}));
    let shown = keyset(data, &["set", "chat", "groups=null"]).await.stdout;
    let shown = String::from_utf8(shown).unwrap();
    assert_eq!(shown, "changed chat\naccess_manager=true\npresence.announce_max=9\n");

    let rotated = told(data, &["rotate", "chat", "--keep-old", "3600"]).await;
    assert_ne!(rotated["secret_key"], secret);
    assert_eq!(rotated["secrets"].as_array().unwrap().len(), 2);

    assert!(server.terminate("TERM").await.success());
    assert!(refused(data, &["list"]).await.contains("no server with an admin API runs on the data folder"));
    let server = Running::on(data).await;
    assert_eq!((here_now(&server, &subscribe).await, here_now(&server, "demo").await), (403, 400));
    assert_eq!(told(data, &["list"]).await["keysets"][0]["secrets"], rotated["secrets"]);

    assert_eq!(told(data, &["remove", "chat"]).await["data"], "kept");
    assert_eq!(here_now(&server, &subscribe).await, 400);
    assert_eq!(refused(data, &["remove", "chat"]).await, "no key set that is stored has the name chat");
    assert_eq!(told(data, &["list"]).await["keysets"], json!([]));
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    let place = tempfile::tempdir().unwrap();
    let server = Running::on(place.path()).await;
    let added = told(place.path(), &["add", "chat", "--subscribe-key", "sub-mine"]).await;
    assert_eq!(added["subscribe_key"], "sub-mine");
    server.kill().await.unwrap();
    // The address of the dead one is still written there.
    assert!(refused(place.path(), &["list"]).await.contains("is it running?"));
    let server = Running::on(place.path()).await;
    assert_eq!(here_now(&server, "sub-mine").await, 200);
}

#[tokio::test]
async fn what_cannot_be_is_said_in_a_sentence() {
    let place = tempfile::tempdir().unwrap();
    let (config, data) = (place.path().join("hereabouts.toml"), place.path().join("data"));
    std::fs::write(&config, "[[keyset]]\nname = \"game\"\nsubscribe_key = \"s\"\npublish_key = \"p\"\n").unwrap();
    let mut configured = command(&[]);
    configured.env("HEREABOUTS_CONFIG", &config);
    let server = Running::from(configured, &data).await;
    told(&data, &["add", "chat"]).await;
    for (arguments, sentence) in [
        (&["add", "chat"][..], "there is a key set with the name chat: choose another"),
        (&["add", "game"], "there is a key set with the name game: choose another"),
        (&["add", "new", "--subscribe-key", "s"], "the key set game has this subscribe key: choose another"),
        (&["add", "a b"], "keyset.name is \"a b\""),
        (&["add", "new", "--subscribe-key", "a,b"], "keyset.subscribe_key is \"a,b\""),
        (&["add", "new", "--set", "presence.anounce_max=1"], "the nearest one is keyset.presence.announce_max"),
        (&["add", "new", "--set", "presence.announce_max=-1"], "keyset.presence.announce_max is -1"),
        (&["add", "new", "--set", "presence.announce_max"], "it takes SETTING=VALUE"),
        (&["set", "chat", "presence.announce_max"], "it takes SETTING=VALUE"),
        (&["set", "chat", "presence.announce_max=-1"], "keyset.presence.announce_max is -1"),
        (&["set", "chat", "name=talk"], "name is no setting"),
        (&["set", "game", "groups=false"], "hereabouts.toml, line 1"),
        (&["set", "nobody", "groups=false"], "no key set that is stored has the name nobody"),
        (&["add", "new", "--secret-file", "/nowhere/at/all"], "secret_key_file: cannot read the file"),
        (&["rotate", "game"], "hereabouts.toml, line 1"),
        (&["remove", "game"], "hereabouts.toml, line 1"),
        (&["rotate", "nobody"], "no key set that is stored has the name nobody"),
        (&["remove", "no\nbody"], "no key set has such a name"),
        (&["rotate", "chat", "--keep-old", "99999999"], "keep_old_seconds must be a whole number from 0 to 2592000"),
    ] {
        let said = refused(&data, arguments).await;
        assert!(said.contains(sentence), "{arguments:?}: {said}");
    }
    let usage = keyset(&data, &["rotate", "chat", "--keep-old", "soon"]).await;
    assert_eq!(usage.status.code(), Some(2));

    // The token of another server.
    let other = place.path().join("other");
    let second = Running::on(&other).await;
    let token = other.join("admin.token");
    let said = refused(&data, &["list", "--token-file", token.to_str().unwrap()]).await;
    assert!(said.contains("does not take the token in") && said.contains("is that its data folder?"), "{said}");
    drop((server, second));
}

#[tokio::test]
async fn a_file_that_names_a_stored_key_set_keeps_the_server_from_starting() {
    let place = tempfile::tempdir().unwrap();
    let (config, data) = (place.path().join("hereabouts.toml"), place.path().join("data"));
    let server = Running::on(&data).await;
    told(&data, &["add", "chat", "--subscribe-key", "s"]).await;
    assert!(server.terminate("TERM").await.success());
    for (name, key, what) in [("game", "s", "subscribe key"), ("chat", "t", "name")] {
        let text = format!("\n[[keyset]]\nname = \"{name}\"\nsubscribe_key = \"{key}\"\npublish_key = \"p\"\n");
        std::fs::write(&config, text).unwrap();
        let mut serve = command(&[]);
        serve.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&data).arg("--config").arg(&config);
        let output = soon("the program ends", serve.output()).await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains("hereabouts.toml, line 2"), "{said}");
        assert!(said.contains(&format!("have the same {what}")), "{said}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_token_is_for_its_owner_alone_and_two_servers_on_one_machine_do_not_mind_each_other() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempfile::tempdir().unwrap();
    let (one, two) = (place.path().join("one"), place.path().join("two"));
    // Both would have the port that nobody chose.
    let servers = [Running::on(&one).await, Running::on(&two).await];
    assert_eq!(told(&one, &["list"]).await, told(&two, &["list"]).await);
    let addresses = [&one, &two].map(|data| std::fs::read_to_string(data.join("admin.address")).unwrap());
    assert_ne!(addresses[0], addresses[1]);
    let [server, _other] = servers;
    assert!(server.terminate("TERM").await.success());
    assert!(!one.join("admin.address").exists());

    let token = one.join("admin.token");
    assert_eq!(std::fs::metadata(&token).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o644)).unwrap();
    let exposed = run(["serve", "--listen", "127.0.0.1:0", "--data", one.to_str().unwrap()]).await;
    let said = String::from_utf8_lossy(&exposed.stderr);
    assert!(!exposed.status.success() && said.contains("chmod 600") && said.lines().count() == 1, "{said}");

    let mut off = command(&[]);
    off.env("HEREABOUTS_ADMIN__LISTEN", "off");
    let _server = Running::from(off, &one).await;
    assert!(refused(&one, &["list"]).await.contains("no server with an admin API"));
}

#[tokio::test]
async fn a_log_that_tells_everything_shows_no_secret_of_a_key_set_and_not_the_admin_token() {
    let place = tempfile::tempdir().unwrap();
    let (data, log, file) = (place.path().join("data"), place.path().join("log"), place.path().join("secret"));
    std::fs::write(&file, "sec-hush-in-a-file").unwrap();
    let mut serve = command(&[]);
    serve.env("HEREABOUTS_LOG__LEVEL", "trace").stderr(Stdio::from(File::create(&log).unwrap()));
    let server = Running::from(serve, &data).await;
    let token = std::fs::read_to_string(data.join("admin.token")).unwrap();
    let mut hushed = vec![token.trim().to_owned(), "sec-hush-in-a-file".to_owned()];
    for arguments in [&["add", "made-up"][..], &["rotate", "made-up"], &["rotate", "made-up", "--keep-old", "0"]] {
        hushed.push(told(&data, arguments).await["secret_key"].as_str().unwrap().to_owned());
    }
    let file = file.to_str().unwrap();
    told(&data, &["add", "in-a-file", "--secret-file", file]).await;
    told(&data, &["rotate", "made-up", "--secret-file", file]).await;
    refused(&data, &["add", "in-a-file", "--secret-file", file]).await;
    refused(&data, &["rotate", "nobody", "--secret-file", file]).await;
    told(&data, &["remove", "made-up", "--forget-data"]).await;
    assert!(server.terminate("TERM").await.success());
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.contains("a key set was added") && text.contains("a key set was removed"), "{text}");
    for hushed in hushed {
        assert!(!text.contains(&hushed), "{hushed} in the log");
    }
}
