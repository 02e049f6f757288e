//! Settings of one key set, over those of all.

use super::*;

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
