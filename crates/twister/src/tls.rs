//! TLS towards a node (twisterd's `-rpcssl`): which certificate is accepted. Nodes seldom have one that an authority has
//! signed, so an address can name the one that is meant by its fingerprint ([`NodeUrl::pinned`]); else the authorities that the
//! system trusts decide.
//!
//! Deliberately not in it: certificates of the client's own, which twisterd does not ask for.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};
use sha2::{Digest as _, Sha256};

use crate::error::TlsFailure;
use crate::hex;
use crate::node_url::NodeUrl;

/// The SHA-256 of a certificate, as `openssl x509 -noout -fingerprint -sha256` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; Self::LEN]);

/// A text is no [`Fingerprint`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a certificate's fingerprint is its SHA-256: 64 hexadecimal digits, with or without colons between them")]
pub struct FingerprintError;

impl Fingerprint {
    /// No certificate has it.
    pub(crate) const NONE: Self = Self([0; Self::LEN]);

    const LEN: usize = 32;

    fn of(certificate: &CertificateDer<'_>) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits: String = text.trim().chars().filter(|c| *c != ':').map(|c| c.to_ascii_lowercase()).collect();
        let bytes = hex::decode(&digits).ok_or(FingerprintError)?;
        bytes.try_into().map(Self).map_err(|_| FingerprintError)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02X}", if index == 0 { "" } else { ":" })?;
        }
        Ok(())
    }
}

/// How the certificate of the node at `url` is judged.
///
/// # Errors
/// TLS cannot be set up on this system, in words.
pub(crate) fn client_config(url: &NodeUrl) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let judge = match url.fingerprint() {
        Some(fingerprint) => Judge::Pinned(fingerprint),
        None => {
            let mut roots = RootCertStore::empty();
            // A few odd ones among a hundred are no reason to refuse the others. With none, nothing is trusted.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            match roots.is_empty() {
                true => Judge::Nobody,
                false => WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                    .build()
                    .map(Judge::Authorities)
                    .map_err(|error| error.to_string())?,
            }
        }
    };
    let verifier = Arc::new(Verifier { judge, provider: Arc::clone(&provider) });
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?;
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

/// What TLS objected to, if that is what a connection failed on.
pub(crate) fn failure_in<'a>(mut causes: impl Iterator<Item = &'a (dyn StdError + 'static)>) -> Option<TlsFailure> {
    let error = causes.find_map(tls_error)?;
    Some(match error {
        rustls::Error::Other(OtherError(refusal)) => match refusal.downcast_ref::<Refusal>() {
            Some(Refusal(failure)) => failure.clone(),
            None => TlsFailure::Handshake { reason: error.to_string() },
        },
        rustls::Error::InvalidMessage(_) => TlsFailure::NotTls,
        other => TlsFailure::Handshake { reason: other.to_string() },
    })
}

/// An input error does not show what it wraps as its source, and may wrap another one.
fn tls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    match error.downcast_ref::<io::Error>() {
        Some(wrapped) => tls_error(wrapped.get_ref()?),
        None => error.downcast_ref(),
    }
}

#[derive(Debug)]
enum Judge {
    Authorities(Arc<WebPkiServerVerifier>),
    Pinned(Fingerprint),
    Nobody,
}

#[derive(Debug)]
struct Verifier {
    judge: Judge,
    provider: Arc<CryptoProvider>,
}

/// Carries a [`TlsFailure`] through the layers that know none.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refusal(TlsFailure);

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let shown = Fingerprint::of(end_entity);
        let failure = match &self.judge {
            Judge::Pinned(wanted) if *wanted == shown => return Ok(ServerCertVerified::assertion()),
            Judge::Pinned(_) => TlsFailure::OtherCertificate { shown },
            Judge::Nobody => {
                let reason = "this system has no list of certificate authorities".to_owned();
                TlsFailure::Untrusted { shown, reason }
            }
            Judge::Authorities(authorities) => {
                match authorities.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
                    Ok(verified) => return Ok(verified),
                    Err(error) => TlsFailure::Untrusted { shown, reason: error.to_string() },
                }
            }
        };
        Err(rustls::Error::Other(OtherError(Arc::new(Refusal(failure)))))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_with_colons_and_without_and_shown_as_openssl_does() {
        let plain = "0f".repeat(32);
        let shown = "0F:".repeat(31) + "0F";
        assert_eq!(plain.parse::<Fingerprint>().unwrap().to_string(), shown);
        assert_eq!(shown.parse::<Fingerprint>(), plain.parse());
        for wrong in ["", "0f", &"0f".repeat(20), &"zz".repeat(32), &"0f".repeat(33)] {
            assert_eq!(wrong.parse::<Fingerprint>(), Err(FingerprintError), "{wrong}");
        }
    }
}
