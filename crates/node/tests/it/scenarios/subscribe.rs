//! What a subscribe answers, and when.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use engine::pubsub::Limits;
use node::acts;
use wire::Timetoken;

use crate::support::{
    add, envelope, listen, message, payloads, permit, places, publish, seconds, shown, site, site_with, stamp,
    to_publish,
};

const HOLD: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_first_call_answers_at_once_and_whatever_comes_after_it_is_newer() {
    let site = site().await;
    publish(&site.keyset, "room", "1");
    let first = listen("room").now(&site.keyset);
    assert_eq!(payloads(&first), "");
    publish(&site.keyset, "room", "2");
    let next = listen("room").after(first.cursor).now(&site.keyset);
    assert_eq!(payloads(&next), "2");
    assert_eq!(next.cursor, next.items[0].timetoken());
    assert!(!listen("room").after(next.cursor).park(&site.keyset).is_answered());
}

/// Every way in which a message or an event reaches a request: copies and their `b`.
#[tokio::test]
async fn each_matching_stream_carries_its_copy_and_says_which_it_is() {
    let site = site().await;
    let keyset = &site.keyset;
    add(keyset, "family", "room a.b").await;
    add(keyset, "friends", "room").await;
    add(keyset, "events", "room-pnpres").await;
    let before = stamp(keyset);
    for channel in ["a.b", "room", "a.b.c"] {
        publish(keyset, channel, "1");
    }
    let ann = crate::support::caller("ann");
    keyset.heartbeat(permit(keyset, acts::Heartbeat(places("room a.b a.*"))), &ann, &[], seconds(300)).unwrap();

    let check = |request: &str, expected: &[&str]| {
        assert_eq!(shown(&listen(request).after(before).now(keyset), keyset), expected, "{request}");
    };
    // One literal: no `b`.
    check("room", &["room"]);
    check("room-pnpres", &["room-pnpres:join ann 1"]);
    // A literal among others.
    check("room hall", &["room<room"]);
    check("room room-pnpres", &["room<room", "room-pnpres<room-pnpres:join ann 1"]);
    check("room a.b", &["a.b<a.b", "room<room"]);
    // Patterns: messages and presence of everything below, and of the channel that has the pattern's name.
    let of_a = ["a.b<a.*", "a.b.c<a.*", "a.b-pnpres<a.*:join ann 1", "a.*-pnpres<a.*:join ann 1"];
    check("a.*", &of_a);
    check("a.* a.*-pnpres", &of_a);
    check("a.*-pnpres", &["a.b-pnpres<a.*-pnpres:join ann 1", "a.*-pnpres:join ann 1"]);
    check("a.b.*", &["a.b.c<a.b.*"]);
    check("a.* a.b.*", &["a.b<a.*", "a.b.c<a.*", "a.b.c<a.b.*", of_a[2], of_a[3]]);
    check("a.b a.*", &["a.b<a.b", "a.b<a.*", "a.b.c<a.*", of_a[2], of_a[3]]);
    // Groups.
    check("@family", &["a.b<family", "room<family"]);
    check("@friends", &["room<friends"]);
    check("@family @friends", &["a.b<family", "room<family", "room<friends"]);
    check("room @friends", &["room<room", "room<friends"]);
    check("@family-pnpres", &["room-pnpres<family-pnpres:join ann 1", "a.b-pnpres<family-pnpres:join ann 1"]);
    check("@events", &["room-pnpres<events:join ann 1"]);
    check(
        "@friends @friends-pnpres room-pnpres",
        &["room<friends", "room-pnpres<room-pnpres:join ann 1", "room-pnpres<friends-pnpres:join ann 1"],
    );
}

#[tokio::test]
async fn a_reply_is_cut_between_messages_and_the_next_poll_has_the_rest() {
    let site = site_with(|options| options.pubsub.reply_bytes = 1).await;
    let keyset = &site.keyset;
    let mut cursor = stamp(keyset);
    for payload in ["1", "2", "3"] {
        publish(keyset, "a.b", payload);
    }
    for expected in ["1 1", "2 2", "3 3"] {
        let batch = listen("a.b a.*").after(cursor).now(keyset);
        assert_eq!(payloads(&batch), expected, "both copies, and no other message");
        assert_eq!((batch.cursor, batch.gap), (batch.items[1].timetoken(), None));
        cursor = batch.cursor;
    }
    assert!(!listen("a.b a.*").after(cursor).park(keyset).is_answered());
}

#[tokio::test]
async fn a_reply_holds_as_much_as_fits_and_skipped_messages_cost_nothing() {
    let site = site_with(|options| options.pubsub.reply_bytes = 1000).await;
    let keyset = &site.keyset;
    let cursor = stamp(keyset);
    for _ in 0..20 {
        publish(keyset, "a", r#"{"no":"0123456789"}"#);
        publish(keyset, "a", r#"{"yes":1}"#);
    }
    let all = listen("a").after(cursor).filter("data.yes == 1").now(keyset);
    let size = envelope(&all.items[0], keyset).to_string().len();
    assert_eq!(all.items.len(), 1000 / (size - 1), "an envelope is cut off its closing brace");
    let rest = listen("a").after(all.cursor).filter("data.yes == 1").now(keyset);
    assert_eq!(all.items.len() + rest.items.len(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_expires_has_a_cursor_that_misses_nothing() {
    let site = site_with(|options| options.pubsub.hold = HOLD).await;
    let keyset = &site.keyset;
    let sent = stamp(keyset);
    let poll = listen("room").after(sent).park(keyset);
    site.place.clock.forward(HOLD);
    let batch = poll.answered().await;
    assert_eq!((payloads(&batch).as_str(), batch.gap), ("", None));
    assert!(batch.cursor > sent, "the time now, since nothing was skipped");
    publish(keyset, "room", "1");
    assert_eq!(payloads(&listen("room").after(batch.cursor).now(keyset)), "1");
    assert_eq!((keyset.counters().parked.get(), keyset.places_held()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_expired_poll_has_passed_what_its_filter_skipped() {
    let site = site_with(|options| options.pubsub.hold = HOLD).await;
    let keyset = &site.keyset;
    let mut poll = listen("room").after(stamp(keyset)).filter("data == 'yes'").park(keyset);
    let skipped = publish(keyset, "room", r#""no""#);
    assert!(!poll.is_answered());
    let batch = poll.answered().await;
    assert_eq!(payloads(&batch), "");
    assert!(batch.cursor >= skipped);
}

#[tokio::test]
async fn a_filter_skips_without_ending_the_poll() {
    let site = site().await;
    let keyset = &site.keyset;
    let mut poll = listen("a.* room").after(stamp(keyset)).filter("data == 'yes'").park(keyset);
    publish(keyset, "room", r#""no""#);
    assert!(!poll.is_answered());
    publish(keyset, "a.b", r#""no""#);
    assert!(!poll.is_answered());
    publish(keyset, "room", r#""yes""#);
    assert_eq!(payloads(&poll.answer()), r#""yes""#);
}

#[tokio::test]
async fn presence_events_pass_a_filter_unless_they_are_to_be_filtered() {
    for (filtered, expected) in [(false, "room-pnpres:join ann 1"), (true, "room-pnpres:join bob 2")] {
        let site = site_with(|options| options.presence.stream_filtering = filtered).await;
        let keyset = &site.keyset;
        let before = stamp(keyset);
        for name in ["ann", "bob"] {
            let caller = crate::support::caller(name);
            keyset.heartbeat(permit(keyset, acts::Heartbeat(places("room"))), &caller, &[], seconds(300)).unwrap();
        }
        let batch = listen("room-pnpres").after(before).filter("uuid == 'nobody' || pn_uuid == 'bob'").now(keyset);
        assert_eq!(shown(&batch, keyset)[0], expected);
    }
}

#[tokio::test]
async fn a_cursor_from_the_future_waits_like_a_fresh_one() {
    let site = site().await;
    for future in [stamp(&site.keyset) + seconds(3600), Timetoken::MAX] {
        let mut poll = listen("room").after(future).park(&site.keyset);
        assert!(!poll.is_answered());
        publish(&site.keyset, "room", "1");
        assert_eq!(payloads(&poll.answer()), "1");
    }
}

#[tokio::test]
async fn a_new_list_keeps_the_cursor_and_catches_up_on_what_it_adds() {
    let site = site().await;
    let cursor = listen("room").now(&site.keyset).cursor;
    publish(&site.keyset, "hall", "1");
    publish(&site.keyset, "a.b", "2");
    assert_eq!(payloads(&listen("room hall a.*").after(cursor).now(&site.keyset)), "1 2");
}

#[tokio::test]
async fn closing_answers_everyone_who_waits_and_everyone_who_comes() {
    let site = site().await;
    let keyset = &site.keyset;
    add(keyset, "family", "room").await;
    let cursor = stamp(keyset);
    let mut polls: Vec<_> =
        ["room", "a.*", "@family", "room @family"].map(|names| listen(names).after(cursor).park(keyset)).into();
    assert_eq!(keyset.counters().parked.get(), 4);
    site.node.close();
    for poll in &mut polls {
        assert!(poll.is_answered());
    }
    assert_eq!((keyset.counters().parked.get(), keyset.places_held()), (0, 0));
    publish(keyset, "room", "1");
    assert_eq!(payloads(&listen("room").after(cursor).now(keyset)), "1", "what is there is still handed out");
    assert_eq!(payloads(&listen("hall").after(cursor).now(keyset)), "");
}

#[tokio::test]
async fn a_dropped_poll_leaves_nothing_behind() {
    let site = site().await;
    let keyset = &site.keyset;
    add(keyset, "family", "room hall").await;
    let poll = listen("room a.* a.b.* hall-pnpres @family @family-pnpres").after(stamp(keyset)).park(keyset);
    assert_eq!(keyset.counters().parked.get(), 1);
    assert!(keyset.places_held() > 0);
    drop(poll);
    assert_eq!((keyset.counters().parked.get(), keyset.places_held()), (0, 0));
}

#[tokio::test]
async fn a_loss_is_told_with_the_reply_that_has_it_and_once() {
    let site = site_with(|options| options.pubsub.queue.messages = 3).await;
    let keyset = &site.keyset;
    let cursor = stamp(keyset);
    let sent: Vec<_> = (0..5).map(|n| publish(keyset, "room", &n.to_string())).collect();
    let batch = listen("room").after(cursor).now(keyset);
    assert_eq!(payloads(&batch), "2 3 4");
    assert_eq!(batch.gap.map(|gap| (gap.after, gap.until)), Some((cursor, sent[1])));
    publish(keyset, "room", "5");
    assert_eq!(listen("room").after(batch.cursor).now(keyset).gap, None);
    assert_eq!(keyset.counters().gaps.get(), 1);
}

#[tokio::test]
async fn losses_behind_a_filter_add_up_to_one_gap() {
    let site = site_with(|options| options.pubsub.queue.messages = 3).await;
    let keyset = &site.keyset;
    let cursor = stamp(keyset);
    let mut poll = listen("room").after(cursor).filter("data == 'yes'").park(keyset);
    let mut lost = Timetoken::ZERO;
    for _ in 0..2 {
        lost = publish(keyset, "room", r#""yes""#);
        for _ in 0..3 {
            publish(keyset, "room", r#""no""#);
        }
        assert!(!poll.is_answered(), "what it would have wanted is no longer kept");
    }
    publish(keyset, "room", r#""yes""#);
    let gap = poll.answer().gap.unwrap();
    assert!(gap.after == cursor && gap.until >= lost, "{gap:?} must hold {lost}, lost by the second overflow");
}

#[tokio::test]
async fn a_busy_channel_of_which_the_caller_wants_nothing_does_not_keep_the_thread() {
    const ENOUGH: usize = 200_000;
    let site = site().await;
    let keyset = &site.keyset;
    let mut poll = listen("room").after(stamp(keyset)).filter("data.wanted == true").park(keyset);
    // Long enough that a message is published sooner than it is looked at.
    let long = message("room", &format!(r#"{{"no":[{}0]}}"#, "0,".repeat(5000)));
    let done = Arc::new(AtomicBool::new(false));
    let (started, is_started) = std::sync::mpsc::channel();
    let publisher = {
        let (keyset, done) = (Arc::clone(keyset), Arc::clone(&done));
        std::thread::spawn(move || {
            (0..ENOUGH).find(|n| {
                keyset.publish(to_publish(&keyset, long.channel.as_str()), long.clone(), true);
                if *n == 100 {
                    started.send(()).unwrap();
                }
                done.load(Ordering::SeqCst)
            })
        })
    };
    is_started.recv().unwrap();
    // Turns of a task, each of which must end though there is always more.
    for _ in 0..3 {
        assert!(!poll.is_answered());
    }
    done.store(true, Ordering::SeqCst);
    assert!(publisher.join().unwrap().is_some(), "the poll gave the thread back only when nobody published any more");
}

#[tokio::test]
async fn a_publisher_gives_way_to_a_few_who_wait_and_not_to_many() {
    let site = site().await;
    let keyset = &site.keyset;
    let gives_way = || keyset.publish(to_publish(keyset, "room"), message("room", "1"), true).gives_way;
    assert!(!gives_way(), "nobody waits");
    for (waiting, expected) in [(1, true), (4, true), (5, false)] {
        let cursor = stamp(keyset);
        let polls: Vec<_> = (0..waiting).map(|_| listen("room").after(cursor).park(keyset)).collect();
        assert_eq!(gives_way(), expected, "{waiting} wait");
        drop(polls);
    }
}

#[tokio::test]
async fn large_events_count_against_the_memory_that_the_queue_may_take() {
    let site = site_with(|options| options.pubsub.queue.bytes = 1 << 20).await;
    let keyset = &site.keyset;
    let ann = crate::support::caller("ann");
    keyset.heartbeat(permit(keyset, acts::Heartbeat(places("room"))), &ann, &[], seconds(300)).unwrap();
    let state = crate::support::json(&format!(r#"{{"long":"{}"}}"#, "x".repeat(32_000)));
    let before = keyset.queued_bytes();
    keyset.set_state(permit(keyset, acts::SetState(places("room"))), &ann.user, &state).unwrap();
    assert!(keyset.queued_bytes() - before > 2 * 32_000, "the event is held with its envelope");
    for _ in 0..100 {
        keyset.set_state(permit(keyset, acts::SetState(places("room"))), &ann.user, &state).unwrap();
    }
    assert!(keyset.queued_bytes() <= 1 << 20);
}

#[tokio::test]
async fn a_full_queue_does_not_take_the_messages_of_quiet_channels() {
    let bytes = 100_000;
    let site =
        site_with(|options| options.pubsub.queue = Limits { messages: 1000, age: Duration::from_secs(60), bytes })
            .await;
    let keyset = &site.keyset;
    // Many loud channels fill the memory up to its brim, then fall silent.
    let payload = format!(r#""{}""#, "x".repeat(1000));
    let loud: Vec<String> = (0..).map(|n| format!("loud-{n}")).take(40).collect();
    for name in loud.iter().cycle().take(1000) {
        publish(keyset, name, &payload);
        if keyset.queued_bytes() + 2600 > bytes {
            break;
        }
    }
    // Twenty are far below what the memory holds.
    for n in 0..20 {
        let quiet = format!("quiet-{n}");
        let poll = listen(&quiet).after(stamp(keyset)).park(keyset);
        publish(keyset, &quiet, &payload);
        assert_eq!(poll.answer().gap, None);
        assert!(keyset.queued_bytes() <= bytes);
    }
}
