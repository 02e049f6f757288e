//! The tables of `vectors/access/tables/tokens.json`, and what must hold of every token and every grant.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::context::Kind;
use crate::names::SubscribeKey;
use crate::refusal::Refusal;
use crate::route::Method;
use crate::target::Target;
use crate::time::{Timestamp, Timetoken};

fn table(name: &str) -> Vec<Value> {
    let text = include_str!("../../../../vectors/access/tables/tokens.json");
    let tables: Value = serde_json::from_str(text).unwrap();
    tables[name].as_array().unwrap().clone()
}

fn text<'v>(case: &'v Value, key: &str) -> &'v str {
    case[key].as_str().unwrap_or_else(|| panic!("{key} in {case}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn scope(scope: &Scope) -> Value {
    let map = |map: &BTreeMap<String, Permissions>| -> Value {
        map.iter().map(|(name, mask)| (name.clone(), mask.bits().into())).collect::<Map<_, _>>().into()
    };
    json!({
        "channels": map(&scope.channels),
        "groups": map(&scope.groups),
        "uuids": map(&scope.uuids),
        "users": map(&scope.users),
        "spaces": map(&scope.spaces),
    })
}

#[test]
fn published_tokens_are_read() {
    for case in table("tokens") {
        let (name, wanted) = (text(&case, "name"), &case["expect"]);
        let bytes = Token::bytes_of(text(&case, "token")).unwrap();
        let (token, signature) = Token::decode(&bytes).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert_eq!(token.granted, wanted["timestamp"], "{name}");
        assert_eq!(token.ttl, wanted["ttl"], "{name}");
        assert_eq!(token.expires().seconds(), wanted["expires"], "{name}");
        assert_eq!(token.user.as_deref(), wanted["authorized_uuid"].as_str(), "{name}");
        assert_eq!(scope(&token.resources), wanted["resources"], "{name}");
        assert_eq!(scope(&token.patterns), wanted["patterns"], "{name}");
        assert_eq!(Value::Object(token.meta), wanted["meta"], "{name}");
        assert_eq!(hex(&signature), text(wanted, "signature_hex"), "{name}");
    }
}

#[test]
fn what_is_no_token_is_not_read() {
    for case in table("not_tokens") {
        let read = Token::bytes_of(text(&case, "token")).and_then(|bytes| Token::decode(&bytes));
        assert_eq!(read, Err(Malformed), "{}", text(&case, "name"));
    }
}

#[test]
fn a_token_is_written_byte_for_byte_as_documented() {
    for case in table("built") {
        let grant = Grant::parse(case["grant"].to_string().as_bytes()).unwrap();
        let token = grant.token(Timestamp::from_millis(case["granted_at"].as_u64().unwrap() * 1000));
        assert_eq!(hex(&token.unsigned()), text(&case, "signed_cbor_hex"), "{}", text(&case, "name"));
        let written = Token::bytes_of(text(&case, "token")).unwrap();
        let (covered, signature) = Token::parts(&written).unwrap();
        assert_eq!(covered, token.unsigned());
        assert_eq!(token.signed(signature.try_into().unwrap()), text(&case, "token"));
    }
}

#[test]
fn masks_have_names() {
    for case in table("masks") {
        let mask = Permissions::from_bits(case["mask"].as_u64().unwrap().try_into().unwrap());
        assert_eq!(json!(mask.names().collect::<Vec<_>>()), case["permissions"]);
    }
}

#[test]
fn the_text_that_a_signature_covers_is_as_documented() {
    for case in table("signatures") {
        let name = text(&case, "name");
        let query: Vec<String> = case["query"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| format!("{key}={}", crate::encode(value.as_str().unwrap())))
            .collect();
        let target = format!("{}?signature=left+out&{}", text(&case, "path"), query.join("&"));
        let body = case["body"].as_str().unwrap_or_default();
        let method = case["method"].as_str().map_or(Method::Get, Method::of);
        let publishes = text(&case, "path").starts_with("/publish");
        let target = Target::new(&target);
        let signed = Signed { method, target, body: body.as_bytes(), decompressed: None, publishes };
        let texts: Vec<String> = match text(&case, "version") {
            "v1" => signed.first(text(&case, "subscribe_key"), text(&case, "publish_key")),
            _ => {
                let whole = |(head, body): (String, &[u8])| head + std::str::from_utf8(body).unwrap();
                signed.second(text(&case, "publish_key")).into_iter().map(whole).collect()
            }
        };
        assert_eq!(texts[0], text(&case, "string_to_sign"), "{name}");
    }
}

#[test]
fn a_query_is_sorted_by_bytes_and_encoded_anew_or_taken_as_it_was_sent() {
    let check = |query: &str, encoded: &str, raw: &str| {
        let target = format!("/x?{query}");
        let target = Target::new(&target);
        assert_eq!(CanonicalQuery::Encoded.of(&target), encoded);
        assert_eq!(CanonicalQuery::Raw.of(&target), raw);
    };
    check("b=2&signature=s&a=1&B=3", "B=3&a=1&b=2", "B=3&a=1&b=2");
    check("channel-group=g&channel=a,b", "channel=a%2Cb&channel-group=g", "channel=a,b&channel-group=g");
    check("a=%7e~*%2f", "a=%7E%7E%2A%2F", "a=%7e~*%2f");
    check("flag&a=", "a=&flag=", "a=&flag=");
    check("a=b==&a=b", "a=b&a=b%3D%3D", "a=b&a=b==");
    check("a=%ff%C3%A9", "a=%FF%C3%A9", "a=%ff%C3%A9");
    check("", "", "");
}

#[test]
fn a_signature_without_method_and_body_counts_only_for_reads_and_publishes() {
    let check = |method, publishes, forms: usize| {
        let signed = Signed { method, target: Target::new("/x?a=1"), body: b"", decompressed: None, publishes };
        assert_eq!(signed.first("sub", "pub").len(), forms, "{method:?} {publishes}");
    };
    check(Method::Get, false, 1);
    check(Method::Post, true, 1);
    check(Method::Post, false, 0);
    check(Method::Patch, false, 0);
    check(Method::Delete, false, 0);
}

#[test]
fn a_publish_by_post_is_signed_as_a_get_or_as_it_is() {
    let target = Target::new("/x?a=1");
    let signed = Signed { method: Method::Post, target, body: b"zip", decompressed: Some(b"text"), publishes: true };
    let texts = |signed: Signed<'_>| -> Vec<String> {
        let whole = |(head, body): (String, &[u8])| (head + std::str::from_utf8(body).unwrap()).replace('\n', "|");
        signed.second("pub").into_iter().map(whole).collect()
    };
    assert_eq!(texts(signed), ["GET|pub|/x|a=1|", "POST|pub|/x|a=1|text", "POST|pub|/x|a=1|zip"]);
    let patch = Signed { method: Method::Patch, publishes: false, decompressed: None, ..signed };
    assert_eq!(texts(patch), ["PATCH|pub|/x|a=1|zip"]);
}

#[test]
fn a_grant_is_refused_for_its_first_fault() {
    let check = |body: Value, expected: GrantFault| {
        assert_eq!(Grant::parse(body.to_string().as_bytes()), Err(expected), "{body}");
    };
    let mask = |mask: Value| json!({"ttl": 1, "permissions": {"resources": {"uuids": {"a.b": mask}}}});
    let at = || "permissions.resources.uuids.a.b".to_owned();
    assert_eq!(Grant::parse(b"{oops"), Err(GrantFault::Json("It cannot be parsed.")));
    check(json!([1]), GrantFault::Json("It must be an object."));
    for ttl in [json!(0), json!(43_201), json!(-1), json!(1.5), json!("x"), json!(""), json!(null), json!([])] {
        check(json!({"ttl": ttl, "permissions": {}}), GrantFault::Ttl);
    }
    check(json!({"permissions": {}}), GrantFault::Ttl);
    check(json!({"ttl": "15", "permissions": {"resources": {"channels": {}}}}), GrantFault::Empty);
    check(json!({"ttl": 15}), GrantFault::Empty);
    for wrong in [json!(0), json!(-1), json!(256), json!(1.5), json!("1"), json!(null)] {
        check(mask(wrong), GrantFault::Mask(at()));
    }
    assert!(Grant::parse(mask(json!(255)).to_string().as_bytes()).is_ok());
    let pattern = json!({"ttl": 1, "permissions": {"patterns": {"groups": {"^a": 300}}}});
    check(pattern, GrantFault::Mask("permissions.patterns.groups.^a".to_owned()));
    let categories = |categories: Value| json!({"ttl": 1, "permissions": {"categories": categories}});
    check(categories(json!({})), GrantFault::Empty);
    check(categories(json!({"uuids": 0})), GrantFault::Mask("permissions.categories.uuids".to_owned()));
    check(categories(json!({"groups": 32})), GrantFault::Mask("permissions.categories.groups".to_owned()));
    assert!(Grant::parse(categories(json!({"uuids": 32, "channels": 32})).to_string().as_bytes()).is_ok());
}

#[test]
fn a_token_for_lists_has_an_entry_more() {
    let body = json!({"ttl": 1, "permissions": {"categories": {"uuids": 32, "channels": 32}, "uuid": "ann"}});
    let token = Grant::parse(body.to_string().as_bytes()).unwrap().token(Timestamp::from_millis(1000));
    let bytes = hex(&token.unsigned());
    // Version, time, ttl, resources, patterns, categories, meta, user; `cat`, and in it `chan` and `uuid`.
    assert!(bytes.starts_with("a8"), "{bytes}");
    assert!(bytes.contains("43636174a2446368616e1820447575696418204"), "{bytes}");
}

#[test]
fn refusals_have_the_words_that_clients_match() {
    let check = |refusal: Refusal, expected: Value| {
        let body: Value = serde_json::from_str(&refusal.body(Timetoken::ZERO)).unwrap();
        assert_eq!((&body, refusal.status()), (&expected, expected["status"].as_u64().unwrap().try_into().unwrap()));
    };
    let manager = |text: &str, status: u16| json!({"message": text, "error": true, "service": "Access Manager", "status": status});
    check(Refusal::TokenRevoked, manager("Token is revoked", 403));
    check(Refusal::TokenExpired, manager("Token is expired", 403));
    check(Refusal::TokenInvalid, manager("Token is invalid", 403));
    check(Refusal::WrongSignature, manager("Signature Does Not Match", 403));
    check(Refusal::InvalidTimestamp, manager("Invalid Timestamp", 400));
    let mut forbidden = manager("Forbidden", 403);
    forbidden["payload"] = json!({"channels": ["b", "a"], "channel-groups": [":g"]});
    check(Refusal::Forbidden { channels: vec!["b".into(), "a".into()], groups: vec!["g".into()] }, forbidden);
    let fault = |status: u16, text: &str, source: &str, detail: Value| json!({"error": {"message": text, "source": source, "details": [detail]}, "service": "Access Manager", "status": status});
    let detail = json!({"message": "Token is expired.", "location": "token", "locationType": "path"});
    check(Refusal::NotRevoked(GrantFault::Expired), fault(400, "Invalid token", "revoke", detail));
    let at = "permissions.patterns.uuids.a(b".to_owned();
    let detail = json!({"message": "Syntax error: x.", "location": at, "locationType": "body"});
    check(
        Refusal::NotGranted(GrantFault::Pattern { at, why: "Syntax error: x.".into() }),
        fault(400, "Invalid RegExp", "grant", detail),
    );
}

#[test]
fn a_grant_to_auth_keys_is_read_and_answered() {
    let key = SubscribeKey::new("sub").unwrap();
    let parse = |query: &str| KeyGrant::parse(&Target::new(&format!("/?{query}")));
    let answer = |query: &str| -> Value { serde_json::from_str(&parse(query).unwrap().answer(&key)).unwrap() };
    let flags = json!({"r": 1, "w": 0, "m": 0, "d": 0, "g": 0, "u": 0, "j": 0});
    let check = |query: &str, level: &str, more: Value| {
        let answer = answer(query);
        let mut expected = json!({"level": level, "subscribe_key": "sub", "ttl": 1440});
        expected.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(answer["payload"], expected, "{query}");
        assert_eq!((&answer["message"], &answer["status"]), (&json!("Success"), &json!(200)));
    };
    check("r=1", "subkey", flags.clone());
    check("r=1&channel=a,a,,b", "channel", json!({"channels": {"a": flags, "b": flags}}));
    check("r=1&channel=a&auth=k,l", "user", json!({"channel": "a", "auths": {"k": flags, "l": flags}}));
    check(
        "r=1&channel=a,b&auth=k",
        "user",
        json!({"channels": {"a": {"auths": {"k": flags}}, "b": {"auths": {"k": flags}}}}),
    );
    check("r=1&channel-group=g", "channel-group", json!({"channel-groups": {"g": flags}}));
    check("r=1&channel-group=g&auth=k", "channel-group+auth", json!({"channel-groups": "g", "auths": {"k": flags}}));
    check(
        "r=1&channel-group=g,h&auth=k",
        "channel-group+auth",
        json!({"channel-groups": {"g": {"auths": {"k": flags}}, "h": {"auths": {"k": flags}}}}),
    );
    check("r=1&target-uuid=u&auth=k", "uuid", json!({"uuids": {"u": {"auths": {"k": flags}}}}));
    check(
        "r=1&channel=a&channel-group=g",
        "channel-group",
        json!({"channels": {"a": flags}, "channel-groups": {"g": flags}}),
    );
    assert_eq!(answer("r=1&ttl=0")["payload"]["ttl"], 0);
    assert_eq!(answer("r=0&ttl=60")["payload"]["ttl"], 1);

    assert_eq!(parse("auth=k&r=1"), Err(Refusal::AuthOnly));
    for query in [
        "target-uuid=u",
        "target-uuid=u&auth=k&channel=c",
        "r=x",
        "ttl=x",
        "ttl=525601",
        "channel=%ff",
        "channel=a&auth=%00",
    ] {
        assert_eq!(parse(query), Err(Refusal::InvalidArguments), "{query}");
    }
    let listing = json!({"r": 0, "w": 0, "m": 0, "d": 0, "g": 1, "u": 0, "j": 0});
    check(
        "g=1&category=uuids,channels&auth=k",
        "category",
        json!({"categories": {"uuids": {"auths": {"k": listing}}, "channels": {"auths": {"k": listing}}}}),
    );
    for query in ["category=uuids", "category=groups&auth=k", "category=uuids&channel=c&auth=k"] {
        assert_eq!(parse(query), Err(Refusal::InvalidArguments), "{query}");
    }
    let many: Vec<String> = (0..200).map(|n| n.to_string()).collect();
    let many = many.join(",");
    assert_eq!(parse(&format!("channel={many}&auth={many}")), Err(Refusal::InvalidArguments));
    let grant = parse("r=1&channel=a,b&channel-group=g&auth=k,l").unwrap();
    assert_eq!(grant.places().count(), 6);
    assert_eq!(parse("r=1").unwrap().places().collect::<Vec<_>>(), [(None, "", None)]);
}

#[test]
fn an_audit_tells_the_grants_that_hold() {
    let key = SubscribeKey::new("sub").unwrap();
    let grant = |resource, name: &str, auth: Option<&str>| Audited {
        resource,
        name: name.to_owned(),
        auth: auth.map(str::to_owned),
        permissions: Permissions::READ,
        ttl: 5,
    };
    let (channel, group) = (Some(Resource::Channel), Some(Resource::Group));
    let grants = [
        grant(channel, "a", None),
        grant(channel, "a", Some("k")),
        grant(channel, "b", Some("l")),
        grant(group, "g", Some("k")),
    ];
    let flags = json!({"r": 1, "w": 0, "m": 0, "d": 0, "g": 0, "u": 0, "j": 0, "ttl": 5});
    let with = |auth: &str| json!({"auths": {auth: flags}});
    let mut both = flags.clone();
    both["auths"] = json!({"k": flags});
    let check = |query: &str, expected: Value| {
        let selection = Selection::of_audit(&Target::new(&format!("/?{query}"))).unwrap();
        let answer: Value = serde_json::from_str(&audited(&selection, &key, &grants)).unwrap();
        let mut expected = expected;
        expected["subscribe_key"] = "sub".into();
        assert_eq!(answer["payload"], expected, "{query}");
    };
    let all = json!({"level": "subkey", "channels": {"a": both, "b": with("l")}, "channel-groups": {"g": with("k")}, "objects": {}});
    check("", all.clone());
    check("auth=k", all);
    check("channel=a", json!({"level": "channel", "channels": {"a": both}}));
    check("channel=none", json!({"level": "channel", "channels": {}}));
    check("channel=a&auth=k", json!({"level": "user", "channel": "a", "auths": {"k": flags}}));
    check("channel=a&auth=none", json!({"level": "user", "channel": "a", "auths": {}}));
    check("channel-group=g", json!({"level": "channel-group", "channel-groups": {"g": with("k")}}));
    check(
        "channel-group=g&auth=k",
        json!({"level": "channel-group+auth", "channel-group": "g", "auths": {"k": flags}}),
    );
}

fn any_meta() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has no other", |number| number.is_finite()).prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(".{0,4}", inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn any_scope() -> impl Strategy<Value = Scope> {
    let map = || prop::collection::btree_map(".{0,8}", (1..=255_u8).prop_map(Permissions::from_bits), 0..4);
    (map(), map(), map(), map(), map()).prop_map(|(channels, groups, spaces, users, uuids)| Scope {
        channels,
        groups,
        spaces,
        users,
        uuids,
    })
}

proptest! {
    #[test]
    fn any_token_is_read_as_it_was_written(
        granted in 0..u64::from(u32::MAX), ttl in 1..=43_200_u64, resources in any_scope(), patterns in any_scope(),
        meta in prop::collection::btree_map(".{0,4}", any_meta(), 0..4), user in prop::option::of(".{1,8}"),
        all_users in prop::option::of(1..=255_u8), all_channels in prop::option::of(1..=255_u8),
        signature in any::<[u8; 32]>(), padded in any::<bool>(),
    ) {
        let categories = [(Kind::User, all_users), (Kind::Channel, all_channels)].into_iter();
        let categories = categories.filter_map(|(kind, bits)| Some((kind, Permissions::from_bits(bits?)))).collect();
        let token = Token { granted, ttl, resources, patterns, categories, meta: meta.into_iter().collect(), user };
        let text = token.signed(&signature);
        let text = if padded { &text } else { text.trim_end_matches('=') };
        let bytes = Token::bytes_of(text).unwrap();
        prop_assert_eq!(Token::decode(&bytes), Ok((token.clone(), signature.to_vec())));
        prop_assert_eq!(Token::parts(&bytes), Some((token.unsigned(), &signature[..])));
    }

    #[test]
    fn two_spellings_of_a_token_have_one_bare_form_and_no_other_token_has_it(
        one in "[A-D]{0,6}(=|%3D|%3d){0,3}", other in "[A-D]{0,6}(=|%3D|%3d){0,3}",
    ) {
        let bytes = |text: &str| Token::bytes_of(&crate::decode(text).unwrap());
        if let (Some(bare), Some(others)) = (Token::bare(&one), Token::bare(&other)) {
            prop_assert_eq!(bytes(&one), bytes(bare), "{} is taken as {}", one, bare);
            if let (Ok(one), Ok(other)) = (bytes(bare), bytes(others)) {
                prop_assert_eq!(bare == others, one == other);
            }
        } else if Token::bare(&one).is_none() {
            prop_assert!(bytes(&one).is_err(), "{} is a token", one);
        }
    }

    #[test]
    fn a_grant_is_read_as_a_client_writes_it(
        ttl in 1..=43_200_u64, resources in any_scope(), patterns in any_scope(), lists in prop::option::of(1..=255_u8),
        user in prop::option::of("[a-z]{1,5}")
    ) {
        prop_assume!(!(resources.is_empty() && patterns.is_empty()));
        let categories = lists.map(|bits| (Kind::Channel, Permissions::from_bits(bits))).into_iter().collect();
        let grant = Grant::new(ttl, resources, patterns, categories, Map::new(), user);
        prop_assert_eq!(Grant::parse(grant.body().as_bytes()), Ok(grant));
    }

    #[test]
    fn any_bytes_are_a_token_or_none(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Token::decode(&bytes);
        let _ = Token::parts(&bytes);
    }

    #[test]
    fn a_token_with_a_byte_changed_is_another_or_none(at in 0..200_usize, to in any::<u8>()) {
        let whole = Token::bytes_of(text(&table("tokens")[0], "token")).unwrap();
        let mut bytes = whole.clone();
        let at = at % bytes.len();
        bytes[at] = to;
        prop_assert!(bytes == whole || Token::decode(&bytes) != Token::decode(&whole));
    }
}

#[test]
fn deep_and_long_tokens_are_refused_without_harm() {
    // A map, `meta`, and arrays in arrays; then an array that claims to be longer than all memory.
    let mut deep = b"\xa1\x44meta\xa1\x61a".to_vec();
    deep.extend(std::iter::repeat_n(0x81, 100_000));
    assert_eq!(Token::decode(&deep), Err(Malformed));
    assert_eq!(Token::decode(b"\xa1\x44meta\xa1\x61a\x9b\xff\xff\xff\xff\xff\xff\xff\xff"), Err(Malformed));
    assert_eq!(Token::decode(b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff"), Err(Malformed));
    // Lengths that are not said beforehand are not taken.
    assert_eq!(Token::decode(b"\xbf\x41v\x02\xff"), Err(Malformed));
}
