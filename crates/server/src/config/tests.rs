//! What settings mean, and what is said about those that mean nothing.

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
    assert_eq!(demo.limits, Limits { requests_per_second: None, polls_per_user: 10_000, channels_per_request: 10_000 });
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

#[test]
fn each_layer_wins_over_the_one_before() {
    let file = "listen = \"127.0.0.1:1\"\ndata = \"file\"\n[presence]\nannounce_max = 1\ninterval_seconds = 7\n";
    let variables = [("HEREABOUTS_LISTEN", "127.0.0.1:2"), ("HEREABOUTS_PRESENCE__ANNOUNCE_MAX", "2")];
    let flags = Flags { listen: Some("[::1]:3".into()), data: Some("flag".into()), ..Flags::default() };

    let by_file = from_file(file).unwrap();
    assert_eq!((by_file.listen.port(), by_file.data.as_path()), (1, Path::new("file")));
    assert_eq!(by_file.keysets[0].presence.announce_max, 1);

    let by_variable = configure(file, &variables, Flags::default()).unwrap();
    assert_eq!((by_variable.listen.port(), by_variable.data.as_path()), (2, Path::new("file")));
    assert_eq!(by_variable.keysets[0].presence.announce_max, 2);
    assert_eq!(by_variable.keysets[0].presence.interval, seconds(7));

    let by_flag = configure(file, &variables, flags).unwrap();
    assert_eq!((by_flag.listen, by_flag.data.as_path()), ("[::1]:3".parse().unwrap(), Path::new("flag")));
}

#[test]
fn a_database_is_an_address_of_any_layer_and_never_shown() {
    let address = |text: &str| format!("postgres://{text}:{SECRET}@localhost/db");
    let file = format!("database = {:?}", address("file"));
    let flags = Flags { database: Some(address("flag")), ..Flags::default() };
    let variables = [("HEREABOUTS_DATABASE", address("variable"))];
    let variables = variables.each_ref().map(|(name, text)| (*name, text.as_str()));
    for (config, user) in [
        (configure(&file, &[], Flags::default()), "file"),
        (configure(&file, &variables, Flags::default()), "variable"),
        (configure(&file, &variables, flags), "flag"),
    ] {
        let config = config.unwrap();
        assert!(!format!("{config:?}").contains(SECRET));
        assert_eq!(config.database.map(|secret| secret.expose().to_owned()), Some(address(user)));
    }
    assert!(configure(&file, &[("HEREABOUTS_DATABASE", "")], Flags::default()).unwrap().database.is_none());
    for wrong in [
        format!("\"mysql://a:{SECRET}@b\""),
        format!("[\"{SECRET}\"]"),
        format!("{{ url = \"{SECRET}\" }}"),
        "5".into(),
    ] {
        let sentence = "line 1: database: it must be an address that begins with postgres://, or empty";
        complains(from_file(&format!("database = {wrong}")), &format!("{FILE}, {sentence}"));
    }
    let flags = Flags { database: Some(SECRET.to_owned()), ..Flags::default() };
    complains(configure("", &[], flags), "--database: it must be an address that begins with postgres://, or empty");
}

#[test]
fn tls_has_a_certificate_and_a_key_of_any_layer_or_neither() {
    let files = |cert: &str, key: &str| Some(Tls { cert: cert.into(), key: key.into() });
    assert_eq!(defaults().tls, None);
    let file = "[tls]\ncert = \"c\"\nkey = \"k\"\n";
    assert_eq!(from_file(file).unwrap().tls, files("c", "k"));
    let flags = Flags { tls_cert: Some("flag".to_owned()), ..Flags::default() };
    let variables = [("HEREABOUTS_TLS__CERT", "v"), ("HEREABOUTS_TLS__KEY", "v")];
    assert_eq!(configure(file, &variables, flags.clone()).unwrap().tls, files("flag", "v"));
    complains(configure("", &[], flags), "--tls-cert is given and tls.key is not; it takes both");
    complains(
        from_file("tls.key = \"k\""),
        &format!("{FILE}, line 1: tls.key is given and tls.cert is not; it takes both"),
    );
}

#[test]
fn the_admin_api_is_somewhere_or_nowhere() {
    for (text, expected) in
        [("auto", Admin::Auto), ("off", Admin::Off), ("[::1]:0", Admin::At("[::1]:0".parse().unwrap()))]
    {
        assert_eq!(from_variable("HEREABOUTS_ADMIN__LISTEN", text).unwrap().admin, expected);
    }
    assert_eq!(defaults().admin, Admin::Auto);
    for wrong in ["", "on", "7701", "localhost:7701"] {
        let said = from_variable("HEREABOUTS_ADMIN__LISTEN", wrong).map(drop).unwrap_err();
        assert!(said.contains("auto, off, or an IP address and a port"), "{said}");
    }
}

#[test]
fn a_key_set_that_comes_later_is_read_like_one_of_the_file() {
    let config = from_file("[presence]\nannounce_max = 30\n[pubsub]\nqueue_messages = 7").unwrap();
    let read = |more: &str| {
        let given = format!(r#"{{"name": "chat", "subscribe_key": "s", "publish_key": "p"{more}}}"#);
        let given: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&given).unwrap();
        config.keyset_template.read(&given)
    };
    let chat = read(r#", "groups": false, "presence": {"deltas": true, "rules": [{"channels": ["a.*"]}]}"#).unwrap();
    assert_eq!((chat.name.as_str(), chat.groups, chat.presence.deltas), ("chat", false, true));
    assert_eq!((chat.presence.announce_max, chat.pubsub.queue_messages), (30, 7), "the file's shared settings");
    assert_eq!((chat.presence.rules.len(), chat.secret_key.is_none()), (1, true));
    for (more, sentence) in [
        (
            r#", "acess_manager": true"#,
            "keyset.acess_manager is not a setting; the nearest one is keyset.access_manager",
        ),
        (r#", "presence": {"announce_max": "5"}"#, "keyset.presence.announce_max is \"5\"; it must be a whole number"),
        (r#", "access_manager": true"#, "keyset has access_manager = true but no secret"),
        (r#", "presence": {"timeout_seconds": 4000}"#, "keyset.presence.timeout_seconds is 4000; it must be at most"),
    ] {
        let said = read(more).map(drop).unwrap_err().to_string();
        assert!(said.starts_with(sentence), "{said}");
    }
}

#[test]
fn a_key_set_overrides_single_settings() {
    let file = [
        "[context]\nreferential_integrity = true\n[presence]\nannounce_max = 30\ninterval_seconds = 5\nrules = [{ channels = [\"lobby\"] }]\n",
        &keyset("access_manager = true\nsecret_key = \"k\"\n[keyset.presence]\nannounce_max = 40\nrules = []\n"),
        "[keyset.pubsub]\nqueue_minutes = 2\n[keyset.context]\nuser_events = false\n",
        "[[keyset]]\nname = \"game\"\nsubscribe_key = \"g\"\npublish_key = \"g\"\ngroups = false\n",
    ]
    .concat();
    let config = configure(&file, &[("HEREABOUTS_PRESENCE__ANNOUNCE_MAX", "50")], Flags::default()).unwrap();
    let [chat, game] = config.keysets.as_slice() else { panic!("two key sets") };
    assert!(!config.builtin_keyset);
    // The nearer one wins: the environment sets what key sets share.
    assert_eq!((chat.presence.announce_max, game.presence.announce_max), (40, 50));
    assert_eq!((chat.presence.interval, game.presence.interval), (seconds(5), seconds(5)));
    assert_eq!((chat.presence.rules.len(), game.presence.rules.len()), (0, 1));
    assert_eq!((chat.pubsub.queue_age, game.pubsub.queue_age), (seconds(120), seconds(1200)));
    assert_eq!((chat.context.user_events, game.context.user_events), (false, true));
    assert_eq!((chat.context.referential_integrity, game.context.referential_integrity), (true, true));
    // What the first key set says is no default for the second.
    assert_eq!((chat.access_manager, game.access_manager), (true, false));
    assert_eq!((chat.groups, game.groups), (true, false));
    assert!(game.secret_key.is_none());
}

#[test]
fn rules_select_channels_and_actions() {
    let channel = |name: &str| ChannelName::new(name).unwrap();
    let some =
        Rule { channels: vec![channel("lobby"), channel("room.*")], actions: vec![Action::Join, Action::StateChange] };
    let all = Rule { channels: vec![channel("*")], actions: Action::ALL.to_vec() };
    let file = "[[presence.rules]]\nchannels = [\"lobby\", \"room.*\"]\nactions = [\"join\", \"state-change\"]\n\
                [[presence.rules]]\nchannels = [\"*\"]\n";
    let text = r#"[{ channels = ["lobby", "room.*"], actions = ["join", "state-change"] }, { channels = ["*"] }]"#;
    for config in [from_file(file), from_variable("HEREABOUTS_PRESENCE__RULES", text)] {
        assert_eq!(config.unwrap().keysets[0].presence.rules, [some.clone(), all.clone()]);
    }
}

#[test]
fn variables_mean_what_a_file_means() {
    fn presence(name: &str, text: &str) -> Presence {
        from_variable(&format!("HEREABOUTS_PRESENCE__{name}"), text).unwrap().keysets[0].presence.clone()
    }
    assert_eq!(presence("DEVICES", "counted").devices, Devices::Counted);
    assert!(presence("DELTAS", "true").deltas);
    assert_eq!(presence("TIMEOUT_SECONDS", "8").timeout, seconds(8));
    assert_eq!(presence("ACTIVE_NOTICE_CHANNEL", "news").active_notice_channel, ChannelName::new("news").ok());
    assert_eq!(presence("ACTIVE_NOTICE_CHANNEL", "").active_notice_channel, None);
    assert!(!from_variable("HEREABOUTS_EDGE__LEAN", "false").unwrap().edge.lean);

    let text = r#"[{ name = "chat", subscribe_key = "s", publish_key = "p", pubsub = { queue_messages = 7 } }]"#;
    let config = from_variable("HEREABOUTS_KEYSET", text).unwrap();
    assert_eq!(config.keysets[0].pubsub.queue_messages, 7);
    assert!(!config.builtin_keyset);
}

#[test]
fn an_unknown_setting_is_named_with_its_line_and_the_nearest_known_one() {
    let table = [
        ("[presence]\nanounce_max = 3", "line 2: presence.anounce_max", "presence.announce_max"),
        ("\n\nannounce_max = 3", "line 3: announce_max", "presence.announce_max"),
        ("[presense]\nenabled = true", "line 1: presense", "presence"),
        ("[edge]\npoll-hold-seconds = 3", "line 2: edge.poll-hold-seconds", "edge.poll_hold_seconds"),
        ("[[keysets]]\nname = \"a\"", "line 1: keysets", "keyset"),
        ("[[keyset]]\nsubscibe_key = \"a\"", "line 2: keyset.subscibe_key", "keyset.subscribe_key"),
        ("[[keyset]]\nsecret = \"a\"", "line 2: keyset.secret", "keyset.secret_key"),
        ("[[keyset]]\nannounce_max = 1", "line 2: keyset.announce_max", "keyset.presence.announce_max"),
        (
            "[[keyset]]\n[keyset.presence]\nhere_now_limit = 1",
            "line 3: keyset.presence.here_now_limit",
            "keyset.presence.here_now_limit_max",
        ),
        ("[[presence.rules]]\nchannel = []", "line 2: presence.rules.channel", "presence.rules.channels"),
    ];
    for (file, written, nearest) in table {
        complains(from_file(file), &format!("chat.toml, {written} is not a setting; the nearest one is {nearest}"));
    }
}

#[test]
fn an_unknown_variable_is_named_with_the_nearest_known_one() {
    let table = [
        ("HEREABOUTS_PRESENCE_ANNOUNCE_MAX", "HEREABOUTS_PRESENCE__ANNOUNCE_MAX"),
        ("HEREABOUTS_ANNOUNCE_MAX", "HEREABOUTS_PRESENCE__ANNOUNCE_MAX"),
        ("HEREABOUTS_LISTEN_ADDRESS", "HEREABOUTS_LISTEN"),
        ("HEREABOUTS_CONFIGURATION", "HEREABOUTS_CONFIG"),
    ];
    for (variable, nearest) in table {
        let sentence = format!("the environment variable {variable} is not a setting; the nearest one is {nearest}");
        complains(from_variable(variable, "7"), &sentence);
    }
}

#[test]
fn variables_of_others_are_left_alone() {
    let table = [
        ("HEREABOUT", "x"),
        ("OTHER_HEREABOUTS_LISTEN", "x"),
        // What Kubernetes tells every pod about a service that is called like this program.
        ("HEREABOUTS_SERVICE_HOST", "10.0.0.1"),
        ("HEREABOUTS_SERVICE_PORT", "7700"),
        ("HEREABOUTS_SERVICE_PORT_HTTP", "7700"),
        ("HEREABOUTS_PORT", "tcp://10.0.0.1:7700"),
        ("HEREABOUTS_PORT_7700_TCP", "tcp://10.0.0.1:7700"),
        ("HEREABOUTS_PORT_7700_TCP_ADDR", "10.0.0.1"),
    ];
    for (variable, text) in table {
        assert!(from_variable(variable, text).is_ok(), "{variable}");
    }
    assert!(from_variable("HEREABOUTS_PORT", "7700").is_err(), "that is a person who hopes for the listening port");
}

#[test]
fn a_value_that_cannot_be_is_named_with_what_can() {
    let long = "x".repeat(100);
    let table: &[(&str, &str)] = &[
        (
            "listen = \"localhost:7700\"",
            "line 1: listen is \"localhost:7700\"; it must be an IP address and a port, such as 127.0.0.1:7700 or [::1]:7700",
        ),
        (
            "listen = 7700",
            "line 1: listen is 7700; it must be an IP address and a port, such as 127.0.0.1:7700 or [::1]:7700",
        ),
        ("data = \"\"", "line 1: data is \"\"; it must be the path of a directory"),
        ("data = []", "line 1: data is an empty list; it must be text"),
        ("[log]\nformat = \"yaml\"", "line 2: log.format is \"yaml\"; it must be \"auto\", \"text\" or \"json\""),
        (
            "[log]\nlevel = 3",
            "line 2: log.level is 3; it must be \"off\", \"error\", \"warn\", \"info\", \"debug\" or \"trace\"",
        ),
        ("[edge]\nlean = \"yes\"", "line 2: edge.lean is \"yes\"; it must be true or false"),
        (
            "[edge]\npoll_hold_seconds = 0",
            "line 2: edge.poll_hold_seconds is 0; it must be a whole number from 1 to 3600",
        ),
        (
            "[edge]\npoll_hold_seconds = 2.5",
            "line 2: edge.poll_hold_seconds is 2.5; it must be a whole number from 1 to 3600",
        ),
        (
            "[edge]\npoll_hold_seconds = \"9\"",
            "line 2: edge.poll_hold_seconds is \"9\"; it must be a whole number from 1 to 3600",
        ),
        ("[edge]\nidle_seconds = -1", "line 2: edge.idle_seconds is -1; it must be a whole number from 1 to 3600"),
        (
            "[edge]\nidle_seconds = 2024-01-01",
            "line 2: edge.idle_seconds is 2024-01-01; it must be a whole number from 1 to 3600",
        ),
        (
            "[edge]\nhead_bytes = 32767",
            "built-in defaults: edge.request_target_bytes is 32768; it must be at most edge.head_bytes (chat.toml, line 2), which is 32767",
        ),
        (
            "[edge]\nmessage_bytes = 3000000",
            "line 2: edge.message_bytes is 3000000; it must be at most edge.large_message_bytes (built-in), which is 2097152",
        ),
        (
            "[edge]\nbody_bytes = 1024",
            "built-in defaults: edge.large_message_bytes is 2097152; it must be at most edge.body_bytes (chat.toml, line 2), which is 1024",
        ),
        ("edge = 3", "line 1: edge is 3; it must be a table of settings"),
        ("[edge.lean]\nx = 1", "line 1: edge.lean is a table; it must be true or false"),
        (
            "[pubsub]\nqueue_messages = 0x1ffff",
            "line 2: pubsub.queue_messages is 131071; it must be a whole number from 1 to 100000",
        ),
        (
            "[presence]\nsnapshot_seconds = 11",
            "line 2: presence.snapshot_seconds is 11; it must be a whole number from 1 to 10",
        ),
        (
            "[presence]\ndevices = \"double\"",
            "line 2: presence.devices is \"double\"; it must be \"single\" or \"counted\"",
        ),
        (
            "[presence]\ntimeout_seconds = 4000",
            "line 2: presence.timeout_seconds is 4000; it must be at most presence.timeout_max_seconds (built-in), which is 3600",
        ),
        (
            "[presence]\nrules = 3",
            "line 2: presence.rules is 3; it must be a list of tables with channels and actions, such as [{ channels = [\"room.*\"] }]",
        ),
        ("[presence]\nrules = [\"lobby\"]", "line 2: presence.rules is \"lobby\"; it must be a table of settings"),
        ("[[presence.rules]]\nactions = [\"join\"]", "line 1: presence.rules has no channels"),
        (
            "[[presence.rules]]\nchannels = [\"a\",\n \"b*\"]",
            "line 3: presence.rules.channels is \"b*\"; it must be names of channels, patterns such as \"room.*\" (one or two levels, then a star) or \"*\" for all",
        ),
        (
            "[[presence.rules]]\nchannels = [\"a\"]\nactions = []",
            "line 3: presence.rules.actions is an empty list; it must be a list of \"join\", \"leave\", \"timeout\", \"state-change\" or \"interval\", at least one",
        ),
        (
            "[[presence.rules]]\nchannels = [\"a\"]\nactions = [\"enter\"]",
            "line 3: presence.rules.actions is \"enter\"; it must be \"join\", \"leave\", \"timeout\", \"state-change\" or \"interval\"",
        ),
        (
            "keyset = []",
            "line 1: keyset is an empty list; it must be a list of at least one key set, each begun by [[keyset]]",
        ),
        (
            "[keyset]\nname = \"chat\"",
            "line 1: keyset is a table; it must be a list of at least one key set, each begun by [[keyset]]",
        ),
        ("\n[[keyset]]\nname = \"chat\"", "line 2: keyset has no subscribe_key"),
        (
            "[[keyset]]\nname = \"my chat\"",
            "line 2: keyset.name is \"my chat\"; it must be a word of 1 to 64 letters of the English alphabet, digits, dots, hyphens and underscores",
        ),
        (
            "[[keyset]]\nname = \"a\"\nsubscribe_key = \"\"",
            "line 3: keyset.subscribe_key is \"\"; it must be a key of 1 to 128 bytes without commas, slashes and control characters",
        ),
        (
            "[[keyset]]\nname = \"a\"\nsubscribe_key = \"a\"\npublish_key = \"a/b\"",
            "line 4: keyset.publish_key is \"a/b\"; it must be a key of 1 to 128 bytes without commas, slashes and control characters",
        ),
    ];
    for (file, complaint) in table {
        complains(from_file(file), &format!("chat.toml, {complaint}").replace("chat.toml, built-in", "built-in"));
    }
    let complaint = from_file(&format!("listen = \"{long}\"")).unwrap_err();
    assert!(complaint.len() < 250 && complaint.contains("xxx\"…; it must be"), "{complaint}");
    for name in ["a-pnpres", "a.*", "a.b.c.d", "a,b"] {
        let complaint = from_file(&format!("[presence]\nactive_notice_channel = \"{name}\"")).unwrap_err();
        assert!(complaint.contains("it must be a channel that can be published to"), "{complaint}");
    }
}

#[test]
fn a_complaint_names_the_layer_that_is_wrong() {
    complains(
        from_variable("HEREABOUTS_EDGE__IDLE_SECONDS", "soon"),
        "HEREABOUTS_EDGE__IDLE_SECONDS is \"soon\"; it must be a whole number from 1 to 3600",
    );
    complains(
        configure("", &[], Flags { listen: Some("7700".into()), ..Flags::default() }),
        "--listen is \"7700\"; it must be an IP address and a port, such as 127.0.0.1:7700 or [::1]:7700",
    );
    complains(
        from_file(&keyset("[keyset.presence]\nannounce_max = -1")),
        "chat.toml, line 6: keyset.presence.announce_max is -1; it must be a whole number from 0 to 1000000",
    );
    complains(
        from_variable("HEREABOUTS_KEYSET", "[{ name = \"a\", subscribe_key = 1 }]"),
        "HEREABOUTS_KEYSET: keyset.subscribe_key is 1; it must be a key of 1 to 128 bytes without commas, slashes and \
         control characters",
    );
    complains(
        from_variable("HEREABOUTS_KEYSET", "[{ name = \"a\" }]"),
        "HEREABOUTS_KEYSET: keyset has no subscribe_key",
    );
    complains(
        from_variable("HEREABOUTS_PRESENCE__RULES", "[{ channels = [\"a-pnpres\"] }]"),
        "HEREABOUTS_PRESENCE__RULES: presence.rules.channels is \"a-pnpres\"; it must be names of channels, patterns such \
         as \"room.*\" (one or two levels, then a star) or \"*\" for all",
    );
}

#[test]
fn key_sets_that_could_be_confused_are_refused() {
    let second = "[[keyset]]\nname = \"NAME\"\nsubscribe_key = \"KEY\"\npublish_key = \"p\"\n";
    let two = |name: &str, key: &str| from_file(&keyset(&second.replace("NAME", name).replace("KEY", key)));
    complains(
        two("chat", "t"),
        "chat.toml, line 6: keyset.name is \"chat\", which another key set has already; give each key set its own",
    );
    complains(
        two("game", "s"),
        "chat.toml, line 7: keyset.subscribe_key is \"s\", which another key set has already; give each key set its own",
    );
    assert!(two("game", "t").is_ok());
}

#[test]
fn a_secret_comes_from_the_file_another_file_or_the_environment() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("secret");
    fs::write(&path, format!("{SECRET}\r\n")).unwrap();
    let ways = [
        format!("secret_key = {SECRET:?}"),
        format!("secret_key_file = {path:?}"),
        "secret_key_env = \"CHAT_SECRET\"".to_owned(),
        // A name that begins as ours do is known once it is named.
        "secret_key_env = \"HEREABOUTS_CHAT_SECRET\"".to_owned(),
    ];
    for way in ways {
        let variable = if way.contains("HEREABOUTS") { "HEREABOUTS_CHAT_SECRET" } else { "CHAT_SECRET" };
        let config = configure(&keyset(&way), &[(variable, SECRET)], Flags::default()).unwrap();
        assert_eq!(config.keysets[0].secret_key.as_ref().unwrap().expose(), SECRET, "{way}");
    }
}

#[test]
fn a_secret_that_is_not_to_be_had_is_named_by_its_setting() {
    let directory = tempfile::tempdir().unwrap();
    let empty = directory.path().join("empty");
    let missing = directory.path().join("missing");
    fs::write(&empty, "\n").unwrap();
    let table = [
        ("secret_key = \"\"".to_owned(), "line 5: keyset.secret_key: the secret is empty".to_owned()),
        ("secret_key = 5".to_owned(), "line 5: keyset.secret_key: it must be text".to_owned()),
        (format!("secret_key_file = {empty:?}"), "line 5: keyset.secret_key_file: the secret is empty".to_owned()),
        (
            format!("secret_key_file = {missing:?}"),
            format!(
                "line 5: keyset.secret_key_file: cannot read the file {missing:?}: No such file or directory (os error 2)"
            ),
        ),
        (
            "secret_key_env = \"NOT_SET\"".to_owned(),
            "line 5: keyset.secret_key_env: the environment variable NOT_SET is not set".to_owned(),
        ),
        (
            "secret_key_file = \"a\"\nsecret_key_env = \"A\"".to_owned(),
            "line 1: keyset has both secret_key_file and secret_key_env; give its secret once".to_owned(),
        ),
        (
            "access_manager = true".to_owned(),
            "line 1: keyset has access_manager = true but no secret; add secret_key, secret_key_file or secret_key_env"
                .to_owned(),
        ),
    ];
    for (file, complaint) in table {
        complains(from_file(&keyset(&file)), &format!("chat.toml, {complaint}"));
    }
}

#[test]
fn a_secret_is_never_shown() {
    let config = from_file(&keyset(&format!("secret_key = {SECRET:?}"))).unwrap();
    let secret = config.keysets[0].secret_key.as_ref().unwrap();
    assert!(!format!("{config:?} {secret:?} {secret}").contains(SECRET));

    let broken = [
        keyset(&format!("secret_key = {SECRET}")),
        keyset(&format!("secret_key = \"{SECRET}")),
        keyset(&format!("secret_key = \"{SECRET}\" trailing")),
        keyset(&format!("secret_key = [\"{SECRET}\"]")),
        keyset(&format!("secret_key = {{ text = \"{SECRET}\" }}")),
        keyset(&format!("secret_key_env = \"{SECRET}\"")),
        keyset(&format!("secret_key = \"{SECRET}\"\nsecret_key = \"{SECRET}\"")),
        keyset(&format!("secret_key = \"{SECRET}\"\nsecret_key_file = \"f\"")),
        keyset(&format!("secret_kay = \"{SECRET}\"")),
    ];
    for file in broken {
        let complaint = from_file(&file).expect_err(&file);
        assert!(complaint.starts_with("chat.toml, line ") && !complaint.contains(SECRET), "{complaint}");
    }
    for text in [format!("[{{ secret_key = {SECRET} }}]"), SECRET.to_owned(), format!("[{{ secret_key = \"{SECRET}")] {
        let complaint = from_variable("HEREABOUTS_KEYSET", &text).expect_err(&text);
        assert!(complaint.starts_with("HEREABOUTS_KEYSET") && !complaint.contains(SECRET), "{complaint}");
    }
}

#[test]
fn the_file_is_the_one_of_the_flag_or_else_of_the_environment() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, port: u16| {
        let path = directory.path().join(name);
        fs::write(&path, format!("listen = \"127.0.0.1:{port}\"")).unwrap();
        path
    };
    let (flag, variable) = (file("flag.toml", 1), file("variable.toml", 2));
    let port = |flag: Option<&Path>, variable: &Path| {
        let flags = Flags { config: flag.map(Path::to_owned), ..Flags::default() };
        load(flags, [("HEREABOUTS_CONFIG", variable)]).map(|config| config.listen.port()).map_err(|e| e.to_string())
    };
    assert_eq!(port(Some(&flag), &variable), Ok(1));
    assert_eq!(port(None, &variable), Ok(2));
    assert_eq!(port(None, Path::new("")), Ok(7700));
    assert_eq!(
        port(None, Path::new("no.toml")),
        Err("cannot read the configuration file no.toml: No such file or directory (os error 2)".to_owned())
    );
}

#[test]
fn what_is_not_toml_is_told_with_its_line() {
    complains(from_file("a = 1\nb = = 2"), "chat.toml, line 2, is not valid TOML: extra `=`, expected nothing");
    complains(
        from_file("[edge]\nlean = yes"),
        "chat.toml, line 2, is not valid TOML: string values must be quoted, expected literal string",
    );
    complains(from_file("listen = \"a\"\nlisten = \"b\""), "chat.toml, line 2, is not valid TOML: duplicate key");
    complains(
        from_variable("HEREABOUTS_PRESENCE__RULES", "lobby"),
        "HEREABOUTS_PRESENCE__RULES, at byte 0, is not valid TOML: string values must be quoted, expected literal string",
    );
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf8_is_refused_only_where_it_counts() {
    use std::os::unix::ffi::OsStringExt;
    let broken = || OsString::from_vec(vec![0xff]);
    assert!(load(Flags::default(), [(OsString::from("LESS"), broken()), (broken(), broken())]).is_ok());
    let error = load(Flags::default(), [("HEREABOUTS_LISTEN", broken())]).unwrap_err();
    assert_eq!(error.to_string(), "the environment variable HEREABOUTS_LISTEN is not UTF-8 text");
}

#[test]
fn a_log_is_json_unless_a_person_reads_it() {
    let file = tempfile::tempfile().unwrap();
    assert!(LogFormat::Auto.is_json(&file) && LogFormat::Json.is_json(&file) && !LogFormat::Text.is_json(&file));
}
