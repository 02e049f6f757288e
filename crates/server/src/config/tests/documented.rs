//! The settings that are printed are those that are read.

use super::*;

/// Every setting outside key sets: its path, its variable, and the comment above it.
fn documented() -> Vec<(String, String, String)> {
    let (mut section, mut comment, mut found) = (String::new(), String::new(), Vec::new());
    for line in DEFAULTS.lines().take_while(|line| *line != "[[keyset]]") {
        if let Some(text) = line.strip_prefix('#') {
            comment.push_str(text);
        } else if let Some(table) = line.strip_prefix('[') {
            section = format!("{}.", table.trim_end_matches(']'));
            comment.clear();
        } else if let Some((name, _)) = line.split_once(" = ") {
            let path = format!("{section}{name}");
            let variable = format!("HEREABOUTS_{}", path.replace('.', "__").to_uppercase());
            found.push((path, variable, std::mem::take(&mut comment)));
        } else {
            comment.clear();
        }
    }
    found
}

fn leaves(path: &str, value: &Value, found: &mut BTreeSet<String>) {
    match &value.content {
        Content::Table(table) => {
            for (name, value) in table {
                leaves(&unknown::join(path, name), value, found);
            }
        }
        _ => drop(found.insert(path.to_owned())),
    }
}

#[test]
fn without_any_configuration_there_is_one_open_key_set() {
    let config = defaults();
    assert_eq!(config.listen, "127.0.0.1:7700".parse().unwrap());
    assert_eq!(config.data, Path::new("./data"));
    assert!(config.database.is_none());
    assert_eq!(config.log, Log { format: LogFormat::Auto, level: LevelFilter::INFO });
    assert_eq!(
        config.edge,
        Edge {
            lean: true,
            poll_hold: seconds(280),
            idle: seconds(300),
            head: seconds(30),
            write: seconds(30),
            request_target_bytes: 32_768,
            head_bytes: 65_536,
            body_bytes: 2_097_152,
            message_bytes: 32_768,
            large_message_bytes: 2_097_152,
            reply_bytes: 1_048_576,
            gzip_bytes: 1400,
            connections_max: 100_000,
            http2_streams_max: 250,
        }
    );
    assert_eq!(
        config.address,
        Address {
            connections_max: 20_000,
            requests_per_second: None,
            exempt: vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()],
            trusted_proxies: vec![],
            forwarded_header: ForwardedHeader::XForwardedFor,
        }
    );
    assert_eq!(config.memory, Memory { budget_bytes: None });
    assert!(config.builtin_keyset);
    let [demo] = config.keysets.as_slice() else { panic!("one key set") };
    assert_eq!((demo.name.as_str(), demo.subscribe_key.as_str(), demo.publish_key.as_str()), ("demo", "demo", "demo"));
    assert!(demo.secret_key.is_none() && !demo.access_manager && demo.groups);
    assert_eq!(
        demo.pubsub,
        PubSub {
            queue_messages: 100,
            queue_age: seconds(20 * 60),
            queue_bytes: 268_435_456,
            groups_per_subscribe: 10,
            channels_per_group: 2000,
        }
    );
    assert_eq!(
        demo.context,
        Context {
            enabled: true,
            user_events: true,
            channel_events: true,
            membership_events: true,
            referential_integrity: false,
            disallow_get_all_users: true,
            disallow_get_all_channels: true,
        }
    );
    let limits = Limits {
        requests_per_second: None,
        polls_per_user: 10_000,
        channels_per_request: 10_000,
        streams_per_subscribe: 50_000,
    };
    assert_eq!(demo.limits, limits);
    assert_eq!(
        demo.presence,
        Presence {
            enabled: true,
            announce_max: 20,
            interval: seconds(10),
            deltas: false,
            leave_on_disconnect: false,
            stream_filtering: false,
            devices: Devices::Single,
            open_poll_is_presence: false,
            renew_by_subscribe: true,
            here_now_limit_max: 1000,
            timeout: seconds(300),
            timeout_max: seconds(3600),
            state_bytes: 32_768,
            active_notice_channel: None,
            snapshot: seconds(10),
            rules: vec![],
        }
    );
}

#[test]
fn the_printed_defaults_are_a_configuration_that_says_the_same() {
    let mut config = from_file(DEFAULTS).unwrap();
    assert!(!config.builtin_keyset, "whoever wrote it down knows of it");
    config.builtin_keyset = true;
    assert!(config.keysets[0].origin.starts_with("chat.toml, line "), "{}", config.keysets[0].origin);
    config.keysets[0].origin = defaults().keysets[0].origin.clone();
    assert_eq!(format!("{config:?}"), format!("{:?}", defaults()));
}

#[test]
fn every_setting_is_described_with_its_variable() {
    let mut settings = BTreeSet::new();
    leaves("", &Value::built_in(DEFAULTS).unwrap(), &mut settings);
    settings.remove("keyset");
    let described = documented();
    assert_eq!(described.iter().map(|(path, ..)| path.clone()).collect::<BTreeSet<_>>(), settings);
    for (path, variable, comment) in described {
        assert!(comment.split([' ', ',']).any(|word| word == variable), "the comment of {path} lacks {variable}");
        assert!(comment.len() > variable.len() + 20, "the comment of {path} says nothing");
    }
    for way in secret::WAYS {
        assert!(DEFAULTS.contains(&format!("\n# {way} = ")), "{way} is not described");
    }
    assert!(DEFAULTS.contains("\n# HEREABOUTS_KEYSET,"));
}

#[test]
fn every_setting_is_read_and_its_comment_says_what_is_allowed() {
    // No setting takes this text, except the path of the data directory, which takes none that is empty.
    for (path, variable, comment) in documented() {
        let text = if path == "data" { "" } else { "nonsense, -pnpres" };
        let complaint = from_variable(&variable, text).expect_err(&path);
        assert!(complaint.starts_with(&variable), "{complaint}");
        if let Some((_, range)) = complaint.split_once("a whole number from ") {
            assert!(comment.contains(&format!(", {range}.")), "the comment of {path} lacks the range {range}");
        }
        if let Some((_, words)) = complaint.split_once("it must be \"") {
            assert!(comment.contains(&format!("\"{words}")), "the comment of {path} lacks \"{words}");
        }
    }
}
