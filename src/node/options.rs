//! How to be one server: all that a node is told when it starts.

use super::{ClientBounds, GatewayOptions, LinkSecurity, WebOptions};
use crate::herd::Herd;
#[cfg(test)]
use crate::limits;
use crate::places::PlacesSettings;
#[cfg(test)]
use crate::places::{Dialect, Service};
use crate::wire::neighbour::Version;
use std::time::Duration;

/// How to be one server. All randomness is in `epoch` and `seed`.
#[derive(Debug)]
pub struct NodeOptions<'a> {
    /// The herd.
    pub herd: &'a Herd,
    /// Which server of it: an index.
    pub server: usize,
    /// Names this run of the server; no other run of it may have the same.
    pub epoch: u64,
    /// Seeds what need not be secret.
    pub seed: u64,
    /// Must be secret: see [`Positions::new`](crate::positions::Positions::new).
    pub key: [u64; 2],
    /// How far ahead of our clock a client's time may be.
    pub max_skew: Duration,
    /// How much memory positions may take before a client's report that needs more is refused; the link
    /// of a neighbour that tells so much that it would be twice that is dropped.
    pub positions_bytes_max: usize,
    /// How links to neighbours are protected.
    pub links: LinkSecurity,
    /// Whether to serve the clients of the papers.
    pub classic: bool,
    /// What keeps strangers from taking all there is for clients.
    pub bounds: ClientBounds,
    /// How the web port is served.
    pub web: WebOptions,
    /// Whom to ask what is near, and how.
    pub places: PlacesSettings,
    /// The bus on which to be a gateway, if any.
    pub gateway: Option<GatewayOptions>,
    /// The highest version of the lines between neighbours that is spoken: [`Version::HIGHEST`], but
    /// for tests of what another program would do.
    pub version: Version,
}

#[cfg(test)]
impl<'a> NodeOptions<'a> {
    /// What unit tests start a server with; nobody is where its Places is.
    pub(in crate::node) fn for_tests(herd: &'a Herd, server: &str) -> Self {
        let service = Service::parse("https://localhost:1/", Dialect::Legacy, None).unwrap();
        NodeOptions {
            server: herd.position(server).unwrap(),
            herd,
            epoch: 1,
            seed: 2,
            key: [3, 4],
            max_skew: limits::SKEW_DEFAULT,
            positions_bytes_max: limits::POSITIONS_BYTES_DEFAULT,
            links: LinkSecurity::Plain,
            classic: false,
            bounds: ClientBounds::NONE,
            web: WebOptions::NONE,
            places: PlacesSettings::new(service),
            gateway: None,
            version: Version::HIGHEST,
        }
    }
}
