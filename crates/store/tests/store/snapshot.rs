//! The presence snapshot.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use store::snapshot::{self, Chunk, Damage, Found, Header, Writer};
use store::{DataDirectory, OpenError};
use wire::{SubscribeKey, Timetoken};

use crate::names::key;

/// Something like a seat: a channel, a user, a deadline, and now and then a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seat {
    channel: String,
    user: String,
    until: u64,
    state: Option<String>,
}

const RECORDS: u16 = 3;

fn seat(n: u64) -> Seat {
    Seat {
        channel: format!("room-{}", n % 1000),
        user: format!("user-{n:032}"),
        until: 1_700_000_000_000 + n,
        state: n.is_multiple_of(10).then(|| format!("{{\"mood\":{n}}}")),
    }
}

fn header() -> Header {
    Header {
        records: RECORDS,
        written_at: Timetoken::from_ticks(17_000_000_000_000_000),
        clean: true,
        ceiling: Timetoken::from_ticks(17_000_000_000_000_009),
    }
}

fn file(directory: &DataDirectory) -> PathBuf {
    directory.path().join("presence.snapshot")
}

pub(crate) fn write(directory: &DataDirectory, seats: u64) -> std::io::Result<snapshot::Written> {
    let mut writer = Writer::create(directory, &header())?;
    writer.add(&key("demo"), (0..seats).map(seat))?;
    writer.finish()
}

pub(crate) fn count(directory: &DataDirectory) -> usize {
    let (_, chunks, damage) = read(directory);
    assert_eq!(damage, None);
    chunks.iter().map(|chunk| chunk.records.len()).sum()
}

fn read(directory: &DataDirectory) -> (Option<Header>, Vec<Chunk<Seat>>, Option<Damage>) {
    match snapshot::read(directory, RECORDS).unwrap() {
        Found::Nothing => (None, Vec::new(), None),
        Found::Damaged(damage) => (None, Vec::new(), Some(damage)),
        Found::Snapshot(mut reader) => {
            let chunks = std::iter::from_fn(|| reader.next_chunk()).collect();
            (Some(reader.header()), chunks, reader.damage().cloned())
        }
    }
}

#[test]
fn what_was_written_is_read_back_in_order_whatever_its_size() {
    let temporary = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open(temporary.path()).unwrap();
    assert_eq!(read(&directory), (None, vec![], None));

    let mut writer = Writer::create(&directory, &header()).unwrap();
    let few: Vec<Seat> = (0..3).map(seat).collect();
    let many: Vec<Seat> = (0..20_000).map(seat).collect();
    let huge = vec![Seat { state: Some("x".repeat(1_000_000)), ..seat(1) }];
    let parts = [("few", &few), ("many", &many), ("none", &vec![]), ("huge", &huge), ("few", &few)];
    for (name, seats) in parts {
        writer.add(&key(name), seats).unwrap();
    }
    let written = writer.finish().unwrap();
    assert_eq!(written.records, 20_007);
    assert_eq!(written.bytes, fs::metadata(file(&directory)).unwrap().len());

    let (read_header, chunks, damage) = read(&directory);
    assert_eq!((read_header, damage), (Some(header()), None));
    assert!(chunks.len() > 4 && chunks.iter().all(|chunk| !chunk.records.is_empty()));
    let read: Vec<(SubscribeKey, Seat)> = chunks
        .into_iter()
        .flat_map(|chunk| chunk.records.into_iter().map(move |seat| (chunk.key.clone(), seat)))
        .collect();
    let expected = parts.iter().flat_map(|(name, seats)| seats.iter().map(|seat| (key(name), seat.clone())));
    assert!(read == expected.collect::<Vec<_>>());
}

#[test]
fn an_unfinished_snapshot_leaves_the_one_before_and_no_trace() {
    let temporary = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open(temporary.path()).unwrap();
    write(&directory, 5).unwrap();
    let mut unfinished = Writer::create(&directory, &header()).unwrap();
    unfinished.add(&key("demo"), (0..100_000).map(seat)).unwrap();
    assert_eq!(count(&directory), 5);
    drop(unfinished);
    assert_eq!(count(&directory), 5);
    let mut names: Vec<_> = fs::read_dir(temporary.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["lock", "presence.snapshot"]);
}

#[test]
fn a_crash_while_writing_leaves_the_snapshot_before_and_the_next_one_is_written() {
    let temporary = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open(temporary.path()).unwrap();
    write(&directory, 5).unwrap();
    // What a killed process leaves beside the finished file.
    fs::write(file(&directory).with_extension("snapshot.new"), vec![7; 1_000_000]).unwrap();
    assert_eq!(count(&directory), 5);
    write(&directory, 6).unwrap();
    assert_eq!(count(&directory), 6);
}

#[test]
fn a_record_that_is_too_long_is_refused_and_the_snapshot_before_stays() {
    let temporary = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open(temporary.path()).unwrap();
    write(&directory, 5).unwrap();
    let mut writer = Writer::create(&directory, &header()).unwrap();
    let error = writer.add(&key("demo"), [Seat { state: Some("x".repeat(17 << 20)), ..seat(1) }]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    drop(writer);
    assert_eq!(count(&directory), 5);
}

#[test]
fn a_newer_shape_of_records_or_a_newer_format_is_refused_with_a_sentence() {
    let temporary = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open(temporary.path()).unwrap();
    write(&directory, 5).unwrap();
    let error = snapshot::read(&directory, RECORDS - 1).unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 3, known: 2, .. }), "{error:?}");
    // An older shape is read; the header says which it is.
    assert!(
        matches!(snapshot::read(&directory, RECORDS + 1).unwrap(), Found::Snapshot(reader) if reader.header().records == 3)
    );

    let mut bytes = fs::read(file(&directory)).unwrap();
    bytes[8..10].copy_from_slice(&99_u16.to_le_bytes());
    let checksum = crc32fast::hash(&bytes[..12]);
    bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
    fs::write(file(&directory), bytes).unwrap();
    let error = snapshot::read(&directory, RECORDS).unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 99, known: 1, .. }), "{error:?}");
    let expected = format!("{} is of format 99 and this version knows formats up to 1: ", file(&directory).display());
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[test]
fn a_length_in_a_damaged_file_is_not_believed() {
    let temporary = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open(temporary.path()).unwrap();
    write(&directory, 5).unwrap();
    let mut bytes = fs::read(file(&directory)).unwrap();
    // The length of the first frame, just behind its kind.
    bytes[17..21].copy_from_slice(&u32::MAX.to_le_bytes());
    fs::write(file(&directory), bytes).unwrap();
    let (_, chunks, damage) = read(&directory);
    assert_eq!((chunks, damage.unwrap().cause.as_str()), (vec![], "a length is too large"));
}

#[test]
fn records_of_another_type_are_damage_and_not_a_panic() {
    let temporary = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open(temporary.path()).unwrap();
    write(&directory, 5).unwrap();
    let Found::Snapshot(mut reader) = snapshot::read(&directory, RECORDS).unwrap() else { panic!("no snapshot") };
    assert_eq!(reader.next_chunk::<Vec<Vec<u64>>>(), None);
    assert!(reader.damage().is_some());
}

/// Damages a snapshot of several chunks, and checks that what is read was written so, and that the damage is told.
fn check_damaged(path: &Path, whole: &[u8], damaged: &[u8]) {
    let directory = DataDirectory::open(path).unwrap();
    fs::write(file(&directory), damaged).unwrap();
    let (_, chunks, damage) = read(&directory);
    let read: Vec<Seat> = chunks.into_iter().flat_map(|chunk| chunk.records).collect();
    assert!(read.iter().cloned().eq((0..read.len() as u64).map(seat)), "something was read that was not written");
    assert_eq!(damage.is_some(), whole != damaged, "{damage:?}");
    if let Some(damage) = damage {
        assert!(damage.offset <= damaged.len() as u64, "{damage}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_damage_is_told_and_what_is_read_was_written_so(
        cut in prop::option::of(any::<prop::sample::Index>()),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0..8_u32), 0..4),
        more in prop::collection::vec(any::<u8>(), 0..3),
    ) {
        static WHOLE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        let temporary = tempfile::tempdir().unwrap();
        let whole = WHOLE.get_or_init(|| {
            let directory = DataDirectory::open(temporary.path()).unwrap();
            write(&directory, 12_000).unwrap();
            fs::read(file(&directory)).unwrap()
        });
        let mut damaged = whole.clone();
        if let Some(cut) = cut {
            damaged.truncate(cut.index(whole.len()));
        }
        for (place, bit) in flips {
            if !damaged.is_empty() {
                let place = place.index(damaged.len());
                damaged[place] ^= 1 << bit;
            }
        }
        damaged.extend(more);
        check_damaged(temporary.path(), whole, &damaged);
    }

    #[test]
    fn damage_to_the_first_bytes_is_told(flip in 0..(60 * 8_usize), cut in 0..60_usize) {
        let temporary = tempfile::tempdir().unwrap();
        let whole = {
            let directory = DataDirectory::open(temporary.path()).unwrap();
            write(&directory, 4).unwrap();
            fs::read(file(&directory)).unwrap()
        };
        let mut damaged = whole.clone();
        damaged[flip / 8] ^= 1 << (flip % 8);
        check_damaged(temporary.path(), &whole, &damaged);
        check_damaged(temporary.path(), &whole, &whole[..cut]);
    }
}

#[test]
fn records_that_need_many_chunks_all_come_back() {
    let temporary = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open(temporary.path()).unwrap();
    let seats: Vec<Seat> = (0..50_000).map(seat).collect();
    let mut writer = Writer::create(&directory, &header()).unwrap();
    writer.add(&key("demo"), &seats).unwrap();
    assert_eq!(writer.finish().unwrap().records, 50_000);
    assert_eq!(count(&directory), 50_000);
}
