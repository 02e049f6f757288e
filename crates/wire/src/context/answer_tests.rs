//! What the server writes is what a client reads.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::answer::{
    ChannelMember, ChannelMembership, ChannelMetadata, PageCursor, UserMetadata, Written, read_bulk, read_list,
    read_record, read_removed,
};
use super::*;
use crate::RecordId;

fn text() -> impl Strategy<Value = String> {
    "[a-zA-Zé😀\"\\\\ .]{0,8}"
}

fn content(fields: &'static [TextField]) -> impl Strategy<Value = Content> {
    let texts = proptest::collection::vec(proptest::option::of(text()), fields.len());
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from)
    ];
    let custom = proptest::option::of(proptest::collection::btree_map("[a-z]{1,3}", scalar, 0..3));
    (texts, custom).prop_map(move |(texts, custom)| {
        let mut content = Content::default();
        for (field, text) in fields.iter().zip(texts) {
            content.set(*field, text);
        }
        content.custom =
            custom.map(|custom| Custom::of(&Value::Object(custom.into_iter().collect())).expect("it is flat"));
        content
    })
}

fn record(kind: Kind) -> impl Strategy<Value = Record> {
    ("[a-z]{1,5}", content(kind.fields()), any::<u32>()).prop_map(|(id, content, number)| Record {
        id: RecordId::new(id).unwrap(),
        content,
        updated: Moment::from_micros(i64::from(number) * 1_000_003),
        etag: ETag::new(number.to_string()),
    })
}

fn shown() -> impl Strategy<Value = Shown> {
    (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(custom, status, type_)| Shown { custom, status, type_ })
}

fn custom_of(content: &Content, shown: Shown) -> Option<Map<String, Value>> {
    let custom = content.custom.as_ref().filter(|_| shown.custom)?;
    serde_json::from_str(custom.as_str()).ok()
}

fn text_of(content: &Content, field: TextField) -> Option<String> {
    content.text(field).map(str::to_owned)
}

fn user_of(record: &Record, shown: Shown) -> UserMetadata {
    let Record { id, content, updated, etag } = record;
    UserMetadata {
        id: id.to_string(),
        name: text_of(content, TextField::Name),
        external_id: text_of(content, TextField::ExternalId),
        profile_url: text_of(content, TextField::ProfileUrl),
        email: text_of(content, TextField::Email),
        type_: text_of(content, TextField::Type).filter(|_| shown.type_),
        status: text_of(content, TextField::Status).filter(|_| shown.status),
        custom: custom_of(content, shown),
        updated: Some(*updated),
        etag: Some(etag.to_string()),
    }
}

fn channel_of(record: &Record, shown: Shown) -> ChannelMetadata {
    let Record { id, content, updated, etag } = record;
    ChannelMetadata {
        id: id.to_string(),
        name: text_of(content, TextField::Name),
        description: text_of(content, TextField::Description),
        type_: text_of(content, TextField::Type).filter(|_| shown.type_),
        status: text_of(content, TextField::Status).filter(|_| shown.status),
        custom: custom_of(content, shown),
        updated: Some(*updated),
        etag: Some(etag.to_string()),
    }
}

proptest! {
    #[test]
    fn a_record_is_read_as_it_was_written(user in record(Kind::User), channel in record(Kind::Channel), shown in shown()) {
        let body = super::record(Kind::User, &user, shown);
        prop_assert_eq!(read_record::<UserMetadata>(body.as_bytes()).unwrap().data, user_of(&user, shown));
        let body = super::record(Kind::Channel, &channel, shown);
        prop_assert_eq!(read_record::<ChannelMetadata>(body.as_bytes()).unwrap().data, channel_of(&channel, shown));
    }

    #[test]
    fn a_list_is_read_as_it_was_written(
        users in proptest::collection::vec(record(Kind::User), 0..4),
        total in proptest::option::of(any::<u64>()), next in proptest::option::of(text()), prev in proptest::option::of(text()),
        own in shown()
    ) {
        let page = Page { items: users.clone(), total, next: next.clone(), prev: prev.clone() };
        let body = records(Kind::User, &page, Include { own, ..Include::default() });
        let read = read_list::<UserMetadata>(body.as_bytes()).unwrap();
        prop_assert_eq!(read.data, users.iter().map(|user| user_of(user, own)).collect::<Vec<_>>());
        prop_assert_eq!((read.status, read.total_count), (200, total));
        prop_assert_eq!((read.next, read.prev), (next.map(PageCursor::Next), prev.map(PageCursor::Previous)));
    }

    #[test]
    fn a_membership_is_read_from_both_ends(
        user in record(Kind::User), channel in record(Kind::Channel), content in content(TextField::OF_MEMBERSHIP),
        own in shown(), joined in proptest::option::of(shown())
    ) {
        let membership = Membership {
            user: user.id.clone(), channel: channel.id.clone(), content: content.clone(),
            updated: Moment::from_micros(1), etag: ETag::new("e"),
        };
        let page = |record: &Record| {
            let items = vec![Joined { membership: membership.clone(), record: Some(record.clone()) }];
            Page { items, total: None, next: None, prev: None }
        };
        let include = Include { own, joined, total: false };

        let body = memberships(Kind::Channel, &page(&channel), include);
        let [seen] = <[ChannelMembership; 1]>::try_from(read_list(body.as_bytes()).unwrap().data).unwrap();
        let bare = ChannelMetadata { id: channel.id.to_string(), ..ChannelMetadata::default() };
        prop_assert_eq!(seen.channel, joined.map_or(bare, |shown| channel_of(&channel, shown)));
        prop_assert_eq!(&seen.custom, &custom_of(&content, own));

        let body = memberships(Kind::User, &page(&user), include);
        let [seen] = <[ChannelMember; 1]>::try_from(read_list(body.as_bytes()).unwrap().data).unwrap();
        let bare = UserMetadata { id: user.id.to_string(), ..UserMetadata::default() };
        prop_assert_eq!(seen.user, joined.map_or(bare, |shown| user_of(&user, shown)));
        prop_assert_eq!(seen.status, text_of(&content, TextField::Status).filter(|_| own.status));
        prop_assert_eq!(seen.type_, text_of(&content, TextField::Type).filter(|_| own.type_));
    }
}

#[test]
fn a_bulk_write_is_read_entry_by_entry() {
    let (id, moment, etag) = (|| RecordId::new("a").unwrap(), Moment::from_micros(0), || ETag::new("e"));
    let answers = [
        Answered::Created(id(), moment, etag()),
        Answered::Changed(id(), moment, etag()),
        Answered::Unchanged(id(), moment, etag()),
        Answered::Refused(None, Fault::body("3.id", "no")),
    ];
    let read = read_bulk(bulk(&answers).as_bytes()).unwrap().data;
    assert!(read[..3].iter().all(|entry| entry.id.as_deref() == Some("a") && entry.etag.as_deref() == Some("e")));
    assert_eq!(
        read[..3].iter().map(|entry| &entry.result).collect::<Vec<_>>(),
        [&Written::Created, &Written::Changed, &Written::Unchanged]
    );
    let Written::Refused(why) = &read[3].result else { panic!("{read:?}") };
    assert_eq!((why.location.as_str(), why.message.as_str(), &read[3].id), ("3.id", "no", &None));
}

#[test]
fn what_is_new_missing_or_odd_does_no_harm() {
    let read = |data: Value| read_record::<UserMetadata>(json!({"data": data}).to_string().as_bytes());
    let odd = read(json!({"id": "ann", "updated": "some day", "created": 5, "name": null})).unwrap();
    assert_eq!((odd.status, odd.data), (200, UserMetadata { id: "ann".into(), ..UserMetadata::default() }));
    assert!(read(json!({"name": "no id"})).is_err() && read(Value::Null).is_err());
    assert_eq!(read_removed(removed().as_bytes()).unwrap().status, 200);
    let unknown = json!({"data": [{"id": "a", "result": "postponed"}]}).to_string();
    assert_eq!(read_bulk(unknown.as_bytes()).unwrap().data[0].result, Written::Other("postponed".into()));
}
