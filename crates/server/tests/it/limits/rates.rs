//! Requests a second, of an address and of a key set, with a clock that is moved by hand.

use std::time::Duration;

use testkit::{Connection, Edge, Http2, ManualClock, Reply, TestServer};

use super::refused;
use crate::both::get_with;

const TOO_MANY: &str = r#"{"error":true,"message":"Too many requests.","status":429}"#;

async fn start(edge: Edge, settings: &str) -> (TestServer, ManualClock) {
    let clock = ManualClock::default();
    let server = TestServer::builder().edge(edge).settings(settings).clock(clock.clone()).start().await;
    (server, clock)
}

async fn statuses(connection: &mut Connection, target: &str, count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..count {
        statuses.push(connection.get(target).await.unwrap().status);
    }
    statuses
}

#[tokio::test]
async fn an_address_is_answered_as_often_as_it_may_ask_and_told_when_to_ask_again() {
    for edge in Edge::ALL {
        let (server, clock) = start(edge, "address.exempt = []\naddress.requests_per_second = 2").await;
        let mut connection = server.connect().await;
        assert_eq!(statuses(&mut connection, "/time/0", 5).await, [200, 200, 200, 200, 429], "{edge:?}");
        let reply = connection.get("/publish/pub/sub/0/room/0/1").await.unwrap();
        assert_eq!((reply.status, reply.header("retry-after"), reply.text().as_str()), (429, Some("1"), TOO_MANY));
        // App context has refusals in a form of its own.
        let reply = connection.get("/v2/objects/sub/uuids/ann").await.unwrap();
        let message = "You have exceeded the maximum number of requests per second allowed for your subscriber key.";
        assert_eq!((reply.status, reply.json()["error"]["message"].as_str()), (429, Some(message)));
        // Another connection is the same address.
        assert_eq!(server.connect().await.get("/nowhere").await.unwrap().status, 429);
        // Whether it is alive is always told.
        assert_eq!(server.get("/health").await.status, 200);
        assert_eq!(server.get("/metrics").await.status, 429);
        clock.advance(Duration::from_millis(500));
        assert_eq!(statuses(&mut connection, "/time/0", 2).await, [200, 429], "{edge:?}");
        clock.advance(Duration::from_secs(3600));
        assert_eq!(statuses(&mut connection, "/time/0", 5).await, [200, 200, 200, 200, 429], "{edge:?}");
        clock.advance(Duration::from_secs(1));
        assert_eq!(refused(&server, "address.requests_per_second").await, 7.0);
    }
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_has_its_own_rate_whatever_it_says_of_itself() {
    for (header, value) in [
        ("x-forwarded-for", (|client: &str| format!("1.2.3.4, {client}")) as fn(&str) -> String),
        ("forwarded", |client| format!("for=1.2.3.4, for={client};proto=https")),
    ] {
        for edge in Edge::ALL {
            let settings = format!(
                "address.requests_per_second = 1\naddress.trusted_proxies = [\"127.0.0.1\"]\n\
                 address.forwarded_header = {header:?}"
            );
            let (server, _clock) = start(edge, &settings).await;
            let mut proxy = server.connect().await;
            let mut asked = Vec::new();
            for client in ["203.0.113.7", "203.0.113.7", "203.0.113.7", "203.0.113.8"] {
                proxy.send(get_with("/time/0", &format!("{header}: {}\r\n", value(client)))).await.unwrap();
                asked.push(proxy.receive().await.unwrap().status);
            }
            assert_eq!(asked, [200, 200, 429, 200], "{edge:?} {header}");
            // What the proxy asks for itself.
            assert_eq!(statuses(&mut proxy, "/time/0", 5).await, [200; 5]);
        }
    }
}

#[tokio::test]
async fn nobody_is_believed_who_is_no_trusted_proxy() {
    for edge in Edge::ALL {
        let (server, _clock) = start(edge, "address.exempt = []\naddress.requests_per_second = 1").await;
        let mut client = server.connect().await;
        let mut asked = Vec::new();
        for number in 0..4 {
            client.send(get_with("/time/0", &format!("X-Forwarded-For: 203.0.113.{number}\r\n"))).await.unwrap();
            asked.push(client.receive().await.unwrap().status);
        }
        assert_eq!(asked, [200, 200, 429, 429], "{edge:?}");
    }
}

#[tokio::test]
async fn http2_requests_count_as_others_do() {
    let (server, _clock) = start(Edge::Lean, "address.exempt = []\naddress.requests_per_second = 1").await;
    let connection = Http2::open(server.address()).await.unwrap();
    let ask = async || connection.exchange("GET", "/time/0", &[], None).await.unwrap();
    let replies: Vec<Reply> = [ask().await, ask().await, ask().await].into();
    assert_eq!(replies.iter().map(|reply| reply.status).collect::<Vec<_>>(), [200, 200, 429]);
    assert_eq!((replies[2].header("retry-after"), replies[2].text().as_str()), (Some("1"), TOO_MANY));
}

#[tokio::test]
async fn a_key_set_is_answered_as_often_as_it_may_ask_and_others_do_not_notice() {
    let keysets = "
        [[keyset]]
        name = \"counted\"
        subscribe_key = \"sub\"
        publish_key = \"pub\"
        [keyset.limits]
        requests_per_second = 1
        [[keyset]]
        name = \"free\"
        subscribe_key = \"free\"
        publish_key = \"free\"
    ";
    for edge in Edge::ALL {
        let (server, clock) = start(edge, keysets).await;
        let mut connection = server.connect().await;
        let publish = "/publish/pub/sub/0/room/0/1";
        assert_eq!(statuses(&mut connection, publish, 3).await, [200, 200, 429], "{edge:?}");
        let reply = connection.get(publish).await.unwrap();
        assert_eq!((reply.header("retry-after"), reply.text().as_str()), (Some("1"), TOO_MANY), "{edge:?}");
        let reply = connection.get("/v2/objects/sub/uuids/ann").await.unwrap();
        assert_eq!((reply.status, reply.json()["error"]["source"].as_str()), (429, Some("objects")));
        assert_eq!(statuses(&mut connection, "/publish/free/free/0/room/0/1", 5).await, [200; 5], "{edge:?}");
        assert_eq!(statuses(&mut connection, "/time/0", 5).await, [200; 5], "{edge:?}");
        clock.advance(Duration::from_secs(1));
        assert_eq!(statuses(&mut connection, publish, 2).await, [200, 429], "{edge:?}");
        assert_eq!(refused(&server, "requests_per_second").await, 4.0);
    }
}
