//! `NEAR`: a client asks which clients are near.
//!
//! A long answer is searched for and then written in shares, each when it is its turn again and there is
//! room: others do not wait for all of it. It is of the moment in which the first of it is written.

use super::answers::Awaited;
use super::{Client, write_refusal};
use crate::limits;
use crate::node::Node;
use crate::node::access::Sight;
use crate::node::counts::Refused;
use crate::node::lines::TRAFFIC;
use crate::node::near::{Asked, NearClients};
use crate::positions::Kept;
use crate::tokens::Right;
use crate::transport::{ConnectionId, Context, Transport};
use crate::wire::decimal::write_kilometres;
use crate::wire::neighbour::write_at;
use crate::wire::{Command, Near, Place, plural};
use log::{debug, info};

impl Client {
    /// Answers now, or when it is this question's turn: None if the client is not known.
    pub(super) fn near(
        &mut self,
        cx: &mut Context<'_, Node>,
        question: &Near<'_>,
        line: &[u8],
    ) -> Option<()> {
        if let Place::Client(client) = question.place
            && !self.may(cx, Right::Ask, client)
        {
            return None;
        }
        let sight = cx.app.sight(self.apart.grant(), Right::Ask, cx.now);
        let is_first = self.answers.is_empty();
        let mut awaited = None;
        if is_first && cx.app.nears.anybody_waits() {
            cx.app.nears.wait(cx.transport.id(), false);
        } else if is_first {
            match answer(cx.app, cx.transport, question, sight.as_ref()) {
                Answered::Whole => return Some(()),
                Answered::Unknown => return None,
                Answered::TooEarly => {}
                Answered::Begun(rest) => {
                    awaited = Some(Awaited::RestOfNear(rest));
                    cx.app.nears.wait(cx.transport.id(), true);
                }
            }
        }
        self.answers.wait_for(awaited.unwrap_or_else(|| Awaited::Near(line.into())));
        Some(())
    }
}

/// What became of a question.
enum Answered {
    Whole,
    /// This is the rest.
    Begun(Kept),
    /// It will be called.
    TooEarly,
    Unknown,
}

/// Writes the answer to a `NEAR` that waited, or a share of it, if it is its turn: not if one was answered
/// in this turn. Whether all has been written.
pub(super) fn write_answer(
    node: &mut Node,
    transport: &mut Transport,
    (awaited, sight): (&mut Awaited, Option<&Sight>),
    is_served: &mut bool,
) -> bool {
    if *is_served || matches!(awaited, Awaited::RestOfNear(_)) && node.nears.have_spent() {
        node.nears.wait(transport.id(), *is_served);
        return false;
    }
    let is_whole = match awaited {
        Awaited::Places { .. } | Awaited::Disk(_) => return false,
        Awaited::RestOfNear(rest) => {
            let (bytes, is_whole) = write_share(transport, rest);
            node.nears.charge_bytes(bytes);
            is_whole
        }
        Awaited::Near(line) => {
            let asked = match Command::parse(line) {
                Ok(Some(Command::Near(question))) => answer(node, transport, &question, sight),
                _ => Answered::Unknown,
            };
            match asked {
                Answered::Whole => true,
                Answered::Begun(rest) => {
                    *awaited = Awaited::RestOfNear(rest);
                    false
                }
                Answered::TooEarly => return false,
                // It was forgotten meanwhile.
                Answered::Unknown => {
                    transport.write_with(|out| write_refusal(out, line));
                    return true;
                }
            }
        }
    };
    *is_served = true;
    if !is_whole {
        node.nears.wait(transport.id(), true);
    }
    is_whole
}

fn answer(
    node: &mut Node,
    transport: &mut Transport,
    question: &Near<'_>,
    sight: Option<&Sight>,
) -> Answered {
    let id = transport.id();
    let (bytes, rest) = match node.near(id, question, sight) {
        Asked::TooEarly => return Answered::TooEarly,
        Asked::Unknown => {
            tell_unknown(node, id);
            return Answered::Unknown;
        }
        Asked::Found(found) => begin(transport, found),
        Asked::Kept(kept) => begin(transport, kept),
    };
    node.nears.charge_bytes(bytes);
    rest.map_or(Answered::Whole, Answered::Begun)
}

/// Writes the first share of an answer: how many bytes have been written or kept, and the rest.
fn begin(transport: &mut Transport, mut found: impl NearClients) -> (usize, Option<Kept>) {
    let (id, clients) = (transport.id(), plural(found.len(), "client"));
    info!(target: TRAFFIC, "client {id} > {clients} that are near");
    let (bytes, is_whole) = write_share(transport, &mut found);
    if is_whole {
        return (bytes, None);
    }
    let (rest, kept) = found.keep();
    (bytes + kept, Some(rest))
}

fn tell_unknown(node: &mut Node, id: ConnectionId) {
    debug!("client {id}: nobody has told where that client is");
    node.counts.refused(Refused::UnknownClient);
}

/// Writes of these clients, each with its distance, as much as a turn has of one answer, and behind the
/// last an empty line: how many bytes, and whether that was all.
fn write_share(transport: &mut Transport, clients: &mut impl NearClients) -> (usize, bool) {
    let (mut bytes, mut is_whole) = (0, true);
    transport.write_with(|out| {
        let start = out.len();
        is_whole = loop {
            if out.len() - start >= limits::NEAR_SHARE_BYTES {
                break false;
            }
            let Some(client) = clients.next() else {
                out.push(b'\n');
                break true;
            };
            write_kilometres(out, client.metres);
            out.push(b' ');
            let text = client.text.bytes();
            write_at(out, client.server, client.difference_nanoseconds, text);
        };
        bytes = out.len() - start;
    });
    (bytes, is_whole)
}
