//! Certificates: the authority's own, and those that it signs.
//!
//! The authority may vouch for the herd and nothing else (name constraints, RFC 5280, section 4.2.1.10):
//! for the herd's domain, for the hosts of its servers, and for the addresses among these; for no address
//! at all where there are none among them, which is said expressly, since what is not mentioned is not
//! constrained. So who trusts it, as a browser of clients must, puts nothing else at risk.

use crate::Failure;
use crate::moment::DAY_SECONDS;
use crate::names::{Name, Names};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
    PKCS_ECDSA_P256_SHA256, SanType, SerialNumber,
};
use ring::rand::{SecureRandom, SystemRandom};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, ring as provider};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Clocks that are a little behind ours accept new certificates, too.
const SECONDS_BEFORE_NOW: u64 = 3_600;
/// Lifetime of the authority's certificate: ten years.
const AUTHORITY_DAYS: u64 = 3_653;
/// Lifetime of a server's.
const SERVER_DAYS: u64 = 365;

/// A certificate and its key, both in PEM, and until which POSIX second it is good.
pub struct Made {
    pub certificate: String,
    pub key: String,
    pub until: u64,
}

/// Who vouches for the servers.
pub struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    until: u64,
}

impl Authority {
    /// A new one for these servers of that domain, and what is to be kept of it.
    pub fn make(domain: &str, names: &[Names], now: u64) -> Result<(Authority, Made), Failure> {
        let key = new_key()?;
        let serial = serial()?;
        let mut params = CertificateParams::default();
        let until = valid(&mut params, now, now + AUTHORITY_DAYS * DAY_SECONDS);
        // Each authority has a name of its own, so that two of one herd are told apart.
        let mark: String = serial[..4].iter().map(|byte| format!("{byte:02x}")).collect();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, domain);
        params.distinguished_name.push(DnType::CommonName, format!("Herd authority {mark}"));
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.name_constraints = Some(constraints(domain, names));
        let certificate = params.self_signed(&key).map_err(cannot_make)?;
        let made = Made { certificate: certificate.pem(), key: key.serialize_pem(), until };
        let issuer = Issuer::new(params, key);
        Ok((Authority { certificate: certificate.into(), issuer, until }, made))
    }

    /// The one that is kept: its certificate, its key in PEM, and until which POSIX second it is good.
    pub fn open(
        certificate: CertificateDer<'static>,
        key: &str,
        until: u64,
    ) -> Result<Authority, rcgen::Error> {
        let key = KeyPair::from_pem(key)?;
        let issuer = Issuer::from_ca_cert_der(&certificate, key)?;
        Ok(Authority { certificate, issuer, until })
    }

    /// A new key and certificate for a server; no longer than the authority itself is good.
    pub fn vouch_for(&self, names: &Names, now: u64) -> Result<Made, Failure> {
        let key = new_key()?;
        let mut params = CertificateParams::default();
        let until = valid(&mut params, now, (now + SERVER_DAYS * DAY_SECONDS).min(self.until));
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, &names.server);
        params.serial_number = Some(SerialNumber::from_slice(&serial()?));
        params.subject_alt_names =
            names.all().into_iter().map(alternative).collect::<Result<_, _>>()?;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer).map_err(cannot_make)?;
        accepts(&self.certificate, certificate.der(), &names.all(), now).map_err(|error| {
            let all: Vec<String> = names.all().iter().map(Name::to_string).collect();
            Failure::Run(format!(
                "the authority in ca.pem cannot vouch for {} at {}: {error} \
                 (it is for the herd that it was made for: make another with herdca new)",
                names.server,
                all.join(" and ")
            ))
        })?;
        Ok(Made { certificate: certificate.pem(), key: key.serialize_pem(), until })
    }
}

/// Whether who trusts `authority` accepts `certificate` at that POSIX second, by each of these names,
/// from a server and from a client.
pub fn accepts(
    authority: &CertificateDer<'static>,
    certificate: &CertificateDer<'_>,
    names: &[Name],
    now: u64,
) -> Result<(), rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.clone())?;
    let roots = Arc::new(roots);
    let provider: Arc<CryptoProvider> = Arc::new(provider::default_provider());
    let general = |error: &dyn std::fmt::Display| rustls::Error::General(error.to_string());
    let time = UnixTime::since_unix_epoch(Duration::from_secs(now));
    let servers =
        WebPkiServerVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider))
            .build()
            .map_err(|error| general(&error))?;
    for name in names {
        let name = match name {
            Name::Dns(name) => {
                ServerName::try_from(name.as_str()).map_err(|error| general(&error))?
            }
            Name::Address(address) => ServerName::from(*address),
        };
        servers.verify_server_cert(certificate, &[], &name, &[], time)?;
    }
    let clients = WebPkiClientVerifier::builder_with_provider(roots, provider)
        .build()
        .map_err(|error| general(&error))?;
    clients.verify_client_cert(certificate, &[], time)?;
    Ok(())
}

/// Bytes that nobody can guess.
pub fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Failure::Run("the system has no randomness to give".to_owned()))?;
    Ok(bytes)
}

/// What the authority may vouch for.
fn constraints(domain: &str, names: &[Names]) -> NameConstraints {
    let mut permitted = vec![GeneralSubtree::DnsName(domain.to_owned())];
    let hosts: BTreeSet<&Name> = names.iter().map(|names| &names.host).collect();
    let addresses = hosts.iter().any(|host| matches!(host, Name::Address(_)));
    let subtree = |host| match host {
        Name::Dns(name) => GeneralSubtree::DnsName(name),
        Name::Address(IpAddr::V4(address)) => {
            GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix(address.octets(), 32))
        }
        Name::Address(IpAddr::V6(address)) => {
            GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(address.octets(), 128))
        }
    };
    permitted.extend(hosts.into_iter().cloned().map(subtree));
    let every_address = || {
        vec![
            GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([0; 4], 0)),
            GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix([0; 16], 0)),
        ]
    };
    let excluded = if addresses { Vec::new() } else { every_address() };
    NameConstraints { permitted_subtrees: permitted, excluded_subtrees: excluded }
}

fn alternative(name: Name) -> Result<SanType, Failure> {
    Ok(match name {
        Name::Dns(name) => SanType::DnsName(name.try_into().map_err(cannot_make)?),
        Name::Address(address) => SanType::IpAddress(address),
    })
}

/// Sets from when and until when it is good; the latter POSIX second.
fn valid(params: &mut CertificateParams, now: u64, until: u64) -> u64 {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + Duration::from_secs(now.saturating_sub(SECONDS_BEFORE_NOW));
    params.not_after = epoch + Duration::from_secs(until);
    until
}

/// A positive number of 16 bytes (RFC 5280, section 4.1.2.2: at most 20).
fn serial() -> Result<[u8; 16], Failure> {
    let mut serial: [u8; 16] = random()?;
    serial[0] = serial[0] & 0x7f | 0x40;
    Ok(serial)
}

/// Browsers know no Ed25519.
fn new_key() -> Result<KeyPair, Failure> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(cannot_make)
}

fn cannot_make(error: rcgen::Error) -> Failure {
    Failure::Run(format!("cannot make a certificate: {error}"))
}

#[cfg(test)]
mod tests;
