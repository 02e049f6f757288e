//! What one address may do.

use std::net::IpAddr;

use testkit::{Connection, Edge, TestServer, eventually};

use super::{refused, start};

const COUNTED: &str = "address.exempt = []\naddress.connections_max = 3";

async fn connect(server: &TestServer, source: &str) -> Connection {
    let source: IpAddr = source.parse().unwrap();
    Connection::open_from(source, server.address()).await.expect("a connection")
}

#[tokio::test]
async fn an_address_that_has_all_its_connections_is_told_to_come_back_and_others_are_let_in() {
    for edge in Edge::ALL {
        let server = start(edge, COUNTED).await;
        let mut open = Vec::new();
        for _ in 0..3 {
            let mut connection = connect(&server, "127.0.0.2").await;
            assert_eq!(connection.get("/time/0").await.unwrap().status, 200);
            open.push(connection);
        }
        let reply = connect(&server, "127.0.0.2").await.receive().await.unwrap();
        assert_eq!((reply.status, reply.header("retry-after")), (429, Some("1")), "{edge:?}");
        assert_eq!(reply.text(), r#"{"error":true,"message":"Too many requests.","status":429}"#);
        let mut other = connect(&server, "127.0.0.3").await;
        assert_eq!(other.get("/time/0").await.unwrap().status, 200, "{edge:?}");
        assert_eq!(refused(&server, "address.connections_max").await, 1.0);
        drop(open.pop());
        eventually("there is room again", async || {
            let mut again = connect(&server, "127.0.0.2").await;
            again.get("/time/0").await.ok().filter(|reply| reply.status == 200)
        })
        .await;
    }
}

#[tokio::test]
async fn this_machine_and_proxies_that_are_trusted_are_not_counted() {
    for settings in [
        "address.connections_max = 3",
        "address.exempt = [\"127.0.0.2\"]\naddress.connections_max = 3",
        "address.exempt = []\naddress.trusted_proxies = [\"127.0.0.0/30\"]\naddress.connections_max = 3",
    ] {
        let server = start(Edge::Lean, settings).await;
        let mut open = Vec::new();
        for _ in 0..10 {
            let mut connection = connect(&server, "127.0.0.2").await;
            assert_eq!(connection.get("/time/0").await.unwrap().status, 200, "{settings}");
            open.push(connection);
        }
    }
}
