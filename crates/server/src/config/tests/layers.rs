//! File, environment and flags, each over the one before.

use super::*;

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
