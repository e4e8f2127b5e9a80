//! How servers protect their links in a run: the authority of all simulated herds, its certificates, and
//! the TLS configurations of a server.
//!
//! All is as in the daemon but what would make two runs of a seed differ: keys are Ed25519, whose
//! signatures are all of one length, and serial numbers do not vary.

use super::random::Random;
use herd::herd::Herd;
use herd::node::LinkSecurity;
use herd::reactor::{
    Authorities, Identity, PeerNames, ServerTls, mutual_client_config, mutual_server_config,
};
use rcgen::{
    BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PKCS_ED25519, SerialNumber,
};
use rustls::ClientConfig;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

/// What is spoken on the links of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    Plain,
    /// TLS by all.
    Tls,
    /// TLS that nobody insists on.
    Preferred,
    /// TLS, which each server draws at each start whether it insists on. (None is plain: what it would make of
    /// a greeting by TLS is up to chance, and two runs of a seed would differ.)
    Mixed,
}

impl Links {
    /// What a server that starts is told.
    pub fn draw(self, random: &mut Random) -> LinkSecurity {
        match self {
            Links::Plain => LinkSecurity::Plain,
            Links::Preferred => LinkSecurity::TlsPreferred,
            Links::Mixed if random.chance(500) => LinkSecurity::TlsPreferred,
            Links::Tls | Links::Mixed => LinkSecurity::Tls,
        }
    }
}

/// What a server speaks by: sessions that can be resumed are in it, too.
#[derive(Debug)]
pub struct Keys {
    pub dialled: Arc<ClientConfig>,
    pub accepted: ServerTls,
}

impl Keys {
    /// Those of a server of the herd that shows the certificate for `shown`.
    pub fn new(
        herd: &Herd,
        server: usize,
        shown: &str,
        links: LinkSecurity,
    ) -> Result<Self, String> {
        let names = herd.certificate_names().map_err(|mistake| mistake.to_string())?;
        let neighbours = &herd.servers[server].neighbours;
        let peers = PeerNames::new(neighbours.iter().map(|&neighbour| names[neighbour].clone()))?;
        let authority = Authority::of_all();
        let identity = authority.identity(shown)?;
        Ok(Keys {
            dialled: mutual_client_config(&authority.trusted, &identity)?,
            accepted: ServerTls {
                peers: peers.clone(),
                is_optional: links == LinkSecurity::TlsPreferred,
                ..ServerTls::for_anybody(mutual_server_config(
                    &authority.trusted,
                    &identity,
                    &peers,
                )?)
            },
        })
    }
}

/// Who signs the certificates of all servers, each of which is made once.
struct Authority {
    trusted: Authorities,
    issuer: Issuer<'static, KeyPair>,
    made: Mutex<BTreeMap<String, Arc<Identity>>>,
}

impl Authority {
    fn of_all() -> &'static Self {
        static AUTHORITY: OnceLock<Authority> = OnceLock::new();
        AUTHORITY.get_or_init(|| Authority::new().expect("an authority can be made"))
    }

    fn new() -> Result<Self, String> {
        let key = KeyPair::generate_for(&PKCS_ED25519).map_err(|error| error.to_string())?;
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.serial_number = Some(SerialNumber::from(1));
        let certificate = params.self_signed(&key).map_err(|error| error.to_string())?;
        Ok(Authority {
            trusted: Authorities::from_pem(certificate.pem().as_bytes())?,
            issuer: Issuer::new(params, key),
            made: Mutex::default(),
        })
    }

    fn identity(&self, name: &str) -> Result<Arc<Identity>, String> {
        let mut made = self.made.lock().map_err(|error| error.to_string())?;
        if let Some(identity) = made.get(name) {
            return Ok(Arc::clone(identity));
        }
        let identity = self.make(name).map_err(|error| error.to_string())?;
        let (certificate, key) = identity;
        let identity = Identity::from_pem(certificate.as_bytes(), key.as_bytes());
        let identity = Arc::new(identity.map_err(|error| error.to_string())?);
        made.insert(name.to_owned(), Arc::clone(&identity));
        Ok(identity)
    }

    /// A certificate and its key as PEM.
    fn make(&self, name: &str) -> Result<(String, String), rcgen::Error> {
        let key = KeyPair::generate_for(&PKCS_ED25519)?;
        let mut params = CertificateParams::new([name.to_owned()])?;
        params.serial_number = Some(SerialNumber::from(2));
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok((certificate.pem(), key.serialize_pem()))
    }
}
