//! TLS configurations: with which endpoints are dialled, and with which peers are accepted.

use crate::limits;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, ParsedCertificate, WebPkiClientVerifier};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error,
    InvalidMessage, PeerIncompatible, RootCertStore, ServerConfig, SignatureScheme, version,
};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Gives the configuration when an endpoint is dialled, or says why it cannot.
pub type ClientConfigSource = Box<dyn FnMut() -> Result<Arc<ClientConfig>, String>>;

/// Gives what is spoken on a connection when it is accepted; none: it is turned away.
pub type ServerTlsSource = Box<dyn FnMut() -> Option<ServerTls>>;

/// What is spoken on the connections of a listener.
#[derive(Debug, Clone)]
pub struct ServerTls {
    /// By TLS.
    pub config: Arc<ServerConfig>,
    /// Who may connect, where peers must show certificates; else none.
    pub peers: PeerNames,
    /// Whether who does not begin with a TLS handshake is served without.
    pub is_optional: bool,
    /// How long its handshake may take.
    pub handshake_timeout: Duration,
}

impl ServerTls {
    /// For whoever comes, by that configuration.
    pub fn for_anybody(config: Arc<ServerConfig>) -> Self {
        let (peers, handshake_timeout) = (PeerNames::default(), limits::HANDSHAKE_TIMEOUT);
        ServerTls { config, peers, is_optional: false, handshake_timeout }
    }
}

/// The names that peers' certificates may be for.
#[derive(Debug, Clone, Default)]
pub struct PeerNames(Arc<[ServerName<'static>]>);

impl PeerNames {
    /// These, each a name of the DNS.
    ///
    /// # Errors
    /// In one line: a name is none of the DNS.
    pub fn new(names: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let name = |name: String| {
            ServerName::try_from(name.clone()).map_err(|error| format!("{name}: {error}"))
        };
        Ok(PeerNames(names.into_iter().map(name).collect::<Result<_, _>>()?))
    }

    /// The first of them that the certificate is for.
    pub(super) fn find(&self, certificate: &CertificateDer<'_>) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let certificate = ParsedCertificate::try_from(certificate).ok()?;
        let found = self.0.iter().find(|name| verify_server_name(&certificate, name).is_ok())?;
        Some(found.to_str().into_owned())
    }
}

/// A certificate, with those that lead to its authority, and its key.
#[derive(Debug)]
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// The certificates of one PEM text, the own one first, and the key of another.
    ///
    /// # Errors
    /// Which of them has none, or none that is readable.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self, UnusableIdentity> {
        let chain = all_certificates(certificates).map_err(UnusableIdentity::Certificates)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
            pem::Error::NoItemsFound => UnusableIdentity::Key("no private key in it".to_owned()),
            error => UnusableIdentity::Key(error.to_string()),
        })?;
        Ok(Identity { chain, key })
    }

    /// The own certificate: DER (X.509).
    pub fn certificate(&self) -> &[u8] {
        self.chain.first().map_or(&[], |certificate| certificate)
    }
}

/// Which of its two parts keeps an [`Identity`] from being made, and why, in one line.
#[derive(Debug)]
pub enum UnusableIdentity {
    /// Its certificates.
    Certificates(String),
    /// Its key.
    Key(String),
}

impl fmt::Display for UnusableIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UnusableIdentity::Certificates(why) => write!(f, "certificate: {why}"),
            UnusableIdentity::Key(why) => write!(f, "key: {why}"),
        }
    }
}

/// The certificates that are trusted to sign others.
#[derive(Debug, Clone)]
pub struct Authorities(Arc<RootCertStore>);

impl Authorities {
    /// The public ones (webpki-roots).
    pub fn public() -> Self {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        Authorities(Arc::new(roots))
    }

    /// Those of a PEM text.
    ///
    /// # Errors
    /// In one line: there is no usable one.
    pub fn from_pem(text: &[u8]) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        match roots.add_parsable_certificates(all_certificates(text)?) {
            (0, _) => Err("no usable certificate in it".to_owned()),
            _ => Ok(Authorities(Arc::new(roots))),
        }
    }

    /// Whether those who trust these take that identity for the one of that name now, whether it dials them
    /// or is dialled.
    ///
    /// # Errors
    /// In one line: why they do not.
    pub fn judge(&self, identity: &Identity, name: &str) -> Result<(), String> {
        let Some((own, rest)) = identity.chain.split_first() else {
            return Err("no usable certificate in it".to_owned());
        };
        let (now, peers) = (UnixTime::now(), PeerNames::new([name.to_owned()])?);
        let as_dialled = WebPkiServerVerifier::builder_with_provider(self.0.clone(), provider())
            .build()
            .map_err(|error| error.to_string())?;
        let as_accepted = PeersOnly::new(self, &peers)?;
        let accepted = as_accepted.verify_client_cert(own, rest, now).map(|_| ());
        let dialled = peers.0.iter().try_for_each(|name| {
            as_dialled.verify_server_cert(own, rest, name, &[], now).map(|_| ())
        });
        accepted.and(dialled).map_err(|error| match error {
            Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            ) => format!("it is not for {name}"),
            error => in_words(&error).trim_start_matches("invalid peer certificate: ").to_owned(),
        })
    }
}

fn all_certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = CertificateDer::pem_slice_iter(text).collect::<Result<Vec<_>, pem::Error>>();
    match certificates.map_err(|error| error.to_string())? {
        none if none.is_empty() => Err("no usable certificate in it".to_owned()),
        certificates => Ok(certificates),
    }
}

/// A configuration that trusts the certificate authorities in the PEM file `authorities`, or the
/// public ones (webpki-roots) without it.
///
/// # Errors
/// In one line: the file cannot be read, or has no usable certificate.
pub fn client_config(authorities: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let authorities = match authorities {
        None => Authorities::public(),
        Some(path) => {
            let in_file = |why: String| format!("{}: {why}", path.display());
            let text = std::fs::read(path).map_err(|error| in_file(error.to_string()))?;
            Authorities::from_pem(&text).map_err(in_file)?
        }
    };
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(in_one_line)?
        .with_root_certificates(authorities.0)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// For those who are as trusted as we are: TLS 1.3, and both show a certificate of that authority. No session
/// is resumed, as nobody would look then whether the certificate is still good.
///
/// # Errors
/// In one line: key and certificate are no pair, or not usable.
pub fn mutual_client_config(
    authorities: &Authorities,
    identity: &Identity,
) -> Result<Arc<ClientConfig>, String> {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&version::TLS13])
        .map_err(in_one_line)?
        .with_root_certificates(Arc::clone(&authorities.0))
        .with_client_auth_cert(identity.chain.clone(), identity.key.clone_key())
        .map_err(in_one_line)?;
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// The same for whom we accept, whose certificate must be for one of these names.
///
/// # Errors
/// As [`mutual_client_config`].
pub fn mutual_server_config(
    authorities: &Authorities,
    identity: &Identity,
    peers: &PeerNames,
) -> Result<Arc<ServerConfig>, String> {
    let verifier = PeersOnly::new(authorities, peers)?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&version::TLS13])
        .map_err(in_one_line)?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_single_cert(identity.chain.clone(), identity.key.clone_key())
        .map_err(in_one_line)?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

/// For whoever comes, who need not show a certificate: TLS 1.3 or 1.2. Sessions are resumed by tickets
/// that only this process can read, so that none is kept here.
///
/// # Errors
/// As [`mutual_client_config`]; or there is no randomness.
pub fn server_config(identity: &Identity) -> Result<Arc<ServerConfig>, String> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(in_one_line)?
        .with_no_client_auth()
        .with_single_cert(identity.chain.clone(), identity.key.clone_key())
        .map_err(in_one_line)?;
    config.ticketer = ring::Ticketer::new().map_err(in_one_line)?;
    // Each is a write more behind the handshake, and a client that comes again needs one.
    config.send_tls13_tickets = 1;
    Ok(Arc::new(config))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Verifies that a peer's certificate is by a trusted authority, and for one of the names.
#[derive(Debug)]
struct PeersOnly {
    inner: Arc<dyn ClientCertVerifier>,
    peers: PeerNames,
}

impl PeersOnly {
    fn new(authorities: &Authorities, peers: &PeerNames) -> Result<Self, String> {
        let roots = Arc::clone(&authorities.0);
        let inner = WebPkiClientVerifier::builder_with_provider(roots, provider()).build();
        Ok(PeersOnly { inner: inner.map_err(|error| error.to_string())?, peers: peers.clone() })
    }
}

impl ClientCertVerifier for PeersOnly {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.inner.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.inner.verify_client_cert(end_entity, intermediates, now)?;
        match self.peers.find(end_entity) {
            Some(_) => Ok(verified),
            None => Err(CertificateError::NotValidForName.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

fn in_one_line(error: Error) -> String {
    in_words(&error)
}

/// Why a session broke, or there is none, in words also where rustls has only a name for it.
pub fn in_words(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "invalid peer certificate: its authority is not trusted here".to_owned()
        }
        Error::InvalidCertificate(CertificateError::BadSignature) => {
            "invalid peer certificate: its signature is not its authority's".to_owned()
        }
        Error::InvalidCertificate(CertificateError::NotValidForName) => {
            "invalid peer certificate: it is not for a name that is expected here".to_owned()
        }
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "what came is not TLS".to_owned()
        }
        Error::NoCertificatesPresented => "it shows no certificate".to_owned(),
        Error::PeerIncompatible(
            PeerIncompatible::SupportedVersionsExtensionRequired
            | PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled,
        ) => "it speaks no version of TLS that is spoken here".to_owned(),
        Error::InconsistentKeys(_) => "certificate and key are no pair".to_owned(),
        error => error.to_string(),
    }
}
