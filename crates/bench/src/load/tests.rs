//! The generator and the raw server, against each other.

use std::time::Duration;

use super::{Beside, Calls, Fanout, Paced, beside, calls, fanout, paced};
use crate::process::Process;
use crate::servers::Kind;
use crate::talk::HttpCaller;
use crate::{load::Faults, raw};

/// The raw server, in this process: it ends with the test.
fn raw_server() -> (Process, std::net::SocketAddr) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || raw::serve(listener).unwrap());
    (Process::own(), address)
}

#[test]
fn every_message_arrives_once_and_in_order_at_every_poll() {
    for (in_flight, stalled) in [(1, 0), (64, 0), (8, 5)] {
        let (server, address) = raw_server();
        let outcome = fanout(Fanout {
            server,
            address,
            subscriber: &|number| Kind::Raw.subscriber("fan", number),
            publisher: Kind::Raw.publisher("fan"),
            subscribers: 20,
            stalled,
            in_flight,
            time: Duration::from_millis(50),
        })
        .unwrap();
        assert_eq!(outcome.faults, Faults::default());
        assert!(outcome.operations >= 20 * in_flight);
        assert_eq!(outcome.operations % 20, 0);
    }
}

#[test]
fn a_crowd_is_measured_with_and_without_one_who_takes_nothing() {
    let (_, address) = raw_server();
    let compared = beside(Beside {
        address,
        subscriber: &|number| Kind::Raw.subscriber("fan", number),
        publisher: Kind::Raw.publisher("fan"),
        subscribers: 20,
        time: Duration::from_millis(1),
    })
    .unwrap();
    assert_eq!(compared.faults, Faults::default());
    assert!(compared.with.len().is_multiple_of(20) && !compared.with.is_empty());
    assert!(compared.without.len().is_multiple_of(20) && !compared.without.is_empty());
}

#[test]
fn messages_on_the_beat_arrive_all() {
    let (server, address) = raw_server();
    let outcome = paced(Paced {
        server,
        address,
        subscriber: Kind::Raw.subscriber("fan", 0),
        publisher: Kind::Raw.publisher("fan"),
        every: Duration::from_millis(1),
        time: Duration::from_millis(200),
    })
    .unwrap();
    assert_eq!(outcome.faults, Faults::default());
    assert!(outcome.operations > 0);
}

#[test]
fn as_many_calls_are_made_as_are_wanted() {
    let (server, address) = raw_server();
    for most in [1, 3, 1000] {
        let caller = |_| -> Box<dyn crate::talk::Talk> { Box::new(HttpCaller::new(|_| "/time/0".to_owned())) };
        let time = Duration::from_secs(60);
        let outcome = calls(&Calls { server, address, caller: &caller, connections: 7, time, most }).unwrap();
        assert_eq!(outcome.operations, most);
    }
}
