//! One message to many parked polls, each of which polls again.
//!
//! Messages carry a number, so that loss, repetition and disorder are seen and not only counted as slow.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::Arguments;
use crate::client::Client;
use crate::report::{Report, Row, histogram};
use crate::server::Server;

/// Messages that are published without waiting for the last one to arrive.
const IN_FLIGHT: [u64; 2] = [1, 64];

pub(crate) async fn measure(server: &Server, arguments: &Arguments, report: &mut Report) -> anyhow::Result<()> {
    for in_flight in IN_FLIGHT {
        row(server, arguments, report, in_flight).await?;
    }
    Ok(())
}

async fn row(server: &Server, arguments: &Arguments, report: &mut Report, in_flight: u64) -> anyhow::Result<()> {
    let before = server.memory()?;
    let channel = format!("fan-{in_flight}");
    let (got, mut heard) = mpsc::unbounded_channel();
    let mut polls = JoinSet::new();
    for _ in 0..arguments.polls {
        let (address, channel, got) = (server.address, channel.clone(), got.clone());
        polls.spawn(async move { poll(address, &channel, &got).await });
    }
    // Each poll says 0 once it has its first cursor.
    for _ in 0..arguments.polls {
        ensure!(heard.recv().await == Some(0), "a poll did not begin");
    }
    let parked = server.memory()?.saturating_sub(before) / arguments.polls as u64;

    let mut publisher = Client::connect(server.address).await?;
    let mut latencies = histogram()?;
    let (begun, cpu) = (Instant::now(), server.cpu()?);
    let until = begun + Duration::from_secs(arguments.seconds);
    let mut number = 0;
    let mut deliveries = 0;
    while Instant::now() < until {
        let sent = Instant::now();
        for _ in 0..in_flight {
            number += 1;
            publisher.get(&format!("/publish/demo/demo/0/{channel}/0/{number}?uuid=ann")).await?;
        }
        let wanted = in_flight * arguments.polls as u64;
        let mut arrived = 0;
        while arrived < wanted {
            arrived += heard.recv().await.context("the polls ended")?;
        }
        latencies.saturating_record(u64::try_from(sent.elapsed().as_nanos())?);
        deliveries += wanted;
    }
    let (took, cpu) = (begun.elapsed(), server.cpu()? - cpu);
    polls.abort_all();
    while let Some(ended) = polls.join_next().await {
        // A poll that ended by itself has something to say.
        if let Ok(outcome) = ended {
            outcome?;
        }
    }
    let name = format!("deliveries to {} polls, {in_flight} in flight (latency: to the last)", arguments.polls);
    report.add(&Row { name: &name, operations: deliveries, took, cpu, latencies: &latencies });
    report.note("memory of a parked poll, bytes", parked.to_string());
    Ok(())
}

/// Polls without end, and says how many messages each reply brought.
async fn poll(address: std::net::SocketAddr, channel: &str, got: &mpsc::UnboundedSender<u64>) -> anyhow::Result<()> {
    let mut client = Client::connect(address).await?;
    let mut cursor = "0".to_owned();
    let mut last = 0;
    loop {
        let reply = client.get(&format!("/v2/subscribe/demo/{channel}/0?tt={cursor}")).await?;
        let reply: Value = serde_json::from_slice(reply)?;
        cursor = reply["t"]["t"].as_str().context("no cursor")?.to_owned();
        let messages = reply["m"].as_array().context("no messages")?;
        for message in messages {
            let number = message["d"].as_u64().context("no number")?;
            ensure!(number == last + 1, "message {number} came after {last}");
            last = number;
        }
        got.send(messages.len() as u64)?;
    }
}
