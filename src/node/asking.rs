//! What Places is asked by whoever asks what is near a client, at whichever port.

use super::{Node, QuestionId};
use crate::places::Search;
use crate::positions::Position;
use crate::transport::{ConnectionId, Now};
use crate::wire::{Location, WhatsAt};

impl Node {
    /// Asks Places what is near a client, which is there; None if it is not known. The asker is woken
    /// when the answer can be taken.
    pub(super) fn ask_places(
        &mut self,
        asked: &WhatsAt<'_>,
        asker: ConnectionId,
        now: Now,
    ) -> Option<(QuestionId, Position<'_>)> {
        let Node { positions, questions, .. } = self;
        let position = positions.find(asked.client)?;
        let location = Location::parse(position.location())?;
        let search = Search {
            latitude_nanodegrees: location.latitude_nanodegrees,
            longitude_nanodegrees: location.longitude_nanodegrees,
            radius_micrometres: asked.radius_micrometres,
        };
        let question = questions.ask(search, asked.bound, asker, now);
        Some((question, position))
    }
}
