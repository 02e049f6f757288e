//! Callbacks, with both clients.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use hereabouts::{Blocking, Caller, Message, Presence, SubscribeCallback, SubscribeStatus};

use super::*;

/// Writes down what it hears.
struct Ears(Sender<String>);

impl<M: 'static> SubscribeCallback<M> for Ears {
    fn message(&self, _: &Caller<M>, message: &Message) {
        let _ = self.0.send(format!("message {}", message.message));
        assert_ne!(message.message.to_string(), "13", "this listener does not like it");
    }

    fn signal(&self, _: &Caller<M>, signal: &Message) {
        let _ = self.0.send(format!("signal {}", signal.message));
    }

    fn presence(&self, _: &Caller<M>, presence: &Presence) {
        let _ = self.0.send(format!("{} {}", presence.event, presence.uuid.as_deref().unwrap_or_default()));
    }

    fn status(&self, _: &Caller<M>, status: &SubscribeStatus) {
        let _ = self.0.send(status.category.name().to_owned());
    }
}

#[tokio::test]
async fn a_listener_hears_everything_until_it_is_removed() {
    let server = TestServer::start().await;
    let ann = client(&server, "ann");
    let (sender, heard) = channel();
    let ears = Arc::new(Ears(sender));
    ann.add_listener(Arc::clone(&ears));
    ann.subscribe().channels("kitchen").with_presence().execute().unwrap();
    let heard = tokio::task::spawn_blocking(move || {
        let next = || heard.recv_timeout(testkit::PATIENCE).unwrap();
        assert_eq!((next(), next()), ("Connected".to_owned(), "join ann".to_owned()));
        heard
    })
    .await
    .unwrap();
    server.ask("/publish/pub/sub/0/kitchen/0/13").await;
    server.ask("/publish/pub/sub/0/kitchen/0/14").await;
    server.ask("/signal/pub/sub/0/kitchen/0/15").await;
    let heard = tokio::task::spawn_blocking(move || {
        let next = || heard.recv_timeout(testkit::PATIENCE).unwrap();
        assert_eq!([next(), next(), next()], ["message 13", "message 14", "signal 15"], "a panic is its own affair");
        heard
    })
    .await
    .unwrap();
    ann.remove_listener(&ears);
    let mut kitchen = ann.subscribe().channels("kitchen").stream().unwrap();
    connected(&mut kitchen).await;
    server.ask("/publish/pub/sub/0/kitchen/0/16").await;
    assert_eq!(soon("a message", kitchen.messages().next()).await.unwrap().message.to_string(), "16");
    drop(ears);
    assert!(heard.try_recv().is_err(), "and nobody keeps it");
}

/// Answers each message, on the blocking client that hears it.
struct Echo;

impl SubscribeCallback<Blocking> for Echo {
    fn message(&self, client: &hereabouts::blocking::Client, message: &Message) {
        let said: String = message.message.read().unwrap();
        if !said.starts_with("re: ") {
            client.publish().channel(&*message.channel).message(format!("re: {said}")).sync().unwrap();
        }
    }
}

#[tokio::test]
async fn a_listener_of_a_blocking_client_may_make_calls() {
    let server = TestServer::start().await;
    let config = config(&server, "ann");
    tokio::task::spawn_blocking(move || {
        let ann = hereabouts::blocking::Client::new(config).unwrap();
        ann.add_listener(Arc::new(Echo));
        let mut kitchen = ann.subscribe().channels("kitchen").stream().unwrap();
        while !matches!(kitchen.next(), Some(Event::Status(status)) if status.category == Category::Connected) {}
        ann.publish().channel("kitchen").message("hi").sync().unwrap();
        let mut messages = kitchen.messages();
        let said: Vec<String> = (0..2).map(|_| messages.next().unwrap().message.read().unwrap()).collect();
        assert_eq!(said, ["hi", "re: hi"]);
    })
    .await
    .unwrap();
}
