//! TLS towards a broker: whose certificates are trusted, and how the bridge shows who it is. The files are read once, when
//! a bridge starts or a broker is tried, so that a mistake in them is told to the person who made it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::config::BrokerConfig;

/// Settings of the three files, as they are called in the configuration.
const CA_FILE: &str = "broker.ca_file";
const CERT_FILE: &str = "broker.client_cert_file";
const KEY_FILE: &str = "broker.client_key_file";

/// Why TLS cannot be set up as the settings say.
#[derive(Debug, thiserror::Error)]
pub enum TlsFileError {
    /// A file cannot be read.
    #[error("{field}: cannot read {path}: {source}")]
    Read {
        /// The setting that names the file.
        field: &'static str,
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{field}: {path} holds no {wanted} in PEM form (text that begins with -----BEGIN)")]
    NothingIn {
        /// The setting that names the file.
        field: &'static str,
        /// The file.
        path: String,
        /// What it should hold.
        wanted: &'static str,
    },
    /// A file holds something damaged, or of a kind that is not known.
    #[error("{field}: what is in {path} cannot be used: {reason}")]
    Unusable {
        /// The setting that names the file.
        field: &'static str,
        /// The file.
        path: String,
        /// Why, without any of its content.
        reason: String,
    },
    /// Certificate and key do not belong together.
    #[error("{KEY_FILE}: the key is not the one of the certificate in {CERT_FILE}; name the key that belongs to it")]
    KeyMismatch,
    /// The system knows no authorities.
    #[error(
        "this system has no list of certificate authorities. Install one (on Debian: ca-certificates), or set {CA_FILE} \
         to the certificate of the authority that signed the broker's"
    )]
    NoSystemRoots,
}

impl TlsFileError {
    /// The setting that it is about.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Read { field, .. } | Self::NothingIn { field, .. } | Self::Unusable { field, .. } => field,
            Self::KeyMismatch => KEY_FILE,
            Self::NoSystemRoots => CA_FILE,
        }
    }
}

/// Reads what `broker` says of TLS; none if its address does not ask for it.
pub(crate) fn client_config(broker: &BrokerConfig) -> Result<Option<Arc<ClientConfig>>, TlsFileError> {
    if !broker.url.is_tls() {
        return Ok(None);
    }
    let roots = match &broker.ca_file {
        Some(path) => roots_of(path)?,
        None => system_roots()?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let field = if broker.client_cert_file.is_some() { CERT_FILE } else { CA_FILE };
    let unusable =
        |error: rustls::Error| TlsFileError::Unusable { field, path: "TLS".to_owned(), reason: error.to_string() };
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(unusable)?.with_root_certificates(roots);
    let (Some(cert_file), Some(key_file)) = (&broker.client_cert_file, &broker.client_key_file) else {
        return Ok(Some(Arc::new(builder.with_no_client_auth())));
    };
    let certificates = certificates_of(CERT_FILE, cert_file)?;
    let key = key_of(key_file)?;
    let config = builder.with_client_auth_cert(certificates, key).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => TlsFileError::KeyMismatch,
        rustls::Error::InvalidCertificate(error) => {
            TlsFileError::Unusable { field: CERT_FILE, path: shown(cert_file), reason: error.to_string() }
        }
        other => TlsFileError::Unusable { field: KEY_FILE, path: shown(key_file), reason: other.to_string() },
    })?;
    Ok(Some(Arc::new(config)))
}

fn system_roots() -> Result<RootCertStore, TlsFileError> {
    let mut roots = RootCertStore::empty();
    // A few odd ones among a hundred are no reason to refuse the others.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { Err(TlsFileError::NoSystemRoots) } else { Ok(roots) }
}

fn roots_of(path: &Path) -> Result<RootCertStore, TlsFileError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates_of(CA_FILE, path)? {
        roots.add(certificate).map_err(|error| TlsFileError::Unusable {
            field: CA_FILE,
            path: shown(path),
            reason: error.to_string(),
        })?;
    }
    Ok(roots)
}

fn certificates_of(field: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsFileError> {
    let pem = read(field, path)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => {
            Err(TlsFileError::NothingIn { field, path: shown(path), wanted: "certificate" })
        }
        Ok(certificates) => Ok(certificates),
        Err(_) => Err(damaged(field, path)),
    }
}

fn key_of(path: &Path) -> Result<PrivateKeyDer<'static>, TlsFileError> {
    let pem = read(KEY_FILE, path)?;
    PrivateKeyDer::from_pem_slice(&pem).map_err(|error| match error {
        rustls::pki_types::pem::Error::NoItemsFound => {
            TlsFileError::NothingIn { field: KEY_FILE, path: shown(path), wanted: "private key without a passphrase" }
        }
        _ => damaged(KEY_FILE, path),
    })
}

/// The library's own words would quote the file.
fn damaged(field: &'static str, path: &Path) -> TlsFileError {
    TlsFileError::Unusable { field, path: shown(path), reason: "its PEM text is damaged".to_owned() }
}

fn read(field: &'static str, path: &Path) -> Result<Vec<u8>, TlsFileError> {
    fs::read(path).map_err(|source| TlsFileError::Read { field, path: shown(path), source })
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
