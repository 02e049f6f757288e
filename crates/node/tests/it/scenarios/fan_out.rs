//! One message to many: whoever publishes does not do all the waking.

use crate::support::{listen, payloads, permit, publish, seconds, site, stamp};
use node::acts;

const WAITERS: usize = 5000;

#[tokio::test]
async fn a_publish_returns_before_everyone_who_waits_is_woken() {
    let site = site().await;
    let keyset = &site.keyset;
    let cursor = stamp(keyset);
    let mut polls: Vec<_> = (0..WAITERS).map(|_| listen("room").after(cursor).park(keyset)).collect();
    publish(keyset, "room", "1");
    // Nothing else ran since: these are the ones that the publisher woke itself.
    let woken = polls.iter_mut().filter_map(|poll| poll.is_answered().then_some(())).count();
    assert!((1..=256).contains(&woken), "{woken} of {WAITERS} were woken by the publisher");
    for poll in polls {
        assert_eq!(payloads(&poll.answered().await), "1");
    }
    assert_eq!((keyset.counters().parked.get(), keyset.places_held()), (0, 0));
}

#[tokio::test]
async fn an_event_returns_before_everyone_who_waits_is_woken() {
    let site = site().await;
    let keyset = &site.keyset;
    let cursor = stamp(keyset);
    let mut polls: Vec<_> = (0..WAITERS).map(|_| listen("room-pnpres").after(cursor).park(keyset)).collect();
    let ann = crate::support::caller("ann");
    keyset.heartbeat(permit(keyset, acts::Heartbeat(crate::support::places("room"))), &ann, &[], seconds(300)).unwrap();
    let woken = polls.iter_mut().filter_map(|poll| poll.is_answered().then_some(())).count();
    assert!((1..=256).contains(&woken), "{woken} of {WAITERS} were woken by the caller");
    for poll in polls {
        assert_eq!(poll.answered().await.items.len(), 1);
    }
}

/// Without a runtime around, the publisher has to wake everyone itself.
#[tokio::test]
async fn a_publisher_outside_of_the_runtime_wakes_everyone() {
    let site = site().await;
    let keyset = &site.keyset;
    let cursor = stamp(keyset);
    let polls: Vec<_> = (0..300).map(|_| listen("room").after(cursor).park(keyset)).collect();
    std::thread::scope(|scope| scope.spawn(|| publish(keyset, "room", "1")).join().map(drop).unwrap());
    for poll in polls {
        assert_eq!(payloads(&poll.answer()), "1");
    }
}
