//! The guard of a key set that no server has.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::access::{Guard, Mode, Policy, Secret};
use wire::{PublishKey, SubscribeKey, Timestamp};

/// What it signs with.
pub static SECRET: LazyLock<Secret> = LazyLock::new(|| Secret::new("a secret"));

/// The guard of the keys `sub` and `pub`.
pub static GUARD: LazyLock<Guard> = LazyLock::new(|| {
    let (subscribe, publish) = (SubscribeKey::new("sub"), PublishKey::new("pub"));
    let (subscribe, publish) = (subscribe.expect("a key"), publish.expect("a key"));
    Guard::new(Mode::Guarded, Policy::default(), subscribe, publish, vec![SECRET.clone()])
});

/// The time by which it decides.
pub const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// A signature as it is sent.
#[must_use]
pub fn base64(signature: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(signature)
}
