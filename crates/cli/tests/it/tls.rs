//! TLS from the outside: the flags, the signal, and the warning where there is none.

use std::process::Stdio;

use testkit::{Authority, Connection, eventually};

use crate::program::{Running, command};

#[tokio::test]
async fn a_certificate_is_named_by_flags_and_read_again_at_sighup() {
    let (place, old, new) = (tempfile::tempdir().unwrap(), Authority::default(), Authority::default());
    old.issue().write(place.path());
    let mut flags = command(&[]);
    flags.env("HEREABOUTS_TLS__CERT", "replaced by the flag").env("HEREABOUTS_TLS__KEY", place.path().join("key.pem"));
    let cert = place.path().join("cert.pem");
    let server = Running::with(flags, &place.path().join("data"), &["--tls-cert", cert.to_str().unwrap()]).await;
    let works = async |authority: &Authority| Connection::open_tls(server.address(), authority).await.is_ok();
    assert!(works(&old).await);
    new.issue().write(place.path());
    server.signal("HUP").await;
    eventually("the new certificate is there", async || works(&new).await.then_some(())).await;
    assert!(!works(&old).await);
    assert!(server.terminate("TERM").await.success());
}

#[tokio::test]
async fn without_tls_there_is_one_warning_where_others_can_reach_it_and_none_elsewhere() {
    let place = tempfile::tempdir().unwrap();
    Authority::default().issue().write(place.path());
    let file = |name: &str| place.path().join(name);
    for (address, tls, warnings) in [("0.0.0.0:0", false, 1), ("127.0.0.1:0", false, 0), ("0.0.0.0:0", true, 0)] {
        let log = file("log");
        let mut serve = command(&[]);
        serve.env("HEREABOUTS_LOG__LEVEL", "warn").stderr(Stdio::from(std::fs::File::create(&log).unwrap()));
        if tls {
            serve.env("HEREABOUTS_TLS__CERT", file("cert.pem")).env("HEREABOUTS_TLS__KEY", file("key.pem"));
        }
        let server = Running::with(serve, &file("data"), &["--listen", address]).await;
        assert!(server.terminate("TERM").await.success());
        let log = std::fs::read_to_string(&log).unwrap();
        assert_eq!(log.matches("without TLS").count(), warnings, "{address}, TLS {tls}: {log}");
    }
}
