//! Binds what the herd file names.

use super::handed_over::Doors;
use super::tls::Tls;
use super::{Failure, PUBLIC_PROFILE};
use crate::herd::Server;
use crate::node::{LINKS_PROFILE, LinkSecurity, Node, Port};
use crate::reactor::{HandedOver, ListeningSocket, Reactor};
use crate::transport::{Endpoint, TlsProfile};
use std::fmt::Display;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

/// Where a server listens.
#[derive(Debug)]
pub(super) struct Listens {
    /// For clients that speak plainly, where the herd file names a port for them; so for visitors.
    pub(super) clients: Option<SocketAddr>,
    /// For clients that speak TLS, where the herd file names a port for them.
    pub(super) clients_tls: Option<SocketAddr>,
    pub(super) neighbours: SocketAddr,
    pub(super) web: Option<SocketAddr>,
}

/// Listens for clients, for neighbours and for visitors, where sockets were handed over on those.
pub(super) fn listen(
    reactor: &mut Reactor<Node>,
    handed_over: HandedOver,
    server: &Server,
    tls: &Tls,
) -> Result<Listens, Failure> {
    let public = tls.is_public().then_some(PUBLIC_PROFILE);
    let links = (tls.links() != LinkSecurity::Plain).then_some(LINKS_PROFILE);
    let mut doors = Doors::of(handed_over, |port| match port {
        Port::Clients => server.client_port.is_some(),
        Port::ClientsTls => server.tls_port.is_some(),
        Port::Neighbours => true,
        Port::Web => server.web_port.is_some(),
    });
    let mut bind = |port, endpoint: &Endpoint, tls, whom| match doors.take(port) {
        Some(socket) => take_over(reactor, port, (socket, endpoint), tls),
        None => bind(reactor, port, endpoint, tls, whom),
    };
    let whom = ("clients", "listen");
    let clients = server.client_listener();
    let clients = clients.map(|endpoint| bind(Port::Clients, &endpoint, None, whom)).transpose()?;
    let clients_tls = server.tls_listener();
    let clients_tls =
        clients_tls.map(|endpoint| bind(Port::ClientsTls, &endpoint, public, whom)).transpose()?;
    let neighbours = server.neighbour_listener();
    let neighbours = bind(Port::Neighbours, &neighbours, links, ("neighbours", "listen"))?;
    let whom = ("the web", "web_listen");
    let web = server.web_listener();
    let web = web.map(|endpoint| bind(Port::Web, &endpoint, public, whom)).transpose()?;
    doors.warn_of_rest();
    Ok(Listens { clients, clients_tls, neighbours, web })
}

/// Listens on a socket that was handed over; whoever did so may well have a reason for another address than
/// the herd file's, but it is worth a look.
fn take_over(
    reactor: &mut Reactor<Node>,
    port: Port,
    (socket, endpoint): (ListeningSocket, &Endpoint),
    tls: Option<TlsProfile>,
) -> Result<SocketAddr, Failure> {
    let bound = reactor.listen_on(port, socket, tls).map_err(|error| {
        Failure::Run(format!("cannot listen on a socket that was handed over: {error}"))
    })?;
    log::info!("{bound} was handed over");
    let addresses = (endpoint.host.as_str(), endpoint.port).to_socket_addrs();
    if !addresses.is_ok_and(|mut addresses| addresses.any(|address| address == bound)) {
        log::warn!("{bound} was handed over for {port:?}, and the herd file says {endpoint}");
    }
    Ok(bound)
}

/// Binds the first address of an endpoint, for those who connect there; with the field of the herd file
/// that says which.
fn bind(
    reactor: &mut Reactor<Node>,
    port: Port,
    endpoint: &Endpoint,
    tls: Option<TlsProfile>,
    (whom, field): (&str, &str),
) -> Result<SocketAddr, Failure> {
    let fail = |error: &dyn Display| {
        Failure::Run(format!("cannot listen on {endpoint} for {whom}: {error}"))
    };
    let mut addresses =
        (endpoint.host.as_str(), endpoint.port).to_socket_addrs().map_err(|error| fail(&error))?;
    let address = addresses.next().ok_or_else(|| fail(&"the host has no address"))?;
    reactor.listen(port, address, tls).map_err(|error| match error.kind() {
        io::ErrorKind::AddrNotAvailable => fail(&format_args!(
            "{error}: it is no address of this machine; the herd file's `{field}` names one to bind"
        )),
        _ => fail(&error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, TcpListener};

    fn bound(host: &str, port: u16) -> Result<SocketAddr, Failure> {
        let mut reactor = Reactor::new().unwrap();
        bind(&mut reactor, Port::Clients, &Endpoint::plain(host, port), None, ("clients", "listen"))
    }

    #[test]
    fn an_address_of_ours_is_bound() {
        let address = bound("127.0.0.1", 0).unwrap();
        assert!(address.ip() == Ipv4Addr::LOCALHOST && address.port() != 0, "{address}");
    }

    #[test]
    fn an_address_that_is_not_ours_is_said_with_what_helps() {
        // One of those that documents may use and no machine has (RFC 5737).
        let Err(Failure::Run(why)) = bound("192.0.2.1", 0) else { panic!("it is bound") };
        assert!(why.starts_with("cannot listen on 192.0.2.1:0 for clients: "), "{why}");
        assert!(why.ends_with("the herd file's `listen` names one to bind"), "{why}");
    }

    #[test]
    fn a_port_that_is_taken_is_said_without_advice_on_addresses() {
        let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = other.local_addr().unwrap().port();
        let Err(Failure::Run(why)) = bound("127.0.0.1", port) else { panic!("it is bound twice") };
        assert!(why.contains("in use") && !why.contains("`listen`"), "{why}");
    }
}
