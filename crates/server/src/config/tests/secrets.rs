//! Where secrets come from, and that none is shown.

use super::*;

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
