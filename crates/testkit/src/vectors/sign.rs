//! Requests signed as clients sign them (`docs/protocol/access.md`, "Request signatures").
//!
//! Written a second time, and not taken from the server: a runner that asked the server how to sign would find every answer
//! right.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::encode;
use crate::Keys;

/// The target of a request with the time `now`, in seconds since the epoch, and the signature that newer clients make.
#[must_use]
pub fn signed(keys: Keys, method: &str, target: &str, body: &str, now: u64) -> String {
    self::target(Signing::V2, keys, method, target, body.as_bytes(), now)
}

/// The same with any signature.
pub(super) fn target(signing: Signing, keys: Keys, method: &str, target: &str, body: &[u8], now: u64) -> String {
    let sign = if target.contains('?') { '&' } else { '?' };
    let target = format!("{target}{sign}timestamp={now}");
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let decoded = |text: &str| wire::decode(text).map_or_else(|_| text.to_owned(), std::borrow::Cow::into_owned);
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let query: Vec<_> = pairs.map(|(key, value)| (decoded(key), decoded(value))).collect();
    let signature = signing.of(keys.subscribe, keys.publish, keys.secret, (method, path, &query, body));
    format!("{target}&signature={}", encode::query(&signature))
}

/// Which signature a step asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signing {
    V1,
    V2,
    /// As for a GET without a body, whatever the request is: how many clients publish.
    V2Get,
}

impl Signing {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "v1" => Ok(Self::V1),
            "v2" => Ok(Self::V2),
            "v2-get" => Ok(Self::V2Get),
            _ => Err(format!("no such signature: {text}")),
        }
    }

    /// The value of `signature` for a request: its method, its path as it is sent, its query decoded, its body.
    fn of(
        self,
        subscribe: &str,
        publish: &str,
        secret: &str,
        request: (&str, &str, &[(String, String)], &[u8]),
    ) -> String {
        let (method, path, query, body) = request;
        let mut pairs: Vec<_> = query.iter().map(|(key, value)| format!("{key}={}", escape(value))).collect();
        // By key: the pairs would sort otherwise where a key goes on with a character below the equals sign.
        pairs.sort_by(|one, other| one.split('=').next().cmp(&other.split('=').next()));
        let query = pairs.join("&");
        let (prefix, head, body) = match self {
            Self::V1 => ("", format!("{subscribe}\n{publish}\n{path}\n{query}"), &b""[..]),
            Self::V2 => ("v2.", format!("{method}\n{publish}\n{path}\n{query}\n"), body),
            Self::V2Get => ("v2.", format!("GET\n{publish}\n{path}\n{query}\n"), &b""[..]),
        };
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
        mac.update(head.as_bytes());
        mac.update(body);
        format!("{prefix}{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }
}

fn escape(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    value.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn signatures_are_those_that_clients_make() {
        let text = include_str!("../../../../vectors/access/tables/tokens.json");
        let tables: Value = serde_json::from_str(text).unwrap();
        for case in tables["signatures"].as_array().unwrap() {
            let text = |key: &str| case[key].as_str().unwrap_or_default().to_owned();
            let query = case["query"].as_object().unwrap().iter();
            let query: Vec<_> = query.map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned())).collect();
            let signing = Signing::parse(&text("version")).unwrap();
            let (method, path, body) = (text("method"), text("path"), text("body"));
            let request = (method.as_str(), path.as_str(), &query[..], body.as_bytes());
            let signature = signing.of(&text("subscribe_key"), &text("publish_key"), &text("secret"), request);
            assert_eq!(signature, text("signature").trim_end_matches('='), "{}", text("name"));
        }
    }
}
