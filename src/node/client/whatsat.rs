//! `WHATSAT`: a client asks what is near another one.

use super::Client;
use super::answers::Awaited;
use crate::node::counts::Refused;
use crate::node::lines::{TRAFFIC, without_end};
use crate::node::{Node, QuestionId};
use crate::tokens::Right;
use crate::transport::{Context, Transport};
use crate::wire::neighbour::write_at;
use crate::wire::{Printable, WhatsAt, plural};
use log::{debug, info};

impl Client {
    /// Asks Places: None if the client is not known.
    pub(super) fn ask(&mut self, cx: &mut Context<'_, Node>, command: &WhatsAt<'_>) -> Option<()> {
        if !self.may(cx, Right::Ask, command.client) {
            return None;
        }
        let node = &mut *cx.app;
        let asker = cx.transport.id();
        let Some((question, position)) = node.ask_places(command, asker, cx.now) else {
            debug!("client {asker}: nobody has told where that client is");
            node.counts.refused(Refused::UnknownClient);
            return None;
        };
        info!(target: TRAFFIC, "client {asker} waits for the answer to question {question}");
        let mut at = Vec::new();
        let difference = position.difference_nanoseconds();
        write_at(&mut at, position.origin_name(), difference, position.text().bytes());
        self.answers.wait_for(Awaited::Places { question, at });
        Some(())
    }

    /// Nobody waits for what is still pending.
    pub(super) fn forget_questions(&mut self, cx: &mut Context<'_, Node>) {
        for question in self.answers.drop_all() {
            cx.app.questions.forget(question, cx.now.monotonic);
        }
    }
}

/// Writes the answer of Places behind its `AT` line, if it has come.
pub(super) fn write_answer(
    node: &mut Node,
    transport: &mut Transport,
    question: QuestionId,
    at: &[u8],
) -> bool {
    let Some(answer) = node.questions.take_answer(question) else { return false };
    let id = transport.id();
    transport.write_with(|out| {
        out.extend_from_slice(at);
        let bytes = plural(answer.write(out), "byte");
        let at = Printable(without_end(at));
        info!(target: TRAFFIC, "client {id} > {at} and {bytes} of JSON");
        out.extend_from_slice(b"\n\n");
    });
    true
}
