//! What is watched on a server's connections: everything that its protocols are handed and write.

mod conversation;
pub mod gateway;
pub mod law;
mod link;
mod near;
mod web;

use super::bus::frames::Frames;
use super::env::Env;
use super::net::ConnId;
use conversation::Conversation;
use herd::limits;
use herd::node::Node;
use herd::transport::{DriverSide, Now, Transport};
pub use link::Standing;
use link::{Heard, Told};
use web::WebConversation;

/// What a batch of a gateway has at most (contract).
const BATCH_BYTES_MAX: usize = 64 << 10;

/// Who is watched, and when.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    pub machine: usize,
    pub life: u32,
    pub now: Now,
}

/// Whoever watches a connection.
#[derive(Debug)]
pub enum Watch {
    Client(Box<Conversation>),
    Web(Box<WebConversation>),
    Neighbour(Box<Heard>),
    Link(Box<Told>),
    Fetch,
    /// Of a gateway with the bus, which judges by itself what it is told.
    Gateway(Box<Frames>),
}

impl Watch {
    pub fn client() -> Self {
        Watch::Client(Box::default())
    }

    /// Of a visitor of the web port.
    pub fn web() -> Self {
        Watch::Web(Box::default())
    }

    /// The connection is made, and is this one.
    pub fn made(&mut self, env: &mut Env, machine: usize, conn: Option<ConnId>) {
        if let Watch::Gateway(_) = self {
            env.at_bus[machine].connected(env.agenda.now());
        }
        if let Watch::Web(conversation) = self {
            conversation.is_at(conn);
        }
    }

    /// Of what that server tells.
    pub fn neighbour(from: usize) -> Self {
        Watch::Neighbour(Box::new(Heard::new(from)))
    }

    /// Of a gateway.
    pub fn gateway() -> Self {
        Watch::Gateway(Box::default())
    }

    /// Of a link to that server.
    pub fn link(to: usize) -> Self {
        Watch::Link(Box::new(Told::new(to)))
    }

    /// Bytes are about to be handed to the protocol.
    pub fn arrived(&mut self, env: &mut Env, seen: &Seen, node: &Node, bytes: &[u8]) {
        match self {
            Watch::Client(conversation) => conversation.arrived(env, seen, node, bytes),
            Watch::Web(conversation) => conversation.arrived(env, seen, bytes),
            Watch::Neighbour(heard) => heard.arrived(env, seen, bytes),
            Watch::Link(told) => told.arrived(bytes),
            Watch::Gateway(frames) => {
                let at_bus = &mut env.at_bus[seen.machine];
                at_bus.arrived(env.agenda.now(), frames, bytes);
                at_bus.holds(node.positions());
            }
            Watch::Fetch => {}
        }
    }

    /// The end of the peer's data is about to be told.
    pub fn ended(&mut self, env: &mut Env, seen: &Seen, node: &Node) {
        match self {
            Watch::Client(conversation) => conversation.ended(env, seen, node),
            Watch::Web(conversation) => conversation.ended(env, seen),
            _ => {}
        }
    }

    /// A callback is about to be called.
    pub fn before(&mut self, env: &mut Env, seen: &Seen, node: &Node) {
        match self {
            Watch::Client(conversation) => conversation.judge_again(env, seen, node),
            Watch::Web(conversation) => conversation.judge_again(env, seen),
            Watch::Gateway(_) => {
                if let Err(why) = env.at_bus[seen.machine].judge(env.agenda.now()) {
                    env.checks.fail(format!("{} {why}", env.checks.name(seen.machine)));
                }
            }
            _ => {}
        }
    }

    /// A callback has been called: what it wrote is behind the first `before` bytes of output.
    pub fn after(
        &mut self,
        env: &mut Env,
        seen: &Seen,
        node: &Node,
        transport: &Transport,
        before: usize,
    ) {
        let written = &transport.output()[before..];
        let bound = match self {
            Watch::Client(conversation) => {
                if let Err(why) = conversation.answered(env, seen, node, written, transport) {
                    env.checks.fail(format!("{}: {why}", env.checks.name(seen.machine)));
                }
                // One answer may come when there is just room left, and it has others behind it.
                limits::OUTPUT_HIGH_WATER_BYTES
                    + limits::HELD_ANSWERS_BYTES_MAX
                    + 4 * limits::NEIGHBOUR_LINE_BYTES_MAX
                    + limits::QUERIES_PER_CLIENT_MAX * super::places::ANSWER_BYTES_MAX
                    + node.positions().len() * limits::NEIGHBOUR_LINE_BYTES_MAX
            }
            Watch::Web(conversation) => {
                let written = conversation.answered(env, seen, node, written, transport);
                if let Err(why) = written {
                    env.checks.fail(format!("{}, web: {why}", env.checks.name(seen.machine)));
                }
                // A document comes when there is just room left: who is near, or the figures.
                limits::OUTPUT_HIGH_WATER_BYTES
                    + limits::PLACES_BODY_BYTES_MAX
                    + 2 * node.positions().len() * limits::NEIGHBOUR_LINE_BYTES_MAX
            }
            Watch::Neighbour(heard) => {
                heard.written(env, seen, written);
                limits::OUTPUT_HIGH_WATER_BYTES
            }
            Watch::Link(told) => {
                told.written(env, seen, node, written);
                told.full |= transport.output_len() >= limits::OUTPUT_HIGH_WATER_BYTES;
                // And two marks.
                limits::OUTPUT_HIGH_WATER_BYTES + limits::NEIGHBOUR_LINE_BYTES_MAX + 2 * 64
            }
            Watch::Fetch => limits::OUTPUT_HIGH_WATER_BYTES,
            Watch::Gateway(_) => {
                let at_bus = &mut env.at_bus[seen.machine];
                at_bus.written(env.agenda.now(), written);
                at_bus.holds(node.positions());
                limits::OUTPUT_HIGH_WATER_BYTES + 2 * BATCH_BYTES_MAX
            }
        };
        let size = transport.output_len();
        if size > bound {
            let name = env.checks.name(seen.machine);
            env.checks.fail(format!("{name}: {size} bytes of output wait, more than {bound}"));
        }
    }

    /// The server stops: what it has not answered it need not.
    pub fn stopping(&mut self) {
        match self {
            Watch::Client(conversation) => conversation.stopping(),
            Watch::Web(conversation) => conversation.stopping(),
            _ => {}
        }
    }

    /// The server says that it is done with a connection.
    pub fn finished(&mut self, env: &mut Env) {
        let finished = match self {
            Watch::Client(conversation) => conversation.finished(),
            Watch::Web(conversation) => conversation.finished(env),
            _ => Ok(()),
        };
        if let Err(why) = finished {
            env.checks.fail(why);
        }
    }

    /// The model of a link, if this is one.
    pub fn as_link(&self) -> Option<&Told> {
        match self {
            Watch::Link(told) => Some(told),
            _ => None,
        }
    }

    /// The same, to be told more.
    pub fn as_link_mut(&mut self) -> Option<&mut Told> {
        match self {
            Watch::Link(told) => Some(told),
            _ => None,
        }
    }
}
