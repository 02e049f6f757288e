//! `[tls]`: the certificate, where the server speaks TLS itself.

use std::path::PathBuf;

use super::error::ConfigError;
use super::section::Section;

/// The files of TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The certificate and those that vouch for it, as PEM.
    pub cert: PathBuf,
    /// Its private key, as PEM.
    pub key: PathBuf,
}

impl Tls {
    /// None when neither file is named.
    pub(super) fn read(settings: &Section<'_>) -> Result<Option<Self>, ConfigError> {
        match (settings.text("cert")?, settings.text("key")?) {
            ("", "") => Ok(None),
            ("", _) => Err(ConfigError::Half { given: settings.origin("key"), missing: "tls.cert" }),
            (_, "") => Err(ConfigError::Half { given: settings.origin("cert"), missing: "tls.key" }),
            (cert, key) => Ok(Some(Self { cert: cert.into(), key: key.into() })),
        }
    }
}
