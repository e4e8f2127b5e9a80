//! Where to connect, how it is secured, and who is there.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Where to dial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// A host name or an IP address (IPv6 without brackets).
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// What is spoken there.
    pub security: Security,
}

/// How what is said on a connection is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Security {
    /// Not at all.
    Plain,
    /// By TLS.
    Tls {
        /// Which of the configurations that the driver was given: it knows whom to trust and
        /// what to show of oneself. Places and neighbours have different ones.
        profile: TlsProfile,
        /// The name that the other end's certificate must be for.
        name: String,
        /// Whether the other end says one line in the clear, up to and with its LF, before either begins with
        /// TLS: the protocol reads that line first. As all that is in the clear, anybody may have said it.
        behind_greeting: bool,
    },
}

/// The name of a TLS configuration: whom to trust, and what certificate to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TlsProfile(pub &'static str);

impl Endpoint {
    /// Without TLS.
    pub fn plain(host: impl Into<String>, port: u16) -> Self {
        Endpoint { host: host.into(), port, security: Security::Plain }
    }

    /// With TLS, where the certificate must be for the very host.
    pub fn tls(host: impl Into<String>, port: u16, profile: TlsProfile) -> Self {
        Endpoint::tls_or_greeted(host.into(), port, profile, false)
    }

    /// The same, where the other end greets in the clear before TLS begins, as a NATS server does.
    pub fn tls_behind_greeting(host: impl Into<String>, port: u16, profile: TlsProfile) -> Self {
        Endpoint::tls_or_greeted(host.into(), port, profile, true)
    }

    fn tls_or_greeted(host: String, port: u16, profile: TlsProfile, behind_greeting: bool) -> Self {
        let security = Security::Tls { profile, name: host.clone(), behind_greeting };
        Endpoint { host, port, security }
    }

    /// Whether TLS is spoken there.
    pub fn is_tls(&self) -> bool {
        matches!(self.security, Security::Tls { .. })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// What counts as one source of connections: an address or, as one machine may choose its address from
/// it, a network of 64 bits of IPv6.
pub fn one_source(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

/// Who is at the other end of a connection that is up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerInfo {
    /// Its address.
    pub address: SocketAddr,
    /// Who its certificate says that it is, by the TLS configuration in force: the name that was
    /// dialled or, of the names that the listener takes, the first that the certificate is for. None
    /// without TLS, and where peers need not show a certificate.
    pub name: Option<String>,
}

impl PeerInfo {
    /// One that has shown no certificate.
    pub fn at(address: SocketAddr) -> Self {
        PeerInfo { address, name: None }
    }
}
