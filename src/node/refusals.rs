//! Who is refused at the port for neighbours, in the log: an operator must see that it happens and why,
//! and whoever knocks a thousand times a second must not fill the log with it.

use super::lines::TRAFFIC;
use super::log_throttle::LogThrottle;
use crate::limits;
use crate::transport::{ConnectionId, Monotonic};
use log::{info, warn};
use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// What was said of each address of late.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    addresses: HashMap<IpAddr, Said>,
    /// Of those for whom there is no room among them.
    others: LogThrottle,
}

/// A machine may have several servers on it that are refused, each for a reason of its own: the first
/// refusals are said at once, and when a while has passed the next is.
#[derive(Debug, Default)]
struct Said {
    first: Monotonic,
    count: u64,
    further: LogThrottle,
}

impl Refusals {
    /// Logs it, as a warning or, if that has been said often enough, among the lines in and out.
    pub(super) fn tell(
        &mut self,
        id: ConnectionId,
        from: SocketAddr,
        reason: &dyn fmt::Display,
        now: Monotonic,
    ) {
        match self.admit(from.ip(), now) {
            Some(0) => warn!("neighbour {id} from {from} is refused: {reason}"),
            Some(unsaid) => warn!(
                "neighbour {id} from {from} is refused: {reason}; {unsaid} more were refused since \
                 this was last said"
            ),
            None => info!(target: TRAFFIC, "neighbour {id} from {from} is refused: {reason}"),
        }
    }

    /// Whether a warning is due, and if so how often it was not.
    fn admit(&mut self, from: IpAddr, now: Monotonic) -> Option<u64> {
        if !self.addresses.contains_key(&from)
            && self.addresses.len() >= limits::REFUSED_ADDRESSES_MAX
        {
            self.addresses.retain(|_, said| now.since(said.first) < limits::REFUSAL_REMINDER);
            if self.addresses.len() >= limits::REFUSED_ADDRESSES_MAX {
                return self.others.admit(now, limits::REFUSAL_REMINDER);
            }
        }
        let said = self.addresses.entry(from).or_insert(Said { first: now, ..Said::default() });
        said.admit(now)
    }
}

impl Said {
    fn admit(&mut self, now: Monotonic) -> Option<u64> {
        if now.since(self.first) >= limits::REFUSAL_REMINDER {
            (self.first, self.count) = (now, 0);
        }
        self.count += 1;
        if self.count < limits::REFUSALS_SAID_MAX {
            return self.further.take();
        }
        self.further.admit(now, limits::REFUSAL_REMINDER)
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
        let mut refusals = Refusals::default();
        let mut now = Monotonic::default() + limits::REFUSAL_REMINDER;
        let admitted = |refusals: &mut Refusals, now, tries: usize| {
            let admitted = (0..tries).filter_map(|_| refusals.admit(address(1), now));
            admitted.collect::<Vec<u64>>()
        };
        let most = limits::REFUSALS_SAID_MAX as usize;
        assert_eq!(admitted(&mut refusals, now, 1_000), vec![0; most]);
        assert_eq!(refusals.admit(address(2), now), Some(0), "another address is news");
        now = now + limits::REFUSAL_REMINDER;
        let unsaid = (1_000 - most) as u64;
        let mut expected = vec![0; most];
        expected[0] = unsaid;
        assert_eq!(admitted(&mut refusals, now, 1_000), expected);
    }

    #[test]
    fn many_addresses_are_said_one_by_one_and_more_together() {
        let mut refusals = Refusals::default();
        let now = Monotonic::default() + limits::REFUSAL_REMINDER;
        let most = limits::REFUSED_ADDRESSES_MAX;
        for number in 0..most + 1 {
            assert_eq!(refusals.admit(address(number), now), Some(0), "{number}");
        }
        for number in most + 1..2 * most {
            assert_eq!(refusals.admit(address(number), now), None, "{number}");
        }
        assert_eq!(refusals.addresses.len(), most);
        let now = now + limits::REFUSAL_REMINDER;
        assert_eq!(refusals.admit(address(2 * most), now), Some(0), "the former are forgotten");
        assert_eq!(refusals.addresses.len(), 1);
    }
}
