//! Signed requests: what a signature covers is stable, the right signature is good, and any other is not.
//!
//! Seeds: requests, targets

#![no_main]

use engine::access::acts::GrantToken;
use engine::access::{Credentials, SignatureFault};
use fuzz::{GUARD, NOW, SECRET, base64};
use libfuzzer_sys::fuzz_target;
use wire::access::{CanonicalQuery, Signed};
use wire::route::Method;
use wire::target::Target;

fuzz_target!(|text: &str| {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let (method, target) = head.lines().next().unwrap_or_default().split_once(' ').unwrap_or(("GET", head));
    let method = Method::of(method);
    let encoded = CanonicalQuery::Encoded.of(&Target::new(target));
    assert_eq!(CanonicalQuery::Encoded.of(&Target::new(&format!("?{encoded}"))), encoded);

    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    for publishes in [false, true] {
        // What counts of a parameter is its first value, so what is sent besides stays what it is.
        let sent = |signature: &str| format!("{path}?timestamp={}&signature={signature}&{query}", NOW.seconds());
        let check = |signature: &str| {
            let target = sent(signature);
            let target = Target::new(&target);
            let signed = Signed { method, target, body: body.as_bytes(), decompressed: Some(b"plain"), publishes };
            GUARD.decide_signed(&Credentials::of(signed), GrantToken, NOW).map(drop)
        };
        let bare = sent("");
        let target = Target::new(&bare);
        let signed = Signed { method, target, body: body.as_bytes(), decompressed: Some(b"plain"), publishes };
        for (head, body) in signed.second("pub") {
            let signature = SECRET.sign(&[head.as_bytes(), body]);
            assert_eq!(check(&format!("v2.{}", base64(&signature))), Ok(()));
            assert_eq!(check(&base64(&signature)), Err(SignatureFault::Wrong), "of another version");
        }
        for text in signed.first("sub", "pub") {
            let mut signature = SECRET.sign(&[text.as_bytes()]);
            assert_eq!(check(&base64(&signature)), Ok(()));
            signature[0] ^= 1;
            assert_eq!(check(&base64(&signature)), Err(SignatureFault::Wrong), "a bit is another");
        }
        // What anybody could think of.
        assert!(check(text).is_err());
    }
});
