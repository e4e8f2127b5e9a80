//! Which port of the server each socket is for that was handed over: by its name, or by its place.

use crate::node::Port;
use crate::reactor::{HandedOver, ListeningSocket};

/// The ports in the order in which sockets without names are for them, with their names.
const PORTS: [(&str, Port); 4] = [
    ("clients", Port::Clients),
    ("neighbours", Port::Neighbours),
    ("web", Port::Web),
    ("tls", Port::ClientsTls),
];

/// What has been handed over and not been taken.
pub(super) struct Doors {
    handed_over: HandedOver,
    left: Vec<Door>,
}

#[derive(Debug)]
struct Door {
    place: usize,
    name: String,
    port: Option<Port>,
}

impl Doors {
    /// For a server that has those ports.
    pub(super) fn of(handed_over: HandedOver, has: impl Fn(Port) -> bool) -> Self {
        let left = doors(handed_over.names(), has);
        // (Said at once: without them the server may not come so far as to say what is left.)
        for Door { place, name, .. } in left.iter().filter(|door| door.port.is_none()) {
            warn_of(*place, name, &"it is none of clients, neighbours, web, tls");
        }
        Doors { left, handed_over }
    }

    /// The one for that port, if there is one that listens.
    pub(super) fn take(&mut self, port: Port) -> Option<ListeningSocket> {
        let at = self.left.iter().position(|door| door.port == Some(port))?;
        let Door { place, name, .. } = self.left.remove(at);
        let taken = self.handed_over.take(place);
        taken.inspect_err(|error| warn_of(place, &name, &error)).ok()
    }

    /// Says which are for no port of this server.
    pub(super) fn warn_of_rest(&self) {
        if self.handed_over.refused() > 0 {
            let count = self.handed_over.refused();
            log::warn!("{count} sockets were handed over: these are too many, and none is taken");
        }
        for Door { place, name, port } in &self.left {
            if port.is_some() {
                warn_of(*place, name, &"the server has no such port, or has it already");
            }
        }
    }
}

fn warn_of(place: usize, name: &str, why: &dyn std::fmt::Display) {
    log::warn!("socket {} ({name:?}) that was handed over is left alone: {why}", place + 1);
}

/// What each is for: by its name or, if none has one, by its place among the ports that the server has, or
/// among all where there is one for each.
fn doors(names: &[String], has: impl Fn(Port) -> bool) -> Vec<Door> {
    let in_order = !names.iter().any(|name| is_given(name));
    let is_for_each = names.len() >= PORTS.len();
    let mut places = PORTS.iter().filter(|&&(_, port)| is_for_each || has(port));
    let mut port_of = |name: &str| match in_order {
        true => places.next(),
        false => PORTS.iter().find(|(known, _)| *known == name),
    };
    let door = |(place, name): (usize, &String)| {
        let port = port_of(name).map(|&(_, port)| port);
        Door { place, name: name.clone(), port }
    };
    names.iter().enumerate().map(door).collect()
}

/// Whether somebody gave it: systemd calls a socket without a name unknown or, by default, after its unit.
fn is_given(name: &str) -> bool {
    !(name.is_empty() || name == "unknown" || name.ends_with(".socket"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(names: &str) -> Vec<Option<Port>> {
        ports_of(names, |_| true)
    }

    fn ports_of(names: &str, has: impl Fn(Port) -> bool) -> Vec<Option<Port>> {
        let names: Vec<String> = names.split(':').map(str::to_owned).collect();
        doors(&names, has).into_iter().map(|door| door.port).collect()
    }

    #[test]
    fn without_names_the_ports_that_the_server_lacks_have_no_place_unless_all_have_one() {
        let [clients, neighbours, web, tls] =
            [Port::Clients, Port::Neighbours, Port::Web, Port::ClientsTls].map(Some);
        assert_eq!(ports_of("::", |port| port != Port::Web), [clients, neighbours, tls]);
        assert_eq!(ports_of("::", |port| port != Port::Clients), [neighbours, web, tls]);
        assert_eq!(ports_of(":::", |port| port != Port::Web), [clients, neighbours, web, tls]);
        assert_eq!(ports_of(":", |_| true), [clients, neighbours]);
    }

    #[test]
    fn names_tell_what_a_socket_is_for_and_without_any_its_place_does() {
        let all = [Port::Clients, Port::Neighbours, Port::Web, Port::ClientsTls].map(Some);
        assert_eq!(ports("clients:neighbours:web:tls"), all);
        assert_eq!(ports("tls:web"), [Some(Port::ClientsTls), Some(Port::Web)]);
        for nameless in [":::", "unknown:unknown:unknown:unknown", "a@B.socket:a@B.socket::"] {
            assert_eq!(ports(nameless), all, "{nameless:?}");
        }
        assert_eq!(ports("::::").last(), Some(&None), "there are four");
        assert_eq!(ports("bogus:clients:"), [None, Some(Port::Clients), None]);
        assert_eq!(ports("Clients"), [None]);
        assert!(doors(&[], |_| true).is_empty());
    }
}
