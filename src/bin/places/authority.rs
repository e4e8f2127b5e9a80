//! The stand-in's own certificate authority, so that it can be trusted without trusting anybody
//! else: made at the first start, kept in two files, good for this machine's loopback only.
//!
//! Whoever calls the stand-in trusts `places-ca.pem`. The server's certificate and its key are
//! made afresh at each start and never leave memory. Only the authority's key decides who is
//! trusted: its certificate can be made again from it, and stand-ins that start at the same time
//! in the same directory end with the same key.

use crate::files;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{CertificateError, RootCertStore, ServerConfig};
use std::fmt;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The authority's certificate in PEM, for everybody to read.
pub const CERTIFICATE_FILE: &str = "places-ca.pem";
/// The authority's key in PEM (PKCS #8), for its owner only.
pub const KEY_FILE: &str = "places-ca.key";

const DAY: Duration = Duration::from_secs(86_400);
/// Clocks that are a little behind ours accept new certificates too.
const VALID_BEFORE_NOW: Duration = DAY;
/// Lifetime of the authority's certificate: ten years.
const AUTHORITY_LIFETIME: Duration = Duration::from_secs(3_653 * 86_400);
/// It is made anew when it would expire while a server that starts now may well still run.
const AUTHORITY_REST_MIN: Duration = Duration::from_secs(30 * 86_400);
/// Lifetime of a server's certificate: two years, as some systems trust none that is valid for
/// more than 825 days.
const SERVER_LIFETIME: Duration = Duration::from_secs(730 * 86_400);

/// Who vouches for the stand-in.
pub struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// Why there is no authority, or no server certificate.
#[derive(Debug)]
pub enum Failure {
    /// That file or directory could not be read or written.
    File(PathBuf, io::Error),
    /// A certificate or key could not be made.
    Making(rcgen::Error),
    /// TLS could not be set up with them.
    Tls(rustls::Error),
}

impl Authority {
    /// The authority kept in `directory`, which is made where it is not there. What is missing,
    /// broken, or (almost) expired at `now` is made anew, with a line in the log.
    ///
    /// # Errors
    ///
    /// Files that cannot be read or written; no randomness for keys.
    pub fn open(directory: &Path, now: SystemTime) -> Result<Authority, Failure> {
        fs::create_dir_all(directory).map_err(|error| Failure::File(directory.into(), error))?;
        let key = key(&directory.join(KEY_FILE))?;
        let params = authority_params(now);
        let path = directory.join(CERTIFICATE_FILE);
        let kept = kept_certificate(&path);
        let issuer = Issuer::new(params.clone(), key);
        let unusable = match kept {
            Ok(kept) => match judge(&kept, &issuer, now)? {
                Ok(()) => return Ok(Authority { certificate: kept, issuer }),
                Err(why) => why,
            },
            Err(why) => why,
        };
        log::info!("making {}: {unusable}", path.display());
        let certificate = params.self_signed(issuer.key()).map_err(Failure::Making)?;
        files::replace(&path, certificate.pem().as_bytes(), 0o644)
            .map_err(|error| Failure::File(path, error))?;
        Ok(Authority { certificate: certificate.into(), issuer })
    }

    /// TLS for a server at `localhost`, `127.0.0.1` and `::1` that speaks HTTP/1.1, with a key and
    /// a certificate of its own, valid from a day before `now`.
    ///
    /// # Errors
    ///
    /// No randomness for the key.
    pub fn server_config(&self, now: SystemTime) -> Result<ServerConfig, Failure> {
        let key = KeyPair::generate().map_err(Failure::Making)?;
        let certificate = server_certificate(&key, &self.issuer, now)?;
        let chain = vec![certificate, self.certificate.clone()];
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(Failure::Tls)?
            .with_no_client_auth()
            .with_single_cert(chain, key.into())
            .map_err(Failure::Tls)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::File(path, error) => write!(f, "{}: {error}", path.display()),
            Failure::Making(error) => write!(f, "cannot make a certificate: {error}"),
            Failure::Tls(error) => write!(f, "cannot set up TLS: {error}"),
        }
    }
}

/// The key kept at `path`, or a new one.
fn key(path: &Path) -> Result<KeyPair, Failure> {
    let failed = |error| Failure::File(path.into(), error);
    if let Some(pem) = files::read(path).map_err(failed)? {
        match KeyPair::from_pem(&pem) {
            Ok(key) => return Ok(key),
            Err(error) => log::warn!("making {} anew: {error}", path.display()),
        }
        let key = KeyPair::generate().map_err(Failure::Making)?;
        files::replace(path, key.serialize_pem().as_bytes(), 0o600).map_err(failed)?;
        return Ok(key);
    }
    let key = KeyPair::generate().map_err(Failure::Making)?;
    if files::create(path, key.serialize_pem().as_bytes(), 0o600).map_err(failed)? {
        return Ok(key);
    }
    // Another stand-in was faster.
    let pem = files::read(path).map_err(failed)?.unwrap_or_default();
    KeyPair::from_pem(&pem).map_err(Failure::Making)
}

/// The certificate at `path`, or why there is none.
fn kept_certificate(path: &Path) -> Result<CertificateDer<'static>, String> {
    let pem = files::read(path).map_err(|error| format!("it cannot be read: {error}"))?;
    let pem = pem.ok_or("there is none yet")?;
    CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|error| format!("it is none: {error}"))
}

/// Whether whoever trusts `certificate`, now and for some time, accepts what `issuer` signs; if
/// not, why.
fn judge(
    certificate: &CertificateDer<'static>,
    issuer: &Issuer<'_, KeyPair>,
    now: SystemTime,
) -> Result<Result<(), String>, Failure> {
    let key = KeyPair::generate().map_err(Failure::Making)?;
    let server = server_certificate(&key, issuer, now)?;
    Ok([now, now + AUTHORITY_REST_MIN].into_iter().try_for_each(|time| {
        trusted(certificate, &server, time).map_err(|error| error.to_string())
    }))
}

/// Whether whoever trusts `authority` accepts `server` as localhost at that time.
fn trusted(
    authority: &CertificateDer<'static>,
    server: &CertificateDer<'_>,
    time: SystemTime,
) -> Result<(), rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.clone())?;
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
        .build()
        .map_err(|error| rustls::Error::General(error.to_string()))?;
    let time = UnixTime::since_unix_epoch(since_epoch(time));
    let name = ServerName::from(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let verify = |certificate| verifier.verify_server_cert(certificate, &[], &name, &[], time);
    verify(server)?;
    // An anchor's dates are passed over here, though not by every client. Posing as a server it is
    // refused whatever its dates, but for its dates first.
    match verify(authority) {
        Err(rustls::Error::InvalidCertificate(
            error @ (CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. }),
        )) => Err(error.into()),
        _ => Ok(()),
    }
}

fn server_certificate(
    key: &KeyPair,
    issuer: &Issuer<'_, KeyPair>,
    now: SystemTime,
) -> Result<CertificateDer<'static>, Failure> {
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut params = CertificateParams::new(names).map_err(Failure::Making)?;
    valid(&mut params, now, SERVER_LIFETIME);
    params.distinguished_name.push(DnType::CommonName, "Herd stand-in for Places");
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params.signed_by(key, issuer).map_err(Failure::Making)?.into())
}

/// The authority's certificate, before it is signed. May vouch for loopback only: trusting it
/// gives nobody who gets hold of the key the rest of the internet.
fn authority_params(now: SystemTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    valid(&mut params, now, AUTHORITY_LIFETIME);
    params.distinguished_name.push(DnType::CommonName, "Herd stand-in authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName("localhost".to_owned()),
            GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([127, 0, 0, 0], 8)),
            GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(
                Ipv6Addr::LOCALHOST.octets(),
                128,
            )),
        ],
        excluded_subtrees: Vec::new(),
    });
    params
}

fn valid(params: &mut CertificateParams, now: SystemTime, lifetime: Duration) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let now = since_epoch(now);
    params.not_before = epoch + now.saturating_sub(VALID_BEFORE_NOW);
    params.not_after = epoch + now + lifetime;
}

fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

#[cfg(test)]
mod tests;
