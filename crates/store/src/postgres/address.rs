//! Where a database is, and how the way there is protected.
//!
//! What an address says about encryption means what it means to PostgreSQL's own programs, but for one thing: where they
//! look for certificates of authorities below the home directory, we take those that the system trusts.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::tls::{Proof, Trust};
use crate::OpenError;

/// A connection that says nothing is asked this often whether its other end is there, and given up after a few times.
/// The defaults of the system find out after two hours.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(3);
const KEEPALIVE_RETRIES: u32 = 3;

/// How long sent bytes may go without being acknowledged.
const UNACKNOWLEDGED: Duration = Duration::from_secs(10);

/// The same, as the database is told, for its end of the connection: the lock of a server whose machine is gone ends with
/// its connection.
const OPTIONS: &str = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=3 -c tcp_keepalives_count=3";

/// An address that was read.
pub(super) struct Address {
    /// All of it but for what is below.
    pub(super) config: Config,
    /// What the certificate of the database has to show.
    pub(super) proof: Proof,
}

impl Address {
    /// Reads `postgres://user:password@host:port/database?sslmode=…&sslrootcert=…`.
    pub(super) fn read(text: &str) -> Result<Self, OpenError> {
        // A password may hold a question mark.
        let authority = text.find('@').unwrap_or(0);
        let query = text[authority..].find('?').map(|at| authority + at);
        let (mut rest, query) = query.map_or((text.to_owned(), ""), |at| (text[..at].to_owned(), &text[at + 1..]));
        let (mut mode, mut roots, mut sign) = ("prefer", None, '?');
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", value)) => mode = value,
                Some(("sslrootcert", value)) => roots = Some(wire::decode(value).map_err(unreadable)?.into_owned()),
                _ => {
                    rest.push(sign);
                    rest.push_str(pair);
                    sign = '&';
                }
            }
        }
        let mut config: Config = rest.parse().map_err(unreadable)?;
        let trust = match roots.as_deref() {
            None | Some("system") => Trust::System,
            Some(file) => Trust::File(PathBuf::from(file)),
        };
        let (mode, proof) = match (mode, &trust) {
            ("disable", _) => (SslMode::Disable, Proof::None),
            ("prefer", _) => (SslMode::Prefer, Proof::None),
            ("require", Trust::System) => (SslMode::Require, Proof::None),
            ("require" | "verify-ca", _) => (SslMode::Require, Proof::Authority(trust)),
            ("verify-full", _) => (SslMode::Require, Proof::AuthorityAndName(trust)),
            _ => return Err(unreadable(UnknownMode)),
        };
        config.ssl_mode(mode);
        patience(&mut config);
        Ok(Self { config, proof })
    }

    /// The address without the password, for sentences.
    pub(super) fn shown(&self) -> String {
        let hosts: Vec<String> = self
            .config
            .get_hosts()
            .iter()
            .map(|host| match host {
                Host::Tcp(name) => name.clone(),
                #[cfg(unix)]
                Host::Unix(path) => path.display().to_string(),
            })
            .collect();
        let port = self.config.get_ports().first().map(|port| format!(":{port}")).unwrap_or_default();
        format!("postgres://{}{port}/{}", hosts.join(","), self.config.get_dbname().unwrap_or_default())
    }
}

/// A database that went away without a word is noticed in seconds.
fn patience(config: &mut Config) {
    config.connect_timeout(super::PATIENCE);
    config.keepalives_idle(KEEPALIVE_IDLE).keepalives_interval(KEEPALIVE_INTERVAL);
    config.keepalives_retries(KEEPALIVE_RETRIES).tcp_user_timeout(UNACKNOWLEDGED);
    let options = format!("{OPTIONS} {} {}", config.get_options().unwrap_or_default(), super::OPTIONS);
    config.options(options);
}

#[derive(Debug, thiserror::Error)]
#[error("sslmode is disable, prefer, require, verify-ca or verify-full")]
struct UnknownMode;

fn unreadable(cause: impl std::error::Error + Send + Sync + 'static) -> OpenError {
    OpenError::Address { cause: Arc::new(cause) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a surprise is a failed test")]

    use super::*;

    #[test]
    fn an_address_says_how_the_way_is_protected() {
        let file = || Trust::File(PathBuf::from("/etc/ca root.pem"));
        for (query, mode, proof) in [
            ("", SslMode::Prefer, Proof::None),
            ("?sslmode=disable", SslMode::Disable, Proof::None),
            ("?sslmode=prefer&sslrootcert=/etc/ca%20root.pem", SslMode::Prefer, Proof::None),
            ("?sslmode=require", SslMode::Require, Proof::None),
            ("?sslmode=require&sslrootcert=/etc/ca%20root.pem", SslMode::Require, Proof::Authority(file())),
            ("?sslmode=verify-ca", SslMode::Require, Proof::Authority(Trust::System)),
            ("?sslrootcert=system&sslmode=verify-full", SslMode::Require, Proof::AuthorityAndName(Trust::System)),
            ("?sslrootcert=/etc/ca%20root.pem&sslmode=verify-full", SslMode::Require, Proof::AuthorityAndName(file())),
        ] {
            let address = Address::read(&format!("postgres://ann:x?y@db.example:5433/chat{query}")).unwrap();
            assert_eq!((address.config.get_ssl_mode(), &address.proof), (mode, &proof), "{query}");
            assert_eq!(address.shown(), "postgres://db.example:5433/chat", "{query}");
            assert_eq!(address.config.get_password(), Some(&b"x?y"[..]));
        }
    }

    #[test]
    fn other_options_are_kept_and_unknown_ones_refused() {
        let address =
            Address::read("postgres://h/chat?target_session_attrs=read-write&sslmode=require&options=-c%20x=1");
        let config = address.unwrap().config;
        assert_eq!(config.get_target_session_attrs(), tokio_postgres::config::TargetSessionAttrs::ReadWrite);
        assert!(config.get_options().unwrap().contains("-c x=1"));
        for query in ["?sslmode=allow", "?sslmode=", "?sslmode", "?sslkey=x", "?sslrootcert=%FF&sslmode=verify-ca"] {
            assert!(Address::read(&format!("postgres://ann:private@h/chat{query}")).is_err(), "{query}");
        }
    }
}
