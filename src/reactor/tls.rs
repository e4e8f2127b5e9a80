//! The TLS configuration with which endpoints are dialled.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{CertificateError, ClientConfig, Error, InvalidMessage, RootCertStore};
use std::path::Path;
use std::sync::Arc;

/// Gives the configuration when an endpoint is dialled, or says why it cannot.
pub type ClientConfigSource = Box<dyn FnMut() -> Result<Arc<ClientConfig>, String>>;

/// A configuration that trusts the certificate authorities in the PEM file `authorities`, or the
/// public ones (webpki-roots) without it.
///
/// # Errors
/// In one line: the file cannot be read, or has no usable certificate.
pub fn client_config(authorities: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    match authorities {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            let certificates = CertificateDer::pem_file_iter(path)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            let (added, _) = roots.add_parsable_certificates(certificates);
            if added == 0 {
                return Err(format!("{}: no usable certificate in it", path.display()));
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Why a session broke, in words also where rustls has only a name for it.
pub fn in_words(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "invalid peer certificate: its authority is not trusted here".to_owned()
        }
        Error::InvalidCertificate(CertificateError::BadSignature) => {
            "invalid peer certificate: its signature is not its authority's".to_owned()
        }
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "what came is not TLS".to_owned()
        }
        error => error.to_string(),
    }
}
