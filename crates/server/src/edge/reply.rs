//! A reply, and its form on both paths.

use std::borrow::Cow;
use std::io::Write;

use engine::pubsub::Gap;
use flate2::Compression;
use flate2::write::GzEncoder;
use wire::delivery;
use wire::{Refusal, Timestamp, Timetoken};

use super::date;

/// The type of a body, by subsystem (`docs/protocol/conventions.md`, "Content types and bodies").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentType {
    /// Time, publish, signal, subscribe, presence, and refusals but those of app context.
    Script,
    /// Channel groups.
    Json,
    /// App context and its refusals, which one vector has without a charset.
    BareJson,
}

impl ContentType {
    fn as_str(self) -> &'static str {
        match self {
            Self::Script => "text/javascript; charset=\"UTF-8\"",
            Self::Json => "application/json; charset=UTF-8",
            Self::BareJson => "application/json",
        }
    }
}

/// What browsers ask before a request, and see of a reply.
const ALLOW_ORIGIN: (&str, &str) = ("Access-Control-Allow-Origin", "*");
const EXPOSE_HEADERS: (&str, &str) = ("Access-Control-Expose-Headers", "*");
const NO_CACHE: (&str, &str) = ("Cache-Control", "no-cache");
const PREFLIGHT: [(&str, &str); 3] = [
    ("Access-Control-Allow-Methods", "GET, POST, DELETE, PATCH, OPTIONS"),
    (
        "Access-Control-Allow-Headers",
        "Origin, X-Requested-With, Content-Type, Accept, Content-Encoding, Authorization, If-Match, If-None-Match",
    ),
    ("Access-Control-Max-Age", "86400"),
];
/// When a client that was turned away may come again.
const RETRY_AFTER: (&str, &str) = ("Retry-After", "1");

/// Level 1: nearly all of the gain on JSON at a third of the cost of the default.
const GZIP_LEVEL: Compression = Compression::new(1);

/// A reply with this status has no body, whatever its head says, so its head says nothing of one.
const NOT_MODIFIED: u16 = 304;

/// A reply, before it is known how it will be sent.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    content_type: ContentType,
    body: Cow<'static, [u8]>,
    gap: Option<Gap>,
    tells_gaps: bool,
    preflight: bool,
    gzipped: bool,
    /// Others were woken by what was asked, and should hear of it first.
    pub(super) gives_way: bool,
}

/// Texts that become a body without a copy.
pub(crate) trait IntoBody {
    fn into_body(self) -> Cow<'static, [u8]>;
}

impl IntoBody for String {
    fn into_body(self) -> Cow<'static, [u8]> {
        Cow::Owned(self.into_bytes())
    }
}

impl IntoBody for Vec<u8> {
    fn into_body(self) -> Cow<'static, [u8]> {
        Cow::Owned(self)
    }
}

impl IntoBody for &'static str {
    fn into_body(self) -> Cow<'static, [u8]> {
        Cow::Borrowed(self.as_bytes())
    }
}

impl Reply {
    /// A body of JSON, with status 200.
    pub(crate) fn json(content_type: ContentType, body: impl IntoBody) -> Self {
        Self {
            status: 200,
            content_type,
            body: body.into_body(),
            gap: None,
            tells_gaps: false,
            preflight: false,
            gzipped: false,
            gives_way: false,
        }
    }

    /// A refusal, with its status and body.
    pub(crate) fn refusal(refusal: &Refusal, now: Timetoken) -> Self {
        let content_type = if refusal.is_of_context() { ContentType::BareJson } else { ContentType::Script };
        Self { status: refusal.status(), ..Self::json(content_type, refusal.body(now)) }
    }

    /// Whoever asks has it already.
    pub(crate) fn not_modified() -> Self {
        Self { status: NOT_MODIFIED, ..Self::json(ContentType::BareJson, "") }
    }

    /// The answer to a browser's preflight: every path may be asked from everywhere.
    pub(crate) fn preflight() -> Self {
        Self { preflight: true, ..Self::json(ContentType::Script, "") }
    }

    /// Tells that messages are missing.
    pub(crate) fn with_gap(mut self, gap: Option<Gap>) -> Self {
        self.gap = gap;
        self
    }

    /// Lets those hear first who were woken by what was asked.
    pub(crate) fn giving_way(mut self, gives_way: bool) -> Self {
        self.gives_way = gives_way;
        self
    }

    /// Tells that this server tells of gaps: what a client that begins can rely on.
    pub(crate) fn telling_gaps(mut self, tells: bool) -> Self {
        self.tells_gaps = tells;
        self
    }

    /// Wraps the body in a call of that function, for clients that load replies as scripts.
    pub(crate) fn wrapped(mut self, callback: Option<&str>) -> Self {
        if let Some(callback) = callback {
            let mut body = Vec::with_capacity(self.body.len() + callback.len() + 2);
            body.extend_from_slice(callback.as_bytes());
            body.push(b'(');
            body.extend_from_slice(&self.body);
            body.push(b')');
            self.body = Cow::Owned(body);
            self.content_type = ContentType::Script;
        }
        self
    }

    /// Compresses the body where that is worth it, for a client that takes it.
    pub(crate) fn compressed(mut self, accepted: bool, smallest: usize) -> Self {
        if accepted && self.body.len() >= smallest {
            let mut encoder = GzEncoder::new(Vec::with_capacity(self.body.len() / 2), GZIP_LEVEL);
            // Writing into a Vec cannot fail; if it did, the plain body is as good.
            if let Ok(body) = encoder.write_all(&self.body).and_then(|()| encoder.finish()) {
                self.body = Cow::Owned(body);
                self.gzipped = true;
            }
        }
        self
    }

    /// The headers, but for those that frame the body.
    fn headers(&self, mut each: impl FnMut(&'static str, &str)) {
        if self.status != NOT_MODIFIED {
            each("Content-Type", self.content_type.as_str());
        }
        for (name, value) in [NO_CACHE, ALLOW_ORIGIN, EXPOSE_HEADERS] {
            each(name, value);
        }
        if self.preflight {
            PREFLIGHT.iter().for_each(|(name, value)| each(name, value));
        }
        if self.gzipped {
            each("Content-Encoding", "gzip");
            each("Vary", "Accept-Encoding");
        }
        if let Some(Gap { after, until }) = self.gap {
            each(delivery::Gap::HEADER, &delivery::Gap { after, until }.to_string());
        } else if self.tells_gaps {
            each(delivery::Gap::HEADER, delivery::Gap::NONE);
        }
        if self.status == 503 || self.status == 429 {
            each(RETRY_AFTER.0, RETRY_AFTER.1);
        }
    }

    /// Appends the reply as HTTP/1.1.
    pub(crate) fn write(&self, out: &mut Vec<u8>, now: Timestamp, close: bool) {
        out.reserve(320 + self.body.len());
        out.extend_from_slice(b"HTTP/1.1 ");
        push_number(out, self.status.into());
        out.push(b' ');
        out.extend_from_slice(reason(self.status).as_bytes());
        out.extend_from_slice(b"\r\n");
        self.headers(|name, value| push_header(out, name, value));
        date::with(now, |date| push_header(out, "Date", date));
        if self.status != NOT_MODIFIED {
            out.extend_from_slice(b"Content-Length: ");
            push_number(out, self.body.len());
            out.extend_from_slice(b"\r\n");
        }
        if close {
            push_header(out, "Connection", "close");
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&self.body);
    }

    /// The reply for the framework.
    pub(crate) fn into_response(self) -> axum::response::Response {
        self.into_response_by(axum::body::Body::from)
    }

    /// The same, with a body made by `body_of`.
    pub(super) fn into_response_by(
        self,
        body_of: impl FnOnce(bytes::Bytes) -> axum::body::Body,
    ) -> axum::response::Response {
        let mut response = axum::http::Response::builder().status(self.status);
        self.headers(|name, value| {
            if let Some(headers) = response.headers_mut()
                && let (Ok(name), Ok(value)) =
                    (axum::http::HeaderName::try_from(name), axum::http::HeaderValue::try_from(value))
            {
                headers.insert(name, value);
            }
        });
        let body = body_of(match self.body {
            Cow::Borrowed(body) => bytes::Bytes::from_static(body),
            Cow::Owned(body) => bytes::Bytes::from(body),
        });
        // Status and headers are ours and valid.
        response.body(body).unwrap_or_default()
    }
}

fn push_header(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value.as_bytes());
    out.extend_from_slice(b"\r\n");
}

fn push_number(out: &mut Vec<u8>, number: usize) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn reason(status: u16) -> &'static str {
    // Our own statuses (481) have no name.
    axum::http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Refused")
}
