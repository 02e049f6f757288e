//! The body of a publish, decompressed within its limit (`docs/protocol/conventions.md`, "Bodies").

use std::borrow::Cow;
use std::io::Read;

use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};

/// Why a body cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BadBody {
    TooLarge,
    Malformed,
}

/// The text of a body.
pub(super) fn text<'b>(body: &'b [u8], encoding: Option<&[u8]>, most: usize) -> Result<Cow<'b, str>, BadBody> {
    match plain(body, encoding, most)? {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| BadBody::Malformed),
        Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).map_err(|_| BadBody::Malformed),
    }
}

/// The bytes of a body. One client labels a zlib stream as gzip, so the first bytes decide and not the label.
pub(super) fn plain<'b>(body: &'b [u8], encoding: Option<&[u8]>, most: usize) -> Result<Cow<'b, [u8]>, BadBody> {
    let plain = match encoding.map(<[u8]>::trim_ascii) {
        None | Some(b"" | b"identity") => Cow::Borrowed(body),
        Some(_) => Cow::Owned(match body {
            [0x1f, 0x8b, ..] => inflate(GzDecoder::new(body), most)?,
            [0x78, second, ..] if (0x7800 + u16::from(*second)) % 31 == 0 => inflate(ZlibDecoder::new(body), most)?,
            _ => inflate(DeflateDecoder::new(body), most)?,
        }),
    };
    if plain.len() > most { Err(BadBody::TooLarge) } else { Ok(plain) }
}

fn inflate(decoder: impl Read, most: usize) -> Result<Vec<u8>, BadBody> {
    let mut bytes = Vec::new();
    // One byte more than allowed tells that there is more, whatever the stream would grow to.
    decoder.take(most as u64 + 1).read_to_end(&mut bytes).map_err(|_| BadBody::Malformed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::read::{DeflateEncoder, GzEncoder, ZlibEncoder};

    fn all(mut reader: impl Read) -> Vec<u8> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn the_first_bytes_decide_how_a_body_is_compressed() {
        let message = br#"{"text":"hello hello hello"}"#;
        let level = Compression::default();
        for (bytes, label) in [
            (all(GzEncoder::new(&message[..], level)), Some(b"gzip".as_slice())),
            (all(ZlibEncoder::new(&message[..], level)), Some(b"gzip".as_slice())),
            (all(ZlibEncoder::new(&message[..], level)), Some(b"deflate".as_slice())),
            (all(DeflateEncoder::new(&message[..], level)), Some(b"deflate".as_slice())),
            (message.to_vec(), None),
            (message.to_vec(), Some(b"identity".as_slice())),
        ] {
            assert_eq!(text(&bytes, label, 100).unwrap().as_bytes(), message, "{label:?}");
        }
    }

    #[test]
    fn a_small_body_that_grows_without_end_is_refused_at_the_limit() {
        let bomb = all(GzEncoder::new(std::io::repeat(b'0').take(10_000_000), Compression::best()));
        assert_eq!(text(&bomb, Some(b"gzip".as_slice()), 1000), Err(BadBody::TooLarge));
    }

    #[test]
    fn what_is_not_compressed_or_not_utf8_is_malformed() {
        assert_eq!(text(b"plain", Some(b"gzip".as_slice()), 100), Err(BadBody::Malformed));
        assert_eq!(text(&[0x1f, 0x8b, 0, 1], Some(b"gzip".as_slice()), 100), Err(BadBody::Malformed));
        assert_eq!(text(&[0xff], None, 100), Err(BadBody::Malformed));
    }
}
