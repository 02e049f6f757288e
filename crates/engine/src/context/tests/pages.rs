//! Parameters of lists, cursors, and what paging through a list shows.

use std::collections::BTreeMap;

use proptest::prelude::*;
use wire::context::{Content, ETag, Joined, Kind, Membership, Page, Place, Record, Shown, TextField};
use wire::target::Target;

use super::{any_record, at, id};
use crate::context::{Direction, List, ListKind, Position, Query, Range, Row, Sort};

const USERS: List = List::Records(Kind::User);

fn query(list: List, parameters: &[(&str, &str)]) -> Result<Query, wire::context::Fault> {
    let pairs: Vec<_> = parameters.iter().map(|(name, value)| format!("{name}={}", wire::encode(value))).collect();
    Query::parse(list, &Target::new(&format!("/?{}", pairs.join("&"))))
}

#[test]
fn parameters_have_defaults_and_bounds() {
    let check = |name: &str, value: &str, expected: Option<usize>| {
        let found = query(USERS, &[(name, value)]);
        assert_eq!(
            found.as_ref().ok().map(|query| query.limit + usize::from(query.count) * 1000),
            expected,
            "{name}={value}"
        );
        if let Err(fault) = found {
            assert_eq!((fault.location.as_str(), fault.place), (name, Place::Query));
        }
    };
    check("limit", "", Some(100));
    check("limit", "0", Some(100));
    check("limit", "7", Some(7));
    check("limit", "101", Some(100));
    check("limit", "99999999999999999999999", Some(100));
    for bad in ["-1", "1.5", "ten", "+5", " 5", "٣"] {
        check("limit", bad, None);
    }
    for (value, counts) in [("1", true), ("true", true), ("True", true), ("0", false), ("FALSE", false), ("", false)] {
        check("count", value, Some(100 + usize::from(counts) * 1000));
    }
    check("count", "2", None);
    check("include", "totalCount", Some(1100));
    check("unknown", "x", Some(100));
    check("filter", " ", Some(100));
    check("filter", "name ==", None);
    check("sort", "", Some(100));
    check("sort", ",", Some(100));
    check("sort", "name:up", None);
    check("sort", "description", None);
    check("start", "!!not a cursor!!", None);
    check("end", "MTA", None);
    check("end", "?", None);
    let target = Target::new("/?limit=%zz");
    assert_eq!(Query::parse(USERS, &target).unwrap_err().location, "limit");
    let target = Target::new("/?include=custom&include=status,type");
    assert_eq!(Query::parse(USERS, &target).unwrap().include.own, Shown::ALL);
}

#[test]
fn a_sort_names_fields_of_its_list() {
    let check = |list, text: &str, expected: Option<&str>| {
        let found = Sort::parse(text, list).ok().map(|sort| sort.to_string());
        assert_eq!(found.as_deref(), expected, "{text}");
    };
    let (users, channels) = (ListKind::Records(Kind::User), ListKind::Records(Kind::Channel));
    let (memberships, members) = (ListKind::Memberships(Kind::User), ListKind::Memberships(Kind::Channel));
    check(users, "name:asc,updated:DESC", Some("name,updated:desc"));
    check(users, "email,externalId,profileUrl,status,type", Some("email,externalId,profileUrl,status,type"));
    check(users, "name,name:desc,id,updated", Some("name"));
    check(users, "id:desc,name", Some("id:desc"));
    check(users, "custom.rank", Some("custom.rank"));
    check(channels, "description", Some("description"));
    check(memberships, "channel.name,status,name:desc,channel.custom.x", Some("joined.name,status,joined.custom.x"));
    check(memberships, "id", Some(""));
    check(memberships, "channel.id:desc", Some("id:desc"));
    check(members, "uuid.email,custom.x", Some("joined.email,custom.x"));
    for (list, texts) in [
        (
            users,
            &["description", "custom", "custom.a b", "custom.", "custom.a.b", "eTag", "Name", "name:", "uuid.id"][..],
        ),
        (channels, &["email"]),
        (memberships, &["uuid.id", "channel", "description", "channel.email", "email"]),
        (members, &["channel.id", "uuid.description"]),
    ] {
        texts.iter().for_each(|text| check(list, text, None));
    }
    let many: Vec<_> = (0..17).map(|number| format!("custom.k{number}")).collect();
    check(users, &many.join(","), None);
}

fn named(name: &str, text: Option<&str>) -> Record {
    let mut content = Content::default();
    content.set(TextField::Name, text);
    Record { id: id(name), content, updated: at(0), etag: ETag::new("e") }
}

fn row(record: &Record) -> Row<'_> {
    Row::Record(record)
}

#[test]
fn unset_values_are_last_ascending_and_first_descending() {
    let check = |sort: &str, expected: [&str; 4]| {
        let rows = vec![named("c", None), named("B", Some("x")), named("a", Some("x")), named("d", Some("y"))];
        let page = query(USERS, &[("sort", sort)]).unwrap().answer(rows, row);
        assert_eq!(page.items.iter().map(|record| record.id.as_str()).collect::<Vec<_>>(), expected, "{sort}");
    };
    check("name", ["a", "B", "d", "c"]);
    check("name:desc", ["c", "d", "a", "B"]);
    check("name:desc,id:desc", ["c", "d", "B", "a"]);
    check("", ["a", "B", "c", "d"]);
}

#[test]
fn custom_values_sort_by_type_and_then_by_value() {
    let with = |name: &str, value: serde_json::Value| {
        let custom = wire::context::Custom::of(&serde_json::json!({"k": value})).unwrap();
        Record { content: Content::default().with_custom(custom), ..named(name, None) }
    };
    let rows = vec![
        with("h", serde_json::Value::Null),
        with("g", true.into()),
        with("f", false.into()),
        with("e", 10.into()),
        with("d", 9.5.into()),
        with("c", (-1).into()),
        with("b", "B".into()),
        with("a", "a".into()),
    ];
    let keys: Vec<_> = rows
        .iter()
        .rev()
        .map(|record| crate::context::order::custom_key(&record.content.custom.as_ref().unwrap().get("k").unwrap()))
        .collect();
    assert!(keys[..7].is_sorted() && keys[7].is_none());
    let page = query(USERS, &[("sort", "custom.k")]).unwrap().answer(rows, row);
    assert_eq!(page.items.iter().map(|record| record.id.as_str()).collect::<String>(), "abcdefgh");
}

#[test]
fn pages_have_the_cursors_of_the_page() {
    let rows = || ["a", "b", "c"].map(|name| named(name, None)).to_vec();
    let check = |parameters: &[(&str, &str)], ids: &str, next: bool, prev: bool| -> Page<Record> {
        let page = query(USERS, &[&[("limit", "2")], parameters].concat()).unwrap().answer(rows(), row);
        assert_eq!(page.items.iter().map(|record| record.id.as_str()).collect::<String>(), ids, "{parameters:?}");
        assert_eq!((page.next.is_some(), page.prev.is_some()), (next, prev), "{parameters:?}");
        page
    };
    let first = check(&[], "ab", true, false).next.unwrap();
    let second = check(&[("start", &first)], "c", true, true);
    let (last, back) = (second.next.unwrap(), second.prev.unwrap());
    let empty = check(&[("start", &last)], "", false, true).prev.unwrap();
    check(&[("end", &empty)], "bc", true, true);
    check(&[("end", &back)], "ab", true, false);
    check(&[("end", &back), ("start", &first)], "c", true, true);
    check(&[("end", "garbage"), ("start", &first)], "c", true, true);
    check(&[("start", &back)], "c", true, true);
    check(&[("end", &first)], "ab", true, false);
}

#[test]
fn a_count_is_of_all_that_pass_the_filter() {
    let rows = ["a", "b", "c"].map(|name| named(name, None)).to_vec();
    let page =
        query(USERS, &[("limit", "1"), ("count", "1"), ("filter", "id != 'b'")]).unwrap().answer(rows.clone(), row);
    assert_eq!((page.total, page.items.len()), (Some(2), 1));
    assert_eq!(query(USERS, &[]).unwrap().answer(rows, row).total, None);
}

#[test]
fn a_cursor_belongs_to_its_list_and_order() {
    let memberships = |owner, name: &str| List::Memberships { owner, id: id(name) };
    let sort = |text: &str| Sort::parse(text, ListKind::Records(Kind::User)).unwrap();
    let record = named("a", Some("x"));
    let position = Position::after(row(&record), &sort("name"));
    let text = position.encode(&USERS, &sort("name"));
    assert_eq!(Position::decode(&text, &USERS, &sort("name")), Some(position));
    for (list, sorted) in [
        (List::Records(Kind::Channel), "name"),
        (memberships(Kind::User, "a"), "name"),
        (USERS, "name:desc"),
        (USERS, "status"),
        (USERS, ""),
    ] {
        assert_eq!(Position::decode(&text, &list, &sort(sorted)), None);
    }
    let of_ann = position_of(&memberships(Kind::User, "ann"));
    assert!(Position::decode(&of_ann, &memberships(Kind::User, "ann"), &Sort::default()).is_some());
    assert_eq!(Position::decode(&of_ann, &memberships(Kind::User, "bob"), &Sort::default()), None);
    assert_eq!(Position::decode(&of_ann, &memberships(Kind::Channel, "ann"), &Sort::default()), None);
    for damaged in [&text[1..], &text[..text.len() - 2], "", "MTA", &format!("{text}AA"), &"A".repeat(100_000)] {
        assert_eq!(Position::decode(damaged, &USERS, &sort("name")), None);
    }
    let fits = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    assert!(text.chars().all(fits), "a cursor needs no escape");
}

fn position_of(list: &List) -> String {
    Position::after(row(&named("x", None)), &Sort::default()).encode(list, &Sort::default())
}

#[test]
fn a_list_of_memberships_is_ordered_by_its_other_end() {
    let joined = |channel: &str, name: Option<&str>| Joined {
        membership: Membership {
            user: id("ann"),
            channel: id(channel),
            content: Content::default(),
            updated: at(0),
            etag: ETag::new("e"),
        },
        record: name.map(|name| named(channel, Some(name))),
    };
    let list = List::Memberships { owner: Kind::User, id: id("ann") };
    let rows = vec![joined("c", None), joined("b", Some("x")), joined("a", Some("y"))];
    let check = |sort: &str, expected: &str| {
        let query = query(list.clone(), &[("sort", sort)]).unwrap();
        let page = query.answer(rows.clone(), |item| Row::membership(item, Kind::Channel));
        assert_eq!(page.items.iter().map(|item| item.membership.channel.as_str()).collect::<String>(), expected);
    };
    check("", "abc");
    check("channel.name", "bac");
    check("name:desc", "cab");
}

fn any_sort() -> impl Strategy<Value = Sort> {
    let fields = ["id", "name", "updated", "status", "type", "custom.a", "custom.b"];
    let key = (prop::sample::select(fields.to_vec()), any::<bool>());
    prop::collection::vec(key, 0..4).prop_map(|keys| {
        let texts: Vec<_> =
            keys.iter().map(|(field, down)| format!("{field}:{}", if *down { "desc" } else { "asc" })).collect();
        Sort::parse(&texts.join(","), ListKind::Records(Kind::User)).unwrap()
    })
}

fn any_records() -> impl Strategy<Value = Vec<Record>> {
    prop::collection::vec(any_record(), 0..20).prop_map(|records| {
        let distinct: BTreeMap<_, _> = records.into_iter().map(|record| (record.id.clone(), record)).collect();
        distinct.into_values().collect()
    })
}

proptest! {
    #[test]
    fn paging_forward_and_back_shows_each_record_once(records in any_records(), sort in any_sort(), limit in 1..5_usize) {
        let whole = Query { sort: sort.clone(), ..Query::new(USERS) }.answer(records.clone(), row).items;
        let mut query = Query { sort: sort.clone(), limit, ..Query::new(USERS) };
        let mut seen = Vec::new();
        let mut last = None;
        loop {
            let page = query.answer(records.clone(), row);
            let Some(next) = page.next else { last = page.prev.or(last); break };
            seen.extend(page.items);
            query.range = Range::From(Position::decode(&next, &USERS, &sort).unwrap());
        }
        prop_assert_eq!(&seen, &whole);

        let mut seen = Vec::new();
        while let Some(prev) = last {
            query.range = Range::Before(Position::decode(&prev, &USERS, &sort).unwrap());
            let page = query.answer(records.clone(), row);
            seen.splice(0..0, page.items);
            last = page.prev;
        }
        prop_assert_eq!(&seen, &whole);
    }

    #[test]
    fn what_comes_and_goes_elsewhere_neither_repeats_nor_skips(
        records in any_records(), sort in any_sort(), limit in 1..4_usize, gone in any::<prop::sample::Index>(),
    ) {
        prop_assume!(records.len() > limit);
        let mut query = Query { sort: sort.clone(), limit, ..Query::new(USERS) };
        let whole = Query { sort: sort.clone(), ..Query::new(USERS) }.answer(records.clone(), row).items;
        let first = query.answer(records.clone(), row);
        // One of those that were shown goes, perhaps the very one that the cursor names.
        let gone = first.items[gone.index(first.items.len())].id.clone();
        let rest: Vec<_> = records.into_iter().filter(|record| record.id != gone).collect();
        query.range = Range::From(Position::decode(&first.next.unwrap(), &USERS, &sort).unwrap());
        query.limit = Query::MAX_LIMIT;
        prop_assert_eq!(&query.answer(rest, row).items[..], &whole[limit..]);
    }

    #[test]
    fn no_text_of_a_cursor_panics(text in any::<String>(), bytes in prop::collection::vec(any::<u8>(), 0..60), sort in any_sort()) {
        use base64::Engine;
        prop_assert_eq!(Position::decode(&text, &USERS, &sort), None);
        let text = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
        prop_assert_eq!(Position::decode(&text, &USERS, &sort), None);
    }

    #[test]
    fn stored_keys_have_the_order_of_values(left in any_record(), right in any_record(), sort in any_sort()) {
        for key in &sort.keys {
            let (left, right) = (row(&left).value(&key.field), row(&right).value(&key.field));
            let bytes = |value: &crate::context::Value<'_>| match &key.field.item {
                crate::context::Item::Custom(_) => value.custom_key(),
                _ => value.key(),
            };
            // Nothing is the greatest.
            let order = match (bytes(&left), bytes(&right)) {
                (None, None) => std::cmp::Ordering::Equal,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(_), None) => std::cmp::Ordering::Less,
                (Some(left), Some(right)) => left.cmp(&right),
            };
            prop_assert_eq!(left.compare(&right), order);
            prop_assert_eq!(Direction::Descending.apply(order), order.reverse());
        }
    }
}
