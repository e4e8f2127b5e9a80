//! How the process's descriptors are shared out: some are kept for neighbours and Places, however
//! many clients come.

use super::Failure;
use crate::limits;
use crate::node::{Node, Port};
use crate::reactor::Reactor;

/// Most connections that are accepted.
#[derive(Debug, PartialEq, Eq)]
struct Shares {
    clients: usize,
    neighbours: usize,
}

/// Raises the limit of descriptors as far as it goes, and bounds the reactor's connections by it. How
/// many clients there may be: less than their connections, so that newcomers can be told.
pub(super) fn share(reactor: &mut Reactor<Node>, neighbours: usize) -> Result<usize, Failure> {
    let descriptors = rlimit::increase_nofile_limit(rlimit::INFINITY).map_err(Failure::run)?;
    let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX);
    let shares = shares(descriptors, neighbours);
    let clients = shares.clients - refused_at_a_time(shares.clients);
    log::info!("{descriptors} descriptors, {clients} of them for clients");
    reactor.set_connections_max(Port::Clients, shares.clients);
    reactor.set_connections_max(Port::Neighbours, shares.neighbours);
    Ok(clients)
}

/// Of the descriptors for clients, those that are kept for newcomers who are told that there are too
/// many; a storm of them waits for these.
fn refused_at_a_time(clients: usize) -> usize {
    limits::REFUSED_AT_A_TIME_MAX.min(clients / 8)
}

fn shares(descriptors: usize, neighbours: usize) -> Shares {
    let for_neighbours = limits::DESCRIPTORS_PER_NEIGHBOUR * neighbours + limits::STRANGERS_MAX;
    let kept = for_neighbours + limits::PLACES_CONNECTIONS_MAX + limits::DESCRIPTORS_OWN;
    // With very few descriptors clients get half of them: some service is better than none.
    let clients = descriptors.saturating_sub(kept).max(descriptors / 2);
    Shares { clients, neighbours: for_neighbours }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_get_what_the_rest_does_not_need() {
        // As the README says: 112 are kept back, and 4 for each neighbour.
        let at = |descriptors, neighbours| shares(descriptors, neighbours).clients;
        assert_eq!(at(65_536, 3), 65_412);
        assert_eq!(at(1_024, 0), 912);
        assert_eq!(shares(1_024, 5).neighbours, 64 + 20);
        assert_eq!(at(usize::MAX, 1), usize::MAX - 116);
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
        let at = |descriptors, neighbours| shares(descriptors, neighbours).clients;
        // The first at which what is left is more than half is 225.
        assert_eq!((at(224, 0), at(225, 0), at(226, 0)), (112, 113, 114));
        assert_eq!((at(0, 0), at(1, 0), at(2, 0), at(64, 1_024)), (0, 0, 1, 32));
        assert_eq!(at(1_024, 1_024), 512);
    }
}
