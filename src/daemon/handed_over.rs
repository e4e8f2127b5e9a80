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
    pub(super) fn of(handed_over: HandedOver) -> Self {
        Doors { left: doors(handed_over.names()), handed_over }
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
            match port {
                Some(_) => warn_of(*place, name, &"the server has no such port, or has it already"),
                None => warn_of(*place, name, &"it is none of clients, neighbours, web, tls"),
            }
        }
    }
}

fn warn_of(place: usize, name: &str, why: &dyn std::fmt::Display) {
    log::warn!("socket {} ({name:?}) that was handed over is left alone: {why}", place + 1);
}

/// What each is for: by its name or, if none has one, by its place.
fn doors(names: &[String]) -> Vec<Door> {
    let in_order = !names.iter().any(|name| is_given(name));
    let port_of = |place: usize, name: &str| match in_order {
        true => PORTS.get(place),
        false => PORTS.iter().find(|(known, _)| *known == name),
    };
    let door = |(place, name): (usize, &String)| {
        let port = port_of(place, name).map(|&(_, port)| port);
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
        let names: Vec<String> = names.split(':').map(str::to_owned).collect();
        doors(&names).into_iter().map(|door| door.port).collect()
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
        assert!(doors(&[]).is_empty());
    }
}
