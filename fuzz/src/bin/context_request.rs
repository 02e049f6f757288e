//! Mutations of valid requests of app context, against the whole server by both of its paths.
//!
//! Seeds: requests

#![no_main]

use fuzz::{Request, Server};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let request = Request::read(data, "/v2/objects/sub/");
    for server in Server::both() {
        server.ask(&request);
    }
});
