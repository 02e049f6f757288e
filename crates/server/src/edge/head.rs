//! What the bytes at the front of a connection amount to: a whole, plain request on a known route, or less, or something
//! that the framework should look at.

use std::mem::MaybeUninit;

use wire::Refusal;
use wire::route::{Method, Route};
use wire::target::Target;

use super::addresses::Guest;
use crate::api::{App, Headers, Request};

/// Headers in a request. Clients send about ten.
const MAX_HEADERS: usize = 64;

/// What the bytes read so far amount to.
pub(super) enum Head<'h> {
    /// The head is not whole.
    Partial,
    /// The head is whole and the body not yet: it ends after this many bytes.
    Body(usize),
    /// The framework should look at it.
    Foreign,
    Refused(Refusal),
    Whole(Whole<'h>),
}

/// A request that is whole, head and body.
pub(super) struct Whole<'h> {
    pub(super) request: Request<'h>,
    pub(super) target: Target<'h>,
    pub(super) route: Route<'h>,
    pub(super) gzip: bool,
    pub(super) close: bool,
    /// How many bytes it takes.
    pub(super) length: usize,
}

/// Reads the request at the front of `bytes`, which `guest` has sent. A whole one counts as asked.
pub(super) fn parse<'h>(app: &App, guest: &Guest, bytes: &'h [u8]) -> Head<'h> {
    let edge = &app.edge;
    let mut headers = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut []);
    let head_bytes = match parsed.parse_with_uninit_headers(bytes, &mut headers) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Head::Partial,
        // The framework has room for a few more headers, and it speaks HTTP/2, which begins like a request.
        Err(httparse::Error::TooManyHeaders) => return Head::Foreign,
        Err(_) if bytes.starts_with(b"PRI * HTTP/2.0\r\n") => return Head::Foreign,
        Err(_) => return Head::Refused(Refusal::Malformed),
    };
    let (Some(method), Some(path), Some(1)) = (parsed.method, parsed.path, parsed.version) else {
        return Head::Foreign;
    };
    let method = match method {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        _ => return Head::Foreign,
    };
    let Some(path) = without_host(path) else { return Head::Foreign };
    if path.len() > edge.request_target_bytes {
        return Head::Refused(Refusal::UriTooLong);
    }
    if head_bytes > edge.head_bytes {
        return Head::Refused(Refusal::HeadTooLarge);
    }
    let plain = match Plain::of(parsed.headers) {
        Ok(Some(plain)) => plain,
        Ok(None) => return Head::Foreign,
        Err(refusal) => return Head::Refused(refusal),
    };
    let bodiless = matches!(method, Method::Get | Method::Delete);
    if bodiless && plain.length > 0 {
        return Head::Foreign;
    }
    let target = Target::new(path);
    let Ok(route) = Route::of(method, &target) else { return Head::Foreign };
    if plain.length > edge.body_bytes {
        return Head::Refused(Refusal::BodyTooLarge);
    }
    let length = head_bytes + plain.length;
    let Some(body) = bytes.get(head_bytes..length) else { return Head::Body(length) };
    let lines = || parsed.headers.iter().map(|header| (header.name, header.value));
    let client = if guest.speaks_for_others() { guest.client(lines()) } else { None };
    let admitted = guest.admits(client, || app.node.steady());
    let request = Request { method, target: path, body, headers: plain.headers, admitted };
    Head::Whole(Whole { request, target, route, gzip: plain.gzip, close: plain.close, length })
}

/// The headers of a request without specialities.
struct Plain<'h> {
    headers: Headers<&'h [u8]>,
    length: usize,
    gzip: bool,
    close: bool,
}

impl<'h> Plain<'h> {
    /// None for a request that the framework should read.
    fn of(headers: &[httparse::Header<'h>]) -> Result<Option<Self>, Refusal> {
        let mut plain = Self { headers: Headers::default(), length: 0, gzip: false, close: false };
        let mut length = None;
        for header in headers {
            let is = |name: &str| header.name.eq_ignore_ascii_case(name);
            if is("content-length") {
                // Said twice, it must be the same.
                if length.replace(header.value).is_some_and(|before| before != header.value) {
                    return Err(Refusal::Malformed);
                }
                let text = std::str::from_utf8(header.value).ok();
                let digits = text.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
                plain.length = digits.and_then(|text| text.parse().ok()).ok_or(Refusal::Malformed)?;
            } else if is("content-encoding") {
                plain.headers.content_encoding.get_or_insert(header.value);
            } else if is("accept-encoding") {
                plain.gzip |= accepts_gzip(header.value);
            } else if is("connection") {
                match header.value {
                    value if value.eq_ignore_ascii_case(b"keep-alive") => {}
                    value if value.eq_ignore_ascii_case(b"close") => plain.close = true,
                    _ => return Ok(None),
                }
            } else if is("content-type") {
                plain.headers.content_type.get_or_insert(header.value);
            } else if is("if-match") {
                plain.headers.if_match.get_or_insert(header.value);
            } else if is("if-none-match") {
                plain.headers.if_none_match.get_or_insert(header.value);
            } else if is("transfer-encoding") || is("expect") || is("upgrade") {
                return Ok(None);
            }
        }
        Ok(Some(plain))
    }
}

/// The path and query of a target that begins with them, or with a host that is not looked at.
fn without_host(target: &str) -> Option<&str> {
    if target.starts_with('/') {
        return Some(target);
    }
    let (scheme, rest) = target.split_once("://")?;
    let is_known = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let path = &rest[rest.find(['/', '?'])?..];
    (is_known && path.starts_with('/')).then_some(path)
}

/// Whether a client takes gzip. `gzip;q=0` says that it does not.
pub(super) fn accepts_gzip(value: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(value) else { return false };
    text.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let weight =
            |part: &str| part.split_once('=').filter(|(name, _)| name.eq_ignore_ascii_case("q"))?.1.parse().ok();
        named && !parts.filter_map(weight).any(|weight: f32| weight <= 0.0)
    })
}
