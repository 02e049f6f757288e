//! Who is present by subscribing, by heartbeats, and no more.

use super::*;
use hereabouts::Action;

#[tokio::test]
async fn a_subscriber_hears_itself_and_others_come_and_go() {
    let server = TestServer::start().await;
    let ann = client(&server, "ann");
    let mut events = ann.subscribe().channels("kitchen").with_presence().stream().unwrap().presence_events();
    let mut told = async || {
        let event = soon("a presence event", events.next()).await.unwrap();
        (event.event, event.uuid.unwrap(), event.occupancy)
    };
    assert_eq!(told().await, (Action::Join, "ann".into(), 1));
    let bob = client(&server, "bob");
    let in_kitchen = bob.subscribe().channels("kitchen").stream().unwrap();
    assert_eq!(told().await, (Action::Join, "bob".into(), 2));
    drop(in_kitchen);
    assert_eq!(told().await, (Action::Leave, "bob".into(), 1));
}

#[tokio::test]
async fn unsubscribing_leaves_what_was_unsubscribed_from_and_nothing_else() {
    let server = TestServer::start().await;
    let ann = client(&server, "ann");
    let mut hall = ann.subscribe().channels("hall").stream().unwrap();
    ann.subscribe().channels(["kitchen", "hall", "cellar"]).execute().unwrap();
    connected(&mut hall).await;
    are_here(&server, "cellar", &["ann"]).await;
    ann.unsubscribe().channels(["kitchen", "hall"]).execute().unwrap();
    are_here(&server, "kitchen", &[]).await;
    assert_eq!(here(&server, "cellar").await, ["ann"]);
    assert_eq!(here(&server, "hall").await, ["ann"], "a stream still holds it");
    drop(hall);
    are_here(&server, "hall", &[]).await;
}

#[tokio::test]
async fn dropping_the_last_handle_leaves() {
    let server = TestServer::start().await;
    let ann = client(&server, "ann");
    ann.subscribe().channels("kitchen").execute().unwrap();
    let mut hall = ann.subscribe().channels("hall").stream().unwrap();
    connected(&mut hall).await;
    are_here(&server, "kitchen", &["ann"]).await;
    drop(ann);
    server.ask("/publish/pub/sub/0/hall/0/1").await;
    next(&mut hall, |event| matches!(event, Event::Message(_)).then_some(())).await;
    assert_eq!(here(&server, "kitchen").await, ["ann"], "a subscription is a handle, too");
    drop(hall);
    are_here(&server, "kitchen", &[]).await;
    are_here(&server, "hall", &[]).await;
}

#[tokio::test]
async fn a_blocking_client_has_left_when_its_last_handle_is_gone() {
    let server = TestServer::start().await;
    let config = config(&server, "ann");
    tokio::task::spawn_blocking(move || {
        let ann = hereabouts::blocking::Client::new(config).unwrap();
        let mut kitchen = ann.subscribe().channels("kitchen").stream().unwrap();
        let connected = |event: Event| matches!(event, Event::Status(status) if status.category == Category::Connected);
        assert!(kitchen.next_within(testkit::PATIENCE).is_some_and(connected));
    })
    .await
    .unwrap();
    assert_eq!(here(&server, "kitchen").await, [""; 0]);
}

#[tokio::test]
async fn who_suppresses_leaves_stays_until_the_timeout() {
    let server = TestServer::start().await;
    let ann = Client::new(config(&server, "ann").suppress_leave_events(true)).unwrap();
    let mut kitchen = ann.subscribe().channels("kitchen").stream().unwrap();
    connected(&mut kitchen).await;
    ann.stop().await;
    assert_eq!(here(&server, "kitchen").await, ["ann"]);
}

#[tokio::test]
async fn a_user_may_be_present_without_a_subscription() {
    let server = TestServer::start().await;
    server.ask("/v1/channel-registration/sub-key/sub/channel-group/family?add=garden").await;
    let ann = client(&server, "ann");
    ann.presence().connected(true).channels("kitchen").channel_groups("family").execute().unwrap();
    are_here(&server, "kitchen", &["ann"]).await;
    assert_eq!(here(&server, "garden").await, ["ann"]);
    ann.presence().connected(false).channels("kitchen").channel_groups("family").execute().unwrap();
    are_here(&server, "kitchen", &[]).await;
    are_here(&server, "garden", &[]).await;
}

#[tokio::test]
async fn whoever_waits_for_being_present_is_so_when_it_is_answered() {
    let server = TestServer::start().await;
    let ann = client(&server, "ann");
    for _ in 0..3 {
        ann.presence().connected(true).channels(["kitchen", "hall"]).await.unwrap();
        assert_eq!(here(&server, "kitchen").await, ["ann"]);
        ann.presence().connected(false).channels("kitchen").await.unwrap();
        assert_eq!(here(&server, "kitchen").await, [""; 0]);
        assert_eq!(here(&server, "hall").await, ["ann"]);
    }
    let guarded = Client::new(config_at(&format!("http://{}", server.address()), testkit::GUARDED, "ann")).unwrap();
    let error = guarded.presence().connected(true).channels("kitchen").await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (hereabouts::ErrorKind::AccessDenied, Some("presence")));
    assert_eq!(error.channels(), ["kitchen"]);
}

#[tokio::test]
async fn presence_says_for_whom_and_which_way() {
    let server = TestServer::start().await;
    let ann = client(&server, "ann");
    assert!(ann.presence().channels("kitchen").execute().is_err(), "connected or not?");
    assert!(ann.presence().connected(true).execute().is_err(), "where?");
    let nobody = Client::new(Config::new("sub").origin(format!("http://{}", server.address()))).unwrap();
    assert!(nobody.presence().connected(true).channels("kitchen").execute().is_err(), "who?");
}

#[tokio::test]
async fn a_state_comes_back_with_the_user() {
    let server = TestServer::start().await;
    let ann = client(&server, "ann");
    let mut kitchen = ann.subscribe().channels("kitchen").stream().unwrap();
    connected(&mut kitchen).await;
    ann.set_state().channels("kitchen").state(serde_json::json!({"mood": "hungry"})).envelope().await.unwrap();
    // Another device of hers leaves, and her state goes with her.
    server.ask("/v2/presence/sub-key/sub/channel/kitchen/leave?uuid=ann").await;
    are_here(&server, "kitchen", &[]).await;
    // The next request that names the kitchen brings both back.
    ann.subscribe().channels("hall").execute().unwrap();
    are_here(&server, "kitchen", &["ann"]).await;
    let states = ann.get_state().channels("kitchen").await.unwrap();
    assert_eq!(states.channels["kitchen"]["mood"], "hungry");
}
