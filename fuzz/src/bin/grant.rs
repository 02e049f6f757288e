//! Grants: what is granted can be used, and permits what it says. Patterns of any kind, names of any kind.
//!
//! Seeds: grants

#![no_main]

use std::sync::Arc;

use engine::access::acts::{GrantToken, Publish, Sent};
use engine::access::{Credentials, Ledger, check_patterns};
use fuzz::{GUARD, NOW, SECRET, base64};
use libfuzzer_sys::fuzz_target;
use wire::access::{Grant, Permissions, Signed};
use wire::route::Method;
use wire::target::Target;
use wire::{ChannelName, Refusal};

fn shown(target: &str) -> Credentials<'_> {
    let target = Target::new(target);
    Credentials::of(Signed { method: Method::Get, target, body: b"", decompressed: None, publishes: false })
}

fuzz_target!(|body: &[u8]| {
    let Ok(grant) = Grant::parse(body) else { return };
    let may_be_granted = grant.patterns().all(|(_, patterns)| check_patterns(patterns).is_ok());
    let token = grant.token(NOW);
    if !may_be_granted {
        return;
    }
    let request = format!("/?timestamp={}", NOW.seconds());
    let signature = SECRET.sign(&[format!("GET\npub\n/\ntimestamp={}\n", NOW.seconds()).as_bytes()]);
    let request = format!("{request}&signature=v2.{}", base64(&signature));
    let permit = GUARD.decide_signed(&shown(&request), GrantToken, NOW).expect("it is signed");
    let Ok(text) = GUARD.sign(&permit, &token) else { return };
    let verified = Arc::new(GUARD.verify(&text).expect("it is ours").expect("it is a token"));
    assert!(verified.expires() > NOW && verified.weight() > 0);
    let user = token.user.clone().unwrap_or_default();
    let sent = format!("/?auth={text}&uuid={}", wire::encode(&user));
    for (name, listed) in &token.resources.channels {
        let Ok(channel) = ChannelName::new(name.as_str()) else { continue };
        let grounds = GUARD.grounds(&shown(&sent), NOW, |_| Ok(Some(Arc::clone(&verified)))).expect("it is a token");
        let act = Publish { kind: Sent::Message, channel };
        let decided = GUARD.decide(grounds, act, &Ledger::default(), NOW).map(drop);
        let refused = Refusal::Forbidden { channels: vec![name.clone()], groups: Vec::new() };
        assert_eq!(decided, if listed.has_any(Permissions::WRITE) { Ok(()) } else { Err(refused) });
    }
    for pattern in token.patterns.channels.keys() {
        let Ok(channel) = ChannelName::new(pattern.as_str()) else { continue };
        let grounds = GUARD.grounds(&shown(&sent), NOW, |_| Ok(Some(Arc::clone(&verified)))).expect("it is a token");
        let _ = GUARD.decide(grounds, Publish { kind: Sent::Signal, channel }, &Ledger::default(), NOW);
    }
});
