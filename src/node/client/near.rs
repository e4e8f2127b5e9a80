//! `NEAR`: a client asks which clients are near.

use super::answers::Awaited;
use super::{Client, write_refusal};
use crate::node::Node;
use crate::node::counts::Refused;
use crate::node::lines::TRAFFIC;
use crate::node::near::Asked;
use crate::positions::{self, Positions};
use crate::transport::{Context, Transport};
use crate::wire::decimal::write_kilometres;
use crate::wire::neighbour::write_at;
use crate::wire::{Command, Near, plural};
use log::{debug, info};

impl Client {
    /// Answers now, or when it is this question's turn: None if the client is not known.
    pub(super) fn near(
        &mut self,
        cx: &mut Context<'_, Node>,
        question: &Near<'_>,
        line: &[u8],
    ) -> Option<()> {
        let is_first = self.answers.is_empty();
        if is_first && !cx.app.nears.anybody_waits() {
            match answer(cx.app, cx.transport, question) {
                Answered::Yes => return Some(()),
                Answered::Unknown => return None,
                Answered::TooEarly => {}
            }
        }
        self.answers.wait_for(Awaited::Near(line.into()));
        if is_first {
            cx.app.nears.wait(cx.transport.id(), false);
        }
        Some(())
    }
}

/// What became of a question.
enum Answered {
    Yes,
    TooEarly,
    Unknown,
}

/// Writes the answer to a `NEAR` that waited, if it is its turn: not if one was answered in this turn.
pub(super) fn write_answer(
    node: &mut Node,
    transport: &mut Transport,
    line: &[u8],
    is_served: &mut bool,
) -> bool {
    let answered = match Command::parse(line) {
        _ if *is_served => Answered::TooEarly,
        Ok(Some(Command::Near(question))) => answer(node, transport, &question),
        _ => Answered::Unknown,
    };
    match answered {
        Answered::Yes => *is_served = true,
        Answered::TooEarly => {
            node.nears.wait(transport.id(), *is_served);
            return false;
        }
        // It was forgotten meanwhile.
        Answered::Unknown => transport.write_with(|out| write_refusal(out, line)),
    }
    true
}

fn answer(node: &mut Node, transport: &mut Transport, question: &Near<'_>) -> Answered {
    let id = transport.id();
    let bytes = match node.near(question) {
        Asked::TooEarly => return Answered::TooEarly,
        Asked::Unknown => {
            debug!("client {id}: nobody has told where that client is");
            node.counts.refused(Refused::UnknownClient);
            return Answered::Unknown;
        }
        Asked::Found(found, positions) => {
            let clients = plural(found.len(), "client");
            info!(target: TRAFFIC, "client {id} > {clients} that are near");
            let mut bytes = 0;
            transport.write_with(|out| {
                let start = out.len();
                write_found(out, found, positions);
                bytes = out.len() - start;
            });
            bytes
        }
    };
    node.nears.charge_bytes(bytes);
    Answered::Yes
}

/// Nearest first, each with its distance, and an empty line.
fn write_found(out: &mut Vec<u8>, found: &[positions::Near], positions: &Positions) {
    for near in found {
        let Some(change) = positions.change_of(near.number) else { continue };
        write_kilometres(out, near.metres);
        out.push(b' ');
        let difference = change.difference_nanoseconds();
        write_at(out, change.origin_name(), difference, change.text().bytes());
    }
    out.push(b'\n');
}
