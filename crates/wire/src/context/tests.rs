//! Replies and events, to the letter.

use serde_json::json;

use super::*;
use crate::{ChannelName, RecordId, Refusal, SubscribeKey, Timetoken};

fn id(text: &str) -> RecordId {
    RecordId::new(text).unwrap()
}

fn ann() -> Record {
    let content = Content::default()
        .with(TextField::Name, "Ann \"A\"")
        .with(TextField::Status, "on")
        .with_custom(Custom::of(&json!({"b": 1, "a": 1.5, "n": null})).unwrap());
    Record { id: id("ann"), content, updated: Moment::from_micros(1_709_801_213_268_200), etag: ETag::new("e1") }
}

fn lobby() -> Record {
    Record { id: id("lobby"), content: Content::default(), updated: Moment::from_micros(0), etag: ETag::new("e2") }
}

fn member() -> Membership {
    Membership {
        user: id("ann"),
        channel: id("lobby"),
        content: Content::default().with(TextField::Type, ""),
        updated: Moment::from_micros(1_000_000),
        etag: ETag::new("AZO/t53al7m8fw"),
    }
}

#[test]
fn a_record_shows_its_default_fields_and_what_is_asked_for() {
    let check = |shown, expected: &str| assert_eq!(record(Kind::User, &ann(), shown), expected);
    check(
        Shown::default(),
        r#"{"status":200,"data":{"id":"ann","name":"Ann \"A\"","externalId":null,"profileUrl":null,"email":null,"updated":"2024-03-07T08:46:53.2682Z","eTag":"e1"}}"#,
    );
    check(
        Shown::ALL,
        r#"{"status":200,"data":{"id":"ann","name":"Ann \"A\"","externalId":null,"profileUrl":null,"email":null,"type":null,"status":"on","custom":{"a":1.5,"b":1,"n":null},"updated":"2024-03-07T08:46:53.2682Z","eTag":"e1"}}"#,
    );
    assert_eq!(
        record(Kind::Channel, &lobby(), Shown { custom: true, ..Shown::default() }),
        r#"{"status":200,"data":{"id":"lobby","name":null,"description":null,"custom":null,"updated":"1970-01-01T00:00:00Z","eTag":"e2"}}"#,
    );
    assert_eq!(removed(), r#"{"status":200,"data":null}"#);
}

#[test]
fn a_list_leaves_out_what_it_does_not_have() {
    let page = Page { items: vec![], total: None, next: None, prev: None };
    assert_eq!(records(Kind::User, &page, Include::default()), r#"{"status":200,"data":[]}"#);
    let page = Page { items: vec![], total: Some(0), next: Some("n".into()), prev: Some("p".into()) };
    assert_eq!(
        records(Kind::User, &page, Include::default()),
        r#"{"status":200,"data":[],"totalCount":0,"next":"n","prev":"p"}"#
    );
}

#[test]
fn a_membership_shows_the_other_end_as_far_as_there_is_metadata() {
    let check = |include: &str, record: Option<Record>, expected: &str| {
        let page = Page { items: vec![Joined { membership: member(), record }], total: None, next: None, prev: None };
        let text = memberships(Kind::Channel, &page, Include::parse(include, Some(Kind::Channel)));
        assert_eq!(text, format!(r#"{{"status":200,"data":[{expected}]}}"#), "{include}");
    };
    let version = r#""updated":"1970-01-01T00:00:01Z","eTag":"AZO/t53al7m8fw""#;
    check("", Some(lobby()), &format!(r#"{{"channel":{{"id":"lobby"}},{version}}}"#));
    check("channel,channel.custom", None, &format!(r#"{{"channel":{{"id":"lobby"}},{version}}}"#));
    check(
        "type,status,custom,channel.status",
        Some(lobby()),
        &format!(
            r#"{{"channel":{{"id":"lobby","name":null,"description":null,"status":null,"updated":"1970-01-01T00:00:00Z","eTag":"e2"}},"type":"","status":null,"custom":null,{version}}}"#
        ),
    );
}

#[test]
fn a_bulk_write_is_answered_entry_by_entry() {
    let moment = Moment::from_micros(0);
    let answers = [
        Answered::Created(id("a"), moment, ETag::new("e")),
        Answered::Refused(Some("b:".into()), Fault::body("1.id", "no")),
        Answered::Refused(None, Fault::body("2", "no")),
    ];
    assert_eq!(
        bulk(&answers),
        concat!(
            r#"{"status":200,"data":[{"id":"a","result":"created","updated":"1970-01-01T00:00:00Z","eTag":"e"},"#,
            r#"{"id":"b:","result":"refused","error":{"location":"1.id","locationType":"body","message":"no"}},"#,
            r#"{"id":null,"result":"refused","error":{"location":"2","locationType":"body","message":"no"}}]}"#
        )
    );
}

#[test]
fn names_in_include_are_those_of_the_list() {
    let check = |list: &str, joined, expected| assert_eq!(Include::parse(list, joined), expected, "{list}");
    let none = Include::default();
    let plain = Shown::default();
    check("", None, none);
    check("status, ,status,unknown,Custom", None, Include { own: Shown { status: true, ..plain }, ..none });
    check("channel,uuid.custom,totalCount", None, Include { total: true, ..none });
    check("uuid", Some(Kind::User), Include { joined: Some(plain), ..none });
    check("uuid.,uuids,uuid.name,uuidcustom", Some(Kind::User), none);
    let custom = Shown { custom: true, ..plain };
    check("uuid.custom,uuid", Some(Kind::User), Include { joined: Some(custom), ..none });
}

#[test]
fn an_event_is_told_once_on_each_channel_that_can_hear_it() {
    let mut event = Event::new(About::User(id("ann")), Action::Delete, Data::new());
    event.also_on([&id("lobby"), &id("ann"), &id("lobby"), &id("lobby-pnpres")]);
    assert_eq!(event.channels.iter().map(ChannelName::as_str).collect::<Vec<_>>(), ["ann", "lobby"]);
    let payload: serde_json::Value = serde_json::from_str(event.payload.as_str()).unwrap();
    let expected =
        json!({"source": "objects", "version": "2.0", "event": "delete", "type": "uuid", "data": {"id": "ann"}});
    assert_eq!(payload, expected);

    let mut out = Vec::new();
    let message = event.messages().nth(1).unwrap();
    message.write_envelope(&mut out, &SubscribeKey::new("demo").unwrap(), Timetoken::from_ticks(7));
    crate::pubsub::close_envelope(&mut out, None);
    let envelope: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!((&envelope["e"], &envelope["c"], &envelope["d"]), (&json!(2), &json!("lobby"), &expected));
    assert_eq!((envelope.get("i"), envelope.get("u"), envelope.get("b")), (None, None, None));
}

#[test]
fn a_membership_is_told_on_its_channel_and_to_its_user() {
    let about = |user, channel| About::Membership { user: id(user), channel: id(channel) };
    let event = Event::new(about("ann", "lobby"), Action::Set, Data::new());
    assert_eq!(event.channels.iter().map(ChannelName::as_str).collect::<Vec<_>>(), ["lobby", "ann"]);
    let event = Event::new(about("ann", "ann"), Action::Set, Data::new());
    assert_eq!(event.channels.len(), 1);
}

#[test]
fn a_moment_shows_the_digits_that_say_something() {
    let check = |text: &str, expected: &str| assert_eq!(text.parse::<Moment>().unwrap().to_string(), expected);
    check("2024-03-07T08:46:53.26682Z", "2024-03-07T08:46:53.26682Z");
    check("2024-03-07T08:46:53.000Z", "2024-03-07T08:46:53Z");
    check("2024-03-07T08:46:53.1234569Z", "2024-03-07T08:46:53.123456Z");
    check("2024-03-07T10:46:53+02:00", "2024-03-07T08:46:53Z");
    check("1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999Z");
    check("9999-12-31T23:59:59Z", "9999-12-30T22:00:00Z");
    check("-009999-01-01T00:00:00Z", "-009999-01-02T01:59:59Z");
    for text in ["", "yesterday", "2024-03-07", "2024-03-07T08:46:53", "2024-03-07T08:46:53Z[UTC]", "12:00Z"] {
        assert!(text.parse::<Moment>().is_err(), "{text}");
    }
    assert_eq!(Moment::from(Timetoken::from_ticks(17_000_000_000_000_019)).micros(), 1_700_000_000_000_001);
    assert_eq!(Moment::from_micros(i64::MAX).to_string(), "9999-12-30T22:00:00Z");
}

#[test]
fn custom_keeps_numbers_as_they_are_and_nothing_nested() {
    let check = |sent: &str, kept: Result<&str, NotFlat>| {
        let custom = Custom::of(&serde_json::from_str(sent).unwrap());
        assert_eq!(custom.as_ref().map(Custom::as_str).map_err(Clone::clone), kept, "{sent}");
        if let Ok(custom) = custom {
            assert_eq!(Custom::of_entries(&custom.entries()), custom);
        }
    };
    check(r#"{"b":36,"a":"x"}"#, Ok(r#"{"a":"x","b":36}"#));
    check(
        r#"{"a":9007199254740993,"b":18446744073709551615,"c":-1}"#,
        Ok(r#"{"a":9007199254740993,"b":18446744073709551615,"c":-1}"#),
    );
    check(r#"{"a":0.1,"b":1.5e300,"c":123456.78901234567}"#, Ok(r#"{"a":0.1,"b":1.5e+300,"c":123456.78901234567}"#));
    check("{}", Ok("{}"));
    check(r#"{"z":[],"a":{}}"#, Err(NotFlat::Nested("a".into())));
    check(r#"{"z":"\u0000"}"#, Err(NotFlat::Nul("z".into())));
    check("[]", Err(NotFlat::NotAnObject));
}

#[test]
fn a_refusal_says_what_is_wrong_and_where() {
    let check = |refusal: Refusal, status: u16, message: &str, details: Option<serde_json::Value>| {
        let mut error = json!({"message": message, "source": "objects"});
        if let Some(details) = details {
            error["details"] = details;
        }
        let body: serde_json::Value = serde_json::from_str(&refusal.body(Timetoken::ZERO)).unwrap();
        assert_eq!((refusal.status(), body), (status, json!({"status": status, "error": error})));
    };
    let detail = json!([{"message": "no", "location": "set.0.channel.id", "locationType": "body"}]);
    let fault = Fault::body("channel.id", "no").below("set.0");
    check(fault.into(), 400, "Request payload contained invalid input.", Some(detail));
    check(Refusal::NoRecord, 404, "Requested object was not found.", None);
    check(Refusal::Stale(Kind::User), 412, "User to update has been modified after it was read.", None);
    check(Refusal::Stale(Kind::Channel), 412, "Channel to update has been modified after it was read.", None);
    check(Refusal::ContextFailed, 500, "An unexpected error ocurred while processing the request.", None);
}
