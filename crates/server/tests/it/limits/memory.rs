//! The budget of memory: new work is refused, what is there goes on, and it passes.

use testkit::{Connection, Edge, TestServer, eventually};

use super::{refused, start};
use crate::both::request;

/// The smallest there is.
const BUDGET: &str = "memory.budget_bytes = 8388608";
const UNAVAILABLE: &str = r#"{"error":true,"message":"Service Unavailable","service":"Balancer","status":503}"#;
const ROOM: &str = "/v2/presence/sub-key/sub/channel/room";

const STATE_BYTES: u32 = 20_000;

/// Sets states of 20 kB until there is no room for another.
async fn fill(server: &TestServer, connection: &mut Connection) -> u32 {
    let state = format!("%7B%22s%22:%22{}%22%7D", "x".repeat(STATE_BYTES as usize));
    for user in 0..1_000_u32 {
        let target = format!("/v2/presence/sub-key/sub/channel/ballast/uuid/user-{user}/data?state={state}");
        let reply = connection.get(&target).await.unwrap();
        if reply.status == 503 {
            assert_eq!((reply.text().as_str(), reply.header("retry-after")), (UNAVAILABLE, Some("1")));
            return user;
        }
        assert_eq!(reply.status, 200, "{}", reply.text());
        // It is weighed from time to time. Without waiting for it, a test that is faster would use up the part for answers
        // as well, and then be turned away altogether.
        if user % 10 == 9 {
            let there_is = f64::from((user + 1) * STATE_BYTES);
            eventually("it is weighed", async || {
                (server.metric("hereabouts_memory_used_bytes").await >= there_is).then_some(())
            })
            .await;
        }
    }
    panic!("20 MB fit into 8");
}

#[tokio::test]
async fn without_room_new_work_is_refused_and_who_is_here_stays() {
    for edge in Edge::ALL {
        let server = start(edge, BUDGET).await;
        assert_eq!(server.metric("hereabouts_memory_budget_bytes").await, 8_388_608.0);
        let cursor = server.get("/v2/subscribe/sub/room/0?tt=0&uuid=ann").await.timetoken();
        let mut parked = server.park(&format!("/v2/subscribe/sub/room/0?tt={cursor}&uuid=ann")).await;
        let before = server.get("/publish/pub/sub/0/room/0/1").await.timetoken();
        assert_eq!(parked.receive().await.unwrap().payloads(), [1]);
        let mut parked = server.park(&format!("/v2/subscribe/sub/room/0?tt={before}&uuid=ann")).await;

        let mut connection = server.connect().await;
        let users = fill(&server, &mut connection).await;
        assert!(users > 250, "{users} states of 20 kB are not 8 MB");

        for (what, target) in [
            ("a join by a heartbeat", format!("{ROOM}/heartbeat?uuid=bob")),
            ("a join by a subscribe", "/v2/subscribe/sub/room/0?tt=0&uuid=bob".to_owned()),
            ("a publish", "/publish/pub/sub/0/room/0/2".to_owned()),
            ("a signal", "/signal/pub/sub/0/room/0/2".to_owned()),
            ("a poll that would wait", format!("/v2/subscribe/sub/room/0?tt={before}&uuid=ann")),
            ("a poll of nobody", format!("/v2/subscribe/sub/elsewhere/0?tt={before}")),
            ("channels for a group", "/v1/channel-registration/sub-key/sub/channel-group/g?add=a".to_owned()),
        ] {
            let reply = connection.get(&target).await.unwrap();
            let shown = (reply.status, reply.text(), reply.header("retry-after").map(str::to_owned));
            assert_eq!(shown, (503, UNAVAILABLE.to_owned(), Some("1".to_owned())), "{edge:?}: {what}");
        }
        for (what, target) in [
            ("a renewal", format!("{ROOM}/heartbeat?uuid=ann")),
            ("here now", ROOM.to_owned()),
            ("what was published before", format!("/v2/subscribe/sub/room/0?tt={cursor}&uuid=ann")),
            ("a first call of who is here", "/v2/subscribe/sub/room/0?tt=0&uuid=ann".to_owned()),
            ("the time", "/time/0".to_owned()),
        ] {
            assert_eq!(connection.get(&target).await.unwrap().status, 200, "{edge:?}: {what}");
        }
        assert_eq!(server.ask(ROOM).await["occupancy"], 1, "{edge:?}");
        for page in ["/health", "/ready", "/metrics"] {
            assert_eq!(server.get(page).await.status, 200, "{edge:?}: {page}, on a new connection");
        }
        assert!(refused(&server, "budget_bytes").await >= 8.0);

        for user in 0..users {
            let target = format!("/v2/presence/sub-key/sub/channel/ballast/leave?uuid=user-{user}");
            assert_eq!(connection.get(&target).await.unwrap().status, 200, "{edge:?}: a leave");
        }
        eventually("there is room again", async || {
            let reply = server.get("/publish/pub/sub/0/room/0/3").await;
            (reply.status == 200).then_some(())
        })
        .await;
        assert_eq!(parked.receive().await.unwrap().payloads(), [3], "{edge:?}: who waited goes on");
        assert_eq!(server.get(&format!("{ROOM}/heartbeat?uuid=bob")).await.status, 200);
        assert_eq!(server.ask(ROOM).await["occupancy"], 2, "{edge:?}");
    }
}

#[tokio::test]
async fn large_bodies_on_their_way_count_and_so_do_replies_that_nobody_takes() {
    for edge in Edge::ALL {
        let server = start(edge, BUDGET).await;
        let half = "x".repeat(1_000_000);
        let head = request("POST", "/v2/publish/pub/sub/0/room/0", "Content-Length: 2000000\r\n", &half);
        let mut senders = Vec::new();
        for _ in 0..10 {
            let mut connection = server.connect().await;
            // Who is refused may find the connection closed before everything is sent.
            let _ = connection.send(&head).await;
            senders.push(connection);
        }
        eventually(&format!("{edge:?}: one is refused"), async || {
            (refused(&server, "budget_bytes").await > 0.0).then_some(())
        })
        .await;
        assert!(server.metric("hereabouts_memory_used_bytes").await <= 8_388_608.0, "{edge:?}");
        assert_eq!(server.get("/health").await.status, 200);
        drop(senders);
        eventually(&format!("{edge:?}: they are forgotten"), async || {
            (server.metric("hereabouts_memory_used_bytes").await < 1_000_000.0).then_some(())
        })
        .await;
    }
}
