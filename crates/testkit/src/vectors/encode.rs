//! From what a vector says to what is sent. The runner escapes as little as clients do.

/// What is never escaped.
const PLAIN: &[u8] = b"-_.~";
/// What stands raw in a path as well.
const PLAIN_IN_PATH: &[u8] = b"-_.~,:*!'()@$&+=;";

/// A path. One with a `%` is encoded already.
pub(super) fn path(path: &str) -> String {
    if path.contains('%') {
        return path.to_owned();
    }
    path.split('/').map(|segment| escape(segment, PLAIN_IN_PATH)).collect::<Vec<_>>().join("/")
}

/// A name or value of a query.
pub(super) fn query(text: &str) -> String {
    escape(text, PLAIN)
}

fn escape(text: &str, plain: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || plain.contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_path_is_escaped_segment_by_segment_unless_it_is_already() {
        let check = |written: &str, sent: &str| assert_eq!(super::path(written), sent);
        check("/time/0", "/time/0");
        check("/publish/p/s/0/a b/0/{\"é\":[1,2]}", "/publish/p/s/0/a%20b/0/%7B%22%C3%A9%22:%5B1,2%5D%7D");
        check("/v2/subscribe/s/a%2Cb c/0", "/v2/subscribe/s/a%2Cb c/0");
    }

    #[test]
    fn a_query_is_escaped_whole() {
        assert_eq!(super::query("{\"a\": 'b,c'}~"), "%7B%22a%22%3A%20%27b%2Cc%27%7D~");
    }
}
