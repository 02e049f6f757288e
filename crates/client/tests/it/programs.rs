//! The programs in `examples/` that subscribe, or show the ways to run a call, against a real server: each says what its first
//! lines promise.

use std::sync::{Arc, Mutex};

use hereabouts::{Client, Config};
use testkit::{OPEN, TestServer, eventually};

#[allow(dead_code, reason = "the program itself is not run")]
#[path = "../../examples/connected.rs"]
mod connected;
#[allow(dead_code, reason = "the program itself is not run")]
#[path = "../../examples/follow.rs"]
mod follow;
#[allow(dead_code, reason = "the program itself is not run")]
#[path = "../../examples/presence_events.rs"]
mod presence_events;
#[allow(dead_code, reason = "the program itself is not run")]
#[path = "../../examples/three_ways.rs"]
mod three_ways;

fn config(server: &TestServer, user: &str) -> Config {
    Config::new(OPEN.subscribe).publish_key(OPEN.publish).user(user).origin(format!("http://{}", server.address()))
}

/// What a program said so far.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn listener(&self) -> impl Fn(String) + Send + Sync + 'static {
        let lines = Arc::clone(&self.0);
        move |line| lines.lock().unwrap().push(line)
    }

    async fn come_to(&self, line: &str) {
        eventually(line, async || self.0.lock().unwrap().iter().any(|said| said == line).then_some(())).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connected_is_present_for_as_long_as_it_says() {
    let server = TestServer::start().await;
    let bob = hereabouts::blocking::Client::new(config(&server, "bob")).unwrap();
    let ann = config(&server, "ann");
    let occupancy = move || bob.here_now().channels("my-channel").sync().unwrap().total_occupancy;
    tokio::task::spawn_blocking(move || {
        connected::be_present(ann, || assert_eq!(occupancy(), 1)).unwrap();
        assert_eq!(occupancy(), 0);
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn follow_tells_what_happens_until_goodbye() {
    let (server, lines) = (TestServer::start().await, Lines::default());
    let following =
        follow::follow(config(&server, "follower"), vec!["kitchen".into(), "house.*".into()], lines.listener());
    let others = async {
        lines.come_to("kitchen: join follower, 1 here").await;
        let bob = Client::new(config(&server, "bob")).unwrap();
        bob.publish().channel("house.hall").message(1).await.unwrap();
        bob.publish().channel("kitchen").message("bye").await.unwrap();
    };
    let (followed, ()) = tokio::join!(following, others);
    followed.unwrap();
    let lines = lines.0.lock().unwrap();
    assert_eq!(lines[0], "Connected");
    assert_eq!(lines[lines.len() - 2..], ["house.hall: 1", "kitchen: \"bye\""]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn presence_events_tells_who_comes_who_goes_and_what_is_said() {
    let (server, lines) = (TestServer::start().await, Lines::default());
    let (ann, tell) = (config(&server, "ann"), lines.listener());
    let (enter, pressed) = std::sync::mpsc::channel();
    let hearing = tokio::task::spawn_blocking(move || {
        presence_events::hear(ann, "kitchen", tell, || pressed.recv().unwrap()).unwrap();
    });
    lines.come_to("join: Some(\"ann\"), 1 here").await;
    let bob = Client::new(config(&server, "bob")).unwrap();
    bob.heartbeat().channels("kitchen").await.unwrap();
    bob.set_state().channels("kitchen").state(serde_json::json!({"mood": "hungry"})).await.unwrap();
    bob.publish().channel("kitchen").message("dinner?").await.unwrap();
    bob.set_channel_metadata().channel("kitchen").set_name("Kitchen").await.unwrap();
    bob.leave().channels("kitchen").await.unwrap();
    lines.come_to("leave: Some(\"bob\"), 1 here").await;
    enter.send(()).unwrap();
    hearing.await.unwrap();
    let lines = lines.0.lock().unwrap();
    assert!(lines.contains(&"Connected".to_owned()), "{lines:?}");
    assert!(lines.contains(&"bob says \"dinner?\"".to_owned()), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("bob") && line.contains("hungry")), "{lines:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_ways_sends_three_messages() {
    let server = TestServer::start().await;
    let config = config(&server, "ann");
    let said = tokio::task::spawn_blocking(|| three_ways::three_ways(config).unwrap()).await.unwrap();
    let ends = ["", ", status: Acknowledgment", ", status: Acknowledgment"];
    for (line, end) in said.iter().zip(ends) {
        let timetoken =
            line.strip_prefix("TT: ").and_then(|line| line.strip_suffix(end)).unwrap_or_else(|| panic!("{line}"));
        assert!(timetoken.len() == 17 && timetoken.bytes().all(|digit| digit.is_ascii_digit()), "{line}");
    }
}
