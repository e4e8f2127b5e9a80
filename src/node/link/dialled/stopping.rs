//! A stop: what a link still does when nobody is left whose reports it could take.

use super::{Dialled, State};
use crate::limits;
use crate::node::Node;
use crate::transport::Context;
use crate::wire::plural;
use log::warn;

impl Dialled {
    /// What clients have been answered is sent first; a neighbour that has not answered our greeting has a
    /// moment for that, if there is anything to tell.
    pub(super) fn stop(&mut self, cx: &mut Context<'_, Node>) {
        self.stops = true;
        match self.state {
            State::Greeting if cx.app.positions.head() > 0 => {
                cx.transport.set_timer(Some(cx.now.monotonic + limits::STOP_PATIENCE));
            }
            State::Greeting => cx.transport.abort(),
            State::Up { .. } => self.walk(cx),
        }
    }

    /// Whether that moment is over, when its time has come.
    pub(super) fn is_given_up_by_stop(&self) -> bool {
        self.stops && self.state == State::Greeting
    }

    /// Says that the neighbour may lack some of what clients have been answered, if so.
    pub(super) fn tell_untold(&self, name: &str, head: u64, why: &str) {
        let acknowledged = self.progress.acknowledged();
        if !self.progress.is_taken() || self.progress.told() == 0 && acknowledged < head {
            let changes = plural(head, "change");
            warn!("{name} has acknowledged {acknowledged} of {changes} at the stop: {why}");
        }
    }

    /// It may have answered only now, and there may be nothing to tell it.
    pub(super) fn end_if_answered(&mut self, cx: &mut Context<'_, Node>) {
        if self.stops && matches!(self.state, State::Up { .. }) && !cx.transport.is_ending() {
            self.walk(cx);
        }
    }
}
