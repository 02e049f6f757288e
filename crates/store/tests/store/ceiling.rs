//! The ceiling of timetokens.

use std::fs;

use store::{DataDirectory, OpenError};
use wire::Timetoken;

#[test]
fn the_ceiling_saved_last_is_there_after_a_restart() {
    let temporary = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open(temporary.path()).unwrap();
    assert_eq!(directory.load_ceiling().unwrap(), None);
    for ticks in [0, 17_000_000_000_000_000, 1, Timetoken::MAX.ticks()] {
        directory.save_ceiling(Timetoken::from_ticks(ticks)).unwrap();
        assert_eq!(directory.load_ceiling().unwrap(), Some(Timetoken::from_ticks(ticks)));
    }
    drop(directory);
    let directory = DataDirectory::open(temporary.path()).unwrap();
    assert_eq!(directory.load_ceiling().unwrap(), Some(Timetoken::MAX));
}

#[test]
fn a_damaged_ceiling_is_refused_and_not_taken_for_none() {
    let temporary = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open(temporary.path()).unwrap();
    let path = temporary.path().join("timetoken.ceiling");
    for text in ["", "\n", "17000000000000000", "soon\n", "1700000\u{fffd}\n"] {
        fs::write(&path, text).unwrap();
        let error = directory.load_ceiling().unwrap_err();
        assert!(matches!(error, OpenError::Damaged { .. }), "{text:?}: {error}");
        assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
    }
}
