//! The way to PostgreSQL, encrypted, against a real one with a certificate.

use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use store::{Health, OpenError, Postgres};

use crate::postgres::server;

/// A certificate of an authority, and one by it for `localhost` with its key, as PEM.
fn certificates() -> (String, String, String) {
    let mut authority = CertificateParams::new([]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    (authority.pem(), certificate.pem(), key.serialize_pem())
}

/// Who asks for a reload of the settings does not wait for it.
async fn until_it_speaks_tls(open: impl AsyncFn() -> Result<Postgres, OpenError>) {
    let speaks = async {
        while open().await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), speaks).await.expect("it never speaks TLS");
}

#[tokio::test]
async fn an_address_decides_whether_the_way_is_encrypted_and_what_the_certificate_has_to_show() {
    let Some(postgres) = server::Postgres::start() else { return };
    let (port, place) = (postgres.port(), tempfile::tempdir().unwrap());
    let open = async |host: &str, query: &str| {
        Postgres::open(&format!("postgres://ann:very-private@{host}:{port}/chat{query}")).await
    };
    postgres.sql("CREATE ROLE ann SUPERUSER LOGIN PASSWORD 'very-private'");
    postgres.sql("CREATE DATABASE chat");
    let encrypted = || {
        let ssl = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'ann'";
        postgres.sql(ssl).trim() == "t"
    };

    // Without a certificate the database cannot encrypt.
    for (query, works) in
        [("", true), ("?sslmode=disable", true), ("?sslmode=prefer", true), ("?sslmode=require", false)]
    {
        let opened = open("localhost", query).await;
        assert_eq!(opened.is_ok(), works, "{query}");
        assert!(!works || !encrypted());
    }

    let (authority, certificate, private_key) = certificates();
    let (other_authority, ..) = certificates();
    for (setting, name, content) in
        [("ssl_cert_file", "ours.crt", &certificate), ("ssl_key_file", "ours.key", &private_key)]
    {
        let file = postgres.give(name, content);
        postgres.sql(&format!("ALTER SYSTEM SET {setting} = '{}'", file.display()));
    }
    postgres.sql("ALTER SYSTEM SET ssl = on");
    postgres.sql("SELECT pg_reload_conf()");
    let file = |name: &str, text: &str| {
        std::fs::write(place.path().join(name), text).unwrap();
        place.path().join(name).display().to_string()
    };
    let (ours, others, empty) =
        (file("ours.pem", &authority), file("others.pem", &other_authority), file("empty.pem", ""));
    until_it_speaks_tls(async || open("localhost", "?sslmode=require").await).await;
    for (host, query, works) in [
        ("localhost", "?sslmode=disable".to_owned(), true),
        ("localhost", "?sslmode=prefer".to_owned(), true),
        ("127.0.0.1", "?sslmode=require".to_owned(), true),
        ("127.0.0.1", format!("?sslmode=require&sslrootcert={ours}"), true),
        ("127.0.0.1", format!("?sslmode=require&sslrootcert={others}"), false),
        ("127.0.0.1", format!("?sslmode=verify-ca&sslrootcert={ours}"), true),
        ("127.0.0.1", format!("?sslmode=verify-ca&sslrootcert={others}"), false),
        ("localhost", format!("?sslmode=verify-full&sslrootcert={ours}"), true),
        ("127.0.0.1", format!("?sslmode=verify-full&sslrootcert={ours}"), false),
        ("localhost", format!("?sslmode=verify-full&sslrootcert={others}"), false),
        // Whoever the system trusts, ours is not among them.
        ("localhost", "?sslmode=verify-full".to_owned(), false),
    ] {
        match open(host, &query).await {
            Ok(store) => {
                assert!(works, "{host} {query}");
                store.check().await.unwrap();
                assert_eq!(encrypted(), !query.contains("disable"), "{query}");
            }
            Err(error) => {
                assert!(
                    !works && matches!(error, OpenError::Unreachable { .. } | OpenError::Unusable { .. }),
                    "{query}: {error}"
                );
                let shown = format!("{error} {error:?}");
                assert!(shown.contains("ertificate") && !shown.contains("very-private"), "{shown}");
            }
        }
    }
    for (roots, says) in [(&empty, "empty.pem"), (&"/nowhere/ca.pem".to_owned(), "/nowhere/ca.pem")] {
        let error = open("localhost", &format!("?sslmode=verify-full&sslrootcert={roots}")).await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_password_is_proved_over_an_encrypted_way_bound_to_its_certificate() {
    let Some(postgres) = server::Postgres::start() else { return };
    let (_, certificate, private_key) = certificates();
    let (certificate, private_key) = (postgres.give("ours.crt", &certificate), postgres.give("ours.key", &private_key));
    postgres.sql("CREATE ROLE ann SUPERUSER LOGIN PASSWORD 'very-private'");
    postgres.sql("CREATE DATABASE chat");
    postgres.give("pg_hba.conf", "host all postgres 127.0.0.1/32 trust\nhostssl all ann 127.0.0.1/32 scram-sha-256\n");
    postgres.sql(&format!("ALTER SYSTEM SET ssl_cert_file = '{}'", certificate.display()));
    postgres.sql(&format!("ALTER SYSTEM SET ssl_key_file = '{}'", private_key.display()));
    postgres.sql("ALTER SYSTEM SET ssl = on");
    postgres.sql("SELECT pg_reload_conf()");
    let address = |password, binding| {
        let port = postgres.port();
        format!("postgres://ann:{password}@127.0.0.1:{port}/chat?sslmode=require&channel_binding={binding}")
    };
    until_it_speaks_tls(async || Postgres::open(&address("very-private", "require")).await).await;
    let refused = Postgres::open(&address("quite-private", "prefer")).await.unwrap_err().to_string();
    assert!(!refused.contains("quite-private"), "{refused}");
}
