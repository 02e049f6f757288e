//! What may not be heard is told, and what may be is heard.

use super::*;
use testkit::GUARDED;

#[tokio::test]
async fn who_may_not_listen_is_told_and_a_token_later_goes_on() {
    let server = TestServer::start().await;
    let origin = format!("http://{}", server.address());
    let ann = Client::new(config_at(&origin, GUARDED, "ann")).unwrap();
    let mut kitchen = ann.subscribe().channels("kitchen").stream().unwrap();
    let denied = next(&mut kitchen, |event| match event {
        Event::Status(status) if status.category == Category::AccessDenied => Some(status.clone()),
        _ => None,
    })
    .await;
    assert_eq!(denied.affected.channels, ["kitchen"]);
    assert!(denied.is_error() && denied.retry_in.is_none());
    // The secret key may do everything.
    let root = Client::new(config_at(&origin, GUARDED, "root").secret_key(GUARDED.secret)).unwrap();
    let mut of_root = root.subscribe().channels("kitchen").stream().unwrap();
    connected(&mut of_root).await;
    root.publish().channel("kitchen").message(1).await.unwrap();
    assert_eq!(soon("a message", of_root.messages().next()).await.unwrap().message.to_string(), "1");
}

#[tokio::test]
async fn a_filter_that_is_none_is_refused_and_not_tried_again() {
    let server = TestServer::start().await;
    let ann = Client::new(config(&server, "ann").filter_expression("language ==")).unwrap();
    let mut kitchen = ann.subscribe().channels("kitchen").stream().unwrap();
    // A first call has no use for a filter, but a server may look at it all the same.
    let refused = next(&mut kitchen, |event| match event {
        Event::Status(status) if status.is_error() => Some(status.clone()),
        _ => None,
    })
    .await;
    assert_eq!((refused.category, refused.retry_in), (Category::BadRequest, None));
    assert_eq!(refused.error.unwrap().status(), Some(481));
}

#[tokio::test]
async fn a_group_that_is_empty_is_waited_for() {
    let server = TestServer::start().await;
    let ann = client(&server, "ann");
    let mut family = ann.subscribe().channel_groups("family").stream().unwrap();
    next(&mut family, |event| {
        matches!(event, Event::Status(status) if status.is_error() && status.retry_in.is_some()).then_some(())
    })
    .await;
    server.ask("/v1/channel-registration/sub-key/sub/channel-group/family?add=garden").await;
    connected(&mut family).await;
    server.ask("/publish/pub/sub/0/garden/0/1").await;
    assert_eq!(soon("a message", family.messages().next()).await.unwrap().channel, "garden");
}
