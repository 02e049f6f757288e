//! What a log never shows.

use std::fs::File;
use std::net::SocketAddr;
use std::process::Stdio;

use testkit::vectors::signed;
use testkit::{Connection, Http2, Keys, Reply};
use wire::route::EXAMPLES;

use crate::program::{Running, command};

const KEYS: Keys = Keys { subscribe: "sub-secrecy", publish: "pub-secrecy", secret: "sec-hush-secret" };

const KEYSET: &str = r#"
[[keyset]]
name = "secrecy"
subscribe_key = "sub-secrecy"
publish_key = "pub-secrecy"
secret_key = "sec-hush-secret"
access_manager = true
"#;

/// What is sent as message, state, metadata, filter and auth key.
const PAYLOAD: &str = "hush-payload";
const AUTH_KEY: &str = "hush-auth-key";

/// The ways in.
enum Way {
    /// HTTP/1.1, each request on a connection of its own.
    Http1(SocketAddr),
    /// HTTP/2, all on one connection.
    Http2(Http2),
}

impl Way {
    async fn call(&self, method: &str, target: &str, body: &str) -> Reply {
        let address = match self {
            Self::Http1(address) => *address,
            Self::Http2(connection) => {
                return connection.exchange(method, target, &[], Some(body.into())).await.unwrap();
            }
        };
        let mut connection = Connection::open(address).await.unwrap();
        let length = body.len();
        let head = format!("{method} {target} HTTP/1.1\r\nHost: here\r\nContent-Length: {length}\r\n\r\n");
        connection.send(format!("{head}{body}")).await.unwrap();
        connection.receive().await.unwrap()
    }
}

fn now() -> u64 {
    use node::Clock;
    node::SystemClock::default().now().timestamp().seconds()
}

/// The target of an example, with the payload wherever there is room for one.
fn filled(target: &str) -> String {
    let target = target
        .replace("/demo/demo/", "/pub-secrecy/sub-secrecy/")
        .replace("/demo", "/sub-secrecy")
        .replace("/0/room/0/1", &format!("/0/room/0/%22{PAYLOAD}%22"))
        .replace("state=%7B%7D", &format!("state=%7B%22a%22%3A%22{PAYLOAD}%22%7D"));
    let sign = if target.contains('?') { '&' } else { '?' };
    if target.contains("/v2/auth/") {
        return format!("{target}{sign}channel={PAYLOAD}&auth={AUTH_KEY}&r=1");
    }
    format!("{target}{sign}meta=%22{PAYLOAD}%22&filter-expr=uuid%3D%3D%27{PAYLOAD}%27&filter=name%3D%3D%27{PAYLOAD}%27")
}

fn body(method: &str, target: &str, right: bool) -> String {
    match method {
        _ if !right => format!("{{\"{PAYLOAD}"),
        "POST" if target.contains("/grant") => {
            format!(r#"{{"ttl": 1, "permissions": {{"resources": {{"channels": {{"{PAYLOAD}": 1}}}}}}}}"#)
        }
        "POST" if target.contains("/objects/") => format!(r#"[{{"id": "ann", "name": "{PAYLOAD}"}}]"#),
        "PATCH" => format!(r#"{{"name": "{PAYLOAD}"}}"#),
        "POST" => format!("\"{PAYLOAD}\""),
        _ => String::new(),
    }
}

#[tokio::test]
async fn a_log_that_tells_everything_tells_no_secret_token_signature_or_payload() {
    for (lean, http_2) in [(true, false), (false, false), (true, true)] {
        check(lean, http_2).await;
    }
}

async fn check(lean: bool, http_2: bool) {
    let place = tempfile::tempdir().unwrap();
    let (config, log) = (place.path().join("hereabouts.toml"), place.path().join("log"));
    std::fs::write(&config, KEYSET).unwrap();
    let mut program = command(&[]);
    program.env("HEREABOUTS_CONFIG", &config).env("HEREABOUTS_LOG__LEVEL", "trace");
    program.env("HEREABOUTS_EDGE__LEAN", lean.to_string());
    program.stderr(Stdio::from(File::create(&log).unwrap()));
    let server = Running::from(program, &place.path().join("data")).await;

    let way = match http_2 {
        true => Way::Http2(Http2::open(server.address()).await.unwrap()),
        false => Way::Http1(server.address()),
    };
    let all = r#"{".*": 255}"#;
    let all = format!(
        r#"{{"ttl": 60, "permissions": {{"patterns": {{"channels": {all}, "groups": {all}, "uuids": {all}}}}}}}"#
    );
    let grant = signed(KEYS, "POST", "/v3/pam/sub-secrecy/grant", &all, now());
    let token = way.call("POST", &grant, &all).await.json()["data"]["token"].as_str().unwrap().to_owned();

    let mut hushed = vec![KEYS.secret.to_owned(), PAYLOAD.to_owned(), AUTH_KEY.to_owned()];
    // A part of it would do harm as well.
    hushed.push(token[..40].to_owned());
    hushed.push(token[token.len() - 24..].trim_end_matches('=').to_owned());
    for (method, target) in EXAMPLES {
        let target = filled(target);
        for right in [true, false] {
            let body = body(method, &target, right);
            let signed = signed(KEYS, method, &target, &body, now());
            let signature = signed.rsplit_once("signature=").unwrap().1.to_owned();
            for target in [
                &signed,
                &format!("{target}&auth={token}&uuid=ann"),
                &format!("{target}&auth={AUTH_KEY}"),
                &format!("{signed}x"),
            ] {
                way.call(method, target, &body).await;
            }
            hushed.push(signature);
        }
    }
    let revoke = format!("/v3/pam/sub-secrecy/grant/{}", wire::encode(&token));
    assert_eq!(way.call("DELETE", &signed(KEYS, "DELETE", &revoke, "", now()), "").await.status, 200);
    assert!(server.terminate("TERM").await.success());

    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.contains("stopped") && (!http_2 || text.contains("TRACE")), "there is no log to search: {text}");
    for hushed in hushed {
        if let Some(line) = text.lines().find(|line| line.contains(&hushed)) {
            panic!("lean {lean}, HTTP/2 {http_2}: {hushed} in the log: {line:.600}");
        }
    }
}
