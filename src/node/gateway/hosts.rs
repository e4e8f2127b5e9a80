//! The hosts of the bus: which one is dialled next, and how.

use super::options::BUS_PROFILE;
use crate::limits::GATEWAY_HOSTS_MAX;
use crate::transport::{Endpoint, Security};
use crate::wire::host::split_authority;
use std::net::IpAddr;

/// Those that were named, and behind them those that the bus has told of.
#[derive(Debug)]
pub(super) struct Hosts {
    named: usize,
    all: Vec<Endpoint>,
    /// Which one is dialled, and which of those that the bus has told of comes after the named ones.
    at: usize,
    told: usize,
}

impl Hosts {
    /// Those that were named: one at least.
    pub fn new(mut named: Vec<Endpoint>) -> Self {
        named.truncate(GATEWAY_HOSTS_MAX);
        Hosts { named: named.len(), all: named, at: 0, told: 0 }
    }

    /// The one that is dialled.
    pub fn present(&self) -> &Endpoint {
        &self.all[self.at]
    }

    /// Whether it is one that was named.
    pub fn is_named(&self) -> bool {
        self.at < self.named
    }

    /// That one does not do: the next is dialled from now on. After all that were named comes one that the
    /// bus has told of: it may tell of many that cannot be reached from here.
    pub fn next(&mut self) {
        let told = self.all.len() - self.named;
        self.at = match self.at + 1 {
            next if next < self.named => next,
            next if next == self.named && told > 0 => {
                self.told = (self.told + 1) % told;
                self.named + self.told
            }
            _ => 0,
        };
    }

    /// That one speaks nothing but TLS. Whether that is news.
    pub fn secure(&mut self) -> bool {
        let Endpoint { host, port, .. } = self.present().clone();
        let is_news = !self.present().is_tls();
        if is_news {
            self.all[self.at] = Endpoint::tls_behind_greeting(host, port, BUS_PROFILE);
        }
        is_news
    }

    /// The bus tells of its hosts, as `host:port`, which replace those of which it told before. They are
    /// secured as the present one is. Those told as addresses have certificates for its name.
    pub fn told(&mut self, told: &[String]) {
        let present = self.present().clone();
        self.all.truncate(self.named.max(self.at + 1));
        for told in told {
            let Some(endpoint) = endpoint(told, &present) else { continue };
            let is_known = self
                .all
                .iter()
                .any(|known| (&known.host, known.port) == (&endpoint.host, endpoint.port));
            if !is_known && self.all.len() < GATEWAY_HOSTS_MAX {
                self.all.push(endpoint);
            }
        }
    }
}

fn endpoint(told: &str, present: &Endpoint) -> Option<Endpoint> {
    let (host, port) = split_authority(told).ok()?;
    let (host, port) = (host.to_owned(), port?);
    let is_address = host.parse::<IpAddr>().is_ok();
    Some(match &present.security {
        Security::Plain => Endpoint::plain(host, port),
        Security::Tls { .. } if is_address => {
            Endpoint { host, port, security: present.security.clone() }
        }
        Security::Tls { .. } => Endpoint::tls_behind_greeting(host, port, BUS_PROFILE),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(hosts: &Hosts) -> Vec<String> {
        hosts.all.iter().map(Endpoint::to_string).collect()
    }

    fn told(all: &[&str]) -> Vec<String> {
        all.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn those_that_the_bus_tells_of_come_behind_those_that_were_named() {
        let mut hosts = Hosts::new(vec![Endpoint::plain("a", 1), Endpoint::plain("b", 1)]);
        hosts.told(&told(&["b:1", "[::1]:2", "c:3", "none", "d:x", "d:99999"]));
        assert_eq!(names(&hosts), ["a:1", "b:1", "[::1]:2", "c:3"]);
        hosts.told(&told(&["e:1"]));
        assert_eq!(names(&hosts), ["a:1", "b:1", "e:1"]);
        let dialled: Vec<String> = (0..4)
            .map(|_| {
                hosts.next();
                hosts.present().to_string()
            })
            .collect();
        assert_eq!(dialled, ["b:1", "e:1", "a:1", "b:1"]);
        hosts.told(&told(&["e:1", "f:1"]));
        let dialled: Vec<String> = (0..6)
            .map(|_| {
                hosts.next();
                hosts.present().to_string()
            })
            .collect();
        assert_eq!(dialled, ["f:1", "a:1", "b:1", "e:1", "a:1", "b:1"], "each after those named");
    }

    #[test]
    fn however_many_it_tells_of_there_are_not_more_than_so_many() {
        let mut hosts = Hosts::new(vec![Endpoint::plain("a", 1)]);
        let many: Vec<String> = (0..GATEWAY_HOSTS_MAX).map(|n| format!("h{n}:1")).collect();
        hosts.told(&many);
        assert_eq!(hosts.all.len(), GATEWAY_HOSTS_MAX);
    }

    #[test]
    fn addresses_that_are_told_have_the_certificate_of_who_told_them() {
        let mut hosts = Hosts::new(vec![Endpoint::plain("bus.example", 4222)]);
        assert!(hosts.secure() && !hosts.secure());
        hosts.told(&told(&["10.0.0.1:4222", "other.example:4222"]));
        let names = hosts.all.iter().map(|endpoint| match &endpoint.security {
            Security::Tls { name, .. } => name.as_str(),
            Security::Plain => "",
        });
        assert_eq!(names.collect::<Vec<_>>(), ["bus.example", "bus.example", "other.example"]);
    }
}
