//! Frames of HTTP/2, written by hand: for what no client would send.

/// How a connection begins.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The type of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A part of a body.
    Data = 0,
    /// A head, or its beginning.
    Headers = 1,
    /// A request is taken back.
    Reset = 3,
    /// What one side wants of the other.
    Settings = 4,
    /// Whether the other side is there.
    Ping = 6,
    /// A head goes on.
    Continuation = 9,
}

/// Nothing follows on this stream.
pub const END_STREAM: u8 = 1;
/// The head is whole.
pub const END_HEADERS: u8 = 4;

/// A frame.
///
/// # Panics
/// When the payload has 16 MiB.
#[must_use]
pub fn frame(kind: Kind, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).ok().filter(|length| *length < 1 << 24).expect("a payload of a frame");
    [&length.to_be_bytes()[1..], &[kind as u8, flags], &stream.to_be_bytes(), payload].concat()
}

/// A header that is spelled out, for the payload of [`Kind::Headers`] and [`Kind::Continuation`].
///
/// # Panics
/// When its name or value has more than 126 bytes.
#[must_use]
pub fn header(name: &str, value: &str) -> Vec<u8> {
    let text = |text: &str| {
        let length = u8::try_from(text.len()).ok().filter(|length| *length < 127).expect("a short text");
        [&[length], text.as_bytes()].concat()
    };
    [vec![0], text(name), text(value)].concat()
}

/// The headers of a GET.
///
/// # Panics
/// When the target has more than 126 bytes.
#[must_use]
pub fn get(target: &str) -> Vec<u8> {
    let fixed = [(":method", "GET"), (":scheme", "http"), (":authority", "here"), (":path", target)];
    fixed.into_iter().flat_map(|(name, value)| header(name, value)).collect()
}

/// The frame of a whole GET.
///
/// # Panics
/// When the target has more than 126 bytes.
#[must_use]
pub fn request(stream: u32, target: &str) -> Vec<u8> {
    frame(Kind::Headers, END_HEADERS | END_STREAM, stream, &get(target))
}
