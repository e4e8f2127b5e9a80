//! The conversations of a server: which there are, and that each is called as its own.

use super::client::Client;
use super::link::{Accepted, Dialled};
use super::places::{Connection, Request};
use super::web::Visitor;
use super::{Node, Port};
use crate::transport::{Action, Context, Lost, PeerInfo, Protocol};
use std::net::SocketAddr;

/// One of the conversations of a server.
#[derive(Debug)]
pub struct Conversation(Role);

#[derive(Debug)]
enum Role {
    Client(Client),
    Web(Box<Visitor>),
    Accepted(Box<Accepted>),
    Dialled(Box<Dialled>),
    Places(Box<Connection>),
}

impl From<Request> for Action<Conversation, Port> {
    fn from(request: Request) -> Self {
        match request {
            Request::Wake(connection) => Action::Wake(connection),
            Request::Dial { endpoint, timeout } => {
                Action::Dial { endpoint, protocol: Conversation::with_places(), timeout }
            }
        }
    }
}

impl Conversation {
    /// With who was accepted at that port.
    pub(super) fn accepted(port: Port, address: SocketAddr) -> Self {
        Conversation(match port {
            Port::Clients => Role::Client(Client::new()),
            Port::Neighbours => Role::Accepted(Box::new(Accepted::new(address))),
            Port::Web => Role::Web(Box::new(Visitor::new())),
        })
    }

    /// With a neighbour that is dialled.
    pub(super) fn dialled(dialled: Dialled) -> Self {
        Conversation(Role::Dialled(Box::new(dialled)))
    }

    /// With Places.
    pub(super) fn with_places() -> Self {
        Conversation(Role::Places(Box::new(Connection::new())))
    }

    fn protocol(&mut self) -> &mut dyn Protocol<Node> {
        match &mut self.0 {
            Role::Client(client) => client,
            Role::Web(visitor) => &mut **visitor,
            Role::Accepted(accepted) => &mut **accepted,
            Role::Dialled(dialled) => &mut **dialled,
            Role::Places(connection) => &mut **connection,
        }
    }
}

impl Protocol<Node> for Conversation {
    fn connection_made(&mut self, cx: &mut Context<'_, Node>, peer: &PeerInfo) {
        self.protocol().connection_made(cx, peer);
    }

    fn data_received(&mut self, cx: &mut Context<'_, Node>, data: &[u8]) {
        self.protocol().data_received(cx, data);
    }

    fn eof_received(&mut self, cx: &mut Context<'_, Node>) {
        self.protocol().eof_received(cx);
    }

    fn resume_writing(&mut self, cx: &mut Context<'_, Node>) {
        self.protocol().resume_writing(cx);
    }

    fn timer_expired(&mut self, cx: &mut Context<'_, Node>) {
        self.protocol().timer_expired(cx);
    }

    fn woken(&mut self, cx: &mut Context<'_, Node>) {
        self.protocol().woken(cx);
    }

    fn stopping(&mut self, cx: &mut Context<'_, Node>) {
        self.protocol().stopping(cx);
    }

    fn connection_lost(&mut self, cx: &mut Context<'_, Node>, cause: &Lost) {
        self.protocol().connection_lost(cx, cause);
    }
}
