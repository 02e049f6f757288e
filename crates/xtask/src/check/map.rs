//! `ARCHITECTURE.md` is the map: it names every crate there is, as `crates/NAME`, and no other.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::repository::Repository;

pub(crate) fn check(repository: &Repository) -> Result<()> {
    let mut there = BTreeSet::new();
    for entry in repository.root.join("crates").read_dir()? {
        let entry = entry?;
        if entry.path().join("Cargo.toml").exists() {
            there.insert(entry.file_name().to_string_lossy().into_owned());
        }
    }
    let wrong = differences(&repository.read("ARCHITECTURE.md")?, &there);
    if wrong.is_empty() { Ok(()) } else { bail!("{}", wrong.join("\n")) }
}

fn differences(map: &str, there: &BTreeSet<String>) -> Vec<String> {
    let named = named_crates(map);
    let missing = there.difference(&named).map(|name| format!("ARCHITECTURE.md does not name crates/{name}"));
    let gone = named.difference(there).map(|name| format!("ARCHITECTURE.md names crates/{name}, which is not there"));
    missing.chain(gone).collect()
}

fn named_crates(map: &str) -> BTreeSet<String> {
    let names = map.split("crates/").skip(1);
    let names = names.map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').next());
    names.flatten().filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crate_is_named_and_every_named_crate_is_there() {
        let there = BTreeSet::from(["wire".to_owned(), "engine".to_owned()]);
        assert_eq!(differences("`crates/wire/` and [engine](crates/engine/src/lib.rs) under crates/", &there), [""; 0]);
        assert_eq!(
            differences("crates/wire\ncrates/attic", &there),
            ["ARCHITECTURE.md does not name crates/engine", "ARCHITECTURE.md names crates/attic, which is not there"]
        );
    }
}
