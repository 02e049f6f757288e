//! Messages, and what happens to connections meanwhile.

use hereabouts::{Gap, Message};
use testkit::Connection;

use super::proxy::Proxy;
use super::*;

/// A server that keeps more than any of these tests publishes.
async fn server() -> TestServer {
    TestServer::builder().settings("pubsub.queue_messages = 20000").start().await
}

/// Publishes a range of numbers, each when the one before it is acknowledged. The timetokens.
async fn publish(connection: &mut Connection, numbers: std::ops::Range<usize>) -> Vec<(usize, u64)> {
    let mut sent = Vec::with_capacity(numbers.len());
    for number in numbers {
        let reply = connection.get(&format!("/publish/pub/sub/0/room/0/{number}")).await.unwrap();
        assert_eq!(reply.status, 200);
        sent.push((number, reply.timetoken()));
    }
    sent
}

/// What a subscriber heard until a number, in its order.
async fn hear(subscription: &mut Subscription<hereabouts::Async>, last: usize) -> (Vec<(usize, u64)>, Vec<Gap>) {
    let (mut heard, mut gaps) = (Vec::new(), Vec::new());
    while heard.last().is_none_or(|(number, _)| *number != last) {
        match soon("an event", subscription.next()).await.expect("the subscription goes on") {
            Event::Message(Message { message, timetoken, .. }) => {
                heard.push((message.read().unwrap(), timetoken.ticks()))
            }
            Event::Gap(gap) => gaps.push(gap),
            _ => {}
        }
    }
    (heard, gaps)
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
