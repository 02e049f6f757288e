//! Accidents that happen to requests.

use std::hash::{BuildHasher, RandomState};

/// What is put in where it may hurt.
const PIECES: [&str; 28] = [
    "%00",
    "%FF",
    "%",
    "%25",
    "%2F",
    "%E2%80%AE",
    "%F0%9F%98%80",
    "'",
    "\"",
    "\\",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "null",
    "-0",
    "1e999",
    "99999999999999999999",
    "\\u0000",
    "\\ud800",
    "custom.",
    "&sort=",
    "&filter=",
    "\u{0130}\u{00df}",
];

/// SplitMix64.
pub(crate) struct Dice(u64);

impl Dice {
    /// With `HEREABOUTS_SEED`, or with a seed of its own, which a test that fails has printed.
    pub(crate) fn seeded() -> Self {
        let given = std::env::var("HEREABOUTS_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed: u64 = given.unwrap_or_else(|| RandomState::new().hash_one("seed"));
        println!("HEREABOUTS_SEED={seed}");
        Self(seed)
    }

    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % sides as u64).unwrap()
    }

    /// Takes away, doubles, moves or puts in a piece.
    pub(crate) fn damage(&mut self, text: &str) -> String {
        let mut letters: Vec<char> = text.chars().collect();
        for _ in 0..=self.roll(3) {
            let (at, to) = (self.roll(letters.len() + 1), self.roll(letters.len() + 1));
            let (from, to) = (at.min(to), at.max(to));
            match self.roll(5) {
                0 => drop(letters.drain(from..to.min(from + 8))),
                1 => {
                    let copy = letters[from..to].to_vec();
                    letters.splice(from..from, copy);
                }
                2 if from < letters.len() => letters[from] = char::from(u8::try_from(0x21 + self.roll(94)).unwrap()),
                3 => {
                    let times = if self.roll(20) == 0 { 2_000 } else { 1 };
                    letters.splice(from..from, PIECES[self.roll(PIECES.len())].repeat(times).chars());
                }
                _ => letters.rotate_left(from),
            }
        }
        letters.into_iter().take(20_000).collect()
    }
}

/// A target as it can be sent. A space or a letter beyond ASCII in it is no HTTP, and the head is not what is tried.
pub(crate) fn sendable(target: &str) -> String {
    target.chars().filter(char::is_ascii_graphic).filter(|letter| *letter != '#').collect()
}
