//! What comes of strangers at the port for neighbours, in the log: an operator must see that it happens
//! and why, and whoever knocks a thousand times a second must not fill the log with it. For each address
//! the first of each kind are said one by one, then one now and then with how many were not.

use super::lines::TRAFFIC;
use super::log_throttle::{Burst, LogThrottle};
use crate::limits;
use crate::transport::{ConnectionId, Monotonic};
use crate::wire::Printable;
use log::{debug, info, warn};
use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// What was said of late, of each kind.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    connected: Addresses,
    refused: Addresses,
    broken: Addresses,
}

/// What was said of each address.
#[derive(Debug, Default)]
struct Addresses {
    addresses: HashMap<IpAddr, Burst>,
    /// Of those for whom there is no room among them.
    others: LogThrottle,
}

/// How many more there were, if there were any.
struct Unsaid(u64);

impl Refusals {
    /// Logs that somebody has connected; whether it was news.
    pub(super) fn connected(&mut self, id: ConnectionId, from: SocketAddr, now: Monotonic) -> bool {
        let admitted = self.connected.admit(from.ip(), now).map(Unsaid);
        match &admitted {
            Some(more) => info!(target: TRAFFIC, "neighbour {id} connected from {from}{more}"),
            None => debug!(target: TRAFFIC, "neighbour {id} connected from {from}"),
        }
        admitted.is_some()
    }

    /// Logs why somebody is refused, as a warning or, if that has been said often enough, for debugging.
    pub(super) fn tell(
        &mut self,
        id: ConnectionId,
        from: SocketAddr,
        reason: &dyn fmt::Display,
        now: Monotonic,
    ) {
        match self.refused.admit(from.ip(), now).map(Unsaid) {
            Some(more) => warn!("neighbour {id} from {from} is refused: {reason}{more}"),
            None => debug!(target: TRAFFIC, "neighbour {id} from {from} is refused: {reason}"),
        }
    }

    /// The same for a line that makes no sense, the `count`th of its connection.
    pub(super) fn broken(
        &mut self,
        (role, id, from): (&str, ConnectionId, IpAddr),
        count: u64,
        line: &[u8],
        now: Monotonic,
    ) {
        let line = Printable(line);
        match self.broken.admit(from, now).map(Unsaid) {
            Some(more) => warn!("{role} {id}: broken line {count}: {line}{more}"),
            None => debug!("{role} {id}: broken line {count}: {line}"),
        }
    }
}

impl Addresses {
    /// Whether it is to be said, and if so how often it was not.
    fn admit(&mut self, from: IpAddr, now: Monotonic) -> Option<u64> {
        if !self.addresses.contains_key(&from)
            && self.addresses.len() >= limits::REFUSED_ADDRESSES_MAX
        {
            self.addresses.retain(|_, said| !said.is_over(now));
            if self.addresses.len() >= limits::REFUSED_ADDRESSES_MAX {
                return self.others.admit(now, limits::REFUSAL_REMINDER);
            }
        }
        self.addresses.entry(from).or_default().admit(now)
    }
}

impl fmt::Display for Unsaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => Ok(()),
            more => write!(f, "; {more} more since this was last said"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: usize) -> IpAddr {
        IpAddr::from((number as u128).to_be_bytes())
    }

    #[test]
    fn the_first_of_an_address_are_warnings_and_then_one_now_and_then_with_a_count() {
        let mut addresses = Addresses::default();
        let mut now = Monotonic::default() + limits::REFUSAL_REMINDER;
        let admitted = |addresses: &mut Addresses, now, tries: usize| {
            let admitted = (0..tries).filter_map(|_| addresses.admit(address(1), now));
            admitted.collect::<Vec<u64>>()
        };
        let most = limits::REFUSALS_SAID_MAX as usize;
        assert_eq!(admitted(&mut addresses, now, 1_000), vec![0; most]);
        assert_eq!(addresses.admit(address(2), now), Some(0), "another address is news");
        now = now + limits::REFUSAL_REMINDER;
        let unsaid = (1_000 - most) as u64;
        let mut expected = vec![0; most];
        expected[0] = unsaid;
        assert_eq!(admitted(&mut addresses, now, 1_000), expected);
    }

    #[test]
    fn many_addresses_are_said_one_by_one_and_more_together() {
        let mut addresses = Addresses::default();
        let now = Monotonic::default() + limits::REFUSAL_REMINDER;
        let most = limits::REFUSED_ADDRESSES_MAX;
        for number in 0..most + 1 {
            assert_eq!(addresses.admit(address(number), now), Some(0), "{number}");
        }
        for number in most + 1..2 * most {
            assert_eq!(addresses.admit(address(number), now), None, "{number}");
        }
        assert_eq!(addresses.addresses.len(), most);
        let now = now + limits::REFUSAL_REMINDER;
        assert_eq!(addresses.admit(address(2 * most), now), Some(0), "the former are forgotten");
        assert_eq!(addresses.addresses.len(), 1);
    }
}
