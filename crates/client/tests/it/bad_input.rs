//! What a client is given that it cannot use: by its application, and by servers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hereabouts::calls::access::Channel;
use hereabouts::calls::context::NewRecord;
use hereabouts::{
    Async, BoxFuture, Call, Client, Config, Error, ErrorKind, Operation, Outgoing, Response, Transport, blocking,
};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A transport that must not be used.
struct Nowhere;

impl Transport for Nowhere {
    fn send(&self, request: Outgoing) -> BoxFuture<Result<Response, Error>> {
        panic!("{request:?} must not be sent");
    }
}

#[test]
fn a_client_needs_a_subscribe_key_and_an_origin_that_is_one() {
    let check = |config: Config, expected: &str| {
        let shown = format!("{config:?}");
        let Err(error) = blocking::Client::new(config) else { panic!("{shown} makes a client") };
        assert_eq!(error.kind(), ErrorKind::Usage, "{shown}");
        assert!(error.to_string().starts_with(expected), "{shown}: {error}");
    };
    check(Config::new(""), "the subscribe key is missing");
    for origin in [
        "",
        "http://",
        "http:///path",
        "ftp://example.org",
        "file:///etc/passwd",
        "http://example.org/path",
        "http://example.org?a=b",
        "http://example.org:99999",
        "http://exa mple.org",
        "https://ann:geheim@example.org",
        "://",
        "127.0.0.1:7700/x",
    ] {
        check(Config::new("demo").origin(origin), "the origin is not one: ");
        let error = blocking::Client::new(Config::new("demo").origin(origin)).unwrap_err();
        assert!(!format!("{error:?} {error}").contains("geheim"), "{error:?}");
    }
    check(Config::new("demo").proxy("not a proxy"), "the proxy is not an address");
    let broken = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
    check(
        Config::new("demo").origin("https://example.org").root_certificate(broken),
        "a root certificate cannot be read",
    );
}

/// A call without what it needs, and what it says.
#[allow(clippy::needless_pass_by_value, reason = "a call is made for this alone")]
fn check<O: Operation>(call: Call<Async, O>, expected: &str) {
    let error = call.to_request().map(drop).unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Usage, Some(O::NAME)));
    assert_eq!(error.to_string(), format!("{}: {expected}", O::NAME));
}

#[tokio::test]
async fn a_call_that_lacks_something_says_what_and_sends_nothing() {
    let bare = Client::with_transport(Config::new("demo"), Nowhere).unwrap();
    let no_user = "this call needs a user";
    check(bare.where_now(), no_user);
    check(bare.where_now().user(""), "the user has no name");
    check(bare.set_state().channels("a").state(json!({})), no_user);
    check(bare.get_state().channels("a"), no_user);
    check(bare.heartbeat().channels("a"), no_user);
    check(bare.get_user_metadata(), no_user);
    check(bare.set_user_metadata(), no_user);
    check(bare.remove_user_metadata(), no_user);
    check(bare.get_memberships(), no_user);

    let no_publish_key = "this call needs a publish key";
    check(bare.publish().channel("a").message(1), no_publish_key);
    check(bare.fire().channel("a").message(1), no_publish_key);
    check(bare.signal().channel("a").message(1), no_publish_key);
    check(bare.grant_token().ttl(1).channels([Channel::id("a").read()]), "this call needs the secret key");
    check(bare.revoke_token("t"), "this call needs the secret key");
    let signing = Client::with_transport(Config::new("demo").secret_key("s").user("ann"), Nowhere).unwrap();
    check(signing.where_now(), "signing needs a publish key");

    let client = Client::with_transport(Config::new("demo").publish_key("demo").user("ann"), Nowhere).unwrap();
    let dots = "a name of one or two dots cannot stand in a URL";
    check(client.get_memberships().user(".."), dots);
    check(client.remove_user_metadata().user(".."), dots);
    check(client.get_channel_metadata().channel("."), dots);
    check(client.publish().channel("..").message(1), dots);
    let no_place = "this call needs a channel or a channel group";
    check(client.set_state().state(json!({})), no_place);
    check(client.get_state(), no_place);
    check(client.heartbeat(), no_place);
    check(client.set_state().channels("a"), "this call needs a state");
    check(client.set_state().channels("a").state([1]), "the state must be an object");
    check(client.publish().channel("a"), "this call needs a message");
    check(client.publish().message(1), "this call needs a channel");
    check(client.publish().channel("a").message(1).meta("m"), "the meta must be an object");
    check(client.add_channel_to_channel_group().channels("a"), "this call needs a channel group");
    check(client.add_channel_to_channel_group().channel_group("g"), "this call needs a channel");
    check(client.get_channel_metadata(), "this call needs a channel");
    check(client.set_channel_metadata().channel(""), "this call needs a channel");
    check(client.get_channel_members(), "this call needs a channel");
    check(client.set_user_metadata().custom("text"), "custom must be an object, or null to clear it");
    let record = NewRecord::new("ann").custom([1]);
    check(client.write_user_metadata().records([record]), "custom must be an object, or null to clear it");
    let key_of_two = std::collections::HashMap::from([((1, 2), 3)]);
    check(client.publish().channel("a").message(key_of_two), "the message cannot be JSON: key must be a string");
    let error = client.publish().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage, "a call that is run says the same");
}

/// A server that answers every request with these bytes, and closes. It counts requests.
async fn server(answer: impl Into<Vec<u8>>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let (answer, asked) = (Arc::new(answer.into()), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let (answer, counted) = (Arc::clone(&answer), Arc::clone(&counted));
            tokio::spawn(async move {
                let mut request = Vec::new();
                while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                    if socket.read_buf(&mut request).await.unwrap_or(0) == 0 {
                        return;
                    }
                }
                counted.fetch_add(1, Ordering::Relaxed);
                // The client may have had enough.
                let _ = socket.write_all(&answer).await;
                let _ = socket.shutdown().await;
            });
        }
    });
    (origin, asked)
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn client(origin: &str) -> Client {
    let config = Config::new("demo").publish_key("demo").user("ann").token("the-token").secret_key("the-secret");
    Client::new(config.origin(origin)).unwrap()
}

#[tokio::test]
async fn an_answer_that_is_none_is_an_error_that_says_so() {
    let html = b"<html><body>It works!</body></html>";
    let cut = br#"{"status":200,"message":"OK","occupancy":2,"uuids":["zoe","bo"#;
    let long = vec![b' '; 10 * 1024 * 1024];
    let not_json = "the answer is no JSON";
    let cases: Vec<(&str, Vec<u8>, ErrorKind, &str)> = vec![
        ("a page of a web server", answer("200 OK", "", html), ErrorKind::MalformedAnswer, not_json),
        ("a page of a proxy", answer("502 Bad Gateway", "", html), ErrorKind::Unavailable, ""),
        ("a page that forbids", answer("403 Forbidden", "", html), ErrorKind::AccessDenied, ""),
        ("nothing in it", answer("200 OK", "", b""), ErrorKind::MalformedAnswer, "the answer ends too early"),
        ("JSON that was cut", answer("200 OK", "", cut), ErrorKind::MalformedAnswer, "the answer ends too early"),
        ("other JSON", answer("200 OK", "", b"[1,2]"), ErrorKind::MalformedAnswer, ""),
        ("10 MB", answer("200 OK", "", &long), ErrorKind::AnswerTooLarge, ""),
        (
            "10 MB without a length",
            [b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec(), long].concat(),
            ErrorKind::AnswerTooLarge,
            "",
        ),
        ("a status alone", b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(), ErrorKind::MalformedAnswer, ""),
        ("no HTTP", b"SSH-2.0-OpenSSH_9\r\n".to_vec(), ErrorKind::Connection, ""),
        ("nothing at all", Vec::new(), ErrorKind::Connection, ""),
        (
            "a body that was cut",
            b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"status\":200".to_vec(),
            ErrorKind::MalformedAnswer,
            "",
        ),
        ("no gzip", answer("200 OK", "content-encoding: gzip\r\n", html), ErrorKind::MalformedAnswer, ""),
    ];
    for (what, bytes, kind, cause) in cases {
        let (origin, asked) = server(bytes).await;
        let error = client(&origin).here_now().channels("lobby").await.unwrap_err();
        assert_eq!(error.kind(), kind, "{what}: {error:?}");
        let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        assert!(source.starts_with(cause), "{what}: {source}");
        assert_eq!(asked.load(Ordering::Relaxed), 1, "{what}: nothing is repeated");
        assert!(!format!("{error:?} {error} {source}").contains("zoe"), "{what}: {error:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_followed_only_by_a_client_that_follows() {
    let (elsewhere, asked) = server(answer("200 OK", "", b"[17000000000000000]")).await;
    let location = format!("location: {elsewhere}/time/0\r\n");
    let (origin, _) = server(answer("302 Found", &location, b"")).await;

    let error = client(&origin).time().await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Redirected, Some(302)));
    assert_eq!(asked.load(Ordering::Relaxed), 0);

    let follows = Client::new(Config::new("demo").origin(&origin).follow_redirects(true)).unwrap();
    assert_eq!(follows.time().await.unwrap().ticks(), 17_000_000_000_000_000);
}

#[tokio::test]
async fn a_server_that_is_away_silent_or_busy_is_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = format!("http://{}", listener.local_addr().unwrap());
    let error = client(&silent).time().timeout(Duration::from_millis(50)).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Timeout, None));

    drop(listener);
    let error = client(&silent).time().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection);

    let body = br#"{"status":429,"error":true,"message":"Too many requests."}"#;
    let (busy, _) = server(answer("429 Too Many Requests", "retry-after: 7\r\n", body)).await;
    let error = client(&busy).time().await.unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::RateLimited, Some(Duration::from_secs(7))));
    assert_eq!(error.to_string(), "time: Too many requests. (status 429)");

    let body =
        br#"{"status":402,"error":1,"message":"This feature is not turned on for this account.","service":"Presence"}"#;
    let (off, _) = server(answer("200 OK", "", body)).await;
    let error = client(&off).heartbeat().channels("a").await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::BadRequest, Some(402)), "whatever HTTP says");
}

#[tokio::test]
async fn no_error_shows_a_token_a_secret_a_signature_or_a_state() {
    let body = br#"{"error":{"message":"no: the-token, the-secret","details":[{"message":"the-token"}]},"status":400}"#;
    let repeating = Response::new(404, br#"{"status":404,"message":"Not found: /v3/pam/demo/grant/revoked-token"}"#);
    let (refusing, _) = server(answer("400 Bad Request", "", body)).await;
    for origin in [refusing.as_str(), "http://127.0.0.1:1", "http://no-such-host.invalid"] {
        let client = client(origin);
        let shown = |error: &Error| {
            let mut text = format!("{error} {error:?}");
            let mut source = std::error::Error::source(error);
            while let Some(cause) = source {
                text.push_str(&format!(" {cause} {cause:?}"));
                source = cause.source();
            }
            text
        };
        let state = client.set_state().channels("lobby").state(json!({"mood": "the-state"}));
        let publish = client.publish().channel("lobby").message("the-message");
        let texts = [
            shown(&state.await.unwrap_err()),
            shown(&publish.await.unwrap_err()),
            shown(&client.revoke_token("the-token").await.unwrap_err()),
            shown(&client.revoke_token("revoked-token").interpret(&repeating).unwrap_err()),
            format!("{:?} {:?}", client, client.set_state().channels("lobby").state(json!({"mood": "the-state"}))),
            format!("{:?}", client.revoke_token("revoked-token").to_request().unwrap()),
        ];
        for text in texts {
            for secret in ["the-token", "the-secret", "the-state", "the-message", "revoked-token", "v2.", "signature="]
            {
                assert!(!text.contains(secret), "{secret} is shown: {text}");
            }
        }
    }
}
