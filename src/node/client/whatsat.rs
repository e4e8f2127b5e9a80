//! `WHATSAT`: a client asks what is near another one.

use super::Client;
use crate::node::Node;
use crate::node::lines::TRAFFIC;
use crate::places::Search;
use crate::transport::Context;
use crate::wire::neighbour::write_at;
use crate::wire::{Location, WhatsAt};
use log::{debug, info};

impl Client {
    /// Asks Places: None if the client is not known.
    pub(super) fn ask(&mut self, cx: &mut Context<'_, Node>, command: &WhatsAt<'_>) -> Option<()> {
        let node = &mut *cx.app;
        let asker = cx.transport.id();
        let Some(position) = node.positions.find(command.client) else {
            debug!("client {asker}: nobody has told where that client is");
            return None;
        };
        let location = Location::parse(position.location())?;
        let mut at = Vec::new();
        let difference = position.difference_nanoseconds();
        write_at(&mut at, position.origin_name(), difference, position.text().bytes());
        let search = Search {
            latitude_nanodegrees: location.latitude_nanodegrees,
            longitude_nanodegrees: location.longitude_nanodegrees,
            radius_micrometres: command.radius_micrometres,
        };
        let question = node.questions.ask(search, command.bound, asker, cx.now);
        info!(target: TRAFFIC, "client {asker} waits for the answer to question {question}");
        self.answers.wait_for(question, at);
        Some(())
    }

    /// Sends the answers that have come.
    pub(super) fn send_answered(&mut self, cx: &mut Context<'_, Node>) {
        let questions = &mut cx.app.questions;
        self.answers.send(cx.transport, |question| {
            let answer = questions.take_answer(question)?;
            Some(move |out: &mut Vec<u8>| answer.write(out))
        });
    }

    /// Nobody waits for what is still pending.
    pub(super) fn forget_questions(&mut self, cx: &mut Context<'_, Node>) {
        for question in self.answers.drop_all() {
            cx.app.questions.forget(question, cx.now.monotonic);
        }
    }
}
