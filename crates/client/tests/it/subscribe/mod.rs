//! Subscriptions against a real server.

mod access;
mod clockwork;
mod listener;
mod presence;
mod proxy;
mod restart;
mod slow;
mod stream;
mod timer;

use hereabouts::{Category, Client, Config, Event, Retry, Subscription};
use std::time::Duration;
use testkit::{Keys, OPEN, TestServer, soon};

/// Delays that a test can wait for.
fn quick() -> Retry {
    Retry::default().delays(Duration::from_millis(5), Duration::from_millis(50))
}

fn config_at(origin: &str, keys: Keys, user: &str) -> Config {
    Config::new(keys.subscribe).publish_key(keys.publish).user(user).origin(origin).retry(quick())
}

fn config(server: &TestServer, user: &str) -> Config {
    config_at(&format!("http://{}", server.address()), OPEN, user)
}

fn client(server: &TestServer, user: &str) -> Client {
    Client::new(config(server, user)).unwrap()
}

/// The next event that is picked; what comes before it is passed over.
async fn next<T>(subscription: &mut Subscription<hereabouts::Async>, pick: impl Fn(&Event) -> Option<T>) -> T {
    soon("an event that is waited for", async {
        loop {
            let event = subscription.next().await.expect("the subscription goes on");
            if let Some(picked) = pick(&event) {
                return picked;
            }
        }
    })
    .await
}

/// Waits for a status.
async fn until(subscription: &mut Subscription<hereabouts::Async>, category: Category) {
    next(subscription, |event| matches!(event, Event::Status(status) if status.category == category).then_some(()))
        .await;
}

async fn connected(subscription: &mut Subscription<hereabouts::Async>) {
    until(subscription, Category::Connected).await;
}

/// Who is on a channel.
async fn here(server: &TestServer, channel: &str) -> Vec<String> {
    let json = server.ask(&format!("/v2/presence/sub-key/{}/channel/{channel}", OPEN.subscribe)).await;
    json["uuids"].as_array().unwrap().iter().map(|uuid| uuid.as_str().unwrap().to_owned()).collect()
}

/// Waits until exactly these are on a channel.
async fn are_here(server: &TestServer, channel: &str, users: &[&str]) {
    testkit::eventually(&format!("{users:?} on {channel}"), async || {
        (here(server, channel).await == users).then_some(())
    })
    .await;
}
