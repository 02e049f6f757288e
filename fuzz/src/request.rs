//! A request in a form in which most mutations are still a request.

use std::fmt::Write;

/// A method and a target on the first line, headers on the next ones, an empty line, the body.
///
/// What is not allowed where it stands is encoded or left out, so that mutations reach what is behind the parser of HTTP.
pub struct Request {
    method: String,
    target: String,
    /// What stands behind the first line.
    rest: Vec<u8>,
    bytes: Vec<u8>,
}

/// Headers that say how the request is framed, which is not what is tried here.
const FRAMING: [&str; 6] = ["connection", "content-length", "expect", "host", "transfer-encoding", "upgrade"];

impl Request {
    /// The request that a text describes, always to a target that begins with `prefix`.
    #[must_use]
    pub fn read(data: &[u8], prefix: &str) -> Self {
        let end = data.windows(2).position(|pair| pair == b"\n\n");
        let (head, body) = end.map_or((data, &[][..]), |end| (&data[..end], &data[end + 2..]));
        let head = String::from_utf8_lossy(head);
        let mut lines = head.lines();
        let (method, target) = lines.next().and_then(|line| line.split_once(' ')).unwrap_or_default();
        let method = match method {
            "PATCH" | "DELETE" | "POST" | "OPTIONS" | "HEAD" | "PUT" => method,
            _ => "GET",
        };
        let mut sent = prefix.to_owned();
        for byte in target.strip_prefix(prefix).unwrap_or(target).bytes() {
            match byte {
                b'!'..=b'~' if byte != b'#' => sent.push(char::from(byte)),
                _ => write!(sent, "%{byte:02X}").expect("a text takes more text"),
            }
        }
        let mut out = String::from(" HTTP/1.1\r\nHost: here\r\n");
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            if is_name && !FRAMING.contains(&name.to_ascii_lowercase().as_str()) {
                let value: String = value.chars().filter(|letter| !letter.is_control()).collect();
                out.push_str(&format!("{name}: {}\r\n", value.trim()));
            }
        }
        if method != "GET" && method != "HEAD" || !body.is_empty() {
            out.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        out.push_str("\r\n");
        let mut rest = out.into_bytes();
        rest.extend_from_slice(body);
        Self::of(method.to_owned(), sent, rest)
    }

    fn of(method: String, target: String, rest: Vec<u8>) -> Self {
        let mut bytes = format!("{method} {target}").into_bytes();
        bytes.extend_from_slice(&rest);
        Self { method, target, rest, bytes }
    }

    /// The same with a parameter before all others, so that it counts.
    #[must_use]
    pub fn showing(&self, parameter: &str) -> Self {
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        Self::of(self.method.clone(), format!("{path}?{parameter}&{query}"), self.rest.clone())
    }

    /// How it asks.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Path and query.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// As it goes over the wire.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether its reply has no body, whatever the head of the reply says.
    #[must_use]
    pub fn is_head(&self) -> bool {
        self.method == "HEAD"
    }
}
