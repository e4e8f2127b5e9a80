//! Who is let in at a port: so many connections, and of one address so many and so many a second.

use super::log_throttle::LogThrottle;
use crate::limits;
use crate::transport::{Monotonic, one_source};
use log::warn;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

/// What keeps strangers from taking all there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientBounds {
    /// Most connections.
    pub connections: usize,
    /// Most of them from one address; 0 for any number.
    pub per_address: usize,
    /// Most new ones from one address in a second; 0 for any number.
    pub new_per_address: u32,
    /// How long one may take to send its first whole command; zero for ever.
    pub first_line: Duration,
    /// How long one may go on without a command; zero for ever.
    pub idle: Duration,
}

impl ClientBounds {
    /// None of them.
    pub const NONE: ClientBounds = ClientBounds {
        connections: usize::MAX,
        per_address: 0,
        new_per_address: 0,
        first_line: Duration::ZERO,
        idle: Duration::ZERO,
    };
}

/// All connections to a port, as far as the bounds count them. Holds less than there are connections,
/// and the addresses of those that came within a second.
#[derive(Debug)]
pub(super) struct Admission {
    /// Of whom these are, for the log.
    whom: &'static str,
    bounds: ClientBounds,
    connections: usize,
    by_address: HashMap<IpAddr, usize>,
    /// When the second began of which the new ones are counted.
    second: Monotonic,
    new_by_address: HashMap<IpAddr, u32>,
    told: LogThrottle,
    refused: u64,
}

/// One that was let in; to be given back.
#[derive(Debug)]
pub(super) struct Admitted {
    /// The address under which it is counted, if it is under any.
    counted: Option<IpAddr>,
}

impl Admission {
    pub fn new(whom: &'static str, bounds: ClientBounds) -> Self {
        Admission {
            whom,
            bounds,
            connections: 0,
            by_address: HashMap::new(),
            second: Monotonic::default(),
            new_by_address: HashMap::new(),
            told: LogThrottle::default(),
            refused: 0,
        }
    }

    pub fn bounds(&self) -> &ClientBounds {
        &self.bounds
    }

    /// Lets one in that comes from there, unless there are too many.
    pub fn admit(&mut self, address: IpAddr, now: Monotonic) -> Option<Admitted> {
        let counted = self.counted(address);
        let too_many = if self.connections >= self.bounds.connections {
            Some("there are")
        } else {
            counted.and_then(|address| self.too_many_from(address, now))
        };
        if let Some(which) = too_many {
            self.tell(which, address, now);
            return None;
        }
        self.connections += 1;
        if let Some(address) = counted {
            *self.by_address.entry(address).or_default() += 1;
        }
        Some(Admitted { counted })
    }

    /// One that was let in is gone.
    pub fn release(&mut self, admitted: &Admitted) {
        self.connections = self.connections.saturating_sub(1);
        if let Some(address) = admitted.counted
            && let Some(count) = self.by_address.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&address);
            }
        }
    }

    /// The address that one is counted under, if any bound counts it: none of the machine's own.
    fn counted(&self, address: IpAddr) -> Option<IpAddr> {
        let ClientBounds { per_address, new_per_address, .. } = self.bounds;
        let address = address.to_canonical();
        let counts = (per_address > 0 || new_per_address > 0) && !address.is_loopback();
        counts.then(|| one_source(address))
    }

    fn too_many_from(&mut self, address: IpAddr, now: Monotonic) -> Option<&'static str> {
        let ClientBounds { per_address, new_per_address, .. } = self.bounds;
        if per_address > 0
            && self.by_address.get(&address).is_some_and(|&count| count >= per_address)
        {
            return Some("from its address there are");
        }
        if new_per_address == 0 {
            return None;
        }
        if now.since(self.second) >= Duration::from_secs(1) {
            self.second = now;
            self.new_by_address = HashMap::new();
        }
        let new = self.new_by_address.entry(address).or_default();
        *new = new.saturating_add(1);
        (*new > new_per_address).then_some("from its address there are new ones,")
    }

    /// How many there may be, if anything bounds that.
    pub fn connections_max(&self) -> Option<usize> {
        Some(self.bounds.connections).filter(|&most| most != usize::MAX)
    }

    /// How many were not let in.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    #[cold]
    fn tell(&mut self, which: &str, address: IpAddr, now: Monotonic) {
        self.refused += 1;
        if let Some(others) = self.told.admit(now, limits::NEWCOMER_REMINDER) {
            let (connections, whom) = (self.connections, self.whom);
            warn!(
                "{connections} connections of {whom}: a newcomer from {address} is refused, {which} \
                 too many; {others} more were refused since this was last said"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn admission(bounds: ClientBounds) -> Admission {
        Admission::new("clients", bounds)
    }

    #[test]
    fn so_many_are_let_in_and_others_when_they_go() {
        let mut admission = admission(ClientBounds { connections: 2, ..ClientBounds::NONE });
        let now = Monotonic::default();
        let mut admit = |from: &str| admission.admit(address(from), now);
        let (first, second) = (admit("192.0.2.1"), admit("127.0.0.1"));
        assert!(first.is_some() && second.is_some());
        assert!(admit("192.0.2.2").is_none() && admit("127.0.0.1").is_none());
        admission.release(&first.unwrap());
        assert!(admission.admit(address("192.0.2.2"), now).is_some());
        assert!(admission.admit(address("192.0.2.3"), now).is_none());
    }

    #[test]
    fn of_one_address_there_are_so_many_but_of_our_own() {
        let mut admission = admission(ClientBounds { per_address: 2, ..ClientBounds::NONE });
        let now = Monotonic::default();
        for (one, same, other) in [
            ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"),
            ("2001:db8::1", "2001:db8::ffff:0:0:1", "2001:db8:0:1::1"),
        ] {
            let [one, same, other] = [one, same, other].map(address);
            let admitted = [one, same].map(|from| admission.admit(from, now).unwrap());
            assert!(admission.admit(one, now).is_none() && admission.admit(same, now).is_none());
            assert!(admission.admit(other, now).is_some());
            admitted.iter().for_each(|admitted| admission.release(admitted));
            assert!(admission.admit(same, now).is_some());
        }
        for own in ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"] {
            assert!((0..9).all(|_| admission.admit(address(own), now).is_some()), "{own}");
        }
        assert_eq!(admission.by_address.len(), 4, "nothing is kept of who has gone");
    }

    #[test]
    fn of_one_address_so_many_are_new_in_a_second() {
        let mut admission = admission(ClientBounds { new_per_address: 3, ..ClientBounds::NONE });
        let mut now = Monotonic::default() + SECOND;
        for _ in 0..3 {
            let came = [(); 5].map(|()| {
                let admitted = admission.admit(address("192.0.2.1"), now);
                admitted.is_some_and(|admitted| {
                    admission.release(&admitted);
                    true
                })
            });
            assert_eq!(came, [true, true, true, false, false]);
            assert!(admission.admit(address("192.0.2.2"), now).is_some());
            assert!(admission.new_by_address.len() <= 2);
            now = now + SECOND;
        }
    }
}
