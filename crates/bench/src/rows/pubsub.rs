//! Publish and subscribe.

use std::time::Duration;

use anyhow::Result;
use hdrhistogram::Histogram;

use super::{Bench, Goal, Measured, Metric, Row};
use crate::load::{Beside, Fanout, Paced, beside, fanout, paced};
use crate::servers::Kind;
use crate::talk::{LongPoll, Talk};

/// Those that a client polls over HTTP.
const POLLED: [Kind; 3] = [Kind::Ours, Kind::Raw, Kind::Nchan];
/// All that deliver messages. Behind Nchan they are pushed over a connection of their own protocol: no request is read
/// for a delivery.
const ALL: [Kind; 9] = [
    Kind::Ours,
    Kind::Framework,
    Kind::Raw,
    Kind::Nchan,
    Kind::Redis,
    Kind::Nats,
    Kind::Mosquitto,
    Kind::Centrifuge,
    Kind::SocketIo,
];

const SHOWN: &[Metric] = &[
    Metric::PerCore,
    Metric::PerSecond,
    Metric::CpuMicros,
    Metric::P50,
    Metric::P99,
    Metric::BytesEach,
    Metric::Generator,
];

/// A crowd of subscribers.
struct Crowd {
    subscribers: usize,
    stalled: usize,
    in_flight: u64,
    /// Channels that each names.
    channels: usize,
    /// Each polls as a user, who is present.
    users: bool,
}

const THOUSAND: Crowd = Crowd { subscribers: 1000, stalled: 0, in_flight: 1, channels: 1, users: false };

pub(super) fn rows() -> Vec<Row> {
    let one = |bench: &Bench, kind| run(bench, kind, &THOUSAND);
    let packed = |bench: &Bench, kind| run(bench, kind, &Crowd { in_flight: 64, ..THOUSAND });
    let present = |bench: &Bench, kind| run(bench, kind, &Crowd { users: true, ..THOUSAND });
    let slow = |bench: &Bench, kind| run(bench, kind, &Crowd { stalled: 100, ..THOUSAND });
    vec![
        Row::new("fan-1", "one message to 1,000 subscribers, one at a time", &ALL, SHOWN, one)
            .asks(
                Goal::new("long poll ×1,000, one message at a time", Metric::PerCore)
                    .rivals(&[Kind::Nchan])
                    .ahead_of(&[Kind::Nchan])
                    .of_limit("fan-1", Kind::Raw, 0.8)
                    .floor(76_000.0)
                    .goal(100_000.0),
            )
            .asks(
                Goal::new("memory of a parked poll", Metric::BytesEach)
                    .rivals(&[Kind::Nchan])
                    .ahead_of(&[Kind::Nchan])
                    .floor(4000.0)
                    .goal(1500.0),
            ),
        Row::new("fan-64", "the same, 64 messages in flight", &ALL, SHOWN, packed).asks(
            Goal::new("long poll ×1,000, 64 in flight", Metric::PerCore)
                .rivals(&[Kind::Nchan])
                .ahead_of(&[Kind::Nchan])
                .floor(500_000.0)
                .goal(1_500_000.0),
        ),
        Row::new("fan-present", "one at a time, each subscriber present as a user", &[Kind::Ours], SHOWN, present),
        Row::new("fan-stalled", STALLED, &[Kind::Ours, Kind::Raw], COMPARED, stalled)
            .asks(Goal::new("R18: 1,000 subscribers beside one who takes nothing", Metric::TimesWithout).goal(1.1)),
        Row::new("fan-slow", "one at a time, and 100 more who take nothing", &POLLED, SHOWN, slow).asks(
            Goal::new("long poll ×1,000 beside 100 who take nothing", Metric::PerCore)
                .rivals(&[Kind::Nchan])
                .ahead_of(&[Kind::Nchan])
                .of_limit("fan-1", Kind::Ours, 0.8),
        ),
        Row::new("latency", "1,000 messages a second to one subscriber", &ALL, LATENCIES, latency)
            .asks(
                Goal::new("publish to receive, p50", Metric::P50)
                    .rivals(&ALL[3..])
                    .ahead_of(&[Kind::Nchan])
                    .floor(100.0)
                    .goal(70.0),
            )
            .asks(
                Goal::new("publish to receive, p99", Metric::P99)
                    .rivals(&ALL[3..])
                    .ahead_of(&[Kind::Nchan])
                    .floor(500.0)
                    .goal(250.0),
            ),
    ]
}

const STALLED: &str =
    "one at a time, with one more who takes nothing and without, in short turns; latencies of all deliveries";
const COMPARED: &[Metric] = &[Metric::TimesWithout, Metric::P99, Metric::P99Without, Metric::P50];
const LATENCIES: &[Metric] = &[Metric::P50, Metric::P99, Metric::Longest, Metric::CpuMicros];

/// How a delivery gets dearer: with subscribers, and with channels that each of them names.
pub(super) fn growth(quick: bool) -> Vec<Row> {
    let subscribers: &[usize] = if quick { &[1000, 5000] } else { &[1000, 5000, 19_000] };
    let channels: &[usize] = if quick { &[1, 100] } else { &[1, 10, 100, 1000] };
    let by_subscribers = subscribers.iter().map(|&subscribers| {
        let what = format!("{subscribers} subscribers, one message at a time");
        let crowd = Crowd { subscribers, ..THOUSAND };
        Row::new(format!("subscribers-{subscribers}"), what, &POLLED, SHOWN, move |bench, kind| {
            run(bench, kind, &crowd)
        })
        .once()
    });
    let by_channels = channels.iter().map(|&channels| {
        let what = format!("200 subscribers of {channels} channels each, one message at a time");
        let crowd = Crowd { subscribers: 200, channels, ..THOUSAND };
        Row::new(format!("channels-{channels}"), what, &[Kind::Ours], SHOWN, move |bench, kind| {
            run(bench, kind, &crowd)
        })
        .once()
    });
    by_subscribers.chain(by_channels).collect()
}

fn run(bench: &Bench, kind: Kind, crowd: &Crowd) -> Result<Measured> {
    let server = bench.place.start(kind, &[])?;
    let others: String = (1..crowd.channels).map(|number| format!(",other-{number}")).collect();
    let channels = format!("fan{others}");
    let subscriber = |number: usize| -> Box<dyn Talk> {
        if crowd.users {
            Box::new(LongPoll::new(&channels, Some(&format!("user-{number:08}"))))
        } else {
            kind.subscriber(&channels, number)
        }
    };
    let outcome = fanout(Fanout {
        server: server.process(),
        address: server.address,
        subscriber: &subscriber,
        publisher: kind.publisher("fan"),
        subscribers: crowd.subscribers,
        stalled: crowd.stalled,
        in_flight: crowd.in_flight,
        time: bench.time,
    })?;
    server.stop()?;
    Ok(Measured::of(&outcome).with(Metric::BytesEach, outcome.memory_each))
}

fn stalled(bench: &Bench, kind: Kind) -> Result<Measured> {
    let server = bench.place.start(kind, &[])?;
    let compared = beside(Beside {
        address: server.address,
        subscriber: &|number| kind.subscriber("fan", number),
        publisher: kind.publisher("fan"),
        subscribers: THOUSAND.subscribers,
        time: 2 * bench.time,
    })?;
    server.stop()?;
    let micros = |latencies: &Histogram<u64>, quantile| latencies.value_at_quantile(quantile) as f64 / 1000.0;
    Ok(Measured { faults: compared.faults, ..Measured::default() }
        .with(Metric::P50, micros(&compared.with, 0.5))
        .with(Metric::P99, micros(&compared.with, 0.99))
        .with(Metric::P99Without, micros(&compared.without, 0.99))
        .with(Metric::TimesWithout, compared.times))
}

fn latency(bench: &Bench, kind: Kind) -> Result<Measured> {
    let server = bench.place.start(kind, &[])?;
    let outcome = paced(Paced {
        server: server.process(),
        address: server.address,
        subscriber: kind.subscriber("fan", 0),
        publisher: kind.publisher("fan"),
        every: Duration::from_millis(1),
        time: bench.time,
    })?;
    server.stop()?;
    Ok(Measured::of(&outcome))
}
