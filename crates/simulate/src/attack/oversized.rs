//! Requests of HTTP/1.1 that are too large, too deep, too many in one, or none at all.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};

use flate2::Compression;
use flate2::write::GzEncoder;
use testkit::Connection;
use tokio::sync::watch;
use tokio::time::timeout;

use super::{Outcomes, PATIENCE, goes_on};

/// An attack: its name, its bytes, and the answers that are right.
struct Attack {
    name: &'static str,
    bytes: Vec<u8>,
    right: &'static [u16],
}

const PUBLISH: &str = "/publish/victim/victim/0/room/0";
const LARGE: &str = "/v2/publish/victim/victim/0/room/0";
const SUBSCRIBE: &str = "/v2/subscribe/victim/room/0?tt=0";
const STATE: &str = "/v2/presence/sub-key/victim/channel/room/uuid/mallory/data?state=";

/// Sends one attack after the other, each on a connection of its own, until it is over.
pub(super) async fn attack(server: SocketAddr, from: IpAddr, over: watch::Receiver<()>) -> Outcomes {
    let mut outcomes = Outcomes::new();
    let attacks = attacks();
    while goes_on(&over) {
        for Attack { name, bytes, right } in &attacks {
            let answer = timeout(PATIENCE, send(server, from, bytes)).await.unwrap_or(None).unwrap_or(0);
            outcomes.entry(name).or_default().note(answer, right, name);
            if !goes_on(&over) {
                break;
            }
        }
    }
    outcomes
}

/// The status of the answer. None when the connection was closed before it could be read.
async fn send(server: SocketAddr, from: IpAddr, bytes: &[u8]) -> Option<u16> {
    let mut connection = Connection::open_from(from, server).await.ok()?;
    // Who is refused may find the connection closed before everything is sent.
    let _ = connection.send(bytes).await;
    connection.receive().await.ok().map(|reply| reply.status)
}

fn attacks() -> Vec<Attack> {
    let mut attacks = Vec::new();
    let mut add = |name, bytes: Vec<u8>, right| attacks.push(Attack { name, bytes, right });
    // A refusal may be lost when the connection is closed while much is still being sent: 0.
    add("a target of 40 kB", get(&format!("/time/0?{}", "x".repeat(40_000)), ""), &[414]);
    add("a target without an end", format!("GET /{}", "x".repeat(1_000_000)).into_bytes(), &[414, 0]);
    add("a head of 100 kB", get("/time/0", &format!("x: {}\r\n", "y".repeat(100_000))), &[431]);
    add("10,000 headers", get("/time/0", &"x: y\r\n".repeat(10_000)), &[431]);
    add("a body of 3 MB", post(LARGE, "", &vec![b'x'; 3_000_000]), &[413]);
    add(
        "a body that is announced with 9 EB",
        request("POST", LARGE, "Content-Length: 9223372036854775807\r\n"),
        &[413],
    );
    add("a message of 33 kB", post(PUBLISH, "", json(33_000).as_bytes()), &[400]);
    let gzip = "Content-Encoding: gzip\r\n";
    add("a gzip bomb", post(LARGE, gzip, &bomb(200_000_000)), &[413]);
    add("a gzip bomb for a small message", post(PUBLISH, gzip, &bomb(20_000_000)), &[400]);
    add("a body that is no gzip", post(PUBLISH, gzip, b"\x1f\x8b\x08nonsense"), &[400]);
    let deep = format!("{}{}", "[".repeat(16_000), "]".repeat(16_000));
    add("JSON 16,000 deep", post(PUBLISH, "", deep.as_bytes()), &[200, 400]);
    add("a state 10,000 deep", get(&format!("{STATE}{}", "%7B%22a%22:".repeat(3_000)), ""), &[400, 414]);
    add("a state of 33 kB", get(&format!("{STATE}%7B%22a%22:%22{}%22%7D", "x".repeat(33_000)), ""), &[414]);
    add("a filter 10,000 deep", get(&format!("{SUBSCRIBE}&filter-expr={}a", "(".repeat(10_000)), ""), &[481]);
    let filter = "meta.a%20LIKE%20%22*a*a*a*a*a*a*a*a*a*b%22";
    let filter = vec![filter; 300].join("%20%7C%7C%20");
    add("a filter of 300 terms", get(&format!("{SUBSCRIBE}&filter-expr={filter}"), ""), &[200, 481]);
    let names = (0..5_000).map(|number| format!("c{number}")).collect::<Vec<_>>().join(",");
    add("a subscribe to 5,000 channels", get(&format!("/v2/subscribe/victim/{names}/0?tt=0"), ""), &[200]);
    let groups = (0..5_000).map(|number| format!("g{number}")).collect::<Vec<_>>().join(",");
    add("a subscribe to 5,000 groups", get(&format!("{SUBSCRIBE}&channel-group={groups}"), ""), &[400]);
    let heartbeat = "/v2/presence/sub-key/victim/channel/room/heartbeat?uuid=mallory";
    add("a heartbeat in 5,000 groups", get(&format!("{heartbeat}&channel-group={groups}"), ""), &[400]);
    add("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n".repeat(100), &[400]);
    add("a length that is none", request("POST", PUBLISH, "Content-Length: -1\r\n"), &[400]);
    add("two lengths", request("POST", PUBLISH, "Content-Length: 1\r\nContent-Length: 2\r\n"), &[400]);
    let smuggled = "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n";
    add("a length and chunks", [request("POST", PUBLISH, smuggled), b"0\r\n\r\n".to_vec()].concat(), &[400]);
    let chunk = "Transfer-Encoding: chunked\r\n";
    let huge = b"FFFFFFFFFFFFFFFFF\r\n".to_vec();
    add("a chunk without bounds", [request("POST", PUBLISH, chunk), huge].concat(), &[400]);
    let token = format!("/publish/victim/victim/0/room/0/1?auth={}", "p".repeat(30_000));
    add("a token of 30 kB", get(&token, ""), &[200, 403]);
    add("unknown keys", get("/v2/subscribe/sub-c-unknown/room/0?tt=0", ""), &[400]);
    add("a traversal of paths", get("/../../../../etc/passwd", ""), &[404]);
    add(
        "a filter for SQL",
        get("/v2/objects/victim/uuids?filter=name%20==%20%22';DROP%20TABLE%20user;--%22", ""),
        &[200],
    );
    attacks
}

fn request(method: &str, target: &str, headers: &str) -> Vec<u8> {
    format!("{method} {target} HTTP/1.1\r\nHost: here\r\n{headers}\r\n").into_bytes()
}

fn get(target: &str, headers: &str) -> Vec<u8> {
    request("GET", target, headers)
}

fn post(target: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    [&request("POST", target, &format!("Content-Length: {}\r\n{headers}", body.len())), body].concat()
}

fn json(bytes: usize) -> String {
    format!("\"{}\"", "x".repeat(bytes))
}

/// So many zeros, compressed.
fn bomb(bytes: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![b'0'; 1 << 20];
    for _ in 0..bytes >> 20 {
        // Writing into a Vec cannot fail; if it did, the bomb is smaller.
        let _ = encoder.write_all(&zeros);
    }
    encoder.finish().unwrap_or_default()
}
