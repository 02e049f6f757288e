//! The repository stands alone: no tracked file names a place on the machine that wrote it.
//!
//! What counts as such a place: anything in a home folder, and anything beside this checkout. Bytes that are not UTF-8
//! (pictures) are not text, and are left out.

use std::path::Path;

use anyhow::{Result, bail};

use crate::repository::Repository;

/// Folders at the root of a file system that hold a person's own.
const HOMES: [&str; 3] = ["home", "root", "Users"];

pub(crate) fn check(repository: &Repository) -> Result<()> {
    let places = places(&repository.root);
    let mut wrong = Vec::new();
    for path in repository.tracked_files()? {
        let Ok(text) = std::fs::read_to_string(repository.root.join(&path)) else { continue };
        for (number, line) in (1..).zip(text.lines()) {
            wrong.extend(named_place(line, &places).map(|place| format!("{path}:{number} names {place}…")));
        }
    }
    if wrong.is_empty() { Ok(()) } else { bail!("paths of one machine in tracked files:\n{}", wrong.join("\n")) }
}

fn places(root: &Path) -> Vec<String> {
    let mut places: Vec<String> = HOMES.iter().map(|name| format!("/{name}/")).collect();
    // A checkout in the folder for temporary files says nothing about that folder, which everyone has and may name.
    let beside = root.parent().filter(|parent| parent.parent().is_some() && *parent != std::env::temp_dir());
    places.extend(beside.map(|parent| format!("{}/", parent.display())));
    places
}

/// The first of `places` that the line names as the start of a path; `/v1/home/…` is no such start.
fn named_place<'p>(line: &str, places: &'p [String]) -> Option<&'p str> {
    let starts_a_path = |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "/._-~}*".contains(c));
    let named = |place: &&String| line.match_indices(place.as_str()).any(|(at, _)| starts_a_path(at));
    places.iter().find(named).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_on_this_machine_is_found_and_other_paths_are_not() {
        let places = places(Path::new("/srv/ann/hereabouts"));
        let check = |line: &str, expected| assert_eq!(named_place(line, &places), expected, "{line}");
        check("see /srv/ann/notes.md", Some("/srv/ann/"));
        check("GET /v1/users/srv/ann/notes", None);
        check("GET /v2/home/x", None);
        check(&format!("PATH=/{}/ann/bin", HOMES[0]), Some(&places[0]));
        check("let root = manifest.join(\"crates\");", None);
    }
}
