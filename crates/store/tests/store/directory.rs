//! One process owns a data directory at a time.

use std::fs;

use store::{DataDirectory, OpenError};

use crate::names::{open, open_sqlite};

#[test]
fn a_second_server_on_the_same_directory_is_refused_with_a_sentence() {
    let temporary = tempfile::tempdir().unwrap();
    let _first = DataDirectory::open(temporary.path()).unwrap();
    let error = DataDirectory::open(temporary.path()).unwrap_err();
    assert!(matches!(error, OpenError::Locked { .. }));
    let expected = format!(
        "the data directory {} is used by another running server: stop that one, or give this one another data directory",
        temporary.path().display()
    );
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_directory_is_free_again_when_whatever_works_in_it_is_dropped() {
    let temporary = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open(temporary.path()).unwrap();
    let store = store::Sqlite::open(&directory, &store::Settings::default()).unwrap();
    drop(directory);
    assert!(matches!(DataDirectory::open(temporary.path()), Err(OpenError::Locked { .. })));
    drop(store);
    drop(open(temporary.path()));
}

#[cfg(unix)]
#[test]
fn a_new_directory_and_its_files_are_for_the_eyes_of_their_owner() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("deep/data");
    let _store = open_sqlite(&path, &store::Settings::default());
    assert_eq!(mode(&path), 0o700);
    for entry in fs::read_dir(&path).unwrap() {
        let file = entry.unwrap().path();
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn a_directory_that_cannot_be_created_is_named_with_the_reason() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("file");
    fs::write(&path, "").unwrap();
    let error = DataDirectory::open(path.join("data")).unwrap_err();
    assert!(matches!(error, OpenError::Unusable { .. }));
    let sentence = error.to_string();
    let expected = format!("cannot create the data directory {} (", path.join("data").display());
    assert!(sentence.starts_with(&expected), "{sentence}");
    assert!(sentence.ends_with("check its owner and permissions, and the space on its disk"), "{sentence}");
}
