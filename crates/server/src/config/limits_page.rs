//! `docs/operating/limits.md` says what this program does: its tables of settings are made from the defaults, and each
//! constant that it names is looked up in the code. `HEREABOUTS_WRITE_PAGES=1` writes the tables in place of comparing them.

use std::fs;
use std::path::{Path, PathBuf};

use super::DEFAULTS;

/// The settings that are limits, by what they bound, and what is met above each.
const SETTINGS: [(&str, &[(&str, &str)]); 6] = [
    (
        "One request",
        &[
            ("edge.request_target_bytes", "414"),
            ("edge.head_bytes", "431, closed"),
            ("edge.head_seconds", "408, closed; without an answer where the framework waits for a head"),
            ("edge.body_bytes", "413, closed"),
            ("edge.message_bytes", "400 `Message Too Large`"),
            ("edge.large_message_bytes", "413"),
            ("limits.channels_per_request", "400"),
            ("limits.streams_per_subscribe", "400"),
            ("pubsub.groups_per_subscribe", "400 `Maximum channel group count exceeded.`"),
            ("presence.state_bytes", "400 `State Too Large`"),
            ("presence.here_now_limit_max", "400"),
        ],
    ),
    (
        "One reply",
        &[
            ("edge.reply_bytes", "the rest comes with the next poll"),
            ("edge.poll_hold_seconds", "200 without messages"),
            ("edge.write_seconds", "closed"),
        ],
    ),
    (
        "Connections",
        &[
            ("edge.connections_max", "503, closed"),
            ("address.connections_max", "429, closed"),
            ("edge.idle_seconds", "closed"),
            ("edge.http2_streams_max", "the request waits with its client"),
        ],
    ),
    (
        "Requests a second",
        &[
            ("address.requests_per_second", "429"),
            ("limits.requests_per_second", "429"),
            ("limits.polls_per_user", "429"),
        ],
    ),
    (
        "What is kept",
        &[
            ("memory.budget_bytes", "503"),
            ("pubsub.queue_messages", "the oldest goes; who needed it is told of the gap"),
            ("pubsub.queue_minutes", "the same"),
            ("pubsub.queue_bytes", "the same"),
            ("pubsub.channels_per_group", "400 `Maximum channel group count exceeded.`"),
            ("presence.timeout_max_seconds", "cut to it"),
        ],
    ),
    (
        "Whose address counts",
        &[("address.exempt", ""), ("address.trusted_proxies", ""), ("address.forwarded_header", "")],
    ),
];

/// Constants of the code that the page names: the file, and the whole definition.
const CONSTANTS: [(&str, &str); 21] = [
    ("crates/server/src/api/publish.rs", "SIGNAL_BYTES: usize = 64"),
    ("crates/server/src/edge/head.rs", "MAX_HEADERS: usize = 64"),
    ("crates/server/src/edge/lean.rs", "READ_BYTES: usize = 16 * 1024"),
    ("crates/server/src/edge/lean.rs", "LOOK: Duration = Duration::from_secs(1)"),
    ("crates/server/src/edge/lean.rs", "LINGER: Duration = Duration::from_secs(2)"),
    ("crates/server/src/edge/lean.rs", "LINGER_BYTES: usize = 4 * 1024 * 1024"),
    ("crates/server/src/edge/framework.rs", "STREAM_WINDOW_BYTES: u32 = 64 * 1024"),
    ("crates/server/src/edge/framework.rs", "CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024"),
    ("crates/server/src/edge/framework.rs", "PIECE_BYTES: usize = 16 * 1024"),
    ("crates/server/src/edge/framework.rs", "RESETS_PENDING: usize = 20"),
    ("crates/server/src/edge/addresses.rs", "BUCKETS_MAX: usize = 65_536"),
    ("crates/server/src/edge/addresses.rs", "BURST_SECONDS: u32 = 2"),
    ("crates/server/src/keysets.rs", "QUEUE_SHARE: usize = 2"),
    ("crates/node/src/memory.rs", "ANSWERS_SHARE: usize = 8"),
    ("crates/server/src/budget.rs", "SHARE_PERCENT: usize = 75"),
    ("crates/node/src/access.rs", "TOKENS_BYTES: u64 = 32 << 20"),
    ("crates/wire/src/access/grant.rs", "TOKEN_MAX_BYTES: usize = 32 * 1024"),
    ("crates/engine/src/context/change.rs", "MAX_RECORD_BYTES: usize = 32 * 1024"),
    ("crates/engine/src/context/bulk.rs", "MAX_RECORDS: usize = 1000"),
    ("crates/engine/src/context/manage.rs", "MAX_ENTRIES: usize = 100"),
    ("crates/engine/src/context/list.rs", "MAX_LIMIT: usize = 100"),
];

const BEGIN: &str = "<!-- made from the defaults -->";
const END: &str = "<!-- end of what is made -->";

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A setting of the defaults: its value, and what is written above it.
fn setting(path: &str) -> (&'static str, String) {
    let (section, name) = path.split_once('.').unwrap();
    let table = DEFAULTS.split_once(&format!("\n[{section}]\n")).unwrap_or_else(|| panic!("no section {section}")).1;
    let mut comment = Vec::new();
    for line in table.lines() {
        if let Some(text) = line.strip_prefix("# ") {
            comment.push(text.trim());
        } else if let Some(value) = line.strip_prefix(name).and_then(|rest| rest.strip_prefix(" = ")) {
            let variable = |text: &&str| !text.starts_with("HEREABOUTS_") && !text.starts_with("trusted_proxies = ");
            return (value, comment.into_iter().filter(variable).collect::<Vec<_>>().join(" "));
        } else {
            comment.clear();
        }
    }
    panic!("no setting {path}");
}

/// What a comment says beside the range, and the range.
fn apart(comment: &str) -> (String, String) {
    for (at, _) in comment.match_indices(", ") {
        let (range, rest) = comment[at + 2..].split_once('.').unwrap_or_default();
        if let Some((least, most)) = range.split_once(" to ")
            && [least, most].iter().all(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return (format!("{}.{rest}", &comment[..at]), format!("{least} to {most}"));
        }
    }
    (comment.to_owned(), String::new())
}

fn tables() -> String {
    let mut text = String::new();
    for (title, settings) in SETTINGS {
        text += &format!("\n### {title}\n\n| setting | default | range | what and why | above it |\n");
        text += "| --- | --- | --- | --- | --- |\n";
        for (path, above) in settings {
            let (value, comment) = setting(path);
            let (why, range) = apart(&comment);
            text += &format!("| `{path}` | {} | {range} | {why} | {above} |\n", value.trim_matches('"'));
        }
    }
    text
}

#[test]
fn the_page_of_limits_has_the_settings_as_they_are() {
    let file = repository().join("docs/operating/limits.md");
    let page = fs::read_to_string(&file).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("a place for the tables");
    let (_, after) = rest.split_once(END).expect("an end of the tables");
    let made = format!("{before}{BEGIN}\n{}\n{END}{after}", tables());
    if std::env::var_os("HEREABOUTS_WRITE_PAGES").is_some() {
        fs::write(&file, made).unwrap();
    } else {
        assert!(made == page, "docs/operating/limits.md is stale; HEREABOUTS_WRITE_PAGES=1 writes it:\n{}", tables());
    }
}

#[test]
fn every_constant_that_the_page_of_limits_names_is_what_the_code_has() {
    let page = fs::read_to_string(repository().join("docs/operating/limits.md")).unwrap();
    for (file, definition) in CONSTANTS {
        let code = fs::read_to_string(repository().join(file)).unwrap();
        assert!(code.contains(&format!("const {definition};")), "{file} does not say: {definition}");
        let (name, rest) = definition.split_once(": ").unwrap();
        let value = rest.split_once(" = ").unwrap().1;
        assert!(page.contains(&format!("| `{name}` | {value} |")), "the page lacks | `{name}` | {value} |");
    }
    let named =
        page.lines().filter(|line| line.strip_prefix("| `").is_some_and(|rest| rest.starts_with(char::is_uppercase)));
    assert_eq!(named.count(), CONSTANTS.len(), "a constant of the page is not looked up");
}
