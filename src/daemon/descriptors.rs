//! How the process's descriptors are shared out: some are kept for neighbours and Places, however
//! many clients come.

use super::Failure;
use crate::herd::Server;
use crate::limits;
use crate::node::{Node, Port};
use crate::reactor::Reactor;

/// Most connections that are accepted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shares {
    clients: usize,
    web: usize,
    neighbours: usize,
    /// Whether there is a plain port for clients, and one for TLS.
    client_ports: [bool; 2],
}

/// How many connections may be admitted: less than are accepted, so that newcomers can be told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    pub(super) clients: usize,
    pub(super) web: usize,
}

/// Raises the limit of descriptors as far as it goes, and shares them out.
pub(super) fn share(server: &Server) -> Result<Shares, Failure> {
    let descriptors = rlimit::increase_nofile_limit(rlimit::INFINITY).map_err(Failure::run)?;
    let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX);
    let mut shares = shares(descriptors, server.neighbours.len(), server.web_port.is_some());
    shares.client_ports = [server.client_port, server.tls_port].map(|port| port.is_some());
    let Room { clients, web } = shares.room();
    log::info!(
        "{descriptors} descriptors, {web} of them for the web port, {clients} of them for clients"
    );
    Ok(shares)
}

impl Shares {
    /// How many connections may be admitted.
    pub(super) fn room(&self) -> Room {
        let admitted = |share: usize| share - refused_at_a_time(share);
        Room { clients: admitted(self.clients), web: admitted(self.web) }
    }

    /// Of those for clients, the plain port's and that of TLS: half each, where there are both.
    fn clients_by_port(&self) -> [usize; 2] {
        let [has_plain, has_tls] = self.client_ports;
        let tls = match (has_plain, has_tls) {
            (_, false) => 0,
            (true, true) => self.clients / 2,
            (false, true) => self.clients,
        };
        [self.clients - tls, tls]
    }

    /// Bounds the reactor's connections by them.
    pub(super) fn bound(&self, reactor: &mut Reactor<Node>) {
        let [plain, tls] = self.clients_by_port();
        reactor.set_connections_max(Port::Clients, plain);
        reactor.set_connections_max(Port::ClientsTls, tls);
        reactor.set_connections_max(Port::Neighbours, self.neighbours);
        reactor.set_connections_max(Port::Web, self.web);
    }
}

/// Of the descriptors of a port, those that are kept for newcomers who are told that there are too
/// many; a storm of them waits for these.
fn refused_at_a_time(share: usize) -> usize {
    limits::REFUSED_AT_A_TIME_MAX.min(share / 8)
}

fn shares(descriptors: usize, neighbours: usize, has_web: bool) -> Shares {
    let for_neighbours = limits::DESCRIPTORS_PER_NEIGHBOUR * neighbours + limits::STRANGERS_MAX;
    let kept = for_neighbours + limits::PLACES_CONNECTIONS_MAX + limits::DESCRIPTORS_OWN;
    // With very few descriptors clients get half of them: some service is better than none.
    let rest = descriptors.saturating_sub(kept).max(descriptors / 2);
    let web = if has_web { rest / 4 } else { 0 };
    let clients = rest - web;
    Shares { clients, web, neighbours: for_neighbours, client_ports: [true, false] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_get_what_the_rest_does_not_need() {
        // As the README says: 112 are kept back, and 4 for each neighbour.
        let at = |descriptors, neighbours| shares(descriptors, neighbours, false).clients;
        assert_eq!(at(65_536, 3), 65_412);
        assert_eq!(at(1_024, 0), 912);
        assert_eq!(shares(1_024, 5, false).neighbours, 64 + 20);
        assert_eq!(at(usize::MAX, 1), usize::MAX - 116);
        let with_web = shares(1_024, 0, true);
        assert_eq!((with_web.clients, with_web.web), (684, 228), "a quarter for the web port");
    }

    #[test]
    fn a_few_are_kept_for_those_who_are_refused() {
        assert_eq!(
            [0, 7, 8, 24, 127, 128, 65_412].map(refused_at_a_time),
            [0, 0, 1, 3, 15, 16, 16]
        );
    }

    #[test]
    fn with_few_descriptors_clients_get_half_of_them() {
        let at = |descriptors, neighbours| shares(descriptors, neighbours, false).clients;
        // The first at which what is left is more than half is 225.
        assert_eq!((at(224, 0), at(225, 0), at(226, 0)), (112, 113, 114));
        assert_eq!((at(0, 0), at(1, 0), at(2, 0), at(64, 1_024)), (0, 0, 1, 32));
        assert_eq!(at(1_024, 1_024), 512);
    }
}
