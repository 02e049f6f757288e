//! Streams: what comes, to whom, and when it ends.

use super::*;
use hereabouts::Timetoken;
use serde_json::json;

#[tokio::test]
async fn messages_and_signals_arrive_as_they_were_sent() {
    let server = TestServer::start().await;
    let ann = client(&server, "ann");
    let mut kitchen = ann.subscribe().channels("kitchen").stream().unwrap();
    connected(&mut kitchen).await;
    let bob = client(&server, "bob");
    let sent = bob.publish().channel("kitchen").message(json!({"text": "dinner?", "n": 1.5})).await.unwrap();
    let message = next(&mut kitchen, |event| match event {
        Event::Message(message) => Some(message.clone()),
        _ => None,
    })
    .await;
    assert_eq!(message.timetoken, sent.timetoken);
    assert_eq!((message.channel.as_str(), message.subscription.as_str()), ("kitchen", "kitchen"));
    assert_eq!(message.publisher.as_deref(), Some("bob"));
    assert_eq!(message.message.read::<serde_json::Value>().unwrap(), json!({"text": "dinner?", "n": 1.5}));

    server.ask("/signal/pub/sub/0/kitchen/0/%22typing%22?uuid=bob").await;
    let signal = next(&mut kitchen, |event| match event {
        Event::Signal(signal) => Some(signal.message.to_string()),
        _ => None,
    })
    .await;
    assert_eq!(signal, r#""typing""#);
}

#[tokio::test]
async fn what_is_published_between_connecting_and_the_first_poll_is_not_lost() {
    let server = TestServer::start().await;
    let ann = client(&server, "ann");
    let mut messages = ann.subscribe().channels("kitchen").stream().unwrap();
    connected(&mut messages).await;
    for n in 0..50 {
        server.ask(&format!("/publish/pub/sub/0/kitchen/0/{n}")).await;
    }
    let mut messages = messages.messages();
    for n in 0..50 {
        let message = soon("a message", messages.next()).await.unwrap();
        assert_eq!(message.message.to_string(), n.to_string());
    }
}

#[tokio::test]
async fn patterns_groups_and_channels_each_name_by_which_a_message_came() {
    let server = TestServer::start().await;
    server.ask("/v1/channel-registration/sub-key/sub/channel-group/family?add=garden").await;
    let ann = client(&server, "ann");
    let mut all = ann.subscribe().channels(["house.*", "kitchen"]).channel_groups("family").stream().unwrap();
    connected(&mut all).await;
    for channel in ["kitchen", "house.hall", "garden"] {
        server.ask(&format!("/publish/pub/sub/0/{channel}/0/1")).await;
    }
    let mut came = Vec::new();
    while came.len() < 3 {
        came.push(
            next(&mut all, |event| match event {
                Event::Message(message) => Some((message.channel.clone(), message.subscription.clone())),
                _ => None,
            })
            .await,
        );
    }
    let pair = |channel: &str, subscription: &str| (channel.to_owned(), subscription.to_owned());
    assert_eq!(came, [pair("kitchen", "kitchen"), pair("house.hall", "house.*"), pair("garden", "family")]);
}

#[tokio::test]
async fn several_streams_share_a_connection_and_each_hears_its_own() {
    let server = TestServer::start().await;
    let ann = client(&server, "ann");
    let mut kitchen = ann.subscribe().channels("kitchen").stream().unwrap();
    connected(&mut kitchen).await;
    let mut hall = ann.subscribe().channels(["hall", "kitchen"]).stream().unwrap();
    until(&mut hall, Category::SubscriptionChanged).await;
    for channel in ["hall", "kitchen"] {
        server.ask(&format!("/publish/pub/sub/0/{channel}/0/1")).await;
    }
    let mut hall = hall.messages();
    let first = soon("a message", hall.next()).await.unwrap();
    let second = soon("a message", hall.next()).await.unwrap();
    assert_eq!((first.channel.as_str(), second.channel.as_str()), ("hall", "kitchen"));
    let only = soon("a message", kitchen.messages().next()).await.unwrap();
    assert_eq!(only.channel, "kitchen");
    assert!(server.metric("hereabouts_parked_polls").await <= 1.0, "one poll for all");
}

#[tokio::test]
async fn a_subscription_may_begin_in_the_past() {
    let server = TestServer::start().await;
    let ann = client(&server, "ann");
    let start = ann.time().await.unwrap();
    for n in 0..5 {
        server.ask(&format!("/publish/pub/sub/0/kitchen/0/{n}")).await;
    }
    let mut live = ann.subscribe().channels("hall").stream().unwrap();
    connected(&mut live).await;
    let past =
        ann.subscribe().channels("kitchen").with_timetoken(start.minus(Duration::from_millis(1))).stream().unwrap();
    let mut past = past.messages();
    for n in 0..5 {
        assert_eq!(soon("a message", past.next()).await.unwrap().message.to_string(), n.to_string());
    }
    server.ask("/publish/pub/sub/0/hall/0/7").await;
    assert_eq!(soon("a message", live.messages().next()).await.unwrap().message.to_string(), "7");
}

#[tokio::test]
async fn a_beginning_that_is_too_long_ago_is_told_as_a_gap() {
    let server = TestServer::builder().settings("pubsub.queue_messages = 5").start().await;
    let ann = client(&server, "ann");
    let start = ann.time().await.unwrap();
    for n in 0..9 {
        server.ask(&format!("/publish/pub/sub/0/kitchen/0/{n}")).await;
    }
    let mut past = ann.subscribe().channels("kitchen").with_timetoken(start).stream().unwrap();
    let gap = next(&mut past, |event| match event {
        Event::Gap(gap) => Some(*gap),
        _ => None,
    })
    .await;
    assert_eq!((gap.after, gap.cause), (start, hereabouts::GapCause::Told));
    let first = soon("a message", past.messages().next()).await.unwrap();
    assert!(first.message.to_string() == "4" && first.timetoken > gap.until);
}

#[tokio::test]
async fn a_filter_chooses_messages_before_they_are_sent() {
    let server = TestServer::start().await;
    let ann = Client::new(config(&server, "ann").filter_expression("language == 'en'")).unwrap();
    let mut messages = ann.subscribe().channels("kitchen").stream().unwrap();
    connected(&mut messages).await;
    server.ask("/publish/pub/sub/0/kitchen/0/1?meta=%7B%22language%22:%22de%22%7D").await;
    server.ask("/publish/pub/sub/0/kitchen/0/2?meta=%7B%22language%22:%22en%22%7D").await;
    let message = soon("a message", messages.messages().next()).await.unwrap();
    assert_eq!(message.message.to_string(), "2");
    assert_eq!(message.user_metadata.unwrap().to_string(), r#"{"language":"en"}"#);
}

#[tokio::test]
async fn changes_of_app_context_are_heard() {
    let server = TestServer::start().await;
    let ann = client(&server, "ann");
    let mut events = ann.subscribe().channels("bob").stream().unwrap();
    connected(&mut events).await;
    let body = r#"{"name":"Bob"}"#;
    let mut connection = server.connect().await;
    connection
        .send(format!(
            "PATCH /v2/objects/sub/uuids/bob HTTP/1.1\r\nHost: here\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
        .await
        .unwrap();
    assert_eq!(connection.receive().await.unwrap().status, 200);
    let object = soon("an event", events.objects().next()).await.unwrap();
    assert_eq!(object.channel, "bob");
    assert_eq!(object.change.text(hereabouts::TextField::Name), Some(Some("Bob")));
}

#[tokio::test]
async fn streams_end_with_unsubscribe_all_and_a_client_may_begin_anew() {
    let server = TestServer::start().await;
    let ann = client(&server, "ann");
    let mut kitchen = ann.subscribe().channels("kitchen").stream().unwrap();
    connected(&mut kitchen).await;
    ann.unsubscribe_all();
    soon("the end", async { while kitchen.next().await.is_some() {} }).await;
    are_here(&server, "kitchen", &[]).await;
    let mut again = ann.subscribe().channels("kitchen").stream().unwrap();
    connected(&mut again).await;
    ann.stop().await;
    are_here(&server, "kitchen", &[]).await;
    let mut once_more = ann.subscribe().channels("kitchen").stream().unwrap();
    connected(&mut once_more).await;
    assert_eq!(here(&server, "kitchen").await, ["ann"]);
}

#[tokio::test]
async fn a_name_that_cannot_be_one_is_refused_before_anything_is_sent() {
    let server = TestServer::start().await;
    let ann = client(&server, "ann");
    for wrong in [ann.subscribe().channels("a/b"), ann.subscribe().channel_groups("a:b"), ann.subscribe()] {
        assert_eq!(wrong.stream().unwrap_err().kind(), hereabouts::ErrorKind::Usage);
    }
    let _ = Timetoken::from(1);
}
