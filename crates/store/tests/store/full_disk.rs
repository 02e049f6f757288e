//! A full disk: what does not fit is refused, nothing is half done, and work goes on when there is space.
//!
//! Two ways, since neither does everywhere what a full disk does:
//! - a file system of 4 MB of our own, which answers "no space left" for real and gets its space back. It needs the right
//!   to mount inside a user namespace, which some machines withhold; then the test says so and shows nothing;
//! - a limit on the size of files, which any process may set for itself, and at which the kernel refuses to write more.
//!   SQLite calls that an I/O error and not a full disk, and the limit does not go away while the process lives.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::Command;

use engine::context::{List, Query};
use store::{Context, DataDirectory, Groups, Settings, Sqlite, Store, StoreError};
use wire::context::{Kind, Moment};
use wire::{SubscribeKey, Timetoken};

use crate::child;
use crate::context::{id, set};
use crate::names::{all, channel, channels, group, key, long_channels, open, show};
use crate::snapshot;

/// Mounts a small file system on its first argument, then runs the others.
const ON_SMALL_DISK: [&str; 6] =
    ["unshare", "--map-root-user", "--mount", "sh", "-c", r#"mount -t tmpfs -o size=4m small "$0" && exec "$@""#];

/// Lets no file grow beyond some hundred KB, and has the kernel answer an error there instead of a signal.
const WITH_SMALL_FILES: [&str; 4] = ["sh", "-c", r#"trap "" XFSZ && ulimit -f 512 && exec "$@""#, "sh"];

#[tokio::test]
async fn a_full_disk_refuses_writes_until_there_is_space() {
    if let Some(directory) = child::directory() {
        return fill_the_disk(&directory).await;
    }
    let temporary = tempfile::tempdir().unwrap();
    let place = temporary.path().to_str().unwrap();
    let wrapper: Vec<&str> = ON_SMALL_DISK.into_iter().chain([place]).collect();
    let allowed = Command::new(wrapper[0]).args(&wrapper[1..]).arg("true").output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        eprintln!("not shown: this machine does not let us mount a file system of our own");
        return;
    }
    let test = "full_disk::a_full_disk_refuses_writes_until_there_is_space";
    child::run(&wrapper, test, temporary.path());
}

async fn fill_the_disk(path: &Path) {
    let directory = DataDirectory::open(path.join("data")).unwrap();
    let store = Sqlite::open(&directory, &Settings::default()).unwrap();
    let demo = key("demo");
    store_some(&store, &demo).await;
    snapshot::write(&directory, 10).unwrap();
    directory.save_ceiling(Timetoken::from_ticks(1000)).unwrap();

    let ballast = path.join("ballast");
    let mut file = File::create(&ballast).unwrap();
    while file.write_all(&[7; 512]).is_ok() {}

    // What does not fit is refused, and says why, alone or together with others.
    let large = long_channels(50);
    for together in [1, 8] {
        for refused in all((0..together).map(|_| store.add_to_group(&demo, &group("large"), &large))).await {
            assert!(matches!(refused, Err(StoreError::Full)), "{refused:?}");
        }
    }
    assert_eq!(snapshot::write(&directory, 100_000).unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(directory.save_ceiling(Timetoken::from_ticks(2000)).unwrap_err().kind(), ErrorKind::StorageFull);
    // What was there is there.
    assert_eq!(show(&store.groups(&demo).await.unwrap()), "family: kitchen porch");
    assert_eq!(snapshot::count(&directory), 10);
    assert_eq!(directory.load_ceiling().unwrap(), Some(Timetoken::from_ticks(1000)));

    // So it is with app context: what is refused is refused whole, its count and its event as well.
    let body = |letters: usize| serde_json::json!({"name": "Ann", "custom": {"text": "x".repeat(letters)}});
    let users = (0..1000).map(|n| set(Kind::User, &id(&format!("user-{n}")), &body(20_000))).collect();
    let refused = store.set_many(&demo, users, Moment::default()).await;
    assert!(matches!(refused, Err(StoreError::Full)), "{refused:?}");
    let mut counted = Query::new(List::Records(Kind::User));
    counted.count = true;
    let page = store.records(&demo, &counted).await.unwrap();
    assert_eq!((page.items.len(), page.total), (0, Some(0)));

    // With little space, the small calls of a batch happen although the large one among them does not.
    file.set_len(file.metadata().unwrap().len() - 100_000).unwrap();
    let calls = (0..5).map(|n| match n {
        2 => store.add_to_group(&demo, &group("large"), &large),
        _ => store.add_to_group(&demo, &group("small"), &[channel(&n.to_string())]),
    });
    let full = all(calls).await.iter().map(|answer| matches!(answer, Err(StoreError::Full))).collect::<Vec<_>>();
    assert_eq!(full, [false, false, true, false, false]);

    // With space, work goes on without a restart, and what was refused stays undone through one.
    drop(file);
    fs::remove_file(&ballast).unwrap();
    store.add_to_group(&demo, &group("later"), &channels(["garden"])).await.unwrap();
    snapshot::write(&directory, 20).unwrap();
    directory.save_ceiling(Timetoken::from_ticks(2000)).unwrap();
    let written = store.set(&demo, set(Kind::User, &id("ann"), &body(20_000)), Moment::default()).await.unwrap();
    drop((store, directory));
    let store = open(&path.join("data"));
    assert_eq!(store.record(&demo, Kind::User, &id("ann")).await.unwrap(), Some(written.outcome.unwrap().record));
    assert_eq!(store.events().await.unwrap().try_recv().unwrap().number, written.last);
    assert_eq!(show(&store.groups(&demo).await.unwrap()), "family: kitchen porch\nlater: garden\nsmall: 0 1 3 4");
    drop(store);
    let directory = DataDirectory::open(path.join("data")).unwrap();
    assert_eq!(snapshot::count(&directory), 20);
    assert_eq!(directory.load_ceiling().unwrap(), Some(Timetoken::from_ticks(2000)));
}

#[cfg(unix)]
#[tokio::test]
async fn a_write_that_the_system_refuses_is_refused_whole() {
    if let Some(directory) = child::directory() {
        return fill_the_files(&directory).await;
    }
    let temporary = tempfile::tempdir().unwrap();
    let test = "full_disk::a_write_that_the_system_refuses_is_refused_whole";
    child::run(&WITH_SMALL_FILES, test, temporary.path());
    // Without the limit, on what the child left behind.
    let store = open(temporary.path());
    assert_eq!(show(&store.groups(&key("demo")).await.unwrap()), "family: kitchen porch");
    store.add_to_group(&key("demo"), &group("large"), &long_channels(1000)).await.unwrap();
    drop(store);
    let directory = DataDirectory::open(temporary.path()).unwrap();
    assert_eq!(snapshot::count(&directory), 10);
    snapshot::write(&directory, 100_000).unwrap();
    assert_eq!(snapshot::count(&directory), 100_000);
}

async fn fill_the_files(path: &Path) {
    let directory = DataDirectory::open(path).unwrap();
    let store = Sqlite::open(&directory, &Settings::default()).unwrap();
    let demo = key("demo");
    store_some(&store, &demo).await;
    snapshot::write(&directory, 10).unwrap();

    for _ in 0..3 {
        let refused = store.add_to_group(&demo, &group("large"), &long_channels(1000)).await;
        assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
    }
    assert_eq!(snapshot::write(&directory, 100_000).unwrap_err().kind(), ErrorKind::FileTooLarge);
    assert_eq!(show(&store.groups(&demo).await.unwrap()), "family: kitchen porch");
    assert_eq!(snapshot::count(&directory), 10);
}

async fn store_some(store: &dyn Store, key: &SubscribeKey) {
    store.add_to_group(key, &group("family"), &channels(["kitchen", "porch"])).await.unwrap();
}
