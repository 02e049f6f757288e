//! Encryption of the way to a database, and what its certificate has to show.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::OpenError;

/// What the certificate of a database has to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// Nothing: whoever only listens is kept out, whoever stands in between is not.
    None,
    /// That one of these vouches for it.
    Authority(Trust),
    /// That one of these vouches for it under the name in the address.
    AuthorityAndName(Trust),
}

/// Whose word counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Whoever the system trusts.
    System,
    /// The authorities in a file of PEM certificates.
    File(PathBuf),
}

/// What makes connections encrypted, where their configuration asks for it.
pub(super) fn connector(proof: &Proof) -> Result<MakeRustlsConnect, OpenError> {
    let provider = Arc::new(ring::default_provider());
    let (trust, check) = match proof {
        Proof::None => (None, Check::None),
        Proof::Authority(trust) => (Some(trust), Check::Authority),
        Proof::AuthorityAndName(trust) => (Some(trust), Check::AuthorityAndName),
    };
    let authorities = trust.map(|trust| verifier(trust, &provider)).transpose()?;
    let verifier = Verifier { provider: Arc::clone(&provider), authorities, check };
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let versions = versions.map_err(|error| unusable(Path::new("TLS"), error))?;
    let config = versions.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn verifier(trust: &Trust, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, OpenError> {
    let mut roots = RootCertStore::empty();
    let place = match trust {
        Trust::System => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            Path::new("the certificates of the system")
        }
        Trust::File(path) => {
            for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unusable(path, error))? {
                let certificate = certificate.map_err(|error| unusable(path, error))?;
                roots.add(certificate).map_err(|error| unusable(path, error))?;
            }
            path
        }
    };
    // Without any certificate this fails, too.
    let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    builder.build().map_err(|error| unusable(place, error))
}

fn unusable(path: &Path, cause: impl std::error::Error + Send + Sync + 'static) -> OpenError {
    OpenError::Unusable { action: "take certificates from", path: path.to_owned(), cause: Arc::new(cause) }
}

#[derive(Clone, Copy, Debug)]
enum Check {
    None,
    Authority,
    AuthorityAndName,
}

/// The library's own verifier, with what an operator chose to leave out.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    /// There, unless nothing is checked.
    authorities: Option<Arc<WebPkiServerVerifier>>,
    check: Check,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(authorities) = &self.authorities else { return Ok(ServerCertVerified::assertion()) };
        let verified = authorities.verify_server_cert(certificate, intermediates, name, ocsp, now);
        match (verified, self.check) {
            // The name is the last thing that is looked at: all else was right.
            (
                Err(Error::InvalidCertificate(
                    CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
                )),
                Check::Authority,
            ) => Ok(ServerCertVerified::assertion()),
            (verified, Check::None | Check::Authority | Check::AuthorityAndName) => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
