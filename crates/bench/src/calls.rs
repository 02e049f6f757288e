//! Calls that are answered at once, asked by many connections at a time.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::Arguments;
use crate::client::Client;
use crate::report::{Report, Row, histogram};
use crate::server::Server;

/// A row: its name, and the target of the nth request of a connection.
type Call = (&'static str, fn(usize, usize) -> String);

const CALLS: [Call; 7] = [
    ("time", |_, _| "/time/0".to_owned()),
    ("heartbeat, 1,000 users, renewed", |connection, n| {
        let user = (connection * 31 + n) % 1000;
        format!("/v2/presence/sub-key/demo/channel/room/heartbeat?uuid=user-{user:04}&heartbeat=300")
    }),
    ("here now, occupancy only", |_, _| "/v2/presence/sub-key/demo/channel/room?disable_uuids=1".to_owned()),
    ("here now, 1,000 users listed", |_, _| "/v2/presence/sub-key/demo/channel/room".to_owned()),
    ("join, distinct channels", |connection, n| {
        format!("/v2/presence/sub-key/demo/channel/c{connection}-{n}/heartbeat?uuid=user-{connection:04}-{n:08}")
    }),
    ("publish, nobody listens", |_, _| {
        "/publish/demo/demo/0/quiet/0/%7B%22text%22%3A%22hello%22%7D?uuid=ann".to_owned()
    }),
    ("first subscribe", |connection, _| format!("/v2/subscribe/demo/room/0?tt=0&uuid=user-{connection:04}")),
];

pub(crate) async fn measure(server: &Server, arguments: &Arguments, report: &mut Report) -> anyhow::Result<()> {
    for (name, target) in CALLS {
        row(server, arguments, report, name, move |connection, n| ("GET", target(connection, n), String::new()))
            .await?;
    }
    Ok(())
}

/// Asks from all connections at once, each as quickly as it is answered. A request is a method, a target and a body, by
/// the number of its connection and its own.
pub(crate) async fn row(
    server: &Server,
    arguments: &Arguments,
    report: &mut Report,
    name: &str,
    request: impl Fn(usize, usize) -> (&'static str, String, String) + Clone + Send + 'static,
) -> anyhow::Result<()> {
    let (begun, cpu) = (Instant::now(), server.cpu()?);
    let until = begun + Duration::from_secs(arguments.seconds);
    let mut connections = JoinSet::new();
    for connection in 0..arguments.connections {
        let (address, request) = (server.address, request.clone());
        connections.spawn(async move {
            let mut client = Client::connect(address).await?;
            let mut latencies = histogram()?;
            let mut n = 0;
            while Instant::now() < until {
                let (method, target, body) = request(connection, n);
                let asked = Instant::now();
                client.ask(method, &target, &body).await?;
                latencies.saturating_record(u64::try_from(asked.elapsed().as_nanos())?);
                n += 1;
            }
            anyhow::Ok(latencies)
        });
    }
    let mut latencies = histogram()?;
    while let Some(done) = connections.join_next().await {
        latencies.add(&done??)?;
    }
    let (took, cpu) = (begun.elapsed(), server.cpu()? - cpu);
    report.add(&Row { name, operations: latencies.len(), took, cpu, latencies: &latencies });
    Ok(())
}
