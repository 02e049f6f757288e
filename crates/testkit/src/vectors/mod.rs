//! Protocol vectors: requests and the replies they must get (`docs/protocol/README.md`, "Vectors").

mod encode;
mod matching;
mod names;
mod needs;
mod runner;
mod sign;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

pub use runner::{Client, Message, Mismatch, Runner, Sender};
pub use sign::signed;

/// One exchange or one short conversation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    /// What it shows.
    pub name: String,
    /// Where it is known from.
    pub source: Source,
    /// The key set that it is for.
    pub keys: KeysetKind,
    /// It pauses for more than a minute, or waits for what happens only after some seconds.
    #[serde(default)]
    pub slow: bool,
    /// The conversation.
    pub steps: Vec<Step>,
    /// The file, as in `presence/leave.json`.
    #[serde(skip)]
    pub file: PathBuf,
}

/// Where a vector is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The public service.
    Recorded,
    /// A client's parser or tests.
    Client,
    /// Public documentation.
    Documented,
    /// Us.
    Decided,
}

/// What kind of key set a vector is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeysetKind {
    /// Without access control.
    Open,
    /// With access control.
    Guarded,
}

/// A request or the wait for an earlier one, and what must come.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    #[serde(default)]
    wait_ms: u64,
    request: Option<Request>,
    background: Option<String>,
    #[serde(rename = "await")]
    awaited: Option<String>,
    #[serde(default)]
    response: Expected,
    /// Names for later steps, and where in the reply they are.
    #[serde(default)]
    save: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    method: String,
    path: String,
    #[serde(default)]
    query: Map<String, Value>,
    #[serde(default)]
    headers: Map<String, Value>,
    body: Option<Value>,
    sign: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    status: Option<u16>,
    #[serde(default)]
    headers: Map<String, Value>,
    body: Option<Value>,
    #[serde(default)]
    exact: bool,
}

impl Vector {
    /// Whether it tries what a signature or token is good for by itself, so that nothing may be added to its requests.
    #[must_use]
    pub fn shows_itself(&self) -> bool {
        let shows = |request: &Request| {
            request.sign.is_some() || request.query.contains_key("signature") || request.query.contains_key("auth")
        };
        self.steps.iter().filter_map(|step| step.request.as_ref()).any(shows)
    }

    /// The paths that it asks, as they are written.
    pub fn paths(&self) -> impl Iterator<Item = (&str, &str)> {
        self.steps
            .iter()
            .filter_map(|step| step.request.as_ref())
            .map(|request| (request.method.as_str(), request.path.as_str()))
    }

    /// The same without the requests that a server does not know yet.
    #[must_use]
    pub fn without(mut self, unknown: impl Fn(&str, &str) -> bool) -> Self {
        self.steps.retain(|step| step.request.as_ref().is_none_or(|request| !unknown(&request.method, &request.path)));
        self
    }

    /// The vectors of an area of the protocol, in the order of their names.
    ///
    /// # Panics
    /// When there are none, or one cannot be read.
    #[must_use]
    pub fn of_area(area: &str) -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors");
        let listed = std::fs::read_dir(root.join(area)).unwrap_or_else(|why| panic!("vectors of {area}: {why}"));
        let mut files: Vec<PathBuf> = listed.flatten().map(|entry| entry.path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
        files.sort();
        assert!(!files.is_empty(), "no vectors of {area}");
        files.iter().map(|file| Self::read(file, Path::new(area))).collect()
    }

    fn read(file: &Path, area: &Path) -> Self {
        let shown = area.join(file.file_name().unwrap_or_default());
        let text = std::fs::read_to_string(file).unwrap_or_else(|why| panic!("{}: {why}", shown.display()));
        let vector: Self = serde_json::from_str(&text).unwrap_or_else(|why| panic!("{}: {why}", shown.display()));
        Self { file: shown, ..vector }
    }
}
