//! Requests signed as clients sign them (`docs/protocol/access.md`, "Request signatures").
//!
//! Written a second time, and not taken from the server: a runner that asked the server how to sign would find every answer
//! right.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

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

    /// The value of `signature`. `path` as it is sent, `query` decoded.
    pub(super) fn of(
        self,
        keys: &SigningKeys,
        method: &str,
        path: &str,
        query: &[(String, String)],
        body: &[u8],
    ) -> String {
        let mut pairs: Vec<_> = query.iter().map(|(key, value)| format!("{key}={}", escape(value))).collect();
        // By key, and the equals sign after a key is below every character of a longer one but these.
        pairs.sort_by(|one, other| one.split('=').next().cmp(&other.split('=').next()));
        let query = pairs.join("&");
        let SigningKeys { subscribe, publish, secret } = keys;
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

/// Whose signature it is.
pub(super) struct SigningKeys {
    pub(super) subscribe: String,
    pub(super) publish: String,
    pub(super) secret: String,
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
            let keys =
                SigningKeys { subscribe: text("subscribe_key"), publish: text("publish_key"), secret: text("secret") };
            let query = case["query"].as_object().unwrap().iter();
            let query: Vec<_> = query.map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned())).collect();
            let signing = Signing::parse(&text("version")).unwrap();
            let signature = signing.of(&keys, &text("method"), &text("path"), &query, text("body").as_bytes());
            assert_eq!(signature, text("signature").trim_end_matches('='), "{}", text("name"));
        }
    }
}
