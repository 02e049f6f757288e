//! Any bytes on a connection, against the whole server by both of its paths.
//!
//! Seeds: http

#![no_main]

use fuzz::Server;
use libfuzzer_sys::fuzz_target;

/// How HTTP/2 begins, whose replies are frames.
const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n";

fuzz_target!(|data: &[u8]| {
    for server in Server::both() {
        let reply = server.send(data);
        // Closing without a word is fine, too; what is said is HTTP, and no failure of the server.
        if reply.is_empty() || data.starts_with(HTTP2) {
            continue;
        }
        let line = String::from_utf8_lossy(&reply[..reply.len().min(100)]);
        let status = line.strip_prefix("HTTP/1.1 ").or_else(|| line.strip_prefix("HTTP/1.0 "));
        let status = status.and_then(|rest| rest.get(..3)?.parse::<u16>().ok());
        assert!(status.is_some_and(|status| (100..500).contains(&status)), "{line}");
    }
});
