//! A full disk: what cannot be kept is refused in the protocol's words, everything else goes on, and so does the rest
//! once there is space.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use crate::program::{Running, command};

/// Mounts a small file system on its first argument, then runs the others. It needs the right to mount inside a user
/// namespace, which some machines withhold; then the test says so and shows nothing.
const ON_SMALL_DISK: [&str; 6] =
    ["unshare", "--map-root-user", "--mount", "sh", "-c", r#"mount -t tmpfs -o size=4m small "$0" && exec "$@""#];

const GROUPS: &str = "/v1/channel-registration/sub-key/demo/channel-group";

#[tokio::test]
async fn a_full_disk_refuses_changes_of_groups_until_there_is_space() {
    let place = tempfile::tempdir().unwrap();
    let wrapper: Vec<&str> = ON_SMALL_DISK.into_iter().chain([place.path().to_str().unwrap()]).collect();
    let allowed = std::process::Command::new(wrapper[0]).args(&wrapper[1..]).arg("true").output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        eprintln!("not shown: this machine does not let us mount a file system of our own");
        return;
    }
    let server = Running::from(command(&wrapper), &place.path().join("data")).await;
    server.ask(&format!("{GROUPS}/family?add=kitchen")).await;

    // The file system is seen by the server alone; this is the way into it.
    let root = PathBuf::from(format!("/proc/{}/root", server.id()));
    let ballast = root.join(place.path().strip_prefix("/").unwrap()).join("ballast");
    let mut file = File::create(&ballast).unwrap();
    while file.write_all(&[7; 512]).is_ok() {}

    // Some fit into what the store has taken from the disk already.
    let channels = |n| (0..15).map(|m| format!("{:0>2000}", n * 15 + m)).collect::<Vec<_>>().join(",");
    let mut acknowledged = 0;
    let refused = loop {
        let reply = server.get(&format!("{GROUPS}/large?add={}", channels(acknowledged))).await;
        match reply.status {
            200 => acknowledged += 1,
            _ => break reply,
        }
        assert!(acknowledged < 300, "4 MB hold more than 9 MB");
    };
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    let unavailable = serde_json::json!(
        {"status": 503, "service": "Balancer", "error": true, "message": "Service Unavailable"}
    );
    assert_eq!(refused.json(), unavailable);
    let held = server.ask(&format!("{GROUPS}/large")).await["payload"]["channels"].as_array().unwrap().len();
    assert_eq!(held, 15 * acknowledged, "what was refused did not happen");

    // Nothing else needs the disk.
    let cursor = server.get("/v2/subscribe/demo/kitchen/0?tt=0&uuid=ann").await.timetoken();
    server.ask("/publish/demo/demo/0/kitchen/0/1").await;
    let heard = server.get(&format!("/v2/subscribe/demo/,/0?channel-group=family&tt={cursor}")).await;
    assert_eq!(heard.payloads().last().unwrap(), 1);
    assert_eq!(server.ask("/v2/presence/sub-key/demo/channel/kitchen").await["occupancy"], 1);

    drop(file);
    std::fs::remove_file(&ballast).unwrap();
    server.ask(&format!("{GROUPS}/large?add={}", channels(acknowledged))).await;
    server.ask(&format!("{GROUPS}/family?add=porch")).await;
    assert!(server.terminate("TERM").await.success());
}
