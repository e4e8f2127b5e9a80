//! `NEAR`: a client asks which clients are near.

use super::answers::Awaited;
use super::{Client, write_refusal};
use crate::node::Node;
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
        let id = cx.transport.id();
        let is_turn = self.answers.is_empty() && !cx.app.nears.anybody_waits();
        match if is_turn { cx.app.near(question) } else { Asked::TooEarly } {
            Asked::Found(found, positions) => {
                // Nothing is pending.
                log_found(cx.transport, found);
                cx.transport.write_with(|out| write_found(out, found, positions));
            }
            Asked::TooEarly => {
                self.answers.wait_for(Awaited::Near(line.into()));
                cx.app.nears.wait(id);
            }
            Asked::Unknown => {
                debug!("client {id}: nobody has told where that client is");
                return None;
            }
        }
        Some(())
    }
}

/// Writes the answer to a `NEAR` that waited, if it is its turn.
pub(super) fn write_answer(node: &mut Node, transport: &mut Transport, line: &[u8]) -> bool {
    let asked = match Command::parse(line) {
        Ok(Some(Command::Near(question))) => node.near(&question),
        _ => Asked::Unknown,
    };
    match asked {
        Asked::Found(found, positions) => {
            log_found(transport, found);
            transport.write_with(|out| write_found(out, found, positions));
        }
        Asked::TooEarly => {
            node.nears.wait(transport.id());
            return false;
        }
        // It was forgotten meanwhile.
        Asked::Unknown => transport.write_with(|out| write_refusal(out, line)),
    }
    true
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

fn log_found(transport: &Transport, found: &[positions::Near]) {
    let clients = plural(found.len(), "client");
    info!(target: TRAFFIC, "client {} > {clients} that are near", transport.id());
}
