//! Binds what the herd file names.

use super::Failure;
use crate::herd::Server;
use crate::node::{Node, Port};
use crate::reactor::Reactor;
use crate::transport::Endpoint;
use std::fmt::Display;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

/// Where a server listens.
#[derive(Debug)]
pub(super) struct Listens {
    /// For clients that speak plainly, where the herd file names a port for them; so for visitors.
    pub(super) clients: Option<SocketAddr>,
    pub(super) neighbours: SocketAddr,
    pub(super) web: Option<SocketAddr>,
}

/// Listens for clients, for neighbours and for visitors.
pub(super) fn listen(reactor: &mut Reactor<Node>, server: &Server) -> Result<Listens, Failure> {
    let clients = server.client_listener();
    let clients = clients
        .map(|endpoint| bind(reactor, Port::Clients, &endpoint, ("clients", "listen")))
        .transpose()?;
    let neighbours =
        bind(reactor, Port::Neighbours, &server.neighbour_listener(), ("neighbours", "listen"))?;
    let web = server.web_listener();
    let web = web
        .map(|endpoint| bind(reactor, Port::Web, &endpoint, ("the web", "web_listen")))
        .transpose()?;
    Ok(Listens { clients, neighbours, web })
}

/// Binds the first address of an endpoint, for those who connect there; with the field of the herd file
/// that says which.
fn bind(
    reactor: &mut Reactor<Node>,
    port: Port,
    endpoint: &Endpoint,
    (whom, field): (&str, &str),
) -> Result<SocketAddr, Failure> {
    let fail = |error: &dyn Display| {
        Failure::Run(format!("cannot listen on {endpoint} for {whom}: {error}"))
    };
    let mut addresses =
        (endpoint.host.as_str(), endpoint.port).to_socket_addrs().map_err(|error| fail(&error))?;
    let address = addresses.next().ok_or_else(|| fail(&"the host has no address"))?;
    reactor.listen(port, address, None).map_err(|error| match error.kind() {
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
        bind(&mut reactor, Port::Clients, &Endpoint::plain(host, port), ("clients", "listen"))
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
