//! Connections on their way out and in.

use super::super::env::Env;
use super::super::net::{End, Notice, Owner};
use super::super::trace::Tag;
use super::super::watch::Watch;
use super::Machine;
use super::connection::{Connection, Phase};
use herd::node::{CLIENT_LISTENER, Conversation};
use herd::transport::{Application, ConnectionId, Endpoint, Lost, Protocol, Transport};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

impl Machine {
    pub(super) fn dial(
        &mut self,
        env: &mut Env,
        endpoint: &Endpoint,
        protocol: Conversation,
        timeout: Duration,
    ) {
        let phase = Phase::Dialling { deadline: self.now.monotonic + timeout };
        let target = env.resolve(endpoint);
        let watch = match target {
            Some((host, _)) if !endpoint.tls => Watch::link(host),
            _ => Watch::Fetch,
        };
        let now = env.agenda.now();
        let is_link = matches!(watch, Watch::Link(_));
        let id = self
            .slots
            .insert(|id| Connection::new(Transport::new(id), protocol, phase, None, watch));
        env.trace.note(now, Tag::Dial, self.index as u64, u64::from(id.slot), b"");
        self.arm(id);
        let Some(target) = target else {
            self.lose(id, Lost::Resolve("no such host".to_owned()));
            return;
        };
        let end = env.net.dial(self.index, target, &mut env.agenda, &mut env.random);
        env.net.own(end, Owner::Server { machine: self.index, id });
        if let Some(connection) = self.slots.find(id) {
            connection.end = Some(end);
            let planted = &env.planted;
            connection.filter =
                if is_link { planted.filter(target.0) } else { planted.filter_of_places(target.0) };
        }
    }

    /// The dial may have come to an end.
    pub(super) fn advance_dial(&mut self, env: &mut Env, id: ConnectionId) {
        let Some(connection) = self.slots.find(id).filter(|connection| !connection.losing) else {
            return;
        };
        match connection.dialled.take() {
            Some(Notice::Connected) => {
                connection.phase = Phase::Open;
                self.arm(id);
                self.open(env, id);
            }
            Some(_) => {
                let error = io::Error::from(io::ErrorKind::ConnectionRefused);
                self.lose(id, Lost::Connect(error));
            }
            None => {}
        }
    }

    pub(super) fn accept(&mut self, env: &mut Env) {
        for listener in 0..self.incoming.len() {
            for _ in 0..herd::limits::ACCEPTS_PER_TURN {
                let Some((end, from)) = self.incoming[listener].pop_front() else {
                    break;
                };
                self.add_accepted(env, listener, end, from);
            }
        }
    }

    fn add_accepted(&mut self, env: &mut Env, listener: usize, end: End, from: usize) {
        let Some(node) = &mut self.node else {
            return;
        };
        let address = Ipv4Addr::from_bits(0x0a00_0000 + from as u32);
        let protocol = node.accepted(listener, SocketAddr::from((address, 40_000)));
        let is_client = listener == CLIENT_LISTENER;
        let watch = if is_client { Watch::client() } else { Watch::neighbour(from) };
        let filter = if is_client { None } else { env.planted.filter(from) };
        let id = self.slots.insert(|id| {
            Connection::new(Transport::new(id), protocol, Phase::Open, Some(end), watch)
        });
        env.net.own(end, Owner::Server { machine: self.index, id });
        if let Some(connection) = self.slots.find(id) {
            connection.filter = filter;
        }
        let now = env.agenda.now();
        env.trace.note(now, Tag::Accept, self.index as u64, u64::from(id.slot), &[listener as u8]);
        self.open(env, id);
        self.arm(id);
    }

    pub(super) fn open(&mut self, env: &mut Env, id: ConnectionId) {
        if let Some(connection) = self.slots.find(id).filter(|connection| connection.is_open()) {
            connection.writable = true;
            connection.readable = true;
            self.call(env, id, |protocol, cx| protocol.connection_made(cx));
            self.queue(id);
        }
    }
}
