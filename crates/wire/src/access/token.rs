//! A token as bytes: CBOR in base64 (`docs/protocol/access.md`, "Token format").
//!
//! Written exactly as documented, because parsers differ in what they put up with. Read strictly: definite lengths, the
//! documented keys once each, nothing behind the end. Reading stops at the first fault; what it holds is never more than
//! a small multiple of the bytes that came.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use minicbor::data::Type;
use minicbor::{Decoder, Encoder};
use serde_json::{Map, Number, Value};

use super::Permissions;
use crate::context::Kind;
use crate::time::Timestamp;

/// With padding, without which some parsers fail; read with or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How deep `meta` may be nested. JSON is read as deep by the parser that grants go through.
const META_DEPTH: usize = 128;

/// Bytes of a signature.
const SIGNATURE_BYTES: usize = 32;

/// How a token ends: the key `sig` and the head of its value; then the signature.
const SIGNATURE_HEAD: [u8; 6] = [0x43, b's', b'i', b'g', 0x58, 0x20];

/// What a token says. That it says so means nothing before its signature was checked.
#[derive(Clone, PartialEq)]
pub struct Token {
    /// When it was granted, in seconds since the epoch.
    pub granted: u64,
    /// How long it holds, in minutes.
    pub ttl: u64,
    /// Permissions by name.
    pub resources: Scope,
    /// Permissions by pattern.
    pub patterns: Scope,
    /// Permissions on all users or all channels, for listing them.
    pub categories: Categories,
    /// What the granting side wanted to pass on.
    pub meta: Map<String, Value>,
    /// The only user who may use it.
    pub user: Option<String>,
}

/// Permissions by name or by pattern, for each kind of name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the kinds of names")]
pub struct Scope {
    pub channels: BTreeMap<String, Permissions>,
    pub groups: BTreeMap<String, Permissions>,
    /// Of an API that is gone: carried, and good for nothing.
    pub spaces: BTreeMap<String, Permissions>,
    /// The same.
    pub users: BTreeMap<String, Permissions>,
    pub uuids: BTreeMap<String, Permissions>,
}

/// Permissions on all records of a kind.
pub type Categories = BTreeMap<Kind, Permissions>;

/// How a token names a kind of record.
const CATEGORIES: [(&[u8], Kind); 2] = [(b"chan", Kind::Channel), (b"uuid", Kind::User)];

/// A text that is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no token")]
pub struct Malformed;

impl From<minicbor::decode::Error> for Malformed {
    fn from(_: minicbor::decode::Error) -> Self {
        Self
    }
}

impl From<base64::DecodeError> for Malformed {
    fn from(_: base64::DecodeError) -> Self {
        Self
    }
}

impl Token {
    /// When it holds no longer.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        Timestamp::from_millis(self.granted.saturating_add(self.ttl.saturating_mul(60)).saturating_mul(1000))
    }

    /// A token as it stands in a request, without its padding: one and the same for every way in which clients write it. None
    /// for one that is escaped for no reason, and for one that is padded too much, which is no token.
    ///
    /// ```
    /// use wire::access::Token;
    /// assert_eq!(Token::bare("p0F2Ag=="), Some("p0F2Ag"));
    /// assert_eq!(Token::bare("p0F2Ag%3D%3d"), Some("p0F2Ag"));
    /// assert_eq!(Token::bare("%700F2Ag"), None);
    /// assert_eq!(Token::bare("p0F2="), None);
    /// ```
    #[must_use]
    pub fn bare(sent: &str) -> Option<&str> {
        let (mut bare, mut padding) = (sent, 0);
        while let Some(rest) = ["=", "%3D", "%3d"].iter().find_map(|one| bare.strip_suffix(one)) {
            (bare, padding) = (rest, padding + 1);
        }
        let is_plain = !bare.contains('%') && padding <= (4 - bare.len() % 4) % 4;
        is_plain.then_some(bare)
    }

    /// The bytes of the text of a token.
    ///
    /// # Errors
    /// [`Malformed`] when it is no base64.
    pub fn bytes_of(text: &str) -> Result<Vec<u8>, Malformed> {
        Ok(BASE64.decode(text)?)
    }

    /// Reads the bytes of a token, and the signature in it. Whether that is right is another question.
    ///
    /// # Errors
    /// [`Malformed`]
    pub fn decode(bytes: &[u8]) -> Result<(Self, Vec<u8>), Malformed> {
        let mut decoder = Decoder::new(bytes);
        let (mut version, mut granted, mut ttl, mut resources, mut patterns) = (None, None, None, None, None);
        let (mut categories, mut meta, mut user, mut signature) = (None, None, None, None);
        for _ in 0..decoder.map()?.ok_or(Malformed)? {
            match decoder.bytes()? {
                b"v" => once(&mut version, decoder.u8()?)?,
                b"t" => once(&mut granted, decoder.u64()?)?,
                b"ttl" => once(&mut ttl, decoder.u64()?)?,
                b"res" => once(&mut resources, Scope::decode(&mut decoder)?)?,
                b"pat" => once(&mut patterns, Scope::decode(&mut decoder)?)?,
                b"cat" => once(&mut categories, categories_of(&mut decoder)?)?,
                b"meta" => once(&mut meta, meta_of(&mut decoder)?)?,
                b"uuid" => once(&mut user, decoder.str()?.to_owned())?,
                b"sig" => once(&mut signature, decoder.bytes()?.to_vec())?,
                _ => return Err(Malformed),
            }
        }
        if decoder.position() != bytes.len() || version != Some(2) {
            return Err(Malformed);
        }
        let token = Self {
            granted: granted.ok_or(Malformed)?,
            ttl: ttl.ok_or(Malformed)?,
            resources: resources.ok_or(Malformed)?,
            patterns: patterns.ok_or(Malformed)?,
            categories: categories.unwrap_or_default(),
            meta: meta.unwrap_or_default(),
            user,
        };
        Ok((token, signature.ok_or(Malformed)?))
    }

    /// What a signature covers: the map without `sig`.
    #[must_use]
    pub fn unsigned(&self) -> Vec<u8> {
        self.encode(6)
    }

    /// The text of a token with its signature.
    #[must_use]
    pub fn signed(&self, signature: &[u8; SIGNATURE_BYTES]) -> String {
        let mut bytes = self.encode(7);
        bytes.extend_from_slice(&SIGNATURE_HEAD);
        bytes.extend_from_slice(signature);
        BASE64.encode(bytes)
    }

    /// What the signature in the bytes of a token must cover, and the signature. None for a token in another form than
    /// ours, which no key set here has signed.
    #[must_use]
    pub fn parts(bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
        let (rest, signature) = bytes.split_last_chunk::<SIGNATURE_BYTES>()?;
        let mut covered = rest.strip_suffix(&SIGNATURE_HEAD)?.to_vec();
        // One entry less in the head of the map.
        let head = covered.first_mut().filter(|head| matches!(head, 0xa7..=0xa9))?;
        *head -= 1;
        Some((covered, signature))
    }

    fn encode(&self, entries: u64) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(256);
        let mut encoder = Encoder::new(&mut bytes);
        // Writing into a Vec cannot fail.
        let _ = self.write(&mut encoder, entries);
        bytes
    }

    fn write(&self, encoder: &mut Encoder<&mut Vec<u8>>, entries: u64) -> Written {
        let also = [self.user.is_some(), !self.categories.is_empty()];
        encoder.map(also.into_iter().fold(entries, |sum, is_there| sum + u64::from(is_there)))?;
        encoder.bytes(b"v")?.u8(2)?.bytes(b"t")?.u64(self.granted)?.bytes(b"ttl")?.u64(self.ttl)?;
        self.resources.write(encoder.bytes(b"res")?)?;
        self.patterns.write(encoder.bytes(b"pat")?)?;
        if !self.categories.is_empty() {
            encoder.bytes(b"cat")?.map(self.categories.len() as u64)?;
            for (name, kind) in CATEGORIES {
                if let Some(permissions) = self.categories.get(&kind) {
                    encoder.bytes(name)?.u8(permissions.bits())?;
                }
            }
        }
        write_map(encoder.bytes(b"meta")?, &self.meta)?;
        if let Some(user) = &self.user {
            encoder.bytes(b"uuid")?.str(user)?;
        }
        Ok(())
    }
}

/// Not what it permits and whose it is: that would be half a token in a log.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("granted", &self.granted).field("ttl", &self.ttl).finish_non_exhaustive()
    }
}

type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

fn once<T>(place: &mut Option<T>, value: T) -> Result<(), Malformed> {
    if place.replace(value).is_some() { Err(Malformed) } else { Ok(()) }
}

impl Scope {
    /// Whether it names nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.maps().iter().all(|(_, map)| map.is_empty())
    }

    /// The maps in the order and by the names that they have in a token.
    fn maps(&self) -> [(&'static [u8], &BTreeMap<String, Permissions>); 5] {
        [
            (b"chan", &self.channels),
            (b"grp", &self.groups),
            (b"spc", &self.spaces),
            (b"usr", &self.users),
            (b"uuid", &self.uuids),
        ]
    }

    fn write(&self, encoder: &mut Encoder<&mut Vec<u8>>) -> Written {
        encoder.map(5)?;
        for (key, map) in self.maps() {
            encoder.bytes(key)?.map(map.len() as u64)?;
            for (name, permissions) in map {
                encoder.str(name)?.u8(permissions.bits())?;
            }
        }
        Ok(())
    }

    /// Tokens of the first years have the maps in another order, and the oldest lack one.
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Malformed> {
        let mut scope = Self::default();
        let mut seen = 0_u8;
        for _ in 0..decoder.map()?.ok_or(Malformed)? {
            let (bit, map) = match decoder.bytes()? {
                b"chan" => (1, &mut scope.channels),
                b"grp" => (2, &mut scope.groups),
                b"spc" => (4, &mut scope.spaces),
                b"usr" => (8, &mut scope.users),
                b"uuid" => (16, &mut scope.uuids),
                _ => return Err(Malformed),
            };
            if seen & bit != 0 {
                return Err(Malformed);
            }
            seen |= bit;
            for _ in 0..decoder.map()?.ok_or(Malformed)? {
                let name = decoder.str()?.to_owned();
                if map.insert(name, Permissions::from_bits(decoder.u8()?)).is_some() {
                    return Err(Malformed);
                }
            }
        }
        Ok(scope)
    }
}

fn categories_of(decoder: &mut Decoder<'_>) -> Result<Categories, Malformed> {
    let mut categories = Categories::new();
    for _ in 0..decoder.map()?.ok_or(Malformed)? {
        let name = decoder.bytes()?;
        let (_, kind) = CATEGORIES.into_iter().find(|(known, _)| *known == name).ok_or(Malformed)?;
        if categories.insert(kind, Permissions::from_bits(decoder.u8()?)).is_some() {
            return Err(Malformed);
        }
    }
    Ok(categories)
}

fn write_map(encoder: &mut Encoder<&mut Vec<u8>>, map: &Map<String, Value>) -> Written {
    encoder.map(map.len() as u64)?;
    for (key, value) in map {
        write_value(encoder.str(key)?, value)?;
    }
    Ok(())
}

fn write_value(encoder: &mut Encoder<&mut Vec<u8>>, value: &Value) -> Written {
    match value {
        Value::Null => encoder.null().map(drop),
        Value::Bool(flag) => encoder.bool(*flag).map(drop),
        Value::String(text) => encoder.str(text).map(drop),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => encoder.u64(number).map(drop),
            (None, Some(number)) => encoder.i64(number).map(drop),
            (None, None) => encoder.f64(number.as_f64().unwrap_or_default()).map(drop),
        },
        Value::Array(items) => {
            encoder.array(items.len() as u64)?;
            items.iter().try_for_each(|item| write_value(encoder, item))
        }
        Value::Object(map) => write_map(encoder, map),
    }
}

fn meta_of(decoder: &mut Decoder<'_>) -> Result<Map<String, Value>, Malformed> {
    match value_of(decoder, META_DEPTH)? {
        Value::Object(map) => Ok(map),
        _ => Err(Malformed),
    }
}

fn value_of(decoder: &mut Decoder<'_>, depth: usize) -> Result<Value, Malformed> {
    let deeper = depth.checked_sub(1).ok_or(Malformed)?;
    Ok(match decoder.datatype()? {
        Type::Null => {
            decoder.null()?;
            Value::Null
        }
        Type::Bool => decoder.bool()?.into(),
        Type::String => decoder.str()?.into(),
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => decoder.u64()?.into(),
        Type::I8 | Type::I16 | Type::I32 | Type::I64 => decoder.i64()?.into(),
        Type::F16 | Type::F32 | Type::F64 => Value::Number(Number::from_f64(decoder.f64()?).ok_or(Malformed)?),
        Type::Array => {
            let items = decoder.array()?.ok_or(Malformed)?;
            Value::Array((0..items).map(|_| value_of(decoder, deeper)).collect::<Result<_, _>>()?)
        }
        Type::Map => {
            let mut map = Map::new();
            for _ in 0..decoder.map()?.ok_or(Malformed)? {
                let key = decoder.str()?.to_owned();
                if map.insert(key, value_of(decoder, deeper)?).is_some() {
                    return Err(Malformed);
                }
            }
            Value::Object(map)
        }
        _ => return Err(Malformed),
    })
}
