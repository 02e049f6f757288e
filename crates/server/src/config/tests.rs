//! What settings mean, and what is said about those that mean nothing.

mod complaints;
mod documented;
mod keysets;
mod layers;
mod secrets;

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use tracing::level_filters::LevelFilter;
use wire::ChannelName;
use wire::presence::Action;

use super::value::Content;
use super::*;

const FILE: &str = "chat.toml";
const SECRET: &str = "sec-very-private";

fn configure(toml: &str, variables: &[(&str, &str)], flags: Flags) -> Result<Config, String> {
    let mut environment = Environment::new(variables.iter().copied());
    assemble(Some((Path::new(FILE), toml)), &mut environment, flags).map_err(|error| error.to_string())
}

fn from_file(toml: &str) -> Result<Config, String> {
    configure(toml, &[], Flags::default())
}

fn from_variable(name: &str, text: &str) -> Result<Config, String> {
    configure("", &[(name, text)], Flags::default())
}

fn defaults() -> Config {
    load(Flags::default(), [("PATH", "/bin")]).unwrap()
}

fn keyset(more: &str) -> String {
    format!("[[keyset]]\nname = \"chat\"\nsubscribe_key = \"s\"\npublish_key = \"p\"\n{more}")
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[track_caller]
fn complains(result: Result<Config, String>, sentence: &str) {
    assert_eq!(result.map(|_| "no complaint"), Err(sentence.to_owned()));
}
