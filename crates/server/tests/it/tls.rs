//! TLS: what is spoken over it, who is turned away and how, and certificates that are replaced.

use std::io::ErrorKind;
use std::sync::Arc;

use node::SystemClock;
use serde_json::json;
use server::Server;
use server::config::{Flags, load};
use testkit::{Authority, Connection, Edge, Http2, TestServer, soon};
use tokio::sync::oneshot;

use crate::both::get;

#[tokio::test]
async fn http_1_and_http_2_are_spoken_and_a_poll_waits_on_either() {
    for edge in Edge::ALL {
        let server = TestServer::builder().edge(edge).tls().start().await;
        let cursor = server.get("/v2/subscribe/sub/room/0?tt=0").await.timetoken();
        let target = format!("/v2/subscribe/sub/room/0?tt={cursor}");
        let mut poll = server.park(&target).await;
        let second = Http2::open_tls(server.address(), server.authority()).await.unwrap();
        let waits = {
            let second = second.clone();
            tokio::spawn(async move { second.exchange("GET", &target, &[], None).await.unwrap() })
        };
        let sent = second.exchange("GET", "/publish/pub/sub/0/room/0/1", &[], None).await.unwrap();
        assert_eq!(sent.status, 200);
        assert_eq!(poll.receive().await.unwrap().payloads(), [json!(1)]);
        assert_eq!(soon("the other poll", waits).await.unwrap().payloads(), [json!(1)]);
        assert_eq!(poll.get("/time/0").await.unwrap().status, 200, "the connection goes on");
    }
}

#[tokio::test]
async fn of_both_the_client_gets_what_it_names_first() {
    let server = TestServer::builder().tls().start().await;
    for (offered, spoken) in [
        (&["h2", "http/1.1"][..], Some("h2")),
        (&["http/1.1", "h2"], Some("http/1.1")),
        (&["unheard/of", "http/1.1", "h2"], Some("http/1.1")),
        (&["h2"], Some("h2")),
        (&["http/1.1"], Some("http/1.1")),
        (&[], None),
    ] {
        let chosen = server.authority().spoken(server.address(), offered).await.unwrap();
        assert_eq!(chosen.as_deref(), spoken, "{offered:?}");
    }
    let refused = server.authority().spoken(server.address(), &["unheard/of"]).await;
    assert!(refused.is_err(), "{refused:?}");
}

#[tokio::test]
async fn a_reply_larger_than_any_buffer_arrives_whole() {
    for edge in Edge::ALL {
        let server = TestServer::builder().edge(edge).tls().start().await;
        let cursor = server.get("/v2/subscribe/sub/room/0?tt=0").await.timetoken();
        let message = format!("\"{}\"", "x".repeat(30_000));
        let mut publisher = server.connect().await;
        for _ in 0..30 {
            publisher.send(crate::both::post("/publish/pub/sub/0/room/0", &message)).await.unwrap();
            assert_eq!(publisher.receive().await.unwrap().status, 200);
        }
        let mut connection = server.connect().await;
        for _ in 0..2 {
            let reply = connection.get(&format!("/v2/subscribe/sub/room/0?tt={cursor}")).await.unwrap();
            assert_eq!(reply.payloads().len(), 30, "{edge:?}");
        }
    }
}

#[tokio::test]
async fn who_speaks_plain_http_is_told_so_and_who_speaks_nonsense_is_cut_off() {
    let server = TestServer::builder().tls().start().await;
    for request in [get("/time/0"), "x".to_owned(), "GET".to_owned(), get(&format!("/{}", "x".repeat(100_000)))] {
        let mut plain = Connection::open(server.address()).await.unwrap();
        // A long one is answered before it is read.
        let _ = plain.send(request).await;
        let reply = plain.receive().await.unwrap();
        assert_eq!((reply.status, reply.header("content-type")), (400, Some("text/plain; charset=utf-8")));
        assert_eq!(reply.text(), "This port speaks TLS: the address begins with https\n");
        assert_eq!(plain.rest().await.unwrap(), b"");
    }
    // The first byte of a handshake, and then none.
    let mut nonsense = Connection::open(server.address()).await.unwrap();
    nonsense.send([&[22, 3, 1, 0, 5][..], b"hello"].concat()).await.unwrap();
    let alert = nonsense.rest().await.unwrap();
    assert!(alert.is_empty() || alert[0] == 21, "an alert, or nothing: {alert:?}");
    assert_eq!(server.get("/time/0").await.status, 200);
}

#[tokio::test]
async fn a_handshake_that_does_not_come_has_the_time_of_a_head_and_is_in_nobodys_way() {
    let server = TestServer::builder().tls().settings("edge.head_seconds = 1").start().await;
    let mut silent = Vec::new();
    for begin in [&[][..], &[22], &[22, 3, 1, 2, 0, 1, 0]] {
        let mut connection = Connection::open(server.address()).await.unwrap();
        connection.send(begin).await.unwrap();
        silent.push(connection);
    }
    assert_eq!(server.get("/time/0").await.status, 200);
    for connection in &mut silent {
        let rest = connection.rest().await.unwrap();
        assert!(rest.is_empty() || rest[0] == 21, "{rest:?}");
    }
}

#[tokio::test]
async fn a_client_that_trusts_another_authority_is_not_served() {
    let server = TestServer::builder().tls().start().await;
    let refused = Connection::open_tls(server.address(), &Authority::default()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidData, "{refused}");
    assert_eq!(server.get("/time/0").await.status, 200);
}

#[tokio::test]
async fn the_drain_answers_polls_over_tls() {
    let server = TestServer::builder().tls().start().await;
    let cursor = server.get("/v2/subscribe/sub/room/0?tt=0").await.timetoken();
    let mut poll = server.park(&format!("/v2/subscribe/sub/room/0?tt={cursor}")).await;
    server.stop().await;
    assert_eq!(poll.receive().await.unwrap().payloads().len(), 0);
}

#[tokio::test]
async fn a_new_certificate_is_for_new_connections_and_a_bad_one_for_nobody() {
    let (place, old, new) = (tempfile::tempdir().unwrap(), Authority::default(), Authority::default());
    old.issue().write(place.path());
    let file = |name: &str| place.path().join(name).display().to_string();
    let flags = Flags {
        listen: Some("127.0.0.1:0".to_owned()),
        data: Some(place.path().join("data")),
        tls_cert: Some(file("cert.pem")),
        tls_key: Some(file("key.pem")),
        ..Flags::default()
    };
    let config = load(flags, [("HEREABOUTS_ADMIN__LISTEN", "off")]).unwrap();
    let server = Server::start(config, Arc::new(SystemClock::default())).await.unwrap();
    let (address, reload) = (server.address(), server.reload());
    assert_eq!(server.url(), format!("https://{address}"));
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(server.run(async { drop(stopped.await) }));
    let works = async |authority: &Authority| Connection::open_tls(address, authority).await.is_ok();

    let mut before = Connection::open_tls(address, &old).await.unwrap();
    let issued = new.issue();
    issued.write(place.path());
    reload.now().await;
    assert!(works(&new).await && !works(&old).await);
    assert_eq!(before.get("/time/0").await.unwrap().status, 200, "who is connected stays so");

    // A key of another certificate; no key; no file.
    for (name, text) in
        [("key.pem", Some(new.issue().key)), ("cert.pem", Some("nothing".to_owned())), ("key.pem", None)]
    {
        issued.write(place.path());
        match text {
            Some(text) => std::fs::write(place.path().join(name), text).unwrap(),
            None => std::fs::remove_file(place.path().join(name)).unwrap(),
        }
        reload.now().await;
        assert!(works(&new).await, "the one from before stays");
    }
    old.issue().write(place.path());
    reload.now().await;
    assert!(works(&old).await && !works(&new).await);
    drop(stop);
    soon("the server stops", running).await.unwrap();
}

#[tokio::test]
async fn files_that_cannot_be_used_are_refused_with_a_sentence() {
    let (place, authority) = (tempfile::tempdir().unwrap(), Authority::default());
    authority.issue().write(place.path());
    let file = |name: &str| place.path().join(name).display().to_string();
    std::fs::write(file("other.pem"), authority.issue().key).unwrap();
    std::fs::write(file("empty.pem"), "").unwrap();
    std::fs::write(file("broken.pem"), "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n").unwrap();
    std::fs::write(file("none.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    for (cert, key, words) in [
        ("nowhere.pem", "key.pem", &["nowhere.pem", "tls.cert", "check its path"][..]),
        ("cert.pem", "nowhere.pem", &["nowhere.pem", "tls.key", "check its path"]),
        ("empty.pem", "key.pem", &["empty.pem", "no certificate", "tls.cert"]),
        ("broken.pem", "key.pem", &["broken.pem", "no certificate", "tls.cert"]),
        ("key.pem", "key.pem", &["key.pem", "no certificate", "tls.cert"]),
        ("cert.pem", "empty.pem", &["empty.pem", "no private key", "tls.key"]),
        ("cert.pem", "cert.pem", &["cert.pem", "no private key", "tls.key"]),
        ("cert.pem", "other.pem", &["cert.pem", "other.pem", "belong together"]),
        ("none.pem", "key.pem", &["none.pem", "key.pem"]),
    ] {
        let flags = Flags {
            listen: Some("127.0.0.1:0".to_owned()),
            data: Some(place.path().join("data")),
            tls_cert: Some(file(cert)),
            tls_key: Some(file(key)),
            ..Flags::default()
        };
        let nothing: [(&str, &str); 0] = [];
        let Err(refused) = Server::start(load(flags, nothing).unwrap(), Arc::new(SystemClock::default())).await else {
            panic!("{cert} and {key} will do");
        };
        let said = refused.to_string();
        assert!(words.iter().all(|word| said.contains(word)) && said.lines().count() == 1, "{cert}, {key}: {said}");
        assert!(!said.contains("BEGIN"), "{said}");
    }
}
