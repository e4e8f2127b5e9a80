//! Certificate authorities and server certificates of these tests' own, good and bad ones.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, SupportedProtocolVersion};
use std::sync::Arc;

/// The name under which the daemon asks for Places.
pub const HOST: &str = "localhost";

/// Who vouches for servers.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// What can be wrong with a server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    None,
    OtherName,
    Expired,
    NotYetValid,
    SelfSigned,
    UnknownAuthority,
    /// The authority has the name of the trusted one, but another key.
    NamesakeAuthority,
}

impl Authority {
    pub fn new() -> Self {
        Authority::named("Herd test authority")
    }

    fn named(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { issuer: Issuer::new(params, key), pem }
    }

    /// Its certificate, for those who are to trust it.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// TLS for a server that proves itself with a certificate that has that flaw.
    pub fn config(&self, flaw: Flaw) -> Arc<ServerConfig> {
        self.config_with(flaw, rustls::ALL_VERSIONS)
    }

    /// The same with certain versions of TLS.
    pub fn config_with(
        &self,
        flaw: Flaw,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let certificate = self.certificate(flaw, &key);
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key.into())
            .unwrap();
        Arc::new(config)
    }

    fn certificate(&self, flaw: Flaw, key: &KeyPair) -> CertificateDer<'static> {
        let name = if flaw == Flaw::OtherName { "elsewhere.example" } else { HOST };
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        match flaw {
            Flaw::Expired => params.not_after = rcgen::date_time_ymd(2020, 1, 1),
            Flaw::NotYetValid => params.not_before = rcgen::date_time_ymd(4000, 1, 1),
            _ => {}
        }
        let certificate = match flaw {
            Flaw::SelfSigned => params.self_signed(key),
            Flaw::UnknownAuthority => params.signed_by(key, &Authority::named("Nobody").issuer),
            Flaw::NamesakeAuthority => params.signed_by(key, &Authority::new().issuer),
            _ => params.signed_by(key, &self.issuer),
        };
        certificate.unwrap().into()
    }
}
