//! A small budget of memory, and the program as the system sees it.

use testkit::{Connection, eventually};

use crate::program::{Running, command};

const BUDGET: u64 = 32 << 20;
/// What the program takes without any client, generously: its code, its database, its threads.
const PROGRAM: u64 = 40 << 20;
const ROOM: &str = "/v2/presence/sub-key/demo/channel/room";

/// Memory that the system gives the process, in bytes.
fn resident(server: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() * 1024
}

async fn used(server: &Running) -> u64 {
    let text = server.get("/metrics").await.text();
    text.lines().find_map(|line| line.strip_prefix("hereabouts_memory_used_bytes ")?.parse().ok()).unwrap()
}

/// Half of a large message, and then nothing.
async fn half(server: &Running, connection: &mut Connection) {
    let head = "POST /v2/publish/demo/demo/0/room/0 HTTP/1.1\r\nHost: here\r\nContent-Length: 2000000\r\n\r\n";
    // Who is refused may find the connection closed before everything is sent.
    let _ = connection.send(format!("{head}{}", "x".repeat(1_900_000))).await;
    assert!(resident(server) < BUDGET + PROGRAM, "{} MB", resident(server) >> 20);
}

#[tokio::test]
async fn however_much_is_sent_the_process_stays_within_its_budget_and_serves_who_is_here_and_recovers() {
    let place = tempfile::tempdir().unwrap();
    let mut program = command(&[]);
    program.env("HEREABOUTS_MEMORY__BUDGET_BYTES", BUDGET.to_string());
    let server = Running::from(program, &place.path().join("data")).await;
    server.ask(&format!("{ROOM}/heartbeat?uuid=ann")).await;

    // Twice: what the first attack leaves to the allocator must not be in the way of the second.
    for _ in 0..2 {
        let mut senders = Vec::new();
        for _ in 0..60 {
            let mut connection = server.connect().await;
            half(&server, &mut connection).await;
            senders.push(connection);
        }
        // 120 MB were announced. The first of them are there, and the others were refused.
        assert!(used(&server).await > BUDGET / 2 && used(&server).await <= BUDGET, "{}", used(&server).await);
        let state = format!("%7B%22s%22:%22{}%22%7D", "x".repeat(20_000));
        let mut connection = server.connect().await;
        let mut refused = false;
        for user in 0..1_000 {
            let target = format!("/v2/presence/sub-key/demo/channel/ballast/uuid/user-{user}/data?state={state}");
            refused |= connection.get(&target).await.unwrap().status == 503;
            if refused {
                break;
            }
        }
        assert!(refused, "20 MB of states fit beside them");
        assert_eq!(server.get(&format!("{ROOM}/heartbeat?uuid=bob")).await.status, 503);
        server.ask(&format!("{ROOM}/heartbeat?uuid=ann")).await;
        assert_eq!(server.ask(ROOM).await["occupancy"], 1);
        assert_eq!(server.get("/health").await.status, 200);

        drop(senders);
        for user in 0..1_000 {
            let target = format!("/v2/presence/sub-key/demo/channel/ballast/leave?uuid=user-{user}");
            assert_eq!(connection.get(&target).await.unwrap().status, 200);
        }
        eventually("there is room again", async || (used(&server).await < BUDGET / 4).then_some(())).await;
        server.ask(&format!("{ROOM}/heartbeat?uuid=cho")).await;
        assert_eq!(server.ask(ROOM).await["occupancy"], 2);
        server.ask(&format!("{ROOM}/leave?uuid=cho")).await;
    }
    assert!(server.terminate("TERM").await.success());
}
