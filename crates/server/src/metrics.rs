//! What operators watch (`/metrics`, OpenMetrics), and what the server knows about its own requests.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::budget;
use node::{Batch, Counters, Keyset, Node};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use wire::Refusal;

/// Seconds; from what a heartbeat takes to what nobody should see.
const LATENCIES: [f64; 12] = [25e-6, 50e-6, 1e-4, 25e-5, 5e-4, 1e-3, 25e-4, 5e-3, 1e-2, 5e-2, 0.25, 1.0];
/// The operations that make up the load of a server.
const USUAL: [&str; 7] = ["subscribe", "heartbeat", "publish", "leave", "here_now", "time", "set_state"];
/// Seconds; from a message to a parked poll, to one that waited for its subscriber to come back.
const AGES: [f64; 12] = [25e-5, 5e-4, 1e-3, 25e-4, 5e-3, 1e-2, 25e-3, 0.1, 0.5, 2.5, 60.0, 600.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    operation: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operation {
    operation: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Limit {
    limit: &'static str,
}

/// The figures of the edge.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    latencies: Family<Operation, Histogram>,
    refused: Family<Limit, Counter>,
    /// The rows that nearly every request moves, found without a lock and a hash: operation, successes, latencies.
    usual: Vec<(&'static str, Counter, Histogram)>,
    ages: Histogram,
    connections: Gauge,
    under_way: node::Gauge,
    draining: AtomicBool,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("hereabouts");
        let requests = Family::default();
        let latencies = Family::new_with_constructor((|| Histogram::new(LATENCIES)) as fn() -> Histogram);
        let usual = USUAL.map(|operation| {
            let requests: &Family<Request, Counter> = &requests;
            let latencies: &Family<Operation, Histogram> = &latencies;
            let counted = requests.get_or_create(&Request { operation, status: 200 }).clone();
            (operation, counted, latencies.get_or_create(&Operation { operation }).clone())
        });
        let refused: Family<Limit, Counter> = Family::default();
        for limit in Refusal::LIMITS {
            // There from the beginning, so that its first refusal is a step.
            drop(refused.get_or_create(&Limit { limit }));
        }
        registry.register(
            "refused",
            "Requests and connections that were refused, by the limit that they met",
            refused.clone(),
        );
        let ages = Histogram::new(AGES);
        let connections = Gauge::default();
        registry.register("requests", "Requests that were answered, by operation and status", requests.clone());
        registry.register(
            "request_seconds",
            "Time from a whole request to its reply, for requests that need not wait",
            latencies.clone(),
        );
        registry.register("delivery_age_seconds", "Age of the newest message of a reply to a subscribe", ages.clone());
        registry.register("connections", "Connections that are open", connections.clone());
        let (under_way, draining) = (node::Gauge::default(), AtomicBool::new(false));
        Self { registry, requests, latencies, refused, usual: usual.to_vec(), ages, connections, under_way, draining }
    }

    /// Counts a connection for as long as the guard lives.
    pub(crate) fn connection(&self) -> Open<'_> {
        self.connections.inc();
        Open(&self.connections)
    }

    /// Counts a refusal, if it is for a limit.
    pub(crate) fn refused(&self, refusal: &Refusal) {
        if let Some(limit) = refusal.limit() {
            self.refused.get_or_create(&Limit { limit }).inc();
        }
    }

    /// Notes how old the newest message of a reply is.
    pub(crate) fn delivered(&self, batch: &Batch) {
        if let Some(item) = batch.items.last() {
            self.ages.observe(batch.at.ticks().saturating_sub(item.timetoken().ticks()) as f64 / 1e7);
        }
    }

    /// From now on connections close after their reply.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// Requests that were read and whose reply is not written yet.
    pub(crate) fn under_way(&self) -> i64 {
        self.under_way.get()
    }

    /// Everything, in the text form of OpenMetrics.
    pub(crate) fn encode(&self, node: &Node) -> String {
        let mut out = String::new();
        let mut keysets = Registry::with_prefix("hereabouts");
        keysets.register_collector(Box::new(Figures::of(node)));
        keysets.register_collector(Box::new(Memory::of(node)));
        // Writing into a String cannot fail.
        let written = encode_registry(&mut out, &self.registry)
            .and_then(|()| encode_registry(&mut out, &keysets))
            .and_then(|()| encode_eof(&mut out));
        debug_assert!(written.is_ok());
        out
    }
}

/// An open connection.
pub(crate) struct Open<'m>(&'m Gauge);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A request from its last byte to the last byte of its reply.
pub(crate) struct Served<'m> {
    metrics: &'m Metrics,
    begun: Instant,
}

impl<'m> Served<'m> {
    /// A request was read at `begun`.
    pub(crate) fn begin(metrics: &'m Metrics, begun: Instant) -> Self {
        metrics.under_way.add(1);
        Self { metrics, begun }
    }

    /// The reply is written. What had to wait says nothing about how quick the server is.
    pub(crate) fn end(self, operation: &'static str, status: u16, waited: bool) {
        let usual = self.metrics.usual.iter().find(|(name, ..)| *name == operation);
        match usual.filter(|_| status == 200) {
            Some((_, requests, _)) => requests.inc(),
            None => self.metrics.requests.get_or_create(&Request { operation, status }).inc(),
        };
        if !waited {
            let seconds = self.begun.elapsed().as_secs_f64();
            match usual {
                Some((_, _, latencies)) => latencies.observe(seconds),
                None => self.metrics.latencies.get_or_create(&Operation { operation }).observe(seconds),
            }
        }
    }
}

impl Drop for Served<'_> {
    fn drop(&mut self) {
        self.metrics.under_way.add(-1);
    }
}

/// The figures of memory at one moment.
#[derive(Debug)]
struct Memory([(&'static str, &'static str, Option<u64>); 3]);

impl Memory {
    fn of(node: &Node) -> Self {
        let memory = node.memory();
        Self([
            ("memory_budget_bytes", "Memory that there is for what clients make grow", whole(memory.budget())),
            ("memory_used_bytes", "Memory that counts against the budget", whole(memory.used())),
            ("memory_resident_bytes", "Memory of the whole process, as the system has it", budget::resident_bytes()),
        ])
    }
}

impl Collector for Memory {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for (name, help, bytes) in &self.0 {
            if let Some(bytes) = bytes {
                let encoder = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
                ConstGauge::new(i64::try_from(*bytes).unwrap_or(i64::MAX)).encode(encoder)?;
            }
        }
        Ok(())
    }
}

fn whole(bytes: usize) -> Option<u64> {
    u64::try_from(bytes).ok()
}

/// The figures of the key sets at one moment.
#[derive(Debug)]
struct Figures(Vec<(String, Vec<u64>, Vec<i64>)>);

type Read<T, N> = (&'static str, &'static str, fn(&T) -> N);

const COUNTERS: [Read<Counters, u64>; 7] = [
    ("published", "Messages, signals and presence events that entered a timeline", |counters| counters.published.get()),
    ("deliveries", "Envelopes handed to subscribers", |counters| counters.delivered.get()),
    ("gaps", "Replies that could not hold everything since their cursor", |counters| counters.gaps.get()),
    ("joins", "Users who came to a channel", |counters| counters.joined.get()),
    ("leaves", "Users who left a channel", |counters| counters.left.get()),
    ("joins_refused", "Joins that found every seat of the key set taken", |counters| counters.refused.get()),
    ("lapses", "Users who were not heard of in time", |counters| counters.lapsed.get()),
];

const GAUGES: [Read<Keyset, i64>; 3] = [
    ("parked_polls", "Polls that wait", |keyset| keyset.counters().parked.get()),
    ("occupancy", "Users on channels; a user on two channels counts twice", |keyset| count(keyset.occupancy())),
    ("queued_bytes", "Bytes of messages kept for subscribers that come back", |keyset| count(keyset.queued_bytes())),
];

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Figures {
    fn of(node: &Node) -> Self {
        let read = |keyset: &std::sync::Arc<Keyset>| {
            let counters = COUNTERS.map(|(_, _, read)| read(keyset.counters())).to_vec();
            let gauges = GAUGES.map(|(_, _, read)| read(keyset)).to_vec();
            (keyset.options().name.clone(), counters, gauges)
        };
        Self(node.keysets().now().iter().map(read).collect())
    }
}

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for (index, (name, help, _)) in COUNTERS.iter().enumerate() {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for (keyset, counters, _) in &self.0 {
                let labels = [("keyset", keyset.as_str())];
                ConstCounter::new(counters[index]).encode(family.encode_family(&labels)?)?;
            }
        }
        for (index, (name, help, _)) in GAUGES.iter().enumerate() {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for (keyset, _, gauges) in &self.0 {
                let labels = [("keyset", keyset.as_str())];
                ConstGauge::new(gauges[index]).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}
