//! What is particular to SQLite: shared commits, readers beside a writer, the log, versions, and its bounds.

use std::fs;
use std::path::Path;
use std::time::Duration;

use engine::context::{Condition, List, Remove};
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use serde_json::json;
use store::{Context, DataDirectory, Groups, Health, OpenError, Settings, Sqlite, StoreError};
use tempfile::TempDir;
use wire::context::{Kind, Moment};

use crate::context::{filled, filled_lists, id, query, set};
use crate::names::{all, channel, channels, group, key, long_channels, open, open_sqlite, show};

fn database(directory: &Path) -> std::path::PathBuf {
    directory.join("hereabouts.sqlite")
}

#[tokio::test]
async fn writers_at_once_share_commits_and_one_alone_has_its_own() {
    let temporary = tempfile::tempdir().unwrap();
    let store = open_sqlite(temporary.path(), &Settings::default());
    let (demo, family) = (key("demo"), group("family"));
    let add = |n: usize| store.add_to_group(&demo, &family, &[channel(&n.to_string())]);

    assert!(all((0..400).map(add)).await.iter().all(Result::is_ok));
    let together = store.figures();
    assert_eq!(together.writes, 400);
    assert!(together.commits <= 100, "400 writes took {} commits", together.commits);

    for n in 400..410 {
        add(n).await.unwrap();
    }
    let after = store.figures();
    assert_eq!((after.writes - together.writes, after.commits - together.commits), (10, 10));
    assert_eq!(store.groups(&demo).await.unwrap()[0].channels.len(), 410);
}

#[tokio::test]
async fn more_calls_than_the_queue_has_places_wait_and_are_served() {
    let temporary = tempfile::tempdir().unwrap();
    let store = open_sqlite(temporary.path(), &Settings::default());
    let (demo, family) = (key("demo"), group("family"));
    let answers = all((0..3000).map(|n| store.add_to_group(&demo, &family, &[channel(&n.to_string())]))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(store.groups(&demo).await.unwrap()[0].channels.len(), 3000);
}

/// The bound makes SQLite itself answer `SQLITE_FULL`, as it does when the disk has no space for another page. It shows
/// what the store makes of that answer, on every machine; `full_disk` shows the rest with a disk that is full.
#[tokio::test]
async fn a_call_that_has_no_space_fails_whole_and_alone() {
    let temporary = tempfile::tempdir().unwrap();
    let store = open_sqlite(temporary.path(), &Settings { max_database_bytes: Some(300 * 1024) });
    let (demo, large) = (key("demo"), long_channels(100));
    store.add_to_group(&demo, &group("ballast"), &large[..50]).await.unwrap();

    // One call in the middle of many needs more space than there is.
    let calls = (0..41).map(|n| match n {
        20 => store.add_to_group(&demo, &group("large"), &large),
        _ => store.add_to_group(&demo, &group("small"), &[channel(&n.to_string())]),
    });
    for (n, answer) in all(calls).await.into_iter().enumerate() {
        match n {
            20 => assert!(matches!(answer, Err(StoreError::Full)), "{answer:?}"),
            _ => assert!(answer.is_ok(), "{answer:?}"),
        }
    }
    let names =
        |groups: Vec<store::Group>| groups.iter().map(|g| (g.name.to_string(), g.channels.len())).collect::<Vec<_>>();
    let expected = [("ballast".to_owned(), 50), ("small".to_owned(), 40)];
    assert_eq!(names(store.groups(&demo).await.unwrap()), expected);

    // When there is space again, the same call works.
    store.delete_group(&demo, &group("ballast")).await.unwrap();
    store.add_to_group(&demo, &group("large"), &large[..50]).await.unwrap();
    drop(store);
    let expected = [("large".to_owned(), 50), ("small".to_owned(), 40)];
    assert_eq!(names(open(temporary.path()).groups(&demo).await.unwrap()), expected);
}

#[tokio::test]
async fn a_read_does_not_wait_for_a_writer_and_sees_the_last_commit() {
    let temporary = tempfile::tempdir().unwrap();
    let store = open_sqlite(temporary.path(), &Settings::default());
    let (demo, family) = (key("demo"), group("family"));
    store.add_to_group(&demo, &family, &channels(["kitchen"])).await.unwrap();

    let foreign = Connection::open(database(temporary.path())).unwrap();
    foreign.execute_batch("BEGIN IMMEDIATE; DELETE FROM group_channels").unwrap();
    let mut blocked = store.add_to_group(&demo, &family, &channels(["porch"]));
    assert!(tokio::time::timeout(Duration::from_millis(100), &mut blocked).await.is_err(), "the write should wait");
    let read = tokio::time::timeout(Duration::from_secs(20), store.groups(&demo)).await;
    assert_eq!(show(&read.expect("the read waited").unwrap()), "family: kitchen");

    foreign.execute_batch("ROLLBACK").unwrap();
    blocked.await.unwrap();
    assert_eq!(show(&store.groups(&demo).await.unwrap()), "family: kitchen porch");
}

#[tokio::test]
async fn the_log_stays_bounded_under_constant_writes() {
    let temporary = tempfile::tempdir().unwrap();
    let store = open_sqlite(temporary.path(), &Settings::default());
    let (demo, large) = (key("demo"), long_channels(2000));
    let log = database(temporary.path()).with_extension("sqlite-wal");
    let mut longest = 0;
    for _ in 0..60 {
        store.add_to_group(&demo, &group("large"), &large).await.unwrap();
        store.delete_group(&demo, &group("large")).await.unwrap();
        longest = longest.max(fs::metadata(&log).unwrap().len());
    }
    // A commit may be under way when the log passes 128 MiB. Without a new beginning it would be several times as long.
    assert!((64 << 20..180 << 20).contains(&longest), "{longest}");
}

#[tokio::test]
async fn an_index_of_custom_is_made_for_what_is_asked_for_and_found_and_for_nothing_else() {
    let temporary = tempfile::tempdir().unwrap();
    let store = open_sqlite(temporary.path(), &Settings::default());
    let demo = key("demo");
    let users = |from: usize| {
        let user =
            |n| set(Kind::User, &id(&format!("u{n}")), &json!({"custom": {"team": n % 9, "age": n, "on": true}}));
        (from..from + 1000).map(user).collect::<Vec<_>>()
    };
    for from in [0, 1000, 2000] {
        store.set_many(&demo, users(from), Moment::default()).await.unwrap();
    }
    let foreign = Connection::open(database(temporary.path())).unwrap();
    let indexes = || {
        let mut found = foreign
            .prepare("SELECT entry, by_name, through IS NULL FROM custom_indexes ORDER BY custom_index")
            .unwrap();
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        found.query_map([], read).unwrap().collect::<Result<Vec<(String, bool, bool)>, _>>().unwrap()
    };
    let rows = || foreign.query_row("SELECT count(*) FROM custom_values", [], |row| row.get::<_, i64>(0)).unwrap();
    for filter in ["custom.nobody == 1", "custom.age > 5", "custom.age == -1 && name == 'nobody'"] {
        store.records(&demo, &query(List::Records(Kind::User), filter, "")).await.unwrap();
    }
    // The next command comes after whatever was ordered.
    store.set_many(&demo, users(3000), Moment::default()).await.unwrap();
    assert_eq!(indexes(), []);

    store.records(&demo, &query(List::Records(Kind::User), "custom.team == 1", "")).await.unwrap();
    store.set_many(&demo, users(4000), Moment::default()).await.unwrap();
    drop(store);
    // However far it came, it is finished.
    let store = open_sqlite(temporary.path(), &Settings::default());
    while indexes() != [("team".to_owned(), false, true)] {
        store.check().await.unwrap();
    }
    assert_eq!(rows(), 5000);
    // Neither is another order asked for by one that no index has, nor twice by a list that goes on.
    for sort in ["updated", "", ""] {
        store.records(&demo, &query(List::Records(Kind::User), "custom.team == 1", sort)).await.unwrap();
    }
    store.records(&demo, &query(List::Records(Kind::User), "custom.team == 1", "name:desc")).await.unwrap();
    while indexes() != [("team".to_owned(), false, true), ("team".to_owned(), true, true)] {
        store.check().await.unwrap();
    }
    assert_eq!(rows(), 10_000);
    // Nobody is found, and everybody was read.
    store.records(&demo, &query(List::Records(Kind::User), "custom.age == -1", "")).await.unwrap();
    while indexes().last() != Some(&("age".to_owned(), false, true)) {
        store.check().await.unwrap();
    }
    assert_eq!(rows(), 15_000);
    let remove = Remove { kind: Kind::User, id: id("u7"), condition: Condition::None, integrity: false };
    store.remove(&demo, remove).await.unwrap().outcome.unwrap();
    assert_eq!(rows(), 14_997);
}

#[tokio::test]
async fn an_index_of_an_order_is_made_when_a_list_is_found_by_it_and_kept_from_then_on() {
    let temporary = tempfile::tempdir().unwrap();
    let store = open_sqlite(temporary.path(), &Settings::default());
    let demo = key("demo");
    let user = |n: i64, status: &str| {
        set(
            Kind::User,
            &id(&format!("u{n}")),
            &json!({"name": format!("n{}", n % 7), "email": format!("{}@x", n * 31 % 97), "status": status}),
        )
    };
    for n in 0..97 {
        store.set(&demo, user(n, if n % 9 == 0 { "away" } else { "here" }), Moment::from_micros(n)).await.unwrap();
    }
    let foreign = Connection::open(database(temporary.path())).unwrap();
    let indexes = || {
        let mut found = foreign
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'records' AND sql IS NOT NULL ORDER BY name")
            .unwrap();
        found.query_map([], |row| row.get(0)).unwrap().collect::<Result<Vec<String>, _>>().unwrap()
    };
    let list = async |filter: &str, sort: &str| {
        let mut query = query(List::Records(Kind::User), filter, sort);
        query.limit = 30;
        let page = store.records(&demo, &query).await.unwrap();
        page.items.iter().map(|record| record.id.to_string()).collect::<Vec<_>>()
    };
    for (filter, sort, expected) in [
        ("", "", None),
        ("", "name:desc", None),
        ("status == 'here'", "name", None),
        ("status == 'nowhere'", "", None),
        ("", "status,updated:desc", Some("records_by_updated")),
        ("", "updated", Some("records_by_updated")),
        ("", "email:desc", Some("records_by_email")),
        ("", "type", Some("records_by_type")),
        ("status == 'away'", "email", Some("records_by_email")),
        ("status == 'gone'", "name", Some("records_by_status")),
        ("", "status:desc", Some("records_by_status")),
        ("", "status,name:desc", Some("records_by_status")),
    ] {
        if expected == Some("records_by_status") {
            store.set(&demo, user(0, "gone"), Moment::from_micros(1000)).await.unwrap();
        }
        let before = list(filter, sort).await;
        // The next command comes after whatever was ordered.
        store.told(0).await.unwrap();
        match expected {
            Some(index) => assert!(indexes().iter().any(|name| name == index), "{filter:?} {sort:?}: {:?}", indexes()),
            None => assert_eq!(indexes(), ["records_by_id", "records_by_name"], "{filter:?} {sort:?}"),
        }
        assert_eq!(list(filter, sort).await, before, "{filter:?} {sort:?}");
    }
    // What changes is found in its new place.
    store.set(&demo, user(96, "a new one"), Moment::from_micros(2000)).await.unwrap();
    assert_eq!(list("", "updated:desc").await[0], "u96");
    assert_eq!(list("", "status").await[0], "u96");
    assert_eq!(list("status == 'a new one'", "").await, ["u96"]);
}

/// A store that was filled, after something was done to its file while it was closed: its lists are what they were.
async fn reopened(done: impl FnOnce(&Connection) -> rusqlite::Result<()>) -> (TempDir, Sqlite) {
    let temporary = tempfile::tempdir().unwrap();
    let store = open_sqlite(temporary.path(), &Settings::default());
    let demo = key("demo");
    let lists = filled(&store, &demo).await;
    drop(store);
    done(&Connection::open(database(temporary.path())).unwrap()).unwrap();
    let store = open_sqlite(temporary.path(), &Settings::default());
    assert_eq!(filled_lists(&store, &demo).await, lists);
    (temporary, store)
}

/// The fifth version had one order of the indexes of `custom`, and counted no statuses.
#[tokio::test]
async fn data_of_the_fifth_version_is_brought_up_to_date() {
    let older = "DELETE FROM refinery_schema_history WHERE version > 5;
                 DROP TABLE statuses;
                 CREATE TABLE older (custom_index INTEGER PRIMARY KEY, space INTEGER NOT NULL, entry TEXT NOT NULL,
                                     through INTEGER, UNIQUE (space, entry)) STRICT;
                 INSERT INTO older SELECT custom_index, space, entry, through FROM custom_indexes WHERE by_name;
                 DROP TABLE custom_indexes;
                 ALTER TABLE older RENAME TO custom_indexes;";
    let (_data, store) = reopened(|file| file.execute_batch(older)).await;
    let mut counted = query(List::Records(Kind::User), "status == 'b'", "");
    counted.count = true;
    assert_eq!(store.records(&key("demo"), &counted).await.unwrap().total, Some(1));
}

/// As if the data had been written by a program whose compiler knew other letters: nothing is found by the keys that are there.
#[tokio::test]
async fn keys_of_texts_are_made_anew_when_unicode_is_another() {
    let other = "REINDEX;
                 UPDATE text_order SET unicode = '1.1.0';
                 UPDATE records SET id_key = CAST(x'77' || id_key AS BLOB), name_key = x'66', status_key = x'55';
                 UPDATE memberships SET user_key = CAST(x'77' || user_key AS BLOB), channel_key = CAST(x'77' || channel_key AS BLOB);
                 UPDATE custom_values SET value_key = CAST(x'77' || value_key AS BLOB);";
    reopened(|file| {
        // Indexes by other texts have keys of their own.
        let flags = FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
        file.create_scalar_function("text_key", 1, flags, |_| Ok(vec![0x44]))?;
        file.execute_batch(other)
    })
    .await;
}

#[tokio::test]
async fn a_store_that_was_closed_leaves_one_file() {
    let temporary = tempfile::tempdir().unwrap();
    let store = open_sqlite(temporary.path(), &Settings::default());
    store.add_to_group(&key("demo"), &group("family"), &channels(["kitchen"])).await.unwrap();
    drop(store);
    let mut names: Vec<_> = fs::read_dir(temporary.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["hereabouts.sqlite", "lock"]);
}

#[tokio::test]
async fn calls_that_are_queued_when_the_store_is_dropped_are_carried_out() {
    let temporary = tempfile::tempdir().unwrap();
    let store = open_sqlite(temporary.path(), &Settings::default());
    let (demo, family) = (key("demo"), group("family"));
    {
        let mut calls: Vec<_> =
            (0..50).map(|n| store.add_to_group(&demo, &family, &[channel(&n.to_string())])).collect();
        for call in &mut calls {
            // Polled once: the call is in the queue, and nobody waits for its answer any more.
            let _ = std::future::poll_fn(|context| std::task::Poll::Ready(call.as_mut().poll(context))).await;
        }
    }
    drop(store);
    assert_eq!(open(temporary.path()).groups(&demo).await.unwrap()[0].channels.len(), 50);
}

#[test]
fn data_of_a_newer_version_is_refused_with_a_sentence_and_left_alone() {
    let temporary = tempfile::tempdir().unwrap();
    drop(open_sqlite(temporary.path(), &Settings::default()));
    let path = database(temporary.path());
    let newer = "INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
                 VALUES (1000, 'of_tomorrow', '2030-01-01T00:00:00Z', '1')";
    Connection::open(&path).unwrap().execute(newer, []).unwrap();

    for _ in 0..2 {
        let directory = DataDirectory::open(temporary.path()).unwrap();
        let error = Sqlite::open(&directory, &Settings::default()).unwrap_err();
        assert!(matches!(error, OpenError::Newer { found: 1000, .. }), "{error:?}");
        let sentence = error.to_string();
        assert!(
            sentence
                .starts_with(&format!("{} is of format 1000 and this version knows formats up to ", path.display()))
        );
        assert!(
            sentence.ends_with("start the newer version that wrote it, or use another data directory"),
            "{sentence}"
        );
    }
}

#[test]
fn a_file_that_is_no_database_is_refused_with_a_sentence_and_left_alone() {
    let temporary = tempfile::tempdir().unwrap();
    let path = database(temporary.path());
    let text = "a letter that someone keeps here\n".repeat(100);
    fs::write(&path, &text).unwrap();
    let directory = DataDirectory::open(temporary.path()).unwrap();
    let error = Sqlite::open(&directory, &Settings::default()).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
    assert!(error.to_string().starts_with(&format!("{} is damaged (", path.display())), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}
