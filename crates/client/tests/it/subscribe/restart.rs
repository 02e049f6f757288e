//! 10,000 messages, and what happens to servers and connections meanwhile.

use hereabouts::{Gap, Message};
use testkit::Connection;

use super::proxy::Proxy;
use super::*;

/// A server that keeps more than any of these tests publishes.
async fn server() -> TestServer {
    TestServer::builder().settings("pubsub.queue_messages = 20000").start().await
}

/// Publishes a range of numbers, some at a time, the next when all of them are acknowledged. Their timetokens.
async fn publish(connection: &mut Connection, numbers: std::ops::Range<usize>) -> Vec<(usize, u64)> {
    let mut sent = Vec::with_capacity(numbers.len());
    for part in numbers.collect::<Vec<_>>().chunks(50) {
        let request = |number: &usize| format!("GET /publish/pub/sub/0/room/0/{number} HTTP/1.1\r\nHost: here\r\n\r\n");
        connection.send(part.iter().map(request).collect::<String>()).await.unwrap();
        for number in part {
            let reply = connection.receive().await.unwrap();
            assert_eq!(reply.status, 200);
            sent.push((*number, reply.timetoken()));
        }
    }
    sent
}

/// What a subscriber heard until a number, in its order.
async fn hear(subscription: &mut Subscription<hereabouts::Async>, last: usize) -> (Vec<(usize, u64)>, Vec<Gap>) {
    let (mut heard, mut gaps) = (Vec::new(), Vec::new());
    while heard.last().is_none_or(|(number, _)| *number != last) {
        match soon("an event", subscription.next()).await.expect("the subscription goes on") {
            Event::Message(Message { message, timetoken, .. }) => {
                heard.push((message.read().unwrap(), timetoken.ticks()));
            }
            Event::Gap(gap) => gaps.push(gap),
            _ => {}
        }
    }
    (heard, gaps)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_in_the_middle_of_ten_thousand_messages() {
    let server = server().await;
    let proxy = Proxy::to(server.address()).await;
    let ann = Client::new(config_at(&proxy.origin(), OPEN, "ann")).unwrap();
    let mut room = ann.subscribe().channels("room").capacity(100).stream().unwrap();
    connected(&mut room).await;

    // What was published before the stop is read before it: that far nothing may be missing, and nothing is.
    let mut connection = server.connect().await;
    let (sent, (heard, gaps)) = tokio::join!(publish(&mut connection, 0..4000), hear(&mut room, 3999));
    assert!(heard == sent && gaps.is_empty(), "in order, none lost, none twice; gaps: {gaps:?}");

    proxy.lead(None);
    let stopped = server.stop().await;
    until(&mut room, Category::NetworkIssues).await;
    let server = stopped.start().await;
    proxy.lead(Some(server.address()));

    // The publisher goes on as soon as there is a server, whether the subscriber is back or not.
    let mut connection = server.connect().await;
    let (sent, (heard, gaps)) = tokio::join!(publish(&mut connection, 4000..8000), hear(&mut room, 7999));
    assert_eq!(heard, sent, "in order, none lost, none twice");
    assert!(gaps.len() <= 1, "what the server forgot by its restart it cannot vouch for: {gaps:?}");

    // Now the subscriber may be behind when the server stops. What it has not read is gone, and it is told so.
    let sent = publish(&mut connection, 8000..9000).await;
    proxy.lead(None);
    let server = server.stop().await.start().await;
    proxy.lead(Some(server.address()));
    let mut connection = server.connect().await;
    let (later, (heard, gaps)) = tokio::join!(publish(&mut connection, 9000..10_000), hear(&mut room, 9999));
    assert!(heard.is_sorted_by(|one, next| one < next), "in order, none twice");
    for message in sent.iter().chain(&later) {
        let (number, ticks) = message;
        let told = gaps.iter().any(|gap| gap.after.ticks() < *ticks && *ticks <= gap.until.ticks());
        assert!(heard.contains(message) || told, "{number} is lost, and nobody said so: {gaps:?}");
    }
    assert!(heard.ends_with(&later), "after the restart nothing is missing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_are_cut_are_asked_for_again() {
    let server = server().await;
    let proxy = Proxy::to(server.address()).await;
    let ann = Client::new(config_at(&proxy.origin(), OPEN, "ann")).unwrap();
    let mut room = ann.subscribe().channels("room").stream().unwrap();
    connected(&mut room).await;
    let mut connection = server.connect().await;
    for part in 0..20 {
        // In the middle of the head, of the body, or right before its end.
        proxy.cut_after(1 + 37 * part);
        let numbers = 50 * part..50 * (part + 1);
        let last = numbers.end - 1;
        let (sent, (heard, gaps)) = tokio::join!(publish(&mut connection, numbers), hear(&mut room, last));
        assert!(heard == sent && gaps.is_empty(), "part {part}: {heard:?}, gaps: {gaps:?}");
    }
}
