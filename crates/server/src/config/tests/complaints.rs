//! What is said about a setting that means nothing.

use super::*;

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
