//! Signatures of requests and tokens.

use super::*;

#[test]
fn hmac_is_that_of_the_tables() {
    use base64::Engine;
    for case in tables("hmac") {
        let signature = Secret::new(text(&case, "secret")).sign(&[text(&case, "text").as_bytes()]);
        assert_eq!(base64::engine::general_purpose::URL_SAFE.encode(signature), text(&case, "hmac"));
    }
}

#[test]
fn a_signed_token_is_byte_for_byte_that_of_the_tables() {
    for case in tables("built") {
        let (name, now) = (text(&case, "name"), Timestamp::from_millis(case["granted_at"].as_u64().unwrap() * 1000));
        let guard = guard_of(text(&case, "subscribe_key"), "pub", &[text(&case, "secret")]);
        let permissions = case["grant"]["permissions"].clone();
        assert_eq!(
            token(&guard, permissions, now, case["grant"]["ttl"].as_u64().unwrap()),
            text(&case, "token"),
            "{name}"
        );
        assert!(guard.verify(text(&case, "token")).unwrap().is_some());
        let other = guard_of("other", "pub", &[text(&case, "secret")]);
        assert_eq!(
            other.verify(text(&case, "token")).unwrap_err(),
            Refusal::TokenInvalid,
            "of another key set: {name}"
        );
        let changed = guard_of(text(&case, "subscribe_key"), "pub", &["another secret"]);
        assert_eq!(
            changed.verify(text(&case, "token")).unwrap_err(),
            Refusal::TokenInvalid,
            "after a change of the secret: {name}"
        );
    }
}

#[test]
fn signatures_of_clients_are_good() {
    for case in tables("signatures") {
        let guard = guard_of(text(&case, "subscribe_key"), text(&case, "publish_key"), &[text(&case, "secret")]);
        let query = case["query"].as_object().unwrap().iter();
        let query: Vec<String> =
            query.map(|(key, value)| format!("{key}={}", wire::encode(value.as_str().unwrap()))).collect();
        let target =
            format!("{}?{}&signature={}", text(&case, "path"), query.join("&"), wire::encode(text(&case, "signature")));
        let method = case["method"].as_str().map_or(Method::Get, Method::of);
        let body = case["body"].as_str().unwrap_or_default().as_bytes();
        let publishes = text(&case, "path").starts_with("/publish");
        let request = Signed { method, target: Target::new(&target), body, decompressed: None, publishes };
        let now = case["query"]["timestamp"].as_str().unwrap().parse::<u64>().unwrap();
        let judged = signature::check(&guard, &Credentials::of(request), Timestamp::from_millis(now * 1000));
        assert_eq!(judged.map(drop), Ok(()), "{}", text(&case, "name"));
    }
}

#[test]
fn a_signature_is_good_for_a_minute_either_way_and_for_exactly_its_request() {
    let guard = guard();
    let check = |target: &str, now: u64, expected| {
        assert_eq!(signature::check(&guard, &shown(target), at(now)).map(drop), expected, "{target}");
    };
    let target = signed(&guard, "/path?a=b", at(0).seconds() + 60);
    check(&target, 0, Ok(()));
    check(&target, 120, Ok(()));
    check(&target, 121, Err(SignatureFault::Timestamp));
    check(&signed(&guard, "/path", at(61).seconds()), 0, Err(SignatureFault::Timestamp));
    for changed in [
        target.replace("/path", "/Path"),
        target.replace("a=b", "a=c"),
        format!("{target}&x="),
        target.replace("v2.", ""),
    ] {
        check(&changed, 60, Err(SignatureFault::Wrong));
    }
    check("/path?signature=v2.AAAA", 0, Err(SignatureFault::Timestamp));
    check("/path?signature=v2.AAAA&timestamp=soon", 0, Err(SignatureFault::Timestamp));
    check(&target.replace("timestamp=", "timestamp=%2B"), 60, Err(SignatureFault::Timestamp));
    check(&target.replace("timestamp=", "timestamp=+"), 60, Err(SignatureFault::Timestamp));
    check(&format!("/path?timestamp={}", at(0).seconds()), 0, Err(SignatureFault::Missing));
    for nonsense in ["v2.", "v2.%ff", "v2.A", "!", "AAAA"] {
        check(&format!("/path?timestamp={}&signature={nonsense}", at(0).seconds()), 0, Err(SignatureFault::Wrong));
    }
}

#[test]
fn a_signature_is_read_in_either_alphabet_with_and_without_padding() {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
    let (guard, now) = (guard(), at(0));
    let mut unlike = 0;
    for number in 0..64 {
        let target = format!("/path?number={number}&timestamp={}", now.seconds());
        let first = shown(&target).signed().first("sub", "pub").remove(0);
        let (second, body) = shown(&target).signed().second("pub").remove(0);
        for (version, pieces) in [("", [first.as_bytes(), b""]), ("v2.", [second.as_bytes(), body])] {
            let signature = guard.secrets()[0].sign(&pieces);
            unlike += usize::from(STANDARD.encode(signature) != URL_SAFE.encode(signature));
            for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
                let signature = engine.encode(signature);
                for sent in [signature.clone(), wire::encode(&signature).to_string()] {
                    let target = format!("{target}&signature={version}{sent}");
                    assert!(signature::check(&guard, &shown(&target), now).is_ok(), "{target}");
                }
            }
        }
    }
    assert!(unlike > 0, "the alphabets were never unlike");
}

#[test]
fn either_of_two_secrets_is_good_and_the_first_one_signs() {
    let old = guard_of("sub", "pub", &["old"]);
    let both = guard_of("sub", "pub", &["new", "old"]);
    let new = guard_of("sub", "pub", &["new"]);
    let now = at(0);
    let by_old = token(&old, json!({"resources": {"channels": {"a": 1}}}), now, 1);
    let by_both = token(&both, json!({"resources": {"channels": {"a": 1}}}), now, 1);
    assert!(both.verify(&by_old).unwrap().is_some() && both.verify(&by_both).unwrap().is_some());
    assert!(new.verify(&by_both).unwrap().is_some());
    assert_eq!(new.verify(&by_old).unwrap_err(), Refusal::TokenInvalid);
    assert_eq!(signature::check(&both, &shown(&signed(&old, "/x", now.seconds())), now).map(drop), Ok(()));
}

#[test]
fn what_rests_on_a_secret_ends_with_it_to_the_millisecond() {
    let old = guard_of("sub", "pub", &["old"]);
    let both = old.with_secrets(vec![Secret::new("new"), Secret::new("old").ending(at(60))]);
    let room = || acts::Publish { kind: acts::Sent::Message, channel: wire::ChannelName::new("room").unwrap() };
    let permissions = || json!({"resources": {"channels": {"room": 255}}});
    let before = Timestamp::from_millis(at(60).millis() - 1);
    let ledger = Ledger::default();
    for (by, now, by_token, by_signature) in [
        (&old, before, Ok(()), Ok(())),
        (&old, at(60), Err(Refusal::TokenInvalid), Err(Refusal::WrongSignature)),
        (&both, at(60), Ok(()), Ok(())),
    ] {
        let shows_token = format!("/x?auth={}", wire::encode(&token(by, permissions(), at(0), 60)));
        assert_eq!(judge(&both, &ledger, &shows_token, room(), now), by_token);
        assert_eq!(judge(&both, &ledger, &signed(by, "/x", at(60).seconds()), room(), now), by_signature);
    }

    // What was permitted before is asked again with the guard of that moment, whether the secret has ended there or is gone.
    let (shows_token, is_signed) = (
        format!("/x?auth={}", wire::encode(&token(&old, permissions(), at(0), 60))),
        signed(&old, "/x", at(0).seconds()),
    );
    for (target, refusal) in [(shows_token, Refusal::TokenInvalid), (is_signed, Refusal::WrongSignature)] {
        let grounds = both.grounds(&shown(&target), at(0), |text| Ok(both.verify(text)?.map(Arc::new))).unwrap();
        assert!(grounds.ends().is_some());
        assert_eq!(both.recheck(&grounds, &room(), &ledger, before), Ok(()));
        assert_eq!(both.recheck(&grounds, &room(), &ledger, at(60)), Err(refusal.clone()));
        let pruned = both.with_secrets(both.holding(at(60)));
        assert!(both.is_due(at(60)) && !both.is_due(before) && !pruned.is_due(at(1 << 30)));
        assert_eq!(pruned.recheck(&grounds, &room(), &ledger, before), Err(refusal));
    }
}

#[test]
fn secrets_tokens_and_requests_do_not_show_themselves() {
    let guard = guard();
    let text = token(&guard, json!({"resources": {"channels": {"hidden": 1}}, "uuid": "annabel"}), at(0), 1);
    let verified = guard.verify(&text).unwrap().unwrap();
    let target = signed(&guard, "/path?auth=hidden", at(0).seconds());
    let shown = format!("{guard:?} {:?} {verified:?} {:?}", shown(&target), verified.id());
    for hidden in [SECRET, &text, "hidden", "annabel", "v2."] {
        assert!(!shown.contains(hidden), "{hidden} in {shown}");
    }
}
