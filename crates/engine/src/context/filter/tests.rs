//! The language, case by case.

use wire::RecordId;
use wire::context::{Content, Custom, ETag, Kind, Membership, Moment, Record, TextField};

use super::Filter;
use crate::context::{ListKind, Row};

const USERS: ListKind = ListKind::Records(Kind::User);
const CHANNELS: ListKind = ListKind::Records(Kind::Channel);
const MEMBERSHIPS: ListKind = ListKind::Memberships(Kind::User);
const MEMBERS: ListKind = ListKind::Memberships(Kind::Channel);

fn record(id: &str, content: Content) -> Record {
    Record {
        id: RecordId::new(id).unwrap(),
        content,
        updated: "2024-03-07T08:46:36.276Z".parse().unwrap(),
        etag: ETag::new("e"),
    }
}

fn ann() -> Record {
    let custom = serde_json::json!({"age": 36, "half": 0.5, "city": "London", "vip": true, "no": null, "odd key": "k"});
    let content = Content::default()
        .with(TextField::Name, "Ann *star*\nline")
        .with(TextField::Status, "")
        .with_custom(Custom::of(&custom).unwrap());
    record("ann", content)
}

/// What a filter says about Ann: true, false, or unknown.
#[track_caller]
fn check(text: &str, expected: Option<bool>) {
    let ann = ann();
    let filter = Filter::parse(text, USERS).unwrap().unwrap();
    assert_eq!(filter.tree().eval(&Row::Record(&ann)), expected, "{text}");
    assert_eq!(filter.matches(&Row::Record(&ann)), expected == Some(true), "{text}");
    let printed = filter.to_string();
    assert_eq!(Filter::parse(&printed, USERS), Ok(Some(filter)), "{text} printed as {printed}");
}

#[track_caller]
fn refused(list: ListKind, text: &str, complaint: &str) {
    assert_eq!(Filter::parse(text, list).unwrap_err().to_string(), complaint, "{text}");
}

const T: Option<bool> = Some(true);
const F: Option<bool> = Some(false);
const U: Option<bool> = None;

#[test]
fn text_compares_to_the_letter_and_orders_as_lists_do() {
    check("id == 'ann'", T);
    check("id=='Ann'", F);
    check(r#"( id != "ann" )"#, F);
    check("id < 'ANN'", T);
    check("id >= 'a-n-n'", T);
    check("id <= 'ann'", T);
    check("id > 'B'", F);
    check("status == ''", T);
}

#[test]
fn a_property_is_named_with_a_dot_or_in_brackets() {
    check("['id'] == 'ann'", T);
    check("[\"custom\"] . city == 'London'", T);
    check("custom['odd key'] == 'k'", T);
    check("custom[\"city\"]\n==\t'London'", T);
    check("custom['a.b'] == null", T);
}

#[test]
fn like_knows_stars_and_nothing_else() {
    check("name LIKE 'Ann*'", T);
    check("name like '*line'", T);
    check("name lIkE '*'", T);
    check(r"name like 'Ann \*star\**'", T);
    check(r"name like 'Ann \*sta*r\*'", F);
    check("name like 'ann*'", F);
    check("name like 'Ann'", F);
    check("name like 'A%'", F);
    check("name like 'Ann _star_*'", F);
    check("id like 'ann'", T);
    check("id like '***n**'", T);
    check(r"name == 'Ann \*star*\nline'", T);
    check("status like ''", T);
    check("status like '*'", T);
    check("custom.city like 'L*n'", T);
}

#[test]
fn escapes_are_those_of_the_page() {
    check(r"name == 'Ann \u002Astar*\u000aline'", T);
    check(r#"custom["odd\u0020key"] == '\u006b'"#, T);
    check(r"id != '\ud83d\ude00\b\f\r\t\/\\\'\x22'".replace(r"\x22", "\\\"").as_str(), T);
    for bad in [r"id == '\q'", r"id == '\u12'", r"id == '\ud800'", r"id == '\ud800\u0041'", r"id == '\udc00'"] {
        refused(USERS, bad, "column 8: this escape has no meaning in a string");
    }
    refused(USERS, r"id == 'a\u0000'", "column 9: no text holds the character U+0000");
    refused(USERS, "id == '\0'", "column 8: no text holds the character U+0000");
    refused(USERS, r"id == 'a\", "column 7: this string is never closed");
}

#[test]
fn times_compare_as_instants() {
    check("updated == '2024-03-07T08:46:36.276000Z'", T);
    check("updated == '2024-03-07T10:46:36.2760009+02:00'", T);
    check("updated > '2024-03-07T08:46:36Z'", T);
    check("updated < '2024-03-07T08:46:36.275999Z'", F);
    check("updated < '9999-12-31T23:59:59.9999999Z'", T);
    check("updated > '9999-12-31T23:59:59-12:00'", F);
    check("updated > '-009999-01-01T00:00:00+12:00'", T);
    check("updated != null", T);
}

#[test]
fn a_custom_value_of_another_type_is_unknown() {
    check("custom.age == 36", T);
    check("custom.age == 36.0", T);
    check("custom.age > -1e3", T);
    check("custom.age < 3.6E+1", F);
    check("custom.half <= 0.5", T);
    check("custom.vip == true", T);
    check("custom.vip != true", F);
    check("custom.vip == false", F);
    check("custom.age == '36'", U);
    check("custom.age != '36'", U);
    check("!(custom.age == '36')", U);
    check("custom.city > 5", U);
    check("custom.vip like '*'", U);
    check("custom.age == false", U);
}

#[test]
fn what_is_unset_is_unknown_but_for_null() {
    check("email == null", T);
    check("email != null", F);
    check("name != null", T);
    check("custom.no == null", T);
    check("custom.nowhere == null", T);
    check("custom.age != null", T);
    check("custom != null", T);
    check("email == 'x'", U);
    check("email != 'x'", U);
    check("!(email == 'x')", U);
    check("custom.no < 5", U);
    check("email like '*'", U);
    check("id == null", F);
}

#[test]
fn logic_has_three_values() {
    let (t, f, u) = ("id == 'ann'", "id == 'bob'", "email == 'x'");
    let and = |a: &str, b: &str, expected| check(&format!("{a} && {b}"), expected);
    let or = |a: &str, b: &str, expected| check(&format!("{a} || {b}"), expected);
    and(t, t, T);
    and(t, f, F);
    and(u, f, F);
    and(f, u, F);
    and(u, t, U);
    or(t, u, T);
    or(u, t, T);
    or(f, u, U);
    or(f, f, F);
    check(&format!("{t} || {f} && {f}"), T);
    check(&format!("({t} || {f}) && {f}"), F);
    check(&format!("!({f})"), T);
    check(&format!("!!({t})"), T);
    check(&format!("!!!({t})&&{t}"), F);
    check(&format!("!(!({u}))"), U);
}

#[test]
fn fields_are_those_of_the_list() {
    let check = |list, text: &str| assert!(Filter::parse(text, list).is_ok(), "{text}");
    let unknown = |list, path: &str| {
        refused(list, &format!(" {path} == null"), "column 2: this list has no such field");
    };
    for field in ["id", "name", "externalId", "profileUrl", "email", "status", "type", "updated", "custom", "custom.x"]
    {
        check(USERS, &format!("{field} == null"));
        check(MEMBERS, &format!("uuid.{field} == null"));
        unknown(MEMBERSHIPS, &format!("uuid.{field}"));
        unknown(USERS, &format!("uuid.{field}"));
    }
    for field in ["id", "name", "description", "status", "type", "updated", "custom", "custom['x y']"] {
        check(CHANNELS, &format!("{field} == null"));
        check(MEMBERSHIPS, &format!("channel.{field} == null"));
        unknown(MEMBERS, &format!("channel.{field}"));
    }
    for field in ["status", "type", "updated", "custom", "custom.x"] {
        check(MEMBERSHIPS, &format!("{field} == null"));
        check(MEMBERS, &format!("{field} == null"));
    }
    for (list, fields) in [
        (USERS, &["description", "eTag", "Name", "custom.a.b", "name.x", "true"][..]),
        (CHANNELS, &["email", "externalId", "profileUrl"]),
        (MEMBERSHIPS, &["id", "name", "channel", "channel.eTag", "channel.email", "description"]),
        (MEMBERS, &["id", "name", "uuid", "uuid.description"]),
    ] {
        fields.iter().for_each(|field| unknown(list, field));
    }
}

#[test]
fn a_membership_is_asked_about_itself_and_about_its_other_end() {
    let membership = Membership {
        user: RecordId::new("ann").unwrap(),
        channel: RecordId::new("lobby").unwrap(),
        content: Content::default().with(TextField::Status, "own"),
        updated: Moment::from_micros(0),
        etag: ETag::new("e"),
    };
    let lobby = record("lobby", Content::default().with(TextField::Status, "open"));
    let check = |text: &str, record: Option<&Record>, expected| {
        let filter = Filter::parse(text, MEMBERSHIPS).unwrap().unwrap();
        let row = Row::Membership { membership: &membership, joined: Kind::Channel, record };
        assert_eq!(filter.tree().eval(&row), expected, "{text}");
        assert_eq!(Filter::parse(&filter.to_string(), MEMBERSHIPS), Ok(Some(filter)), "{text}");
    };
    check("status == 'own' && channel.status == 'open' && channel.id == 'lobby'", Some(&lobby), T);
    check("channel.id == 'lobby'", None, T);
    check("channel.updated == null && channel.status == null && channel.custom == null", None, T);
    check("channel.status == 'open'", None, U);
}

#[test]
fn what_does_not_fit_is_told_with_its_place() {
    refused(USERS, "name == 5", "column 9: this field is compared with a string or null");
    refused(USERS, "name == true", "column 9: this field is compared with a string or null");
    refused(USERS, "name > null", "column 8: this operator does not go with null");
    refused(USERS, "name like null", "column 11: this operator does not go with null");
    refused(USERS, "name LIKE 5", "column 11: this field is compared with a string or null");
    refused(USERS, "updated LIKE '2024*'", "column 14: this operator does not go with a time");
    refused(
        USERS,
        "updated > 'yesterday'",
        "column 11: a time is an ISO 8601 date, time and zone, such as '2024-03-07T08:46:53.26Z'",
    );
    refused(USERS, "updated > 5", "column 11: this field is compared with a string that is a time, or null");
    refused(USERS, "custom == 'x'", "column 11: this field is compared with null");
    refused(USERS, "custom.x LIKE 5", "column 15: this operator does not go with a number");
    refused(USERS, "custom.x < true", "column 12: this operator does not go with true and false");
    refused(USERS, "custom.x == 1e999", "column 13: this number is too large");
    refused(USERS, "name ==", "column 8: expected a literal, found the end");
    refused(USERS, "name", "column 5: expected an operator, found the end");
    refused(USERS, "== 'x'", "column 1: expected a field, `(` or `!`, found ==");
    refused(USERS, "(name == 'x'", "column 13: expected `&&`, `||` or `)`, found the end");
    refused(USERS, "name == 'x')", "column 12: expected `&&`, `||` or the end, found )");
    refused(USERS, "name = 'x'", "column 6: a single `=` means nothing, write `==`");
    refused(USERS, "name == 'x' & type == 'y'", "column 13: a single `&` means nothing, write `&&`");
    refused(USERS, "name == 'x' and type == 'y'", "column 13: expected `&&`, `||` or the end, found a name");
    refused(USERS, "name <> 'x'", "column 7: expected a literal, found >");
    refused(USERS, "'x' == name", "column 1: expected a field, `(` or `!`, found a string");
    refused(USERS, "name == email", "column 9: expected a literal, found a name");
    refused(USERS, "()", "column 2: expected a field, `(` or `!`, found )");
    refused(USERS, "!name == 'x'", "column 2: expected `(` or `!`, found a name");
    refused(USERS, "name == 'é' $$$ @@@", "column 13: expected `&&`, `||` or the end, found a name");
    refused(USERS, "@", "column 1: '@' has no meaning in a filter");
    refused(USERS, "namé == 'x'", "column 4: 'é' has no meaning in a filter");
    refused(USERS, "custom.x == 1.", "column 14: expected `&&`, `||` or the end, found .");
    refused(USERS, "custom.x == - 1", "column 13: '-' has no meaning in a filter");
    refused(USERS, "custom.x == +1", "column 13: '+' has no meaning in a filter");
}

#[test]
fn size_and_depth_are_bounded() {
    assert_eq!(Filter::parse(" \n", USERS), Ok(None));
    assert_eq!(Filter::parse("", USERS), Ok(None));
    let nested = |depth: usize| format!("{}id == 'x'{}", "!(".repeat(depth), ")".repeat(depth));
    assert!(Filter::parse(&nested(64), USERS).is_ok());
    refused(USERS, &nested(65), "column 130: groups nest at most 64 deep");
    refused(USERS, &"(".repeat(8000), "column 65: groups nest at most 64 deep");
    assert!(Filter::parse(&format!("{}(id == 'x')", "!".repeat(8000)), USERS).is_ok());
    refused(USERS, &" x".repeat(5000), "column 8193: a filter has at most 8192 bytes");
    assert!(Filter::parse(&vec!["id == 'x'"; 600].join(" || "), USERS).is_ok());
}
