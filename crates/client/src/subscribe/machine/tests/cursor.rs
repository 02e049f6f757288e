//! Whoever passes the cursor back misses nothing and gets nothing twice.

use super::*;

#[test]
fn a_first_call_gives_the_cursor_and_each_answer_the_next() {
    let mut bench = Bench::new(settings());
    bench.subscribe(1, "room room-pnpres", None);
    assert_eq!(bench.under_way(), Some((names("room room-pnpres"), None)));
    assert_eq!(bench.categories(), [], "not connected before the server says so");
    bench.answer(polled(100, vec![]));
    let connected = bench.statuses().remove(0);
    assert_eq!((connected.category, connected.timetoken), (Category::Connected, Some(at(100))));
    assert_eq!(connected.affected.channels, ["room", "room-pnpres"]);
    assert_eq!(bench.under_way(), Some((names("room room-pnpres"), Some(100))));
    bench.answer(polled(105, vec![message("room", 103), message("room", 105)]));
    assert_eq!(bench.messages(1), [103, 105]);
    assert_eq!(bench.under_way(), Some((names("room room-pnpres"), Some(105))));
}

#[test]
fn an_expired_poll_goes_on_from_the_cursor_that_it_was_given() {
    let mut bench = Bench::receiving("room");
    bench.pass(280 * SECOND);
    bench.answer(polled(250, vec![]));
    assert_eq!(bench.under_way(), Some((names("room"), Some(250))));
    assert!(bench.told.is_empty());
}

#[test]
fn the_region_of_a_cursor_is_given_back_with_it() {
    let mut bench = Bench::receiving("room");
    let mut answer = polled(105, vec![]);
    answer.delivery.cursor.region = Some(12);
    bench.answer(answer);
    assert_eq!(bench.poll.as_ref().unwrap().cursor.unwrap().region, Some(12));
    let mut answer = polled(106, vec![]);
    answer.delivery.cursor.region = None;
    bench.answer(answer);
    assert_eq!(
        bench.poll.as_ref().unwrap().cursor.unwrap().region,
        Some(12),
        "a server that names none is in the same"
    );
}

#[test]
fn a_name_that_is_added_in_the_middle_of_a_poll_keeps_the_cursor() {
    let mut bench = Bench::receiving("room");
    bench.subscribe(2, "hall", None);
    assert_eq!(bench.under_way(), Some((names("hall room"), Some(100))));
    assert_eq!(bench.categories(), [Category::SubscriptionChanged]);
    bench.answer(polled(102, vec![message("room", 101), message("hall", 102)]));
    assert_eq!((bench.messages(1), bench.under_way().unwrap().1), (vec![101], Some(102)));
    bench.unsubscribe(2, "hall");
    assert_eq!(bench.under_way(), Some((names("room"), Some(102))));
}

#[test]
fn what_comes_of_a_poll_that_was_given_up_is_ignored() {
    let mut bench = Bench::receiving("room");
    let old = bench.poll.as_ref().unwrap().id;
    bench.subscribe(2, "hall", None);
    bench.machine.handle_poll(old, Ok(polled(999, vec![message("room", 999)])), bench.now);
    bench.machine.handle_poll(old, Err(lost()), bench.now);
    bench.settle();
    assert_eq!((bench.messages(1), bench.under_way().unwrap().1), (vec![], Some(100)));
}

#[test]
fn several_hold_a_name_each_hears_its_own_and_it_ends_with_the_last() {
    let mut bench = Bench::receiving("room");
    bench.subscribe(2, "room hall", None);
    bench.answer(polled(102, vec![message("room", 101), message("hall", 102)]));
    assert_eq!(bench.told.iter().filter(|(audience, _)| *audience == holders(&[1, 2])).count(), 1);
    assert_eq!(bench.told.iter().filter(|(audience, _)| *audience == holders(&[2])).count(), 1);
    bench.unsubscribe(1, "room");
    assert_eq!(bench.under_way().unwrap().0, names("hall room"));
    bench.unsubscribe(2, "room");
    assert_eq!(bench.under_way().unwrap().0, names("hall"));
}

#[test]
fn who_joins_what_others_have_is_told_that_it_is_connected() {
    let mut bench = Bench::receiving("room");
    bench.subscribe(2, "room", None);
    assert_eq!(bench.told.len(), 1);
    assert_eq!(bench.told[0].0, holders(&[2]));
    assert_eq!(bench.categories(), [Category::Connected]);
}

#[test]
fn a_subscription_may_begin_in_the_past_and_is_connected_at_once() {
    let mut bench = Bench::new(settings());
    bench.subscribe(1, "room", Some(40));
    assert_eq!(bench.under_way(), Some((names("room"), None)), "a poll from 40 might be answered in minutes only");
    bench.answer(polled(100, vec![]));
    assert_eq!(bench.categories(), [Category::Connected]);
    assert_eq!(bench.under_way(), Some((names("room"), Some(40))));
    bench.answer(polled(60, vec![message("room", 50), message("room", 60)]));
    assert_eq!(bench.messages(1), [50, 60]);
}

#[test]
fn of_two_that_begin_together_only_one_hears_the_past() {
    let mut bench = Bench::new(settings());
    bench.subscribe(1, "room", Some(40));
    bench.subscribe(2, "hall", None);
    bench.answer(polled(100, vec![]));
    assert_eq!(bench.under_way(), Some((names("hall room"), Some(40))));
    let envelopes = vec![message("hall", 50), message("room", 60), message("hall", 100), message("hall", 101)];
    bench.answer(polled(101, envelopes));
    assert_eq!(bench.told.iter().filter(|(audience, _)| *audience == holders(&[1])).count(), 1);
    assert_eq!(bench.messages(2), [101]);
}

#[test]
fn going_back_for_one_name_repeats_nothing_of_the_others() {
    let mut bench = Bench::receiving("room");
    bench.answer(polled(110, vec![message("room", 105)]));
    bench.messages(1);
    bench.subscribe(2, "hall", Some(50));
    assert_eq!(bench.under_way(), Some((names("hall room"), Some(50))));
    bench.answer(polled(105, vec![message("hall", 60), message("room", 105)]));
    assert_eq!((bench.messages(1), bench.under_way().unwrap().1), (vec![], Some(105)));
    bench.answer(polled(112, vec![message("room", 108), message("room", 111), message("hall", 112)]));
    assert_eq!(bench.messages(1), [111], "108 is not newer than where room was");
}

#[test]
fn going_back_for_a_name_that_is_there_already_gives_it_again() {
    let mut bench = Bench::receiving("room hall");
    bench.answer(polled(110, vec![message("room", 105), message("hall", 106)]));
    assert_eq!(bench.messages(1), [105, 106]);
    bench.subscribe(1, "room", Some(100));
    bench.answer(polled(110, vec![message("room", 105), message("hall", 106)]));
    assert_eq!(bench.messages(1), [105]);
}

#[test]
fn a_beginning_in_the_future_holds_for_its_own_names_alone() {
    let mut bench = Bench::receiving("room");
    bench.subscribe(2, "hall", Some(120));
    assert_eq!(bench.under_way(), Some((names("hall room"), Some(100))));
    bench.answer(polled(121, vec![message("hall", 110), message("room", 115), message("hall", 121)]));
    let heard: Vec<u64> = bench.told.iter().filter_map(|(_, event)| event.timetoken()).map(Timetoken::ticks).collect();
    assert_eq!(heard, [115, 121]);
}

#[test]
fn a_message_that_is_sent_again_after_a_reconnect_is_told_once() {
    let mut bench = Bench::receiving("room");
    bench.answer(polled(110, vec![message("room", 105), message("room", 110)]));
    bench.fail(lost());
    bench.wait();
    bench.answer(polled(111, vec![]));
    // Another server of a cluster begins a little earlier. What the first did not have yet is new.
    bench.answer(polled(
        112,
        vec![message("room", 105), message("room", 107), message("room", 110), message("room", 112)],
    ));
    assert_eq!(bench.messages(1), [105, 110, 107, 112]);
}

#[test]
fn when_nothing_is_wanted_it_ends_and_begins_anew() {
    let mut bench = Bench::receiving("room");
    bench.machine.unsubscribe_all(bench.now);
    bench.settle();
    assert_eq!((bench.under_way(), bench.categories()), (None, vec![Category::Disconnected]));
    assert_eq!(bench.machine.deadline(), None);
    bench.left();
    bench.subscribe(1, "room", None);
    assert_eq!(bench.under_way(), Some((names("room"), None)));
    bench.answer(polled(200, vec![]));
    assert_eq!(bench.categories(), [Category::Connected]);
}

#[test]
fn an_envelope_without_a_subscription_is_told_to_whom_its_channel_concerns() {
    let bare = |channel: &str, ticks: u64| {
        let text = format!(r#"{{"p":{{"t":"{ticks}","r":1}},"c":"{channel}","d":1}}"#);
        Envelope::read(&Json::parse(&text).unwrap()).unwrap()
    };
    let mut bench = Bench::receiving("room");
    bench.subscribe(2, "house.*", None);
    bench.told.clear();
    bench.answer(polled(110, vec![bare("room", 101), bare("house.hall", 102), bare("elsewhere", 103)]));
    let audiences: Vec<Audience> = bench.told.iter().map(|(audience, _)| audience.clone()).collect();
    assert_eq!(audiences, [holders(&[1]), holders(&[2]), holders(&[])]);
}

#[test]
fn an_envelope_that_cannot_be_read_is_told_as_it_came_and_the_others_are_read() {
    let mut bench = Bench::receiving("room");
    let mut answer = polled(102, vec![message("room", 101), message("room", 102)]);
    answer.delivery.envelopes[0] = Err(Json::parse(r#"{"odd":1}"#).unwrap());
    bench.answer(answer);
    assert!(matches!(&bench.told[0], (Audience::Everyone, Event::Other(json)) if json.as_str() == r#"{"odd":1}"#));
    assert_eq!((bench.messages(1), bench.under_way().unwrap().1), (vec![102], Some(102)));
}

#[test]
fn who_subscribes_after_everyone_has_gone_begins_from_now() {
    let mut bench = Bench::receiving("room");
    bench.answer(polled(105, vec![message("room", 105)]));
    // Somebody looks back, so that the cursor lies behind; then the connection is lost, and all go while it is made again.
    bench.subscribe(2, "hall", Some(102));
    bench.fail(lost());
    bench.pass(2 * SECOND);
    bench.machine.unsubscribe_all(bench.now);
    bench.settle();
    bench.subscribe(3, "room", None);
    assert_eq!(bench.under_way(), Some((names("hall room"), None)), "the call that joins is still under way");
    bench.answer(polled(200, vec![]));
    assert_eq!(bench.under_way(), Some((names("room"), Some(200))));
}
