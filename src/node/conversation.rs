//! The conversations of a server: which there are, that each is called as its own, and what each costs
//! counted by what its connection is for.

use super::client::Client;
use super::counts::Kind;
use super::gateway::Bus;
use super::link::{Accepted, Dialled};
use super::places::{Connection, Request};
use super::web::Visitor;
use super::{Node, Port};
use crate::transport::{Action, Context, Lost, Now, PeerInfo, Protocol};
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
    Bus(Box<Bus>),
}

impl Node {
    /// What the questions to Places ask for, as the driver is asked for it.
    pub(super) fn action_of(&mut self, request: Request) -> Action<Conversation, Port> {
        match request {
            Request::Wake(connection) => Action::Wake(connection),
            Request::Dial { endpoint, timeout } => {
                self.counts.opened(Kind::Places);
                Action::Dial { endpoint, protocol: Conversation::with_places(), timeout }
            }
        }
    }
}

impl Conversation {
    /// With who was accepted at that port.
    pub(super) fn accepted(node: &mut Node, port: Port, address: SocketAddr, now: Now) -> Self {
        Conversation(match port {
            Port::Clients | Port::ClientsTls => Role::Client(Client::accepted(node, address, now)),
            Port::Neighbours => Role::Accepted(Box::new(Accepted::new(address))),
            Port::Web => Role::Web(Box::new(Visitor::accepted(node, address, now))),
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

    /// With the bus.
    pub(super) fn with_bus() -> Self {
        Conversation(Role::Bus(Box::new(Bus::new())))
    }

    fn protocol(&mut self) -> &mut dyn Protocol<Node> {
        match &mut self.0 {
            Role::Client(client) => client,
            Role::Web(visitor) => &mut **visitor,
            Role::Accepted(accepted) => &mut **accepted,
            Role::Dialled(dialled) => &mut **dialled,
            Role::Places(connection) => &mut **connection,
            Role::Bus(bus) => &mut **bus,
        }
    }

    /// What its connection is for.
    pub(super) fn kind(&self) -> Kind {
        match &self.0 {
            Role::Client(_) => Kind::Clients,
            Role::Web(_) => Kind::Web,
            Role::Accepted(_) => Kind::Accepted,
            Role::Dialled(_) => Kind::Dialled,
            Role::Places(_) => Kind::Places,
            Role::Bus(_) => Kind::Bus,
        }
    }

    /// Calls it, and counts what it writes.
    #[inline(always)]
    fn call(
        &mut self,
        cx: &mut Context<'_, Node>,
        callback: impl FnOnce(&mut dyn Protocol<Node>, &mut Context<'_, Node>),
    ) {
        let before = cx.transport.waiting_bytes();
        callback(self.protocol(), cx);
        let written = cx.transport.waiting_bytes().saturating_sub(before);
        cx.app.counts.sent(self.kind(), written);
    }
}

impl Protocol<Node> for Conversation {
    fn turns_away(&self) -> bool {
        match &self.0 {
            Role::Client(client) => client.turns_away(),
            Role::Web(visitor) => visitor.turns_away(),
            Role::Accepted(_) | Role::Dialled(_) | Role::Places(_) | Role::Bus(_) => false,
        }
    }

    fn connection_made(&mut self, cx: &mut Context<'_, Node>, peer: &PeerInfo) {
        self.call(cx, |protocol, cx| protocol.connection_made(cx, peer));
    }

    fn data_received(&mut self, cx: &mut Context<'_, Node>, data: &[u8]) {
        cx.app.counts.received(self.kind(), data.len());
        self.call(cx, |protocol, cx| protocol.data_received(cx, data));
    }

    fn eof_received(&mut self, cx: &mut Context<'_, Node>) {
        self.call(cx, |protocol, cx| protocol.eof_received(cx));
    }

    fn resume_writing(&mut self, cx: &mut Context<'_, Node>) {
        self.call(cx, |protocol, cx| protocol.resume_writing(cx));
    }

    fn timer_expired(&mut self, cx: &mut Context<'_, Node>) {
        self.call(cx, |protocol, cx| protocol.timer_expired(cx));
    }

    fn woken(&mut self, cx: &mut Context<'_, Node>) {
        self.call(cx, |protocol, cx| protocol.woken(cx));
    }

    fn stopping(&mut self, cx: &mut Context<'_, Node>) {
        self.call(cx, |protocol, cx| protocol.stopping(cx));
    }

    fn connection_lost(&mut self, cx: &mut Context<'_, Node>, cause: &Lost) {
        cx.app.counts.lost(self.kind());
        self.protocol().connection_lost(cx, cause);
    }
}
