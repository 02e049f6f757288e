//! Mutations of valid requests against a guarded key set, by both paths of the edge: who shows nothing gets nothing.
//!
//! Seeds: guarded

#![no_main]

use std::sync::OnceLock;

use fuzz::{Request, Server};
use libfuzzer_sys::fuzz_target;
use serde_json::json;
use testkit::GUARDED;

/// What answers everyone with 200: the time, where someone is, preflights, and what is there for operators.
fn is_free(method: &str, target: &str) -> bool {
    let path = target.split('?').next().unwrap_or_default();
    let segments: Vec<&str> = path.split('/').collect();
    method == "OPTIONS"
        || matches!(segments[..], ["", "time", _] | ["", "v2", "presence", _, _, "uuid", _])
        || matches!(path, "/health" | "/ready" | "/metrics")
}

/// A token for everything, of each server.
fn tokens() -> &'static [String; 2] {
    static TOKENS: OnceLock<[String; 2]> = OnceLock::new();
    TOKENS.get_or_init(|| {
        let all = json!({".*": 255});
        let patterns = json!({"channels": all, "groups": all, "uuids": all});
        let categories = json!({"uuids": 32, "channels": 32});
        let body = json!({"ttl": 43_200, "permissions": {"patterns": patterns, "categories": categories}}).to_string();
        let target = testkit::vectors::signed(GUARDED, "POST", "/v3/pam/guarded-sub/grant", &body, fuzz::seconds());
        let request = Request::read(format!("POST {target}\n\n{body}").as_bytes(), "/");
        let [first, second] = Server::both();
        [first, second].map(|server| {
            server.ask(&request).json()["data"]["token"].as_str().expect("a token is granted").to_owned()
        })
    })
}

fuzz_target!(|data: &[u8]| {
    let request = Request::read(data, "/");
    let tokens = tokens();
    for (server, token) in Server::both().iter().zip(tokens) {
        let reply = server.ask(&request);
        let asks_guarded = request.target().contains("guarded-sub");
        assert!(
            reply.status >= 300 || !asks_guarded || is_free(request.method(), request.target()),
            "{} {}: {} {}",
            request.method(),
            request.target(),
            reply.status,
            reply.text()
        );
        server.ask(&request.showing(&format!("auth={token}")));
    }
});
