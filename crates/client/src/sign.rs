//! Requests signed with the secret key (`docs/protocol/access.md`, "Request signatures").

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use wire::Timestamp;
use wire::access::Signed;
use wire::route::Route;
use wire::target::Target;

use crate::request::Request;

/// The request with the time of this moment and a signature of the second version.
pub(crate) fn signed(request: Request, publish_key: &str, secret_key: &str, now: Timestamp) -> Request {
    let request = request.with("timestamp", now.seconds().to_string());
    let target = request.target();
    let target = Target::new(&target);
    let publishes = matches!(Route::of(request.method, &target), Ok(Route::Publish { .. } | Route::Signal { .. }));
    let body = request.body.as_deref().unwrap_or_default();
    let covered = Signed { method: request.method, target, body, decompressed: None, publishes }.second(publish_key);
    // The first form is the one that every server takes.
    let Some((head, body)) = covered.into_iter().next() else { return request };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret_key.as_bytes()) else { return request };
    mac.update(head.as_bytes());
    mac.update(body);
    let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    request.with("signature", format!("v2.{signature}"))
}
